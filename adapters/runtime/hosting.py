"""Hosting: what a cloud's triggers ask of an App, each in units of work of its host: starts, deliveries, ticks, sweeps.

Whoever is triggered begins and wakes the engines of the runs that follow from it; that is the cloud's own way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum, auto
from typing import Any

from isthmus.adapters.runtime import operations
from isthmus.adapters.runtime.asking import Attempt, ask_until_settled, call_in_time
from isthmus.adapters.runtime.clock import last_tick
from isthmus.adapters.runtime.deliveries import (
    delivery_of,
    hand_over,
    publish_tick,
    start_at_tick,
    unit_of_delivery,
)
from isthmus.adapters.runtime.events import make_unowned_late
from isthmus.adapters.runtime.host import Host
from isthmus.adapters.runtime.invocation import Fenced, GatewayAnswer, Intent
from isthmus.adapters.runtime.record import Failed, Outcome
from isthmus.adapters.runtime.runs import EndState, Run, find_run, finish_run
from isthmus.adapters.runtime.stepping import stick
from isthmus.adapters.runtime.taking_back import is_part_of_another
from isthmus.adapters.runtime.unit import OutgoingMessage, UnitOfWork, unit_of
from isthmus.adapters.sql.outbox import MESSAGE
from isthmus.adapters.sql.runs import RunStatus, StepState
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.codec import ENCODER
from isthmus.core.errors import EnvironmentFault, ReplayMismatch
from isthmus.core.trigger import Schedule

SWEEP = "isthmus_sweep"
"""What the journal calls what finds that a crash has left something."""

type Delivered = Outcome | Intent | Fenced | Run | None


class DeliveryFailed(EnvironmentFault):
    """Report a message that its subscriber could not handle yet: it is delivered again."""

    code = "ISTH361"


# What is asked


def start(host: Host, contract: str, message: Any, actor: str, on_behalf_of: str = "") -> str:
    """Start a run, durably, and return its id. Raises InputError."""

    def work(unit: UnitOfWork) -> str:
        return operations.begin_run(unit, contract, message, claimed_by=None).run_id

    return host.do_from_outside(contract, actor, on_behalf_of, work)[1]


def ask(host: Host, contract: str, message: Any, key: str, actor: str) -> Any:
    """Ask one handler's contract alone, with the attempts that its policy allows.

    Raises the Refusal, InputError, HandlerFailed (ISTH350).
    """

    def do(attempt: Attempt) -> tuple[Outcome | Intent, Any]:
        return host.do_from_outside(contract, actor, "", attempt)[1]

    return ask_until_settled(host.deployment, contract, message, key, do)


def take_event(host: Host, event: str, key: str, message: Any, event_id: str | None, actor: str) -> UnitOfWork:
    """Let an event arrive. Raises InputError."""

    def work(unit: UnitOfWork) -> None:
        operations.arrive(unit, event, key, message, event_id)

    return host.do_from_outside(event, actor, "", work)[0]


def publish(host: Host, topic: str, message: Any, actor: str) -> None:
    """Publish to a topic that others publish to. Raises InputError."""

    def work(unit: UnitOfWork) -> None:
        operations.publish_from_outside(unit, topic, message)

    host.do_from_outside(topic, actor, "", work)


def feed(host: Host, stream: str, message: Any, actor: str) -> UnitOfWork:
    """Give a stream a record. Raises InputError."""

    def work(unit: UnitOfWork) -> None:
        operations.feed_from_outside(unit, stream, message)

    return host.do_from_outside(stream, actor, "", work)[0]


# What is delivered


def kept_message(host: Host, topic: str, message_id: str) -> OutgoingMessage | None:
    """Return a message of ours as our outbox has it; None when it has none of that id under that topic.

    What a delivery says of itself is not believed.
    """
    with host.database.transaction() as transaction:
        row = transaction.row(MESSAGE, message_id)
    if row is None or row[2] != topic:
        return None
    return OutgoingMessage(row[1], topic, row[3], bytes(row[4]), row[5])


def delivered(host: Host, message: OutgoingMessage, subscriber: str) -> tuple[UnitOfWork, Delivered]:
    """Have a subscriber handle a message, or start its run; what it cannot handle goes to a person."""
    request = delivery_of(message, subscriber)

    def part(answer: GatewayAnswer | None) -> tuple[UnitOfWork, Delivered]:
        def work(transaction: Transaction) -> tuple[UnitOfWork, Delivered]:
            unit = unit_of_delivery(host.deployment, transaction, message, request)
            return unit, hand_over(unit, message, request, answer, claimed_by=None)

        return host.do(work)

    unit, result = part(None)
    if isinstance(result, Intent):
        unit, result = part(call_in_time(host.deployment, subscriber, result))
    return unit, result


def hold_to_delivery(result: Delivered, topic: str, subscriber: str) -> None:
    """Raise DeliveryFailed (ISTH361) when a subscriber is to have a message again."""
    if isinstance(result, Outcome) and result.state is StepState.FAILING:
        raise DeliveryFailed(f"{subscriber} failed in attempt {result.attempts}", place=f"topic {topic}")


type HandOn = Callable[[OutgoingMessage, str], Awaitable[Delivered]]
"""Hand a message to a subscriber, and begin or wake the runs that follow from it."""


async def handle_all(host: Host, queue: Sequence[OutgoingMessage], hand_on: HandOn, *, is_patient: bool = True) -> None:
    """Have messages handled here, one after the other, each by all its subscribers, until that is settled.

    Who is not patient makes one attempt: what fails waits in the outbox, with what follows it under its key.
    """
    held: set[tuple[str, str]] = set()
    for message in queue:
        place = (message.topic, message.ordering_key)
        if place in held:
            continue
        settled = [
            await _is_settled(host, message, subscriber, hand_on, is_patient=is_patient)
            for subscriber in host.subscribers.get(message.topic, ())
        ]
        if all(settled):
            await asyncio.to_thread(host.mark_published, [message])
        else:
            held.add(place)


async def _is_settled(
    host: Host, message: OutgoingMessage, subscriber: str, hand_on: HandOn, *, is_patient: bool
) -> bool:
    retry = host.composition.contracts[subscriber].retry
    while True:
        result = await hand_on(message, subscriber)
        if not isinstance(result, Outcome) or result.state is not StepState.FAILING:
            return True
        if not is_patient:
            return False
        await asyncio.sleep(retry.delay_after(result.attempts).total_seconds())


# Ticks


def tick(host: Host, schedule: Schedule) -> tuple[UnitOfWork, str | None]:
    """Start the run of a schedule's tick and return it, or publish the tick: once for each moment."""
    contract, actor = schedule.starts.name, f"schedule:{schedule.name}"
    key = f"{schedule.name}@{last_tick(host.deployment.clock.now(), schedule.every).isoformat()}"

    def work(unit: UnitOfWork) -> str | None:
        if contract in host.composition.workflows:
            return start_at_tick(unit, schedule, key, claimed_by=None).run_id
        publish_tick(unit, schedule, key)
        return None

    return host.do_from_outside(contract, actor, actor, work)


