"""Deliveries: a message of the outbox, handed to one subscriber in a unit of work, the same on every backend.

A handler's contract is asked under the message's id, a workflow's is started. What a subscriber cannot handle goes to
a person, and whatever comes after it in the queue goes on.
"""

from __future__ import annotations

from isthmus.adapters.runtime.deployment import Deployment
from isthmus.adapters.runtime.invocation import Fenced, GatewayAnswer, Intent, StepRequest, conclude, perform
from isthmus.adapters.runtime.operations import SCHEDULE_TOPIC, delivery_step
from isthmus.adapters.runtime.record import Outcome
from isthmus.adapters.runtime.runs import Run, bury, run_id_of, start_run
from isthmus.adapters.runtime.unit import OutgoingMessage, UnitOfWork
from isthmus.adapters.sql.dead_letters import OPEN_LETTER_AT, DeadLetterKind
from isthmus.adapters.sql.runs import StepState
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.codec import ENCODER, codec
from isthmus.core.errors import InputError
from isthmus.core.trigger import Schedule


def delivery_of(message: OutgoingMessage, subscriber: str) -> StepRequest:
    """Return the delivery of a message to a subscriber, as the step that it is."""
    return StepRequest(
        run_id=message.run_id,
        step=delivery_step(message, subscriber),
        contract=subscriber,
        input=message.body,
        ordinal=0,
        branch=0,
        expects=None,
    )


def unit_of_delivery(
    deployment: Deployment, transaction: Transaction, message: OutgoingMessage, request: StepRequest
) -> UnitOfWork:
    """Return the unit of work of a delivery: it is done by the topic that the message came by."""
    sender = message.topic if message.topic.startswith(SCHEDULE_TOPIC) else f"topic:{message.topic}"
    return UnitOfWork(
        deployment,
        transaction,
        run_id=request.run_id,
        step=request.step,
        workflow="",
        actor=sender,
        on_behalf_of=sender,
    )


def hand_over(
    unit: UnitOfWork,
    message: OutgoingMessage,
    request: StepRequest,
    answer: GatewayAnswer | None,
    *,
    claimed_by: str | None,
) -> Outcome | Intent | Fenced | Run | None:
    """Have the subscriber handle a message, or start its run; None when the message could not start one."""
    if request.contract in unit.deployment.composition.workflows:
        return _start(unit, message, request, claimed_by)
    result = perform(unit, request) if answer is None else conclude(unit, request, answer)
    if isinstance(result, Outcome) and result.state in {StepState.FAILED, StepState.UNKNOWN}:
        leave_to_person(unit, message, request, result.answer)
    return result


def _start(unit: UnitOfWork, message: OutgoingMessage, request: StepRequest, claimed_by: str | None) -> Run | None:
    unit.transaction.mark()
    try:
        run = start_run(unit, request.contract, message.body, claimed_by=claimed_by)
    except InputError as error:
        unit.transaction.back_to_mark()
        unit.run_id, unit.step, unit.workflow = request.run_id, request.step, ""
        leave_to_person(unit, message, request, ENCODER.encode({"code": error.code, "place": error.place}))
        return None
    unit.transaction.forget_mark()
    return run


def leave_to_person(unit: UnitOfWork, message: OutgoingMessage, request: StepRequest, reason: bytes) -> None:
    """Ask a person, unless one is asked already: a crash delivers again what was left to them before it."""
    if unit.transaction.row(OPEN_LETTER_AT, request.run_id, request.step) is not None:
        return
    number = message.message_id.encode()
    bury(unit, DeadLetterKind.DELIVERY, request.run_id, request.step, request.contract, reason, number)


def publish_tick(unit: UnitOfWork, schedule: Schedule, key: str) -> None:
    """Send a tick through the outbox: retries, crashes and dead letters are those of any other message."""
    unit.run_id, unit.step = run_id_of(schedule.starts.name, key, "schedule"), "tick"
    wire = codec(type(schedule.message)).encode(schedule.message, unit.vault)
    unit.publish(f"{SCHEDULE_TOPIC}{schedule.name}", key, wire, message_id=key)


def start_at_tick(unit: UnitOfWork, schedule: Schedule, key: str, *, claimed_by: str | None) -> Run:
    """Start the run of a tick, once for each."""
    wire = codec(type(schedule.message)).encode(schedule.message, unit.vault)
    return start_run(unit, schedule.starts.name, wire, claimed_by=claimed_by, origin=(key,))
