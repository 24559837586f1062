"""Callback endpoints: made by a workflow, posted to by others, awaited by the workflow.

    callbacks.receive(url, CallbackRequest("POST", body=b'{"verdict": "ok"}')) -> 200

Whether a request before the wait is kept, and what a second one is answered, is open; the execution's choices decide.
Pages: creating-callback-endpoints, stdlib/events/*.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from isthmus.adapters.gcp.interpreter.choices import Answers, Open
from isthmus.adapters.gcp.interpreter.library.system import moment
from isthmus.adapters.gcp.interpreter.values import from_json

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
ACCEPTED, NOT_FOUND, WRONG_METHOD = 200, 404, 405
BASE: Final = "https://workflowexecutions.googleapis.com/v1/callbacks"


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """Hold a request to a callback endpoint."""

    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    query: Mapping[str, Any] = field(default_factory=dict)
    body: bytes = b""


class Owner(Protocol):
    """Name what an endpoint asks of the execution that it belongs to."""

    answers: Answers

    def now(self) -> float:
        """Return the seconds since 1970."""
        ...


@dataclass(slots=True)
class Endpoint:
    """Hold an endpoint: whose it is, who waits at it, what came."""

    owner: Owner
    url: str
    method: str
    wake: Callable[[Any], None] | None = None
    kept: Any = None
    used: bool = False


class Callbacks:
    """Hold the endpoints of executions; several executions may share one."""

    def __init__(self, base: str = BASE) -> None:
        self._base = base.rstrip("/")
        self._endpoints: dict[str, Endpoint] = {}
        self._numbers = itertools.count(1)

    def create(self, owner: Owner, method: str) -> Endpoint:
        """Make an endpoint for requests of a method."""
        url = f"{self._base}/{next(self._numbers)}"
        endpoint = self._endpoints[url] = Endpoint(owner, url, method)
        return endpoint

    def find(self, url: object) -> Endpoint | None:
        """Return an endpoint by its URL."""
        return self._endpoints.get(url) if isinstance(url, str) else None

    def forget(self, owner: Owner) -> None:
        """Drop the endpoints of an execution that has ended."""
        self._endpoints = {url: one for url, one in self._endpoints.items() if one.owner is not owner}

    def receive(self, url: str, request: CallbackRequest) -> int:
        """Take a request in, and return the status with which it is answered."""
        endpoint = self._endpoints.get(url)
        if endpoint is None:
            return NOT_FOUND
        if endpoint.method != request.method:
            return WRONG_METHOD
        if endpoint.used or endpoint.kept is not None:
            return NOT_FOUND if endpoint.owner.answers.of(Open.USED_CALLBACK) == 0 else ACCEPTED
        event = _event(url, request, endpoint.owner)
        if endpoint.wake is not None:
            endpoint.used = True
            endpoint.wake(event)
            return ACCEPTED
        match endpoint.owner.answers.of(Open.EARLY_CALLBACK):
            case 0:
                endpoint.kept = event
                return ACCEPTED
            case 1:
                return ACCEPTED
            case _:
                return NOT_FOUND


def _event(url: str, request: CallbackRequest, owner: Owner) -> dict[str, Any]:
    return {
        "http_request": {
            "body": _body(request, owner.answers),
            "headers": dict(request.headers),
            "method": request.method,
            "query": dict(request.query),
            "url": url,
        },
        "received_time": moment(owner.now()).isoformat().replace("+00:00", "Z"),
        "type": "HTTP",
    }


def _body(request: CallbackRequest, answers: Answers) -> Any:
    if not request.body:
        return None
    named = next((value for name, value in request.headers.items() if name.lower() == "content-type"), "")
    return from_json(request.body, answers) if "json" in named else request.body.decode("utf-8", "replace")
