"""Endpoints: what reaches an App over HTTP, at the same paths as on a laptop.

    POST /orders                     an endpoint of the app: a handler's contract answers, a workflow is started
    POST /events/Verdict/order-1     an event for whoever waits for it by that key
    POST /topics/prices              a message of a topic that others publish to; /streams/… for a record
    GET  /workflows/<run>            how a run stands

What is wrong comes back as problem details (RFC 9457) that name the field and the rule.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import azure.durable_functions as df
import azure.functions as func
import msgspec

from isthmus.adapters.azure.functions import Functions, Kind
from isthmus.adapters.azure.instances import begin_or_leave, wake
from isthmus.adapters.runtime.edge import asking_key
from isthmus.adapters.runtime.host import Host
from isthmus.adapters.runtime.hosting import ask, publish, start, take_event
from isthmus.adapters.runtime.problems import crash_problem, fault_problem, refusal_problem, unacceptable_problem
from isthmus.adapters.runtime.requests import (
    BODILESS,
    Unacceptable,
    hold_to_json,
    hold_to_key,
    hold_to_size,
    spelled,
    with_path,
)
from isthmus.adapters.sql.shown import plain
from isthmus.adapters.sql.views import Views
from isthmus.core.errors import IsthmusError
from isthmus.core.refusal import Refusal
from isthmus.core.trigger import Endpoint

log = logging.getLogger("isthmus.azure")

ACTOR: Final = "http"

EVENTS: Final = "isthmus_events"
TOPICS: Final = "isthmus_topics"
WORKFLOWS: Final = "isthmus_workflows"

type Answered = Callable[[func.HttpRequest, df.DurableFunctionsClient], Awaitable[func.HttpResponse]]


def function_name(*parts: str) -> str:
    """Return a name that Azure takes for a function."""
    return re.sub(r"[^A-Za-z0-9]+", "_", "_".join(parts)).strip("_")


def add_endpoints(functions: Functions, host: Host) -> None:
    """Add the functions of everything that is reached over HTTP."""
    for endpoint in host.composition.app.endpoints:
        method = endpoint.method.upper()
        name = function_name(method.lower(), endpoint.path)
        add_endpoint(functions, name, method, endpoint.path.lstrip("/"), _answer_endpoint(host, endpoint))
    if host.composition.events:
        add_endpoint(functions, EVENTS, "POST", "events/{event}/{*key}", _take_event(host))
    if any(topic.external for topic in host.composition.topics.values()):
        add_endpoint(functions, TOPICS, "POST", "topics/{name}", _take_message(host))
    if host.composition.workflows:
        add_endpoint(functions, WORKFLOWS, "GET", "workflows/{run_id}", _show_run(host))


def add_endpoint(functions: Functions, name: str, method: str, route: str, answered: Answered) -> None:
    """Add the function of what is reached over HTTP; what is wrong with a request comes back as problem details."""

    async def answer(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
        return await or_problem(answered(req, client))

    functions.add(Kind.HTTP, name, answer, method=method, route=route)


def _answer_endpoint(host: Host, endpoint: Endpoint) -> Answered:
    contract = endpoint.starts.name

    async def answer(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
        body = _message_for(req, endpoint.starts.input_type)
        key = _idempotency_key(req)
        if contract not in host.composition.workflows:
            known_by = asking_key(host.composition, contract, body) if key is None else key
            value = await asyncio.to_thread(ask, host, contract, body, known_by, ACTOR)
            return func.HttpResponse(status_code=204) if value is None else json_answer(200, value)
        run_id = await asyncio.to_thread(start, host, contract, body, ACTOR)
        await begin_or_leave(client, contract, run_id)
        where = f"/workflows/{run_id}"
        return json_answer(202, {"run_id": run_id, "status_url": where}, headers={"location": where})

    return answer


def _take_event(host: Host) -> Answered:
    async def answer(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
        event, key = req.route_params["event"], req.route_params["key"]
        unit = await asyncio.to_thread(take_event, host, event, key, body_of(req), _idempotency_key(req), ACTOR)
        await wake(client, host, unit)
        return json_answer(202, {"event": event, "key": key})

    return answer


def _take_message(host: Host) -> Answered:
    async def answer(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:  # noqa: ARG001
        name = req.route_params["name"]
        await asyncio.to_thread(publish, host, name, body_of(req), ACTOR)
        return json_answer(202, {"topic": name})

    return answer


def _show_run(host: Host) -> Answered:
    def view(run_id: str) -> Any:
        with Views(host.database) as views:
            return plain(views.run(run_id))

    async def answer(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:  # noqa: ARG001
        return json_answer(200, await asyncio.to_thread(view, req.route_params["run_id"]))

    return answer


# What comes back


async def or_problem(answering: Awaitable[func.HttpResponse]) -> func.HttpResponse:
    """Return the answer, or what is wrong as a problem."""
    try:
        return await answering
    except IsthmusError as fault:
        found = fault_problem(fault)
    except Refusal as refusal:
        found = refusal_problem(refusal)
    except Unacceptable as fault:
        found = unacceptable_problem(fault)
    except Exception as fault:
        log.exception("a fault of ours")
        found = crash_problem(fault)
    return json_answer(found["status"], found, kind="application/problem+json")


def body_of(req: func.HttpRequest) -> bytes:
    """Return a JSON body of at most 32 KB."""
    hold_to_json(req.headers.get("content-type", ""))
    body = req.get_body()
    hold_to_size(len(body))
    return body


def _message_for(req: func.HttpRequest, kind: Any) -> Any:
    """Return the body, or for a method without one the message that path and query spell."""
    if req.method in BODILESS:
        return spelled({**req.params, **req.route_params}, kind)
    return with_path(body_of(req), req.route_params) if req.route_params else body_of(req)


def _idempotency_key(req: func.HttpRequest) -> str | None:
    return hold_to_key(req.headers.get("idempotency-key"))


def json_answer(
    status: int, value: Any, *, kind: str = "application/json", headers: dict[str, str] | None = None
) -> func.HttpResponse:
    """Return a response whose body is JSON."""
    return func.HttpResponse(msgspec.json.encode(value), status_code=status, mimetype=kind, headers=headers)
