"""The way out of a workflow: one port with one verb, and what comes back.

    class Shop:
        def send(self, request: Request) -> Response:
            return Response(200, {"Content-Type": "application/json"}, b'{"ok": true}')

Whoever sends may raise `ConnectionFailed` (nothing was sent), `ConnectionBroken` (the other side may have acted) or
`TimedOut`; and may say in `Response.seconds` how long the answer took on the virtual clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """Hold an HTTP request as it leaves the workflow."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    auth: Mapping[str, object] | None = None
    timeout_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Response:
    """Hold an HTTP response, and how long it took where time is virtual."""

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 0.0


class ConnectionFailed(Exception):
    """Say that no connection was made: nothing was sent."""


class ConnectionBroken(Exception):
    """Say that a connection broke before the answer was complete: the other side may have acted."""


class TimedOut(Exception):
    """Say that no answer came within the request's timeout: the other side may have acted."""


class NoCredentials(Exception):
    """Say that a request asks for an identity, and there is none to be had."""


class Transport(Protocol):
    """Carry a request to whom it is for, once, and return the answer. Any number of times at once on the real clock."""

    def send(self, request: Request) -> Response:
        """Send a request."""
        ...


class NoTransport:
    """Reach nobody: for workflows that call nothing."""

    def send(self, request: Request) -> Response:
        """Raise ConnectionFailed."""
        raise ConnectionFailed(f"there is nobody at {request.url}")


type Identity = Callable[[Request], str]
"""Return the value of the Authorization header for a request with `auth`."""


class HttpTransport:
    """Send requests over the network. A redirect is an answer; a request with `auth` needs an identity."""

    def __init__(self, identity: Identity | None = None) -> None:
        import httpx2  # noqa: PLC0415  # an extra

        self._httpx = httpx2
        self._identity = identity
        self._client = httpx2.Client(follow_redirects=False, trust_env=False)

    def send(self, request: Request) -> Response:
        """Send a request, and wait for the answer at most as long as the request says."""
        headers = dict(request.headers)
        if request.auth is not None:
            if self._identity is None:
                raise NoCredentials("no identity was given to whoever runs this workflow")
            headers["Authorization"] = self._identity(request)
        try:
            answer = self._client.request(
                request.method, request.url, headers=headers, content=request.body, timeout=request.timeout_seconds
            )
        except (self._httpx.ConnectError, self._httpx.ConnectTimeout) as failed:
            raise ConnectionFailed(str(failed)) from failed
        except self._httpx.TimeoutException as late:
            raise TimedOut(str(late)) from late
        except (self._httpx.UnsupportedProtocol, self._httpx.InvalidURL) as wrong:
            raise ConnectionFailed(str(wrong)) from wrong
        except self._httpx.TransportError as broken:
            raise ConnectionBroken(str(broken)) from broken
        return Response(answer.status_code, dict(answer.headers.items()), answer.content)

    def close(self) -> None:
        """Close connections that are kept."""
        self._client.close()
