"""The network of a rehearsal: between executions and functions, where requests and answers get lost, or come twice.

    network.fate = lambda request: Fate.ANSWER_LOST if request.url.endswith("/runs/finish") else Fate.DELIVERED

Functions are reached in this process, or over HTTP where they are served.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit

from isthmus.adapters.gcp.callers import Unauthorized
from isthmus.adapters.gcp.interpreter import ConnectionBroken, ConnectionFailed, Request, Response, Transport

REHEARSED: Final = "Bearer rehearsed:"
"""What stands in for the token of an identity, before the audience that it is made out to."""

type Asgi = Callable[[Any, Any, Any], Any]


class Fate(Enum):
    """Say what becomes of a request."""

    DELIVERED = auto()
    NEVER_SENT = auto()
    REQUEST_LOST = auto()
    ANSWER_LOST = auto()
    DELIVERED_TWICE = auto()


class Network:
    """Carry requests to whoever listens at their address, and lose or repeat them as it is told."""

    def __init__(self, reached: Transport) -> None:
        self._reached = reached
        self.fate: Callable[[Request], Fate] = lambda _: Fate.DELIVERED
        self.lost = 0
        """How many requests and answers were lost."""

    def send(self, request: Request) -> Response:
        """Carry a request. Raises ConnectionFailed, ConnectionBroken."""
        fate = self.fate(request)
        if fate in {Fate.NEVER_SENT, Fate.REQUEST_LOST, Fate.ANSWER_LOST}:
            self.lost += 1
        if fate is Fate.NEVER_SENT:
            raise ConnectionFailed("there is no way there")
        if fate is Fate.REQUEST_LOST:
            raise ConnectionBroken("it was lost on the way there")
        response = self._reached.send(request)
        if fate is Fate.DELIVERED_TWICE:
            response = self._reached.send(request)
        if fate is Fate.ANSWER_LOST:
            raise ConnectionBroken("it was lost on the way back")
        return response


class InProcess:
    """Reach apps of this process by their addresses."""

    def __init__(self, apps: Mapping[str, Asgi]) -> None:
        self._apps = apps
        self._loop = asyncio.new_event_loop()

    def send(self, request: Request) -> Response:
        """Have the app answer whose address the request names. Raises ConnectionFailed."""
        parts = urlsplit(request.url)
        app = self._apps.get(f"{parts.scheme}://{parts.netloc}")
        if app is None:
            raise ConnectionFailed(f"there is nobody at {request.url}")
        return self._loop.run_until_complete(_answered(app, request, unquote(parts.path), parts.query))

    def close(self) -> None:
        """End."""
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


async def _answered(app: Asgi, request: Request, path: str, query: str) -> Response:
    headers = {"host": "rehearsal", **{name.lower(): value for name, value in request.headers.items()}}
    headers |= {"authorization": token_for(request)} if request.auth is not None else {}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
    }
    incoming = iter([{"type": "http.request", "body": request.body or b"", "more_body": False}])
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return next(incoming, {"type": "http.disconnect"})

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await app(scope, receive, send)
    status = next(one["status"] for one in said if one["type"] == "http.response.start")
    named = {name.decode(): value.decode() for name, value in said[0].get("headers", ())}
    return Response(status, named, b"".join(one.get("body", b"") for one in said[1:]))


def token_for(request: Request) -> str:
    """Return what stands in for a token of the identity that a request asks for."""
    audience = (request.auth or {}).get("audience")
    return f"{REHEARSED}{audience}"


class RehearsedCallers:
    """Let whoever ask that has a token which stands in for one, made out to the unit."""

    def check(self, headers: Mapping[str, str], audience: str) -> str:
        """Return the identity of all parts of a rehearsal. Raises Unauthorized."""
        if headers.get("authorization") != f"{REHEARSED}{audience}":
            raise Unauthorized("there is no token of a rehearsal", place=audience)
        return "rehearsal"


class Reached(Transport, Protocol):
    """Reach apps, and let go of them."""

    def close(self) -> None:
        """End."""
        ...
