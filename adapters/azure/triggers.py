"""Triggers: what reaches an App from outside, as functions.

    POST /orders                     an endpoint of the app: a handler's contract answers, a workflow is started
    POST /events/Verdict/order-1     an event for whoever waits for it by that key
    orders.accepted/track_accepted   a Service Bus topic, and the subscription of one contract to it
    late.Verdict/file_late_verdict   the topic of events that came late, and the contract they are bound to
    isthmus_sweep                    once a minute: what a crash has left in the outbox, and runs that were not begun

What is wrong comes back as problem details (RFC 9457) that name the field and the rule.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import azure.durable_functions as df
import azure.functions as func
import grpc.aio
import msgspec

from isthmus.adapters.azure.activities import ask_gateway
from isthmus.adapters.azure.host import Host
from isthmus.adapters.azure.orchestrator import WAKE
from isthmus.adapters.azure.service_bus import CONNECTION, ORDERING_KEY, RUN, bus_name
from isthmus.adapters.runtime import operations
from isthmus.adapters.runtime.clock import last_tick
from isthmus.adapters.runtime.events import LATE_TOPIC, make_unowned_late
from isthmus.adapters.runtime.failure import as_error
from isthmus.adapters.runtime.invocation import Fenced, GatewayAnswer, Intent, StepRequest, conclude, perform
from isthmus.adapters.runtime.problems import crash_problem, fault_problem, problem, refusal_problem
from isthmus.adapters.runtime.record import Outcome
from isthmus.adapters.runtime.requests import BODILESS, BODY_BYTES_MAX, KEY_CHARACTERS_MAX, spelled, with_path
from isthmus.adapters.runtime.runs import Run, bury, start_run
from isthmus.adapters.runtime.unit import OutgoingMessage, UnitOfWork
from isthmus.adapters.sql.dead_letters import DeadLetterKind
from isthmus.adapters.sql.runs import OPEN_RUNS, RunStatus, StepState
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.codec import ENCODER, codec
from isthmus.core.errors import EnvironmentFault, IdentityConflict, InputError, IsthmusError, ReplayMismatch
from isthmus.core.refusal import Refusal
from isthmus.core.trigger import Endpoint, Schedule

log = logging.getLogger("isthmus.azure")

ACTOR: Final = "http"
SWEEP: Final = "isthmus_sweep"
EVENTS: Final = "isthmus_events"


class DeliveryFailed(EnvironmentFault):
    """Report a message that its subscriber could not handle yet: Service Bus delivers it again."""

    code = "ISTH361"


def add_triggers(app: df.DFApp, host: Host) -> None:
    """Add the functions of everything that reaches the App."""
    for endpoint in host.composition.app.endpoints:
        _add_endpoint(app, host, endpoint)
    if host.composition.events:
        _add_events(app, host)
    for topic in host.composition.topics.values():
        for contract in topic.subscribers:
            _add_subscription(app, host, topic.name, contract.name)
    for event, contract in host.composition.late_events.items():
        _add_subscription(app, host, f"{LATE_TOPIC}{event}", contract.name)
    for schedule in host.composition.app.schedules:
        _add_schedule(app, host, schedule)
    _add_sweep(app, host)


def function_name(*parts: str) -> str:
    """Return a name that Azure takes for a function."""
    return re.sub(r"[^A-Za-z0-9]+", "_", "_".join(parts)).strip("_")


# HTTP


def _add_endpoint(app: df.DFApp, host: Host, endpoint: Endpoint) -> None:
    contract, method = endpoint.starts.name, endpoint.method.upper()

    async def answer(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
        async def answered() -> func.HttpResponse:
            body = _message_for(req, endpoint.starts.input_type)
            key = _idempotency_key(req) or uuid4().hex
            if contract not in host.composition.workflows:
                value = await asyncio.to_thread(ask, host, contract, body, key, ACTOR)
                return func.HttpResponse(status_code=204) if value is None else _json(200, value)
            run_id = await asyncio.to_thread(start, host, contract, body, ACTOR)
            await begin(client, contract, run_id)
            return _json(202, {"run_id": run_id})

        return await _or_problem(answered)

    answer.__name__ = function_name(method.lower(), endpoint.path)
    with_client = app.durable_client_input(client_name="client")(answer)
    app.route(route=endpoint.path.lstrip("/"), methods=[method])(with_client)


def _add_events(app: df.DFApp, host: Host) -> None:
    async def answer(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
        async def answered() -> func.HttpResponse:
            event, key = req.route_params["event"], req.route_params["key"]
            body, event_id = _body(req), _idempotency_key(req)
            unit, how = await asyncio.to_thread(
                host.do_from_outside,
                event,
                ACTOR,
                "",
                lambda unit: operations.arrive(unit, event, key, body, event_id),
            )
            await wake(client, unit)
            return _json(202, {"event": event, "key": key, "how": how})

        return await _or_problem(answered)

    answer.__name__ = EVENTS
    with_client = app.durable_client_input(client_name="client")(answer)
    app.route(route="events/{event}/{*key}", methods=["POST"])(with_client)


def start(host: Host, contract: str, message: Any, actor: str, on_behalf_of: str = "") -> str:
    """Start a run, durably, and return its id. Raises InputError."""
    _, run = host.do_from_outside(
        contract,
        actor,
        on_behalf_of,
        lambda unit: operations.begin_run(unit, contract, message, claimed_by=None),
    )
    return run.run_id


def ask(host: Host, contract: str, message: Any, key: str, actor: str) -> Any:
    """Ask one handler's contract alone, once: a failure is tried again by whoever asks, with the same key.

    Raises the Refusal, InputError, HandlerFailed (ISTH350).
    """

    def asked(unit: UnitOfWork) -> tuple[StepRequest, Outcome | Intent | Fenced]:
        request = operations.asked_step(unit, contract, message, key)
        return request, perform(unit, request)

    def concluded(unit: UnitOfWork, request: StepRequest, answer: GatewayAnswer) -> Outcome | Intent | Fenced:
        unit.run_id, unit.step = request.run_id, request.step
        return conclude(unit, request, answer)

    try:
        unit, (request, result) = host.do_from_outside(contract, actor, "", asked)
        if isinstance(result, Intent):
            answer = ask_gateway(host, contract, result)
            unit, result = host.do_from_outside(contract, actor, "", lambda unit: concluded(unit, request, answer))
    except ReplayMismatch as error:
        raise IdentityConflict(
            f"key {key!r} was used with another input", place=contract, instead="give each request a key of its own"
        ) from error
    assert isinstance(result, Outcome)
    if result.state is not StepState.ANSWERED:
        raise as_error(host.composition, contract, result)
    return codec(host.composition.contracts[contract].output_type).decode(result.answer, unit.vault)


async def begin(client: df.DurableFunctionsClient, contract: str, run_id: str) -> None:
    """Begin the orchestration of a run, unless it was begun before."""
    try:
        await client.schedule_new_orchestration(contract, input=run_id, instance_id=run_id)
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.ALREADY_EXISTS:
            raise


async def wake(client: df.DurableFunctionsClient, unit: UnitOfWork) -> None:
    """Wake the runs that a unit of work has answered; one that is not woken looks again when its time is over."""
    for run_id in dict.fromkeys(run_id for run_id, _ in unit.woken):
        await client.raise_orchestration_event(run_id, WAKE)


async def _or_problem(answered: Callable[[], Awaitable[func.HttpResponse]]) -> func.HttpResponse:
    try:
        return await answered()
    except IsthmusError as fault:
        found = fault_problem(fault)
    except Refusal as refusal:
        found = refusal_problem(refusal)
    except _Unacceptable as fault:
        found = problem(fault.status, "about:blank", str(fault), str(fault))
    except Exception as fault:
        log.exception("a fault of ours")
        found = crash_problem(fault)
    return _json(found["status"], found, kind="application/problem+json")


class _Unacceptable(Exception):
    """Turn a request away before it is looked at."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def _body(req: func.HttpRequest) -> bytes:
    """Return a JSON body of at most 32 KB."""
    kind = req.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise _Unacceptable(415, f"the body is {kind or 'of no stated type'}; send application/json")
    body = req.get_body()
    if len(body) > BODY_BYTES_MAX:
        raise _Unacceptable(413, f"the body is larger than {BODY_BYTES_MAX} bytes")
    return body


