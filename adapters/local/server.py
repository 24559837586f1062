"""The HTTP server of the laptop: an app's endpoints, topics, streams and events over one engine.

    POST /orders                     an endpoint of the app: a handler's contract answers, a workflow is started
    POST /topics/orders.external     a message for an external topic
    POST /streams/prices             a record for a stream
    POST /events/Verdict/order-1     an event for whoever waits for it by that key
    GET  /workflows/<run id>         how a run stands
    GET  /health                     whether the engine works

What is wrong comes back as problem details (RFC 9457) that name the field and the rule. `Idempotency-Key` makes a
repeated request count once. There is no identity here: the server is for loopback.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from isthmus.adapters.sql.shown import plain
from isthmus.core.errors import EnvironmentFault, IdentityConflict, InputError, IsthmusError, MessageInvalid, NotFound
from isthmus.core.invalid import told
from isthmus.core.refusal import Refusal

if TYPE_CHECKING:
    from isthmus.adapters.local.engine import Engine
    from isthmus.adapters.sql.views import Views
    from isthmus.core.composition import Composition
    from isthmus.core.trigger import Endpoint

BODY_BYTES_MAX: Final = 32 * 1024
KEY_CHARACTERS_MAX: Final = 200
ACTOR: Final = "http"
BODILESS: Final = frozenset({"GET", "DELETE", "HEAD"})

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
        result = await run_in_threadpool(engine.ask, contract.name, message, key=key or uuid4().hex)
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
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise HTTPException(415, f"the body is {kind or 'of no stated type'}; send application/json")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                raise HTTPException(413, f"the body is larger than {BODY_BYTES_MAX} bytes")
    except ClientDisconnect:
        raise HTTPException(400, "the body ended before it was complete") from None
    return bytes(body)


async def _message_for(request: Request, kind: Any) -> Any:
    """Return the body, or for a method without one the message that path and query spell."""
    if request.method in BODILESS:
        return _spelled({**request.query_params, **request.path_params}, kind)
    body = await _body(request)
    return _with_path(body, request.path_params) if request.path_params else body


def _spelled(fields: dict[str, Any], kind: Any) -> Any:
    try:
        return msgspec.convert(fields, kind, strict=False)
    except msgspec.ValidationError as fault:
        problem, instead = told(fault, kind)
        raise MessageInvalid(problem, place="the path and the query", instead=instead) from None


def _with_path(body: bytes, path: dict[str, Any]) -> bytes:
    """Fill in the fields that the path names; a body that says otherwise is refused."""
    try:
        fields = msgspec.json.decode(body)
    except msgspec.DecodeError as fault:
        raise MessageInvalid(str(fault), place="the body") from None
    if not isinstance(fields, dict):
        raise MessageInvalid("it is no JSON object", place="the body")
    for name, value in path.items():
        if str(fields.setdefault(name, value)) != str(value):
            raise MessageInvalid(f"the path says {value!r} and the body {fields[name]!r}", place=f"field {name}")
    return msgspec.json.encode(fields)


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= KEY_CHARACTERS_MAX:
        raise HTTPException(400, f"Idempotency-Key has {len(key)} characters; give 1 to {KEY_CHARACTERS_MAX}")
    return key


# What goes out


def _json(
    status: int, value: Any, *, kind: str = "application/json", headers: dict[str, str] | None = None
) -> Response:
    return Response(msgspec.json.encode(value), status_code=status, media_type=kind, headers=headers)


def _accepted(value: dict[str, str], *, location: str | None = None) -> Response:
    return _json(202, value, headers={"Location": location} if location else None)


def _problem(status: int, kind: str, title: str, detail: str, **more: object) -> Response:
    body = {"type": kind, "title": title, "status": status, "detail": detail}
    return _json(status, body | {k: v for k, v in more.items() if v}, kind="application/problem+json")


async def _http_problem(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    return _problem(fault.status_code, "about:blank", fault.detail or "refused", fault.detail)


async def _fault_problem(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, IsthmusError)
    return _problem(
        status_of(fault),
        f"urn:isthmus:error:{fault.code}",
        type(fault).__name__,
        fault.problem,
        code=fault.code,
        place=fault.place,
        instead=fault.instead,
    )


async def _refusal_problem(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    name = type(refusal).__name__
    return _problem(
        422, f"urn:isthmus:refusal:{name}", name, str(refusal), refusal=name, fields=msgspec.to_builtins(refusal.fields)
    )


async def _crash_problem(_: Request, fault: Exception) -> Response:
    return _problem(500, "about:blank", "Internal Server Error", f"a fault of Isthmus: {type(fault).__name__}")


def status_of(fault: IsthmusError) -> int:
    """Return the HTTP status for an error, by whose fault it is."""
    match fault:
        case NotFound():
            return 404
        case IdentityConflict():
            return 409
        case InputError():
            return 400
        case EnvironmentFault():
            return 503
        case _:
            return 500
