"""Measure everything in one run, on one disk, in interleaved rounds, and print ratios with their spread.

    make bench
    uv run python -m benchmarks --rounds 5 --long --folder /mnt/data

Absolute figures move by several times with what else uses the disk; ratios within a round mean something. With --long
the day of orders is 100,000 long, else 10,000. DBOS takes part when it is installed: uv sync --group bench
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import imports, orders
from benchmarks.work import AT_A_TIME

FLUSHES = "fsync,fdatasync,msync,sync_file_range"


@dataclass(frozen=True)
class Target:
    """Be a figure that must hold, and the figures of every round."""

    what: str
    figures: Sequence[float]
    least: float | None = None
    most: float | None = None

    def line(self) -> str:
        """Return the median, its spread, the target, and whether it was met."""
        median = statistics.median(self.figures)
        bound = f">= {self.least:g}" if self.least is not None else f"<= {self.most:g}"
        met = median >= self.least if self.least is not None else median <= (self.most or 0)
        spread = f"{min(self.figures):.2f} to {max(self.figures):.2f}"
        return f"{self.what:58} {median:9.2f}  ({spread:16})  {bound:9} {'ok' if met else 'MISSED'}"


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def measure(module: str, *options: str) -> dict[str, Any]:
    """Run one measurement in a process of its own, in a fresh folder."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *options], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"benchmarks.{module} failed:\n{done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def flushes_per_flow(module: str, flows: int, *options: str) -> float | None:
    """Count disk flushes, the one figure without noise, where strace can."""
    if shutil.which("strace") is None:
        return None
    command = ["strace", "-f", "-c", "-e", f"trace={FLUSHES}", sys.executable, "-m", f"benchmarks.{module}"]
    done = subprocess.run([*command, "--flows", str(flows), *options], capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    calls = [line.split() for line in done.stderr.splitlines() if line.split()[-1:] and line.split()[-1] in FLUSHES]
    return sum(int(call[3]) for call in calls) / (flows + AT_A_TIME)


class Bench:
    """Hold what is measured, and where."""

    def __init__(self, folder: Path, flows: int) -> None:
        self._folder = folder
        self._flows = flows
        self._made = 0
        self.has_dbos = importlib.util.find_spec("dbos") is not None
        self.engine_database: Path | None = None

    def fresh(self) -> Path:
        """Return a folder that nobody has used."""
        self._made += 1
        folder = self._folder / f"{self._made}"
        folder.mkdir()
        return folder

    def engine(self) -> float:
        """Return the flows a second of the engine, and keep its database for the limit."""
        folder = self.fresh()
        result = measure("engine", "--flows", str(self._flows), "--folder", str(folder))
        self.engine_database = folder / "engine.db"
        self.rows = result["rows"]
        return float(result["per_second"])

    def limit(self, group: int) -> float:
        """Return the flows a second of the disk, for the rows of the engine."""
        options = ("--group", str(group), "--rows-of", str(self.engine_database), "--folder", str(self.fresh()))
        result = measure("limit", "--flows", str(self._flows if group > 1 else self._flows // 4), *options)
        self.limit_rows = result["rows"]
        return float(result["per_second"])

    def dbos(self) -> float:
        """Return the flows a second of DBOS."""
        return float(measure("dbos_peer", "--flows", "100", "--folder", str(self.fresh()))["per_second"])

    def flushes(self) -> dict[str, float | None]:
        """Return the disk flushes of each, per flow."""
        rows_of = ("--rows-of", str(self.engine_database))
        found = {
            f"raw sqlite3, groups of {AT_A_TIME}": flushes_per_flow(
                "limit", 400, *rows_of, "--folder", str(self.fresh())
            ),
            "raw sqlite3, one by one": flushes_per_flow(
                "limit", 100, "--group", "1", *rows_of, "--folder", str(self.fresh())
            ),
            "isthmus": flushes_per_flow("engine", 400, "--folder", str(self.fresh())),
        }
        if self.has_dbos:
            found["dbos"] = flushes_per_flow("dbos_peer", 40, "--folder", str(self.fresh()))
        return found


def rounds_of(bench: Bench, rounds: int) -> dict[str, list[float]]:
    """Measure everyone in every round, one after the other, in an order that turns round."""
    figures: dict[str, list[float]] = {"engine": [], "groups": [], "single": [], "dbos": []}
    for number in range(rounds):
        turn: list[tuple[str, Callable[[], float]]] = [
            ("engine", bench.engine),
            ("groups", lambda: bench.limit(AT_A_TIME)),
            ("single", lambda: bench.limit(1)),
        ]
        turn += [("dbos", bench.dbos)] if bench.has_dbos else []
        for name, take in turn if number % 2 == 0 else [turn[1], turn[0], *turn[2:]]:
            figures[name].append(take())
        said = "  ".join(f"{name} {taken[-1]:.0f}" for name, taken in figures.items() if taken)
        say(f"round {number + 1}, flows a second:  {said}")
    return figures


def ratios(figures: Sequence[float], others: Sequence[float]) -> list[float]:
    """Return the ratio of every round."""
    return [figure / other for figure, other in zip(figures, others, strict=True)]


def days_of(bench: Bench, rounds: int, short: int, long: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Run short days around a long one, so that both meet the same disk."""
    shorts = [orders.run_day(bench.fresh() / "day", short) for _ in range(rounds)]
    longs = [orders.run_day(bench.fresh() / "day", long)]
    shorts += [orders.run_day(bench.fresh() / "day", short) for _ in range(rounds)]
    return shorts, longs


def main() -> None:
    """Measure, and print."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--flows", type=int, default=800, help="workflows of five steps in each measurement")
    arguments.add_argument("--long", action="store_true", help="compare with a day of 100,000 orders, not 10,000")
    arguments.add_argument("--folder", type=Path, help="on the disk that counts; here by default")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=options.folder or Path.cwd()) as made:
        report(Bench(Path(made).absolute(), options.flows), options.rounds, long=options.long)


def report(bench: Bench, rounds: int, *, long: bool) -> None:
    """Print what was measured beside its target."""
    say(f"Workflows of 5 steps, {AT_A_TIME} at a time, SQLite in WAL with synchronous FULL:")
    if not bench.has_dbos:
        say("DBOS is not installed, so it is left out (uv sync --group bench)")
    figures = rounds_of(bench, rounds)
    say(f"rows of the engine:  {shown(bench.rows)}")
    say(f"rows of the limit:   {shown(bench.limit_rows)}")
    for name, count in bench.flushes().items():
        say(f"disk flushes a flow: {name:28} {'not counted: no strace' if count is None else f'{count:.2f}'}")
    few, many = 1_000, 100_000 if long else 10_000
    shorts, longs = days_of(bench, rounds, few, many)
    for day in (shorts[0], *longs):
        say(f"whole order flow, {day['orders']:,} orders: {day['per_second']} a second, outcomes {day['outcomes']}")
    per_order = [day["seconds"] / day["orders"] for day in shorts]
    slower = [longs[0]["seconds"] / longs[0]["orders"] / each for each in per_order]
    say("")
    lines = [
        Target(f"engine / raw sqlite3 in groups of {AT_A_TIME}", ratios(figures["engine"], figures["groups"]), 0.5),
        Target(f"time per order, {many:,} / {few:,}", slower, most=1.2),
        Target("resident memory of the long day, MiB", [day["resident_mib"] for day in longs], most=300),
        Target("import isthmus.core / import msgspec", [imports.ratio() for _ in range(rounds)], most=2),
        *serving_lines(rounds),
    ]
    lines += azure_lines(bench, rounds)
    if bench.has_dbos:
        lines.insert(1, Target("engine / DBOS", ratios(figures["engine"], figures["dbos"]), 8))
    for line in lines:
        say(line.line())
    single = statistics.median(ratios(figures["engine"], figures["single"]))
    say(f"beside it: engine / raw sqlite3 one by one {single:.2f}; orders a second {shorts[0]['per_second']}")


def serving_lines(rounds: int) -> list[Target]:
    """Measure what the app for Google Cloud adds to functions-framework, where that is installed."""
    if importlib.util.find_spec("functions_framework") is None:
        say("functions-framework is not installed, so serving on Google Cloud is left out")
        return []
    figures = measure("google_requests", "--rounds", str(rounds))["requests"]
    return [Target("google: a step without its database / bare function, requests a second", figures, 0.85)]


def azure_lines(bench: Bench, rounds: int) -> list[Target]:
    """Measure what the adapter for Azure adds, where Azure's libraries are installed."""
    if importlib.util.find_spec("durabletask") is None:
        say("isthmus[azure] is not installed, so Azure is left out")
        return []
    found = [measure("azure", "--folder", str(bench.fresh())) for _ in range(rounds)]
    rows = [one["ours"]["rows"] / one["by_hand"]["rows"] for one in found]
    actions = [one["ours"]["actions"] / one["by_hand"]["actions"] for one in found]
    say(f"history of an order on Azure: {found[0]['ours']}; by hand: {found[0]['by_hand']}")
    return [
        Target("azure: activity without its database / bare activity", [one["activity"] for one in found], most=1.15),
        Target("azure: indexing the package / Azure's libraries alone", [one["import"] for one in found], most=1.25),
        Target("azure: rows of history / orchestrator by hand", rows, most=1),
        Target("azure: actions / orchestrator by hand", actions, most=1),
    ]


def shown(rows: dict[str, dict[str, float]]) -> str:
    """Return the rows and mean bytes of each table in a line."""
    return ", ".join(f"{table} {found['rows']:.0f} of {found['bytes']:.0f} B" for table, found in sorted(rows.items()))


if __name__ == "__main__":
    main()