def _message_for(req: func.HttpRequest, kind: Any) -> Any:
    """Return the body, or for a method without one the message that path and query spell."""
    if req.method in BODILESS:
        return spelled({**req.params, **req.route_params}, kind)
    return with_path(_body(req), req.route_params) if req.route_params else _body(req)


def _idempotency_key(req: func.HttpRequest) -> str | None:
    key: str | None = req.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= KEY_CHARACTERS_MAX:
        raise _Unacceptable(400, f"Idempotency-Key has {len(key)} characters; give 1 to {KEY_CHARACTERS_MAX}")
    return key


def _json(status: int, value: Any, *, kind: str = "application/json") -> func.HttpResponse:
    return func.HttpResponse(msgspec.json.encode(value), status_code=status, mimetype=kind)


# Service Bus


def _add_subscription(app: df.DFApp, host: Host, topic: str, subscriber: str) -> None:
    async def deliver(message: func.ServiceBusMessage, client: df.DurableFunctionsClient) -> None:
        properties = message.application_properties
        outgoing = OutgoingMessage(
            str(message.message_id), topic, str(properties[ORDERING_KEY]), message.get_body(), str(properties[RUN])
        )
        unit, started = await asyncio.to_thread(delivered, host, outgoing, subscriber)
        if started is not None:
            await begin(client, started.contract, started.run_id)
        await wake(client, unit)

    deliver.__name__ = function_name(bus_name(topic), subscriber)
    with_client = app.durable_client_input(client_name="client")(deliver)
    app.service_bus_topic_trigger(
        arg_name="message", connection=CONNECTION, topic_name=bus_name(topic), subscription_name=subscriber
    )(with_client)


