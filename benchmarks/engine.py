"""Measure the embedded engine: workflows of five steps that do nothing, on SQLite in WAL with synchronous FULL.

uv run python -m benchmarks.engine --folder .
"""

from __future__ import annotations

import argparse
import sqlite3
from pathlib import Path
from queue import SimpleQueue

from benchmarks.five_steps import Flow, app
from benchmarks.work import AT_A_TIME, print_rate, rows_of, timed
from isthmus.adapters.local.engine import Engine
from isthmus.adapters.sql.database import Database


def run_all(engine: Engine, name: str, flows: int) -> None:
    """Run so many workflows to their end, eight at a time; whether they completed is counted afterwards."""
    ended: SimpleQueue[None] = SimpleQueue()
    for number in range(flows):
        if number >= AT_A_TIME:
            ended.get(timeout=60)
        flow = Flow(id=f"{name}-{number:06}", number=number)
        engine.submit("go_through", flow, actor="bench", ended=lambda: ended.put(None))
    for _ in range(min(flows, AT_A_TIME)):
        ended.get(timeout=60)


def main() -> None:
    """Measure, and print one line."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--flows", type=int, default=800)
    arguments.add_argument("--folder", type=Path, required=True)
    options = arguments.parse_args()
    path = options.folder / "engine.db"
    database = Database.open(f"sqlite:///{path}")
    with Engine(app.load(), database, folder=options.folder) as engine:
        run_all(engine, "warm", AT_A_TIME)
        seconds = timed(lambda: run_all(engine, "flow", options.flows))
    with sqlite3.connect(path) as connection:
        (ended,) = connection.execute("select count(*) from run where status = 'completed'").fetchone()
    assert ended == AT_A_TIME + options.flows, f"{ended} runs were completed"
    print_rate("isthmus", options.flows, seconds, rows=rows_of(path))


if __name__ == "__main__":
    main()
