"""Measure the main job: how many orders a second the whole flow makes, and what a long day costs in time and memory.

A long day repeats the real one. Every other time round each buy is a sell and each sell a buy, so that money and
positions return: otherwise a long day would soon be one of refusals, which cost less.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SEPARATOR = "\x01"
OTHER_SIDE = {"54=1": "54=2", "54=2": "54=1"}
DAY = Path(__file__).parent.parent / "examples" / "trading-day" / "orders-priced.fix"


def long_day(orders: int) -> Iterator[str]:
    """Yield so many messages, each with a ClOrdID, length and sum of its own."""
    lines = DAY.read_text("ascii").splitlines()
    for number, line in zip(range(orders), itertools.cycle(lines), strict=False):
        yield _again(line, number, other_side=bool(number // len(lines) % 2))


def _again(line: str, number: int, *, other_side: bool) -> str:
    begin, _length, *fields, _sum = line.rstrip(SEPARATOR).split(SEPARATOR)
    if other_side:
        fields = [OTHER_SIDE.get(field, field) for field in fields]
    fields = [f"11=bench-{number:07}" if field.startswith("11=") else field for field in fields]
    body = "".join(field + SEPARATOR for field in fields)
    head = f"{begin}{SEPARATOR}9={len(body)}{SEPARATOR}"
    return f"{head}{body}10={sum((head + body).encode('ascii')) % 256:03}{SEPARATOR}"


def run_day(folder: Path, orders: int) -> dict[str, Any]:
    """Run the main job over a day of so many orders in a process of its own, and return what it and the system said."""
    folder = folder.absolute()
    folder.mkdir()
    file = folder / "orders.fix"
    with file.open("w", encoding="ascii") as out:
        out.writelines(f"{line}\n" for line in long_day(orders))
    command = [sys.executable, "-m", "isthmus.adapters.cli.main", "run", "--orders", str(file), "--json"]
    command += ["--database", f"sqlite:///{folder / 'day.db'}"]
    with (folder / "printed").open("w+b") as printed, (folder / "errors").open("w+b") as errors:
        process = subprocess.Popen(command, stdout=printed, stderr=errors, cwd=folder)
        _pid, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        errors.seek(0)
        if process.returncode:
            raise RuntimeError(f"isthmus run ended with {process.returncode}: {errors.read().decode()[-2000:]}")
        summary: dict[str, Any] = json.load(printed)
    return {
        "orders": orders,
        "per_second": round(orders / summary["seconds"], 1),
        "seconds": summary["seconds"],
        "resident_mib": round(used.ru_maxrss / 1024, 1),
        "outcomes": summary["orders"],
        "books_balanced": summary["books"]["balanced"],
    }