def delivered(host: Host, message: OutgoingMessage, subscriber: str) -> tuple[UnitOfWork, Run | None]:
    """Have a subscriber handle a message, or start its run; what it cannot handle goes to a person.

    Raises DeliveryFailed (ISTH361) when it is to be delivered again.
    """
    request = StepRequest(
        run_id=message.run_id,
        step=operations.delivery_step(message, subscriber),
        contract=subscriber,
        input=message.body,
        ordinal=0,
        branch=0,
        expects=None,
    )
    if subscriber in host.composition.workflows:
        return host.do(lambda transaction: _start(host, transaction, message, request))

    def part(answer: GatewayAnswer | None) -> tuple[UnitOfWork, Outcome | Intent | Fenced]:
        def work(transaction: Transaction) -> tuple[UnitOfWork, Outcome | Intent | Fenced]:
            unit = _unit_of_delivery(host, transaction, message, request.step)
            result = perform(unit, request) if answer is None else conclude(unit, request, answer)
            if isinstance(result, Outcome) and result.state in {StepState.FAILED, StepState.UNKNOWN}:
                _bury(unit, message, request, result.answer)
            return unit, result

        return host.do(work)

    unit, result = part(None)
    if isinstance(result, Intent):
        unit, result = part(ask_gateway(host, subscriber, result))
    if isinstance(result, Outcome) and result.state is StepState.FAILING:
        raise DeliveryFailed(f"{subscriber} failed in attempt {result.attempts}", place=f"topic {message.topic}")
    return unit, None


