"""Problems: what goes wrong over HTTP, as problem details (RFC 9457), the same from every backend."""

from __future__ import annotations

from typing import Any

import msgspec

from isthmus.adapters.runtime.requests import Unacceptable
from isthmus.core.errors import EnvironmentFault, IdentityConflict, InputError, IsthmusError, NotFound
from isthmus.core.refusal import Refusal


def problem(status: int, kind: str, title: str, detail: str, **more: object) -> dict[str, Any]:
    """Return the body of a problem; what is empty is left out."""
    return {"type": kind, "title": title, "status": status, "detail": detail} | {k: v for k, v in more.items() if v}


def fault_problem(fault: IsthmusError) -> dict[str, Any]:
    """Return the problem of an error, with its code, place and what to do instead."""
    return problem(
        status_of(fault),
        f"urn:isthmus:error:{fault.code}",
        type(fault).__name__,
        fault.problem,
        code=fault.code,
        place=fault.place,
        instead=fault.instead,
    )


def refusal_problem(refusal: Refusal) -> dict[str, Any]:
    """Return the problem of a refusal, with its fields."""
    name = type(refusal).__name__
    return problem(
        422, f"urn:isthmus:refusal:{name}", name, str(refusal), refusal=name, fields=msgspec.to_builtins(refusal.fields)
    )


def unacceptable_problem(fault: Unacceptable) -> dict[str, Any]:
    """Return the problem of a request that was turned away before it was looked at."""
    return problem(fault.status, "about:blank", str(fault), str(fault))


def crash_problem(fault: Exception) -> dict[str, Any]:
    """Return the problem of a fault of ours, which says nothing of what was in it."""
    return problem(500, "about:blank", "Internal Server Error", f"a fault of Isthmus: {type(fault).__name__}")


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
