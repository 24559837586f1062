"""Runs: which of them somebody has to begin."""

from __future__ import annotations

from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.runs import INSERT_RUN, NOT_BEGUN, RunStatus
from isthmus.adapters.sql.transaction import Transaction


def insert(
    transaction: Transaction, run_id: str, status: RunStatus, started_at: int, parent: str | None = None
) -> None:
    step = "0" if parent else None
    row = (run_id, "admit", run_id, b"{}", "hash", "v", status, parent, step, "actor", "actor", None, started_at)
    transaction.run(INSERT_RUN, *row)


def test_a_run_that_nobody_began_is_found_however_many_others_go_on(database: Database) -> None:
    with database.transaction() as transaction:
        for number in range(501):
            insert(transaction, f"a{number:04}", RunStatus.RUNNING, number)
        insert(transaction, "z2", RunStatus.STARTED, 1_001)
        insert(transaction, "z1", RunStatus.STARTED, 1_002)

    with database.transaction() as transaction:
        assert [run_id for run_id, _ in transaction.rows(NOT_BEGUN)] == ["z2", "z1"]


def test_a_child_is_left_to_its_parent(database: Database) -> None:
    with database.transaction() as transaction:
        insert(transaction, "parent", RunStatus.RUNNING, 1)
        insert(transaction, "child", RunStatus.STARTED, 2, parent="parent")

    with database.transaction() as transaction:
        assert transaction.rows(NOT_BEGUN) == []