def _start(
    host: Host, transaction: Transaction, message: OutgoingMessage, request: StepRequest
) -> tuple[UnitOfWork, Run | None]:
    unit = _unit_of_delivery(host, transaction, message, request.step)
    transaction.mark()
    try:
        run = start_run(unit, request.contract, message.body, claimed_by=None)
    except InputError as error:
        transaction.back_to_mark()
        unit = _unit_of_delivery(host, transaction, message, request.step)
        _bury(unit, message, request, ENCODER.encode({"code": error.code, "place": error.place}))
        return unit, None
    transaction.forget_mark()
    return unit, run


def _unit_of_delivery(host: Host, transaction: Transaction, message: OutgoingMessage, step: str) -> UnitOfWork:
    actor = f"topic:{message.topic}"
    return UnitOfWork(
        host.deployment,
        transaction,
        run_id=message.run_id,
        step=step,
        workflow="",
        actor=actor,
        on_behalf_of=actor,
    )


def _bury(unit: UnitOfWork, message: OutgoingMessage, request: StepRequest, reason: bytes) -> None:
    number = message.message_id.encode()
    bury(unit, DeadLetterKind.DELIVERY, request.run_id, request.step, request.contract, reason, number)


# Time


def cron_of(every: timedelta) -> str:
    """Return the NCRONTAB expression of a period. Raises ValueError when there is none that is exact."""
    seconds = every / timedelta(seconds=1)
    for whole, form in ((1, "*/{} * * * * *"), (60, "0 */{} * * * *"), (3_600, "0 0 */{} * * *")):
        units = seconds / whole
        limit = 24 if whole == 3_600 else 60
        if units == int(units) and 0 < units < limit and limit % int(units) == 0:
            return form.format(int(units))
    if seconds == 86_400:
        return "0 0 0 * * *"
    raise ValueError(f"every {every} is no divisor of a minute, an hour or a day")


def _add_schedule(app: df.DFApp, host: Host, schedule: Schedule) -> None:
    contract, actor = schedule.starts.name, f"schedule:{schedule.name}"

    async def tick(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:  # noqa: ARG001  # bound by name
        key = f"{schedule.name}@{last_tick(host.deployment.clock.now(), schedule.every).isoformat()}"
        if contract not in host.composition.workflows:
            await asyncio.to_thread(ask, host, contract, schedule.message, key, actor)
            return

        def begun(unit: UnitOfWork) -> Run:
            wire = codec(type(schedule.message)).encode(schedule.message, unit.vault)
            return start_run(unit, contract, wire, claimed_by=None, origin=(key,))

        _, run = await asyncio.to_thread(host.do_from_outside, contract, actor, actor, begun)
        await begin(client, contract, run.run_id)

    tick.__name__ = function_name("schedule", schedule.name)
    with_client = app.durable_client_input(client_name="client")(tick)
    app.timer_trigger(arg_name="timer", schedule=cron_of(schedule.every))(with_client)


def _add_sweep(app: df.DFApp, host: Host) -> None:
    async def sweep(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:  # noqa: ARG001  # bound by name
        await asyncio.to_thread(host.relay_all)
        await asyncio.to_thread(host.do_from_outside, SWEEP, "sweep", "", make_unowned_late)
        for contract, run_id in await asyncio.to_thread(_not_begun, host):
            await begin(client, contract, run_id)

    sweep.__name__ = SWEEP
    with_client = app.durable_client_input(client_name="client")(sweep)
    app.timer_trigger(arg_name="timer", schedule="0 * * * * *")(with_client)


def _not_begun(host: Host) -> list[tuple[str, str]]:
    """Return the runs that were started and whose orchestration may not have been begun."""
    with host.database.transaction() as transaction:
        rows = transaction.rows(OPEN_RUNS, "")
    return [(contract, run_id) for run_id, contract, _, status in rows if status == RunStatus.STARTED]
