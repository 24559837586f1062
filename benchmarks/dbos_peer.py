"""Measure DBOS on the same work: in this process, its database on SQLite in WAL with synchronous FULL.

    uv run --group bench python -m benchmarks.dbos_peer --flows 200 --folder .

DBOS leaves SQLite in the journal mode DELETE; it gets WAL here, which is several times faster.
"""

from __future__ import annotations

import argparse
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import sqlalchemy
from dbos import DBOS

from benchmarks.work import AT_A_TIME, STEPS, print_rate, timed


@DBOS.step()
def no_op(number: int) -> int:
    """Do nothing, durably."""
    return number


@DBOS.workflow()
def five_steps(flow: int) -> int:
    """Do nothing five times."""
    return sum(no_op(flow + number) for number in range(STEPS))


def sqlite_engine(database: Path) -> sqlalchemy.Engine:
    """Return the engine that DBOS would make, in WAL, and working on SQLite before 3.42 too."""
    engine = sqlalchemy.create_engine(f"sqlite:///{database}")

    @sqlalchemy.event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        if sqlite3.sqlite_version_info < (3, 42):  # DBOS asks for unixepoch('subsec') by Python's version
            connection.create_function("unixepoch", 1, lambda _modifier: time.time())
        connection.isolation_level = "IMMEDIATE"
        connection.execute("pragma busy_timeout = 30000")
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")

    return engine


def run_all(flows: int) -> None:
    """Run so many workflows, eight at a time."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for number, total in enumerate(pool.map(five_steps, range(flows))):
            assert total == STEPS * number + sum(range(STEPS)), "an engine that skips steps is not fast"


def main() -> None:
    """Measure, and print one line."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--flows", type=int, default=200)
    arguments.add_argument("--folder", type=Path, required=True)
    options = arguments.parse_args()
    DBOS(
        config={
            "name": "peer",
            "application_version": "1",
            "executor_id": "peer",
            "log_level": "WARNING",
            "system_database_engine": sqlite_engine(options.folder / "dbos.db"),
        }
    )
    DBOS.launch()
    run_all(AT_A_TIME)
    print_rate(f"dbos {version('dbos')}", options.flows, timed(lambda: run_all(options.flows)))
    DBOS.destroy()


if __name__ == "__main__":
    main()
