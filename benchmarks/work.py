"""The work that everyone is measured on: workflows of five steps that do nothing, eight at a time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

STEPS = 5
AT_A_TIME = 8


def print_rate(engine: str, flows: int, seconds: float, **facts: object) -> None:
    """Print one line of JSON: what was measured, and how many flows a second it made."""
    print(json.dumps({"engine": engine, "flows": flows, "per_second": round(flows / seconds, 1), **facts}), flush=True)


def timed(run: Callable[[], object]) -> float:
    """Return how many seconds a run takes."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def rows_of(database: Path) -> dict[str, dict[str, float]]:
    """Return how many rows each table of a database has, and the bytes of their values on average."""
    import sqlite3  # noqa: PLC0415  # the peers measure without it

    connection = sqlite3.connect(database)
    found = {}
    for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
        columns = [row[1] for row in connection.execute(f'pragma table_info("{table}")')]
        size = " + ".join(f'coalesce(length(cast("{column}" as blob)), 0)' for column in columns)
        count, mean = connection.execute(f'select count(*), avg({size}) from "{table}"').fetchone()
        if count:
            found[table] = {"rows": count, "bytes": round(mean, 1)}
    connection.close()
    return found
