"""The HTTP server of the laptop: an app's endpoints, topics, streams and events over one engine.

    POST /orders                     an endpoint of the app: a handler's contract answers, a workflow is started
    POST /topics/orders.external     a message for an external topic
    POST /streams/prices             a record for a stream
    POST /events/Verdict/order-1     an event for whoever waits for it by that key
    GET  /workflows/<run id>         how a run stands
    GET  /health                     whether the engine works

What is wrong comes back as problem details (RFC 9457) that name the field and the rule. `Idempotency-Key` makes a
repeated request count once; without it the identity in the message does, where it names one. There is no identity
of who asks here: the server is for loopback.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from isthmus.adapters.runtime.problems import (
    crash_problem,
    fault_problem,
    problem,
    refusal_problem,
    unacceptable_problem,
)
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
from isthmus.core.errors import IsthmusError
from isthmus.core.refusal import Refusal

if TYPE_CHECKING:
    from isthmus.adapters.local.engine import Engine
    from isthmus.adapters.sql.views import Views
    from isthmus.core.composition import Composition
    from isthmus.core.trigger import Endpoint

ACTOR: Final = "http"

type Answer = Callable[[Request], Awaitable[Response]]


def make_server(engine: Engine, composition: Composition, views: Views, *, hosts: tuple[str, ...] = ()) -> Starlette:
    """Make the HTTP application around an engine; with hosts, requests for any other host are turned away."""
    routes = [
        Route(one.path, _endpoint(engine, composition, one), methods=[one.method.upper()])
        for one in composition.app.endpoints
    ]
    routes += [
        Route("/topics/{name}", _topic(engine), methods=["POST"]),
        Route("/streams/{name}", _stream(engine), methods=["POST"]),
        Route("/events/{event}/{key:path}", _event(engine), methods=["POST"]),
        Route("/workflows/{run_id}", _workflow(views), methods=["GET"]),
        Route("/health", _health(engine, composition), methods=["GET"]),
    ]
    guard = [Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))] if hosts else []
    return Starlette(
        routes=routes,
        middleware=guard,
        exception_handlers={
            HTTPException: _http_problem,
            Unacceptable: _unacceptable_problem,
            IsthmusError: _fault_problem,
            Refusal: _refusal_problem,
            Exception: _crash_problem,
        },
    )


# What is served


def _endpoint(engine: Engine, composition: Composition, endpoint: Endpoint) -> Answer:
    contract = endpoint.starts
    is_workflow = contract.name in composition.workflows

    async def answer(request: Request) -> Response:
        message = await _message_for(request, contract.input_type)
        key = _idempotency_key(request)
        if is_workflow:
            run_id = await run_in_threadpool(engine.start, contract.name, message, actor=ACTOR, on_behalf_of=ACTOR)
            return _accepted({"run_id": run_id, "status_url": f"/workflows/{run_id}"}, location=f"/workflows/{run_id}")
        result = await run_in_threadpool(engine.ask, contract.name, message, key=key)
        return Response(status_code=204) if result is None else _json(200, result)

    return answer


def _topic(engine: Engine) -> Answer:
    async def answer(request: Request) -> Response:
        await run_in_threadpool(engine.publish, request.path_params["name"], await _body(request))
        return _accepted({"topic": request.path_params["name"]})

    return answer


def _stream(engine: Engine) -> Answer:
    async def answer(request: Request) -> Response:
        await run_in_threadpool(engine.feed, request.path_params["name"], await _body(request))
        return _accepted({"stream": request.path_params["name"]})

    return answer


def _event(engine: Engine) -> Answer:
    async def answer(request: Request) -> Response:
        event, key = request.path_params["event"], request.path_params["key"]
        event_id = _idempotency_key(request)
        await run_in_threadpool(engine.send, event, key=key, message=await _body(request), event_id=event_id)
        return _accepted({"event": event, "key": key})

    return answer


def _workflow(views: Views) -> Answer:
    async def answer(request: Request) -> Response:
        return _json(200, plain(await run_in_threadpool(views.run, request.path_params["run_id"])))

    return answer


def _health(engine: Engine, composition: Composition) -> Answer:
    async def answer(_: Request) -> Response:
        fault = engine.fault
        if fault is not None:
            return _json(503, {"status": "stopped", "app": composition.name, "fault": type(fault).__name__})
        in_flight = await run_in_threadpool(lambda: engine.in_flight)
        return _json(200, {"status": "ok", "app": composition.name, "in_flight": in_flight})

    return answer


# What comes in


async def _body(request: Request) -> bytes:
    """Read a JSON body of at most 32 KB."""
    hold_to_json(request.headers.get("content-type", ""))
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            hold_to_size(len(body))
    except ClientDisconnect:
        raise Unacceptable(400, "the body ended before it was complete") from None
    return bytes(body)


async def _message_for(request: Request, kind: Any) -> Any:
    """Return the body, or for a method without one the message that path and query spell."""
    if request.method in BODILESS:
        return spelled({**request.query_params, **request.path_params}, kind)
    body = await _body(request)
    return with_path(body, request.path_params) if request.path_params else body


def _idempotency_key(request: Request) -> str | None:
    return hold_to_key(request.headers.get("idempotency-key"))


# What goes out


def _json(
    status: int, value: Any, *, kind: str = "application/json", headers: dict[str, str] | None = None
) -> Response:
    return Response(msgspec.json.encode(value), status_code=status, media_type=kind, headers=headers)


def _accepted(value: dict[str, str], *, location: str | None = None) -> Response:
    return _json(202, value, headers={"Location": location} if location else None)


def _problem(found: dict[str, Any]) -> Response:
    return _json(found["status"], found, kind="application/problem+json")


async def _http_problem(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    return _problem(problem(fault.status_code, "about:blank", fault.detail or "refused", fault.detail))


async def _unacceptable_problem(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, Unacceptable)
    return _problem(unacceptable_problem(fault))


async def _fault_problem(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, IsthmusError)
    return _problem(fault_problem(fault))


async def _refusal_problem(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    return _problem(refusal_problem(refusal))


async def _crash_problem(_: Request, fault: Exception) -> Response:
    return _problem(crash_problem(fault))
