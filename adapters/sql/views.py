"""Views: what happened, read beside a running engine and without one.

    with Views(database) as views:
        for run in views.runs(status="stuck"): ...
        for entry in views.journal(identity="ORDER-1"): ...

Nothing is written here, and nothing can be: the connection is read-only. Long answers are read in pages.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any, Self
from urllib.parse import quote

import msgspec
from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select

from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.dead_letters import place_of
from isthmus.adapters.sql.faults import DriverError, translate
from isthmus.adapters.sql.journal import moment
from isthmus.adapters.sql.runs import LIVE_RUNS
from isthmus.adapters.sql.schema import DEAD_LETTER, INBOX, JOURNAL, OUTBOX, RUN
from isthmus.adapters.sql.statement import Statement
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.errors import InputError, NotFound, StorageUnavailable

PAGE_ROWS = 500
IDS_IN_A_QUERY_MAX = 10_000
RUNS_MAX = 1_000


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """Show a run: what was asked, of whom, and how it stands."""

    run_id: str
    contract: str
    identity: str
    status: str
    version: str
    parent_run: str | None
    parent_step: str | None
    actor: str
    on_behalf_of: str
    input: bytes
    ending: str | None
    outcome: bytes | None
    started_at: datetime
    ended_at: datetime | None


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """Show what is recorded of a step."""

    run_id: str
    step: str
    contract: str
    state: str
    input: bytes
    answer: bytes | None
    ordinal: int
    branch: int
    attempts: int
    recorded_at: datetime


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """Show an entry of the journal."""

    sequence: int
    run_id: str
    workflow: str
    step: str
    kind: str
    subject: str
    actor: str
    on_behalf_of: str
    at: datetime
    before: bytes | None
    after: bytes | None
    code_version: str
    policy_version: str


class DeadLetterView(msgspec.Struct, frozen=True, kw_only=True):
    """Show what nobody but a person can carry on."""

    dead_letter_id: int
    kind: str
    run_id: str
    """The run whose step it is."""
    step: str
    stuck_run: str
    """The run that waits for a person: the same, or one above it that takes it back."""
    subject: str
    body: bytes
    reason: str
    written_at: datetime
    resolved_at: datetime | None
    resolution: str | None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Count what there is."""

    runs: Mapping[str, int]
    """By status; children count as well."""
    journal_entries: int
    dead_letters: int
    """Those that nobody has resolved."""
    unpublished: int
    """Messages that the relay has still to publish."""


