"""Operations: what is asked from outside, each one unit of work, whichever process does it.

Starting runs, sending events, publishing, cancelling, replaying dead letters. The functions work within a transaction
that somebody else begins; `Operations` does them in one of their own, and leaves a note that wakes the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from isthmus.adapters.runtime.asking import ask_until_settled
from isthmus.adapters.runtime.clock import SystemClock
from isthmus.adapters.runtime.configuration import configuration_in
from isthmus.adapters.runtime.deployment import Clock, Deployment
from isthmus.adapters.runtime.edge import asking_key, input_codec, key_of, wire_of
from isthmus.adapters.runtime.events import LATE_TOPIC, send_event
from isthmus.adapters.runtime.runs import Run, cancel_run, get_run, run_id_of, start_run
from isthmus.adapters.runtime.unit import OutgoingMessage, UnitOfWork
from isthmus.adapters.runtime.vault import KeyFile
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.dead_letters import OPEN_LETTER, RESOLVE, DeadLetterKind, place_of
from isthmus.adapters.sql.journal import Kind
from isthmus.adapters.sql.notes import ABOUT_MESSAGE, ABOUT_RUN, ABOUT_STEP, NOTE
from isthmus.adapters.sql.outbox import MARK_PUBLISHED, MESSAGE
from isthmus.adapters.sql.runs import RECORD, SET_STATUS, UPDATE_STEP, RunStatus, StepState
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.codec import ENCODER, codec
from isthmus.core.composition import Composition
from isthmus.core.errors import InputError, NotFound
from isthmus.core.trigger import Stream, Topic

KEY_FILE = "isthmus.key"

TRIES_MAX = 20

STREAM_TOPIC = "stream:"
SCHEDULE_TOPIC = "schedule:"
"""Records of streams and ticks of schedules leave through the outbox, under these prefixes and their names."""


class Replayed(msgspec.Struct, frozen=True):
    """Say what goes on after a person has resolved a dead letter."""

    run_id: str
    status: str
    message: OutgoingMessage | None = None
    subscriber: str = ""


def outer_unit(
    deployment: Deployment, transaction: Transaction, actor: str, on_behalf_of: str, step: str
) -> UnitOfWork:
    """Return a unit of work for what comes from outside, before it is known which run it belongs to."""
    return UnitOfWork(
        deployment,
        transaction,
        run_id=run_id_of("outside", uuid4().hex),
        step=step,
        workflow="",
        actor=actor,
        on_behalf_of=on_behalf_of or actor,
    )


def begin_run(unit: UnitOfWork, contract: str, message: Any, *, claimed_by: str | None) -> Run:
    """Start a run with a message from outside. Raises NotFound, MessageInvalid, IdentityConflict."""
    form = input_codec(unit.deployment, contract)
    if contract not in unit.deployment.composition.workflows:
        names = ", ".join(sorted(unit.deployment.composition.workflows)) or "none"
        raise NotFound(f"no workflow fulfils {contract}", instead=f"start one of: {names}; a handler is asked")
    return start_run(unit, contract, wire_of(unit, form, message), claimed_by=claimed_by)


def arrive(unit: UnitOfWork, event: str, key: str, message: Any, event_id: str | None) -> str:
    """Let an event arrive from outside. Raises NotFound when no workflow waits for its type, MessageInvalid."""
    form = unit.deployment.event_codecs.get(event)
    if form is None:
        names = ", ".join(sorted(unit.deployment.event_codecs)) or "none"
        raise NotFound(f"the app knows no event {event}", instead=f"send one of: {names}")
    number = key_of(event_id or uuid4().hex, "event id")
    return send_event(unit, event, key_of(key, "key"), wire_of(unit, form, message), event_id=number)


def publish_from_outside(unit: UnitOfWork, topic: str, message: Any) -> None:
    """Publish to a topic that others publish to. Raises NotFound, InputError, MessageInvalid."""
    found = unit.deployment.composition.topics.get(topic)
    if found is None:
        names = ", ".join(sorted(unit.deployment.composition.topics)) or "none"
        raise NotFound(f"the app has no topic {topic}", instead=f"publish to one of: {names}")
    if not found.external:
        raise InputError(f"topic {topic} is published by the app alone", instead="declare it with external=True")
    _publish(unit, topic, found, message)


def feed_from_outside(unit: UnitOfWork, stream: str, message: Any) -> None:
    """Give a stream a record. Raises NotFound, MessageInvalid."""
    found = {one.name: one for one in unit.deployment.composition.app.streams}.get(stream)
    if found is None:
        raise NotFound(f"the app has no stream {stream}", instead="see: isthmus inspect")
    _publish(unit, f"{STREAM_TOPIC}{stream}", found, message)


def _publish(unit: UnitOfWork, topic: str, kind: Topic | Stream, message: Any, name: str | None = None) -> None:
    form = codec(kind.message)
    wire = wire_of(unit, form, message)
    key = key_of(str(getattr(form.decode_opaque(wire), kind.key)), kind.key)
    unit.publish(topic, key, wire, message_id=name)


def take_in(unit: UnitOfWork, topic: str, name: str, body: bytes) -> OutgoingMessage:
    """Write down what a platform has delivered of an external topic or of a stream, once under the name it has there.

    It has left already as far as the outbox is concerned, except for a record of a stream, which is handled here.
    Raises InputError, MessageInvalid.
    """
    unit.run_id, unit.step = run_id_of(topic, name), "message"
    if topic.startswith(STREAM_TOPIC):
        streams = {one.name: one for one in unit.deployment.composition.app.streams}
        _publish(unit, topic, streams[topic.removeprefix(STREAM_TOPIC)], body, name)
    else:
        found = unit.deployment.composition.topics.get(topic)
        if found is None or not found.external:  # events that came late have a topic too
            raise InputError(f"topic {topic} is published by the app alone", instead="declare it with external=True")
        _publish(unit, topic, found, body, name)
        unit.transaction.run(MARK_PUBLISHED, unit.now_us, name)
    row = unit.transaction.row(MESSAGE, name)
    assert row is not None
    return OutgoingMessage(row[1], row[2], row[3], bytes(row[4]), row[5])


def subscribers(composition: Composition) -> dict[str, tuple[str, ...]]:
    """Return whom each topic is delivered to, and each stream, schedule and type of late events: contracts by name."""
    app = composition.app
    found = {name: tuple(contract.name for contract in topic.subscribers) for name, topic in composition.topics.items()}
    found |= {f"{LATE_TOPIC}{event}": (contract.name,) for event, contract in composition.late_events.items()}
    found |= {f"{STREAM_TOPIC}{one.name}": (one.into.name,) for one in app.streams}
    return found | {f"{SCHEDULE_TOPIC}{one.name}": (one.starts.name,) for one in app.schedules}


def delivery_step(message: OutgoingMessage, subscriber: str) -> str:
    """Name the step of a delivery within the run that published the message."""
    return f"{message.message_id.removeprefix(f'{message.run_id}/')}>{subscriber}"


def reject(unit: UnitOfWork, subject: str, error: InputError) -> None:
    """Journal that something was refused at the edge: by which rule, and never what it said."""
    unit.journal(Kind.REJECTED, subject, after=ENCODER.encode({"code": error.code, "place": error.place}))


def resolve(unit: UnitOfWork, dead_letter_id: int) -> Replayed:
    """Let what is stuck be tried again, because a person has seen to it. Raises NotFound."""
    row = unit.transaction.row(OPEN_LETTER, dead_letter_id)
    if row is None:
        raise NotFound(f"there is no open dead letter {dead_letter_id}", instead="see: isthmus dead-letters list")
    kind, run_id, step, subject, body = row
    unit.run_id, unit.step = place_of(kind, run_id, step)
    unit.transaction.run(RESOLVE, unit.now_us, f"replayed by {unit.actor}", dead_letter_id)
    unit.journal(Kind.RESOLVED, subject)
    if kind == DeadLetterKind.DELIVERY:
        return _redeliver(unit, run_id, step, bytes(body).decode(), subject)
    run = get_run(unit.transaction, run_id)
    if run.status != RunStatus.STUCK:  # whoever took back the whole that it is part of has seen to it
        return Replayed(run_id, run.status)
    status = RunStatus.RUNNING
    if kind == DeadLetterKind.UNDO:
        status = RunStatus.TAKING_BACK
    if step:
        _try_again(unit, unit.run_id, unit.step)
    unit.transaction.run(SET_STATUS, status, None, run_id)
    return Replayed(run_id, status)


def _try_again(unit: UnitOfWork, run_id: str, step: str) -> None:
    """Let a step that failed for good have its attempts again; what a gateway may have done is inquired about first."""
    row = unit.transaction.row(RECORD, run_id, step)
    if row is None or row[2] == StepState.ANSWERED:
        return
    # A child that failed was taken back: the next one must be another run, which the count tells apart.
    failed = row[4] if row[0] in unit.deployment.composition.workflows else 0
    unit.transaction.run(UPDATE_STEP, StepState.FAILING, b"null", failed, unit.now_us, run_id, step)


def _redeliver(unit: UnitOfWork, run_id: str, step: str, message_id: str, subscriber: str) -> Replayed:
    """Let one subscriber have a message again; an engine that ends before then finds it unpublished."""
    if subscriber not in unit.deployment.composition.contracts:
        raise NotFound(f"the app has no contract {subscriber}", instead="load the version that has it")
    row = unit.transaction.row(MESSAGE, message_id)
    if row is None:
        raise NotFound(f"message {message_id} is not kept any longer", instead="nothing can be done here")
    _, number, topic, ordering_key, body, _ = row
    _try_again(unit, run_id, step)
    unit.transaction.run(MARK_PUBLISHED, None, number)
    return Replayed(run_id, "", OutgoingMessage(number, topic, ordering_key, bytes(body), run_id), subscriber)


class Operations:
    """Do operations beside an engine of another process, which picks them up."""

    def __init__(
        self, composition: Composition, database: Database, *, folder: Path, clock: Clock | None = None
    ) -> None:
        self.composition = composition
        self.database = database
        self._deployment = Deployment(
            composition,
            backend="local",
            master=lambda: KeyFile(folder / KEY_FILE),
            clock=clock or SystemClock(),
            configure=configuration_in(folder),
        )

    def start(self, contract: str, message: Any, *, actor: str, on_behalf_of: str = "") -> str:
        """Start a run, and return its id."""
        return self._do(actor, on_behalf_of, contract, lambda unit: self._start(unit, contract, message))

    def _start(self, unit: UnitOfWork, contract: str, message: Any) -> str:
        run = begin_run(unit, contract, message, claimed_by=None)
        unit.transaction.run(NOTE, ABOUT_RUN, run.run_id)
        return run.run_id

    def ask(
        self, contract: str, message: Any, *, key: str | None = None, actor: str = "outside", on_behalf_of: str = ""
    ) -> Any:
        """Ask one handler's contract alone, and return its answer; the same key again returns the recorded one.

        Without a key the message's identity is the key, as `asking_key` says.
        Each attempt is made here, in a transaction of its own, whether or not an engine runs beside.

        Raises the Refusal; NotFound, MessageInvalid, IdentityConflict; HandlerFailed (ISTH350) after the last attempt.
        """
        known_by = asking_key(self.composition, contract, message) if key is None else key
        return ask_until_settled(
            self._deployment, contract, message, known_by, partial(self._do, actor, on_behalf_of, contract)
        )

    def send(self, event: str, *, key: str, message: Any, event_id: str | None = None, actor: str = "outside") -> str:
        """Send an event; return `delivered`, `queued`, `late` or `repeated`."""
        return self._do(actor, "", event, lambda unit: arrive(unit, event, key, message, event_id))

    def publish(self, topic: str, message: Any, *, actor: str = "outside") -> None:
        """Publish to an external topic."""
        self._do(actor, "", topic, lambda unit: publish_from_outside(unit, topic, message))

    def feed(self, stream: str, message: Any, *, actor: str = "outside") -> None:
        """Give a stream a record."""
        self._do(actor, "", stream, lambda unit: feed_from_outside(unit, stream, message))

    def cancel(self, run_id: str, *, actor: str) -> None:
        """End a run, and have it taken back."""
        self._do(actor, "", "cancel", lambda unit: self._cancel(unit, run_id))

    def _cancel(self, unit: UnitOfWork, run_id: str) -> None:
        cancel_run(unit, run_id)
        unit.transaction.run(NOTE, ABOUT_RUN, run_id)

    def replay(self, dead_letter_id: int, *, actor: str) -> None:
        """Let what is stuck be tried again."""
        self._do(actor, "", "replay", lambda unit: self._replay(unit, dead_letter_id))

    def _replay(self, unit: UnitOfWork, dead_letter_id: int) -> None:
        replayed = resolve(unit, dead_letter_id)
        if replayed.message is not None:
            unit.transaction.run(NOTE, f"{ABOUT_MESSAGE}>{replayed.subscriber}", replayed.message.message_id)
        else:
            unit.transaction.run(NOTE, ABOUT_RUN, replayed.run_id)

    def _do[T](self, actor: str, on_behalf_of: str, subject: str, work: Callable[[UnitOfWork], T]) -> T:
        """Do something in a transaction of its own, retried while it loses against others; leave the engine notes."""

        def noted(transaction: Transaction) -> tuple[UnitOfWork, T]:
            unit = outer_unit(self._deployment, transaction, actor, on_behalf_of, "outside")
            result = work(unit)
            for run_id, step in unit.woken:
                transaction.run(NOTE, ABOUT_STEP, f"{run_id}/{step}")
            for message in unit.published:
                transaction.run(NOTE, ABOUT_MESSAGE, message.message_id)
            return unit, result

        try:
            unit, result = self.database.do(noted, tries=TRIES_MAX, pause_seconds=0.005)
        except InputError as error:
            self._reject(actor, on_behalf_of, subject, error)
            raise
        unit.committed()
        return result

    def _reject(self, actor: str, on_behalf_of: str, subject: str, error: InputError) -> None:
        with self.database.transaction() as transaction:
            reject(outer_unit(self._deployment, transaction, actor, on_behalf_of, "outside"), subject, error)
