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
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from isthmus.adapters.runtime.http import (
    accepted,
    body_of,
    idempotency_key,
    json_response,
    message_for,
    problem_of,
    problem_response,
)
from isthmus.adapters.runtime.problems import problem
from isthmus.adapters.runtime.requests import Unacceptable
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
            Unacceptable: _problem,
            IsthmusError: _problem,
            Refusal: _problem,
            Exception: _problem,
        },
    )


# What is served


def _endpoint(engine: Engine, composition: Composition, endpoint: Endpoint) -> Answer:
    contract = endpoint.starts
    is_workflow = contract.name in composition.workflows

    async def answer(request: Request) -> Response:
        message = await message_for(request, contract.input_type)
        key = idempotency_key(request)
        if is_workflow:
            run_id = await run_in_threadpool(engine.start, contract.name, message, actor=ACTOR, on_behalf_of=ACTOR)
            return accepted({"run_id": run_id, "status_url": f"/workflows/{run_id}"}, location=f"/workflows/{run_id}")
        result = await run_in_threadpool(engine.ask, contract.name, message, key=key)
        return Response(status_code=204) if result is None else json_response(200, result)

    return answer


def _topic(engine: Engine) -> Answer:
    async def answer(request: Request) -> Response:
        await run_in_threadpool(engine.publish, request.path_params["name"], await body_of(request))
        return accepted({"topic": request.path_params["name"]})

    return answer


def _stream(engine: Engine) -> Answer:
    async def answer(request: Request) -> Response:
        await run_in_threadpool(engine.feed, request.path_params["name"], await body_of(request))
        return accepted({"stream": request.path_params["name"]})

    return answer


def _event(engine: Engine) -> Answer:
    async def answer(request: Request) -> Response:
        event, key = request.path_params["event"], request.path_params["key"]
        event_id = idempotency_key(request)
        await run_in_threadpool(engine.send, event, key=key, message=await body_of(request), event_id=event_id)
        return accepted({"event": event, "key": key})

    return answer


def _workflow(views: Views) -> Answer:
    async def answer(request: Request) -> Response:
        return json_response(200, plain(await run_in_threadpool(views.run, request.path_params["run_id"])))

    return answer


def _health(engine: Engine, composition: Composition) -> Answer:
    async def answer(_: Request) -> Response:
        fault = engine.fault
        if fault is not None:
            return json_response(503, {"status": "stopped", "app": composition.name, "fault": type(fault).__name__})
        in_flight = await run_in_threadpool(lambda: engine.in_flight)
        return json_response(200, {"status": "ok", "app": composition.name, "in_flight": in_flight})

    return answer


# What goes wrong


async def _http_problem(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    return problem_response(problem(fault.status_code, "about:blank", fault.detail or "refused", fault.detail))


async def _problem(_: Request, fault: Exception) -> Response:
    return problem_of(fault)