# The sweep


def hand_on_unowned(host: Host) -> None:
    """Hand on events that are held for nobody."""
    make: Callable[[UnitOfWork], bool] = make_unowned_late
    while host.do_from_outside(SWEEP, "sweep", "", make)[1]:
        pass


class Left(Enum):
    """Say what is left to do with a run whose engine has ended without reporting."""

    NOTHING = auto()
    TO_PERSON = auto()
    TO_BE_TAKEN_BACK = auto()


def find_left(host: Host, run_id: str) -> Left:
    """Fence a run that nobody carries on any longer, as one that failed.

    One whose version is not carried is left to a person: by another program it cannot be carried on.
    """

    def work(transaction: Transaction) -> tuple[UnitOfWork | None, Left]:
        run = find_run(transaction, run_id)
        if run is None:
            return None, Left.NOTHING
        if run.status != RunStatus.RUNNING:
            goes_on = run.status == RunStatus.TAKING_BACK and not is_part_of_another(run)
            return None, Left.TO_BE_TAKEN_BACK if goes_on else Left.NOTHING
        if (run.contract, run.version) not in host.composition.versions:
            unit = unit_of(host.deployment, transaction, run, "")
            stick(unit, run, ReplayMismatch.__name__, ReplayMismatch.code)
            return unit, Left.TO_PERSON
        unit = unit_of(host.deployment, transaction, run, "sweep")
        failed = Outcome(StepState.FAILED, ENCODER.encode(Failed("OrchestrationEnded", f"run {run_id}")))
        ended = finish_run(unit, run, failed, "")
        return unit, Left.TO_BE_TAKEN_BACK if ended is EndState.TAKING_BACK else Left.NOTHING

    return host.do(work)[1]
