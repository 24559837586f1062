"""The host of an App in a cloud: its database, its ports, its clock, and the topics that its messages leave by.

What these are the surroundings say: a cloud's own, or those that a rehearsal puts in their place.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from isthmus.adapters.runtime.configuration import configuration_in
from isthmus.adapters.runtime.deployment import Clock, Deployment
from isthmus.adapters.runtime.operations import outer_unit, reject, subscribers
from isthmus.adapters.runtime.unit import OutgoingMessage, UnitOfWork
from isthmus.adapters.runtime.vault import MasterKey
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.journal import microseconds
from isthmus.adapters.sql.notes import ABOUT_STEP, FORGET_NOTE_ABOUT, NOTE
from isthmus.adapters.sql.outbox import MARK_PUBLISHED, UNPUBLISHED, UNPUBLISHED_OF_KEY
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.composition import Composition
from isthmus.core.errors import InputError

log = logging.getLogger("isthmus.host")

CONFLICTS_MAX = 50

YOUNG = timedelta(minutes=10)
"""How long a function may be at it: the longest that the platform lets one run."""


class Outlet(Protocol):
    """Send messages to topics."""

    def send(self, messages: Sequence[OutgoingMessage]) -> None:
        """Send messages of one topic and key, in their order."""
        ...


class Surroundings(Protocol):
    """Give a host what it stands on."""

    def database(self) -> Database:
        """Return the database."""
        ...

    def master(self) -> MasterKey:
        """Return the master key, which wraps the keys of persons."""
        ...

    def folder(self) -> Path:
        """Return the folder in which ports find what is their own."""
        ...

    def clock(self) -> Clock:
        """Return the clock."""
        ...

    def outlet(self) -> Outlet | None:
        """Return what messages leave by; None where they are left to the sweep of the app."""
        ...

    def token(self, scope: str) -> str:
        """Return a token of this app's identity, for another unit."""
        ...


_surrounded: list[Surroundings] = []


@contextmanager
def surrounded_by(surroundings: Surroundings) -> Iterator[None]:
    """Let hosts that are opened meanwhile stand on these surroundings."""
    _surrounded.append(surroundings)
    try:
        yield
    finally:
        _surrounded.remove(surroundings)


def surroundings(otherwise: Callable[[], Surroundings]) -> Surroundings:
    """Return what hosts that are opened now stand on."""
    return _surrounded[-1] if _surrounded else otherwise()


def note_step(transaction: Transaction, run_id: str, step: str) -> None:
    """Leave a note that a step was answered, until somebody has woken its run."""
    transaction.run(NOTE, ABOUT_STEP, f"{run_id}/{step}")


type NoteWoken = Callable[[Transaction, str, str], None]
type After = Callable[[UnitOfWork], None]


