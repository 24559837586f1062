"""Requests: what HTTP endpoints make of a body, a path and a query, the same on every backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from isthmus.core.errors import MessageInvalid
from isthmus.core.invalid import told

BODY_BYTES_MAX: Final = 32 * 1024
KEY_CHARACTERS_MAX: Final = 200
BODILESS: Final = frozenset({"GET", "DELETE", "HEAD"})


def spelled(fields: Mapping[str, Any], kind: Any) -> Any:
    """Return the message that path and query spell. Raises MessageInvalid."""
    try:
        return msgspec.convert(fields, kind, strict=False)
    except msgspec.ValidationError as fault:
        problem, instead = told(fault, kind)
        raise MessageInvalid(problem, place="the path and the query", instead=instead) from None


def with_path(body: bytes, path: Mapping[str, Any]) -> bytes:
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
