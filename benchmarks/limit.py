"""Measure the limit of the disk: Python's sqlite3 alone commits the same rows as the engine, and does nothing else.

    uv run python -m benchmarks.limit --rows-of engine.db --folder . --group 8

The rows are those of one run in a database that the engine wrote: of every table that names the run, with the same
bytes and the same indexes. A flow is committed in as many units of work as the engine makes of it: its start, each of
its steps, its end. There is no queue, no fence, no validation, no code of a handler: no engine can be faster.
"""

from __future__ import annotations

import argparse
import sqlite3
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.work import AT_A_TIME, print_rate, rows_of, timed

RUN_ID = "run_id"
COUNTED = "sequence"
ENDING = ("status", "ending", "outcome", "ended_at")

type Write = tuple[str, tuple[Any, ...]]
"""A statement, and its values; RUN_ID stands where the run's id goes."""


def connect(database: Path) -> sqlite3.Connection:
    """Open a database as the engine does: WAL, synchronous FULL."""
    connection = sqlite3.connect(database, isolation_level=None, timeout=30)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    return connection


def copy_schema(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Make the same tables and indexes."""
    for (text,) in source.execute("select sql from sqlite_master where sql is not null and name not like 'sqlite_%'"):
        target.execute(text)


def units_of(source: sqlite3.Connection) -> list[list[Write]]:
    """Return what one run wrote, a list of writes for every unit of work, in the order of the journal."""
    tables = {
        table: [row[1] for row in source.execute(f'pragma table_info("{table}")')]
        for (table,) in source.execute("select name from sqlite_master where type = 'table'").fetchall()
    }
    (run_id,) = source.execute("select run_id from run where status = 'completed' limit 1 offset 3").fetchone()
    units: dict[str, list[Write]] = {"start": []}
    for table in ("journal", "inbox", *(set(tables) - {"journal", "inbox", "run"})):
        columns = tables[table]
        if RUN_ID not in columns or "step" not in columns:
            continue
        order = COUNTED if COUNTED in columns else "step"
        for row in source.execute(f'select * from "{table}" where run_id = ? order by {order}', (run_id,)).fetchall():
            found = dict(zip(columns, row, strict=True))
            units.setdefault(_unit(found), []).append(_insertion(table, found))
    run = dict(
        zip(tables["run"], source.execute("select * from run where run_id = ?", (run_id,)).fetchone(), strict=True)
    )
    units["start"].insert(0, _insertion("run", run | dict.fromkeys(ENDING[1:]) | {"status": "started"}))
    changes = ", ".join(f"{name} = ?" for name in ENDING)
    units["end"].append((f"update run set {changes} where run_id = ?", (*(run[name] for name in ENDING), RUN_ID)))
    return list(units.values())


def _unit(row: dict[str, Any]) -> str:
    return {"started": "start", "completed": "end"}.get(str(row.get("kind")), str(row["step"]))


def _insertion(table: str, row: dict[str, Any]) -> Write:
    kept = {name: RUN_ID if name == RUN_ID else value for name, value in row.items() if name != COUNTED}
    places = ", ".join("?" for _ in kept)
    return f'insert into "{table}" ({", ".join(kept)}) values ({places})', tuple(kept.values())


def commit_all(target: sqlite3.Connection, units: Sequence[Sequence[Write]], flows: int, group: int) -> None:
    """Commit so many flows, each unit of work of a group of them in one transaction."""
    for first in range(0, flows, group):
        run_ids = [uuid.uuid4().hex for _ in range(min(group, flows - first))]
        for unit in units:
            target.execute("begin immediate")
            for run_id in run_ids:
                for statement, values in unit:
                    target.execute(statement, [run_id if value is RUN_ID else value for value in values])
            target.execute("commit")


def main() -> None:
    """Measure, and print one line."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--flows", type=int, default=800)
    arguments.add_argument("--group", type=int, default=AT_A_TIME)
    arguments.add_argument("--rows-of", type=Path, required=True)
    arguments.add_argument("--folder", type=Path, required=True)
    options = arguments.parse_args()
    source, target = connect(options.rows_of), connect(options.folder / "limit.db")
    copy_schema(source, target)
    units = units_of(source)
    commit_all(target, units, AT_A_TIME, options.group)
    seconds = timed(lambda: commit_all(target, units, options.flows, options.group))
    target.close()
    print_rate(
        f"raw sqlite3, groups of {options.group}",
        options.flows,
        seconds,
        commits_per_flow=len(units),
        rows=rows_of(options.folder / "limit.db"),
    )


if __name__ == "__main__":
    main()
