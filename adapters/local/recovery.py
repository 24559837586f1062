"""Recovery: what a database holds that an engine has to carry on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from isthmus.adapters.runtime.unit import OutgoingMessage
from isthmus.adapters.sql.mailbox import OPEN_WAITS, TIMERS
from isthmus.adapters.sql.outbox import UNPUBLISHED
from isthmus.adapters.sql.runs import OPEN_RUNS, RunStatus
from isthmus.adapters.sql.statement import Statement
from isthmus.adapters.sql.transaction import Transaction


class Recovered(msgspec.Struct, frozen=True):
    """Name the runs to carry on at once, those to carry on when a time has come, and the messages to deliver."""

    runs: list[str]
    timers: list[tuple[int, str]]
    messages: list[OutgoingMessage]


def recover(transaction: Transaction) -> Recovered:
    """Read what is open. Runs that wait for an event or for time are left alone until it comes."""
    transaction.begin()
    try:
        waits = {run_id: due_us for run_id, _, due_us in transaction.rows(OPEN_WAITS)}
        waits |= {run_id: due_us for run_id, _, due_us in transaction.rows(TIMERS)}
        runs = [
            run_id
            for run_id, _, _, status in _pages(transaction, OPEN_RUNS, "", 0)
            if run_id not in waits or status != RunStatus.RUNNING
        ]
        messages = [
            OutgoingMessage(message_id, topic, key, bytes(body), run_id)
            for _, message_id, topic, key, body, run_id, _ in _pages(transaction, UNPUBLISHED, 0, 0)
        ]
    finally:
        transaction.rollback()
    return Recovered(runs, [(due_us, run_id) for run_id, due_us in waits.items()], messages)


def _pages(transaction: Transaction, statement: Statement, first: Any, column: int) -> Iterator[tuple[Any, ...]]:
    """Yield all rows of a statement that returns those after a value of one column."""
    while rows := transaction.rows(statement, first):
        yield from rows
        first = rows[-1][column]
