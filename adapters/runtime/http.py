"""HTTP: what comes into an App by Starlette and what goes out, the same wherever it is served."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

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
from isthmus.core.errors import IsthmusError
from isthmus.core.refusal import Refusal

log = logging.getLogger("isthmus.http")

# What comes in


async def body_of(request: Request) -> bytes:
    """Read a JSON body of at most 32 KB. Raises Unacceptable."""
    hold_to_json(request.headers.get("content-type", ""))
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            hold_to_size(len(body))
    except ClientDisconnect:
        raise Unacceptable(400, "the body ended before it was complete") from None
    return bytes(body)


async def message_for(request: Request, kind: Any) -> Any:
    """Return the body, or for a method without one the message that path and query spell. Raises Unacceptable."""
    if request.method in BODILESS:
        return spelled({**request.query_params, **request.path_params}, kind)
    body = await body_of(request)
    return with_path(body, request.path_params) if request.path_params else body


def idempotency_key(request: Request) -> str | None:
    """Return the Idempotency-Key, if there is one. Raises Unacceptable."""
    return hold_to_key(request.headers.get("idempotency-key"))


# What goes out


def json_response(
    status: int, value: Any, *, kind: str = "application/json", headers: dict[str, str] | None = None
) -> Response:
    """Return a response whose body is JSON."""
    return Response(msgspec.json.encode(value), status_code=status, media_type=kind, headers=headers)


def accepted(value: dict[str, str], *, location: str | None = None) -> Response:
    """Return the response to what is done later."""
    return json_response(202, value, headers={"Location": location} if location else None)


def problem_response(found: dict[str, Any]) -> Response:
    """Return the response that says what went wrong."""
    return json_response(found["status"], found, kind="application/problem+json")


def problem_of(fault: Exception) -> Response:
    """Return the response to what was raised; of a fault of ours it says nothing of what was in it."""
    match fault:
        case IsthmusError():
            return problem_response(fault_problem(fault))
        case Refusal():
            return problem_response(refusal_problem(fault))
        case Unacceptable():
            return problem_response(unacceptable_problem(fault))
        case _:
            log.error("a fault of ours", exc_info=fault)
            return problem_response(crash_problem(fault))