class Views:
    """Read runs, steps, journal and dead letters. Threads may share it; close it, or use it in a `with`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._transaction: Transaction | None = None
        self._connection: Any = None
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection; the next question makes another."""
        with self._lock:
            self._drop()

    def run(self, run_id: str) -> RunView:
        """Return the run of this id, or the only one whose id begins so. Raises NotFound."""
        found = self._read(RUN_BY_ID, run_id)
        if not found and run_id and set(run_id) <= set("0123456789abcdef"):
            begins = and_(RUN.c.run_id > run_id, RUN.c.run_id < run_id + "g")
            found = self._rows(_select(RUN, RunView).where(begins).order_by(RUN.c.run_id).limit(2))
        if len(found) != 1:
            raise NotFound(
                "more than one run begins so" if found else "there is no such run",
                place=f"run {run_id!r}",
                instead="give more characters of its id" if found else "`isthmus workflows list` shows them",
            )
        return _view(RunView, found[0])

    def runs(
        self, status: str | None = None, contract: str | None = None, limit: int = 100, after: str | None = None
    ) -> list[RunView]:
        """Return the runs that began last, the newest first; `after` is the run that a page before ended with."""
        if not 1 <= limit <= RUNS_MAX:
            raise InputError(f"limit must be from 1 to {RUNS_MAX}", place="limit", instead="read on with `after`")
        query = _select(RUN, RunView).order_by(RUN.c.started_at.desc(), RUN.c.run_id.desc()).limit(limit)
        if status is not None:
            query = query.where(RUN.c.status == status)
        if contract is not None:
            query = query.where(RUN.c.contract == contract)
        if after is not None:
            ((started_at, run_id),) = self._rows(
                select(RUN.c.started_at, RUN.c.run_id).where(RUN.c.run_id == self.run(after).run_id)
            )
            same_moment = and_(RUN.c.started_at == started_at, RUN.c.run_id < run_id)
            query = query.where(or_(RUN.c.started_at < started_at, same_moment))
        return [_view(RunView, row) for row in self._rows(query)]

    def live_runs(self, contract: str, version: str) -> int:
        """Count the runs of one version of a workflow that have not ended."""
        return int(self._read(LIVE_RUNS, contract, version)[0][0])

    def runs_of_identity(self, identity: str) -> list[RunView]:
        """Return the runs of every workflow whose input has this identity, the oldest first."""
        query = _select(RUN, RunView).where(RUN.c.identity == identity).order_by(RUN.c.started_at, RUN.c.run_id)
        return [_view(RunView, row) for row in self._rows(query)]

    def steps(self, run_id: str) -> list[StepView]:
        """Return what is recorded of a run's steps, in the order of the record."""
        order = (INBOX.c.ordinal, INBOX.c.branch, INBOX.c.step)
        rows = self._rows(_select(INBOX, StepView).where(INBOX.c.run_id == run_id).order_by(*order))
        return [_view(StepView, row) for row in rows]

    def journal(self, *, run_id: str | None = None, identity: str | None = None) -> Iterator[EntryView]:
        """Yield the entries of a run, of all runs with an identity, or all there are, in the order they were written.

        To a run belong its children, and what subscribers did with the messages that it published.
        """
        if run_id is not None:
            return self._entries_of(self._family([self.run(run_id).run_id]))
        if identity is not None:
            return self._entries_of(self._family([run.run_id for run in self.runs_of_identity(identity)]))
        return self._entries(JOURNAL.c.sequence > 0)

    def dead_letters(self, resolved: bool = False) -> Iterator[DeadLetterView]:  # noqa: FBT001, FBT002
        """Yield the dead letters that wait for a person, or those that one has resolved, the oldest first."""
        done = DEAD_LETTER.c.resolved_at
        wanted = done.is_not(None) if resolved else done.is_(None)
        for row in self._pages(DEAD_LETTERS.where(wanted), DEAD_LETTER.c.dead_letter_id):
            yield _letter(row)

    def dead_letter(self, dead_letter_id: int) -> DeadLetterView:
        """Return a dead letter. Raises NotFound."""
        found = self._rows(DEAD_LETTERS.where(DEAD_LETTER.c.dead_letter_id == dead_letter_id))
        if not found:
            raise NotFound(
                "there is no such dead letter",
                place=f"dead letter {dead_letter_id}",
                instead="`isthmus dead-letters list` shows them",
            )
        return _letter(found[0])

    def counts(self) -> Counts:
        """Return how many runs there are by status, journal entries, open dead letters and unpublished messages."""
        by_status = self._rows(select(RUN.c.status, func.count()).group_by(RUN.c.status).order_by(RUN.c.status))
        return Counts(
            runs=dict(by_status),
            journal_entries=self._count(JOURNAL.c.sequence > 0),
            dead_letters=self._count(DEAD_LETTER.c.resolved_at.is_(None)),
            unpublished=self._count(OUTBOX.c.published_at.is_(None)),
        )

    def _count(self, which: ColumnElement[bool]) -> int:
        ((number,),) = self._rows(select(func.count()).where(which))
        return int(number)

    def _family(self, roots: Sequence[str]) -> list[str]:
        """Return the runs, all runs below them, and the messages that any of them published."""
        known = dict.fromkeys(roots)
        frontier = list(known)
        while frontier:
            found: list[str] = []
            for ids in _portions(frontier):
                children = select(RUN.c.run_id).where(RUN.c.parent_run.in_(ids)).order_by(RUN.c.run_id)
                messages = select(OUTBOX.c.message_id).where(OUTBOX.c.run_id.in_(ids)).order_by(OUTBOX.c.sequence)
                found += [row[0] for row in (*self._rows(children), *self._rows(messages))]
            frontier = [one for one in dict.fromkeys(found) if one not in known]
            known.update(dict.fromkeys(frontier))
        return list(known)

    def _entries_of(self, ids: Sequence[str]) -> Iterator[EntryView]:
        streams = [self._entries(JOURNAL.c.run_id.in_(portion)) for portion in _portions(ids)]
        return heapq.merge(*streams, key=lambda entry: entry.sequence)

    def _entries(self, which: ColumnElement[bool]) -> Iterator[EntryView]:
        for row in self._pages(_select(JOURNAL, EntryView).where(which), JOURNAL.c.sequence):
            yield _view(EntryView, row)

    def _pages(self, query: Select[Any], number: ColumnElement[int]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query in the order of their number, which is its first column."""
        last = 0
        while True:
            rows = self._rows(query.where(number > last).order_by(number).limit(PAGE_ROWS))
            yield from rows
            if len(rows) < PAGE_ROWS:
                return
            last = rows[-1][0]

    def _rows(self, query: Select[Any]) -> list[tuple[Any, ...]]:
        return self._read(Statement(query))

    def _read(self, statement: Statement, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                if self._transaction is None:
                    self._connection = connect_to_read(self._database)
                    self._transaction = Transaction(self._connection, self._database.dialect, self._database.name)
                return self._transaction.rows(statement, *values)
            except StorageUnavailable:
                self._drop()
                raise

    def _drop(self) -> None:
        connection, self._connection, self._transaction = self._connection, None, None
        if connection is not None:
            connection.close()


def connect_to_read(database: Database) -> Any:
    """Return a driver's connection that cannot write, and that makes no database where there is none."""
    file = database.file
    if database.dialect == "sqlite" and file is not None:
        if not file.exists():
            raise StorageUnavailable(
                "there is no such database", place=str(file), instead="run something first, or name another database"
            )
        try:
            connection = sqlite3.connect(
                f"file:{quote(str(file))}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
            )
            connection.execute("pragma query_only = on")
        except sqlite3.Error as error:
            raise translate(error, place=str(file)) from error
        return connection
    connection = database.connect()
    connection.detach()  # it stays read-only, so it is not kept for others
    try:
        connection.cursor().execute(
            "pragma query_only = on"
            if database.dialect == "sqlite"
            else "set session characteristics as transaction read only"
        )
    except DriverError as error:
        raise translate(error, place=database.name) from error
    return connection


def _portions(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + IDS_IN_A_QUERY_MAX] for start in range(0, len(ids), IDS_IN_A_QUERY_MAX))


def _select(table: Any, view: type[msgspec.Struct]) -> Select[Any]:
    return select(*(table.c[name] for name in view.__struct_fields__))


def _view[V: msgspec.Struct](view: type[V], row: tuple[Any, ...]) -> V:
    """Build a view from a row in the order of its fields, times as moments."""
    named = zip(view.__struct_fields__, row, strict=True)
    return view(**{name: _value(name, value) for name, value in named})


def _letter(row: tuple[Any, ...]) -> DeadLetterView:
    letter = _view(DeadLetterView, row)
    run_id, step = place_of(letter.kind, letter.stuck_run, letter.step)
    return msgspec.structs.replace(letter, run_id=run_id, step=step)


DEAD_LETTERS = select(
    *(DEAD_LETTER.c["run_id" if name == "stuck_run" else name] for name in DeadLetterView.__struct_fields__)
)

RUN_BY_ID = Statement(_select(RUN, RunView).where(RUN.c.run_id == bindparam("run")), "run")


def _value(name: str, value: Any) -> Any:
    return moment(value) if value is not None and (name == "at" or name.endswith("_at")) else value