class Host:
    """Do units of work, each in a transaction of its own, and send what they published.

    `elsewhere` names the contracts whose work another unit does, with that unit; `handled_here` are the prefixes of
    what goes through the outbox and leaves by no topic: whoever took it in has it handled too. `note_woken` writes down
    which steps of other runs a unit of work has answered, within it; `after` is told of each that has committed.
    """

    def __init__(
        self,
        composition: Composition,
        around: Surroundings,
        *,
        backend: str,
        handled_here: tuple[str, ...],
        elsewhere: Mapping[str, str] | None = None,
        note_woken: NoteWoken = note_step,
        after: After | None = None,
    ) -> None:
        self.composition = composition
        self.backend = backend
        self.elsewhere = elsewhere or {}
        self._around = around
        self._handled_here = handled_here
        self._note_woken = note_woken
        self._after = after
        self.subscribers = subscribers(composition)
        self._opened: tuple[Deployment, Database, Outlet | None] | None = None

    @property
    def deployment(self) -> Deployment:
        """Return the prepared App."""
        return self._open()[0]

    @property
    def database(self) -> Database:
        """Return the database."""
        return self._open()[1]

    def _open(self) -> tuple[Deployment, Database, Outlet | None]:
        """Open what the host stands on when it is first needed: indexing needs none of it."""
        if self._opened is None:
            around = self._around
            deployment = Deployment(
                self.composition,
                backend=self.backend,
                master=around.master,
                clock=around.clock(),
                configure=configuration_in(around.folder()),
            )
            self._opened = deployment, around.database(), around.outlet()
        return self._opened

    def token(self, scope: str) -> str:
        """Return a token of this app's identity."""
        return self._around.token(scope)

    def close(self) -> None:
        """Let go of the database."""
        if self._opened is not None:
            self._opened[1].close()

    def do[U: UnitOfWork | None, T](self, work: Callable[[Transaction], tuple[U, T]]) -> tuple[U, T]:
        """Do a unit of work, again while it loses against others, and send what it published."""

        def noted(transaction: Transaction) -> tuple[U, T]:
            unit, result = work(transaction)
            for run_id, step in unit.woken if unit is not None else ():
                self._note_woken(transaction, run_id, step)
            return unit, result

        unit, result = self.database.do(noted, tries=CONFLICTS_MAX, pause_seconds=0.001)
        if unit is not None:
            unit.committed()
            self._relay_after(unit)
            if self._after is not None:
                self._after(unit)
        return unit, result

    def do_from_outside[T](
        self, subject: str, actor: str, on_behalf_of: str, work: Callable[[UnitOfWork], T]
    ) -> tuple[UnitOfWork, T]:
        """Do what the outside asks for; what it did wrong is journaled, and leaves nothing else. Raises InputError."""

        def done(transaction: Transaction) -> tuple[UnitOfWork, T]:
            unit = outer_unit(self.deployment, transaction, actor, on_behalf_of, "outside")
            return unit, work(unit)

        try:
            return self.do(done)
        except InputError as error:
            with self.database.transaction() as transaction:
                reject(outer_unit(self.deployment, transaction, actor, on_behalf_of, "outside"), subject, error)
            raise

    def forget_woken(self, unit: UnitOfWork) -> None:
        """Take away the notes of the runs that a unit of work has answered: they have been woken."""
        with self.database.transaction() as transaction:
            for run_id, step in unit.woken:
                transaction.run(FORGET_NOTE_ABOUT, ABOUT_STEP, f"{run_id}/{step}")

    def _relay_after(self, unit: UnitOfWork) -> None:
        """Send what was published. What cannot be sent now is left to the sweep: it is in the outbox."""
        for topic, key in dict.fromkeys((one.topic, one.ordering_key) for one in unit.published):
            try:
                self._relay(topic, key)
            except Exception:
                log.exception("messages of %s were not sent; the sweep will try again", topic)

    def _relay(self, topic: str, key: str) -> None:
        """Send what waits to leave under one topic and key, in sequence, and mark it."""
        outlet = self._open()[2]
        if topic.startswith(self._handled_here) or outlet is None:
            return
        with self.database.transaction() as transaction:
            rows = transaction.rows(UNPUBLISHED_OF_KEY, topic, key)
        messages = [OutgoingMessage(row[1], row[2], row[3], bytes(row[4]), row[5]) for row in rows]
        if messages and self.subscribers.get(topic):
            outlet.send(messages)
        self.mark_published(messages)

    def mark_published(self, messages: Sequence[OutgoingMessage]) -> None:
        """Note that messages have left, or were handled here."""
        now_us = microseconds(self.deployment.clock.now())
        with self.database.transaction() as transaction:
            for message in messages:
                transaction.run(MARK_PUBLISHED, now_us, message.message_id)

    def relay_all(self) -> list[OutgoingMessage]:
        """Send what a crash has left in the outbox; return what is to be handled here, unless it is young.

        A young one is being handled by whoever wrote it down.
        """
        with self.database.transaction() as transaction:
            rows = transaction.rows(UNPUBLISHED, 0)
        for topic, key in dict.fromkeys((row[2], row[3]) for row in rows):
            self._relay(topic, key)
        written_before_us = microseconds(self.deployment.clock.now() - YOUNG)
        return [
            OutgoingMessage(number, topic, key, bytes(body), run_id)
            for _, number, topic, key, body, run_id, written_at in rows
            if topic.startswith(self._handled_here) and written_at <= written_before_us
        ]
