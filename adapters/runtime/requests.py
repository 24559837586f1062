"""Requests: what HTTP endpoints make of a body, a path and a query, the same on every backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from isthmus.core.codec import UNREADABLE
from isthmus.core.errors import MessageInvalid
from isthmus.core.invalid import told

BODY_BYTES_MAX: Final = 32 * 1024
KEY_CHARACTERS_MAX: Final = 200
BODILESS: Final = frozenset({"GET", "DELETE", "HEAD"})


class Unacceptable(Exception):
    """Turn a request away before it is looked at, with an HTTP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def hold_to_json(content_type: str) -> None:
    """Raise Unacceptable for a body that is no JSON by what is stated of it."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise Unacceptable(415, f"the body is {kind or 'of no stated type'}; send application/json")


def hold_to_size(body_bytes: int) -> None:
    """Raise Unacceptable for a body that is too large."""
    if body_bytes > BODY_BYTES_MAX:
        raise Unacceptable(413, f"the body is larger than {BODY_BYTES_MAX} bytes")


def hold_to_key(key: str | None) -> str | None:
    """Return an Idempotency-Key, if there is one. Raises Unacceptable for an empty or a long one."""
    if key is not None and not 0 < len(key) <= KEY_CHARACTERS_MAX:
        raise Unacceptable(400, f"Idempotency-Key has {len(key)} characters; give 1 to {KEY_CHARACTERS_MAX}")
    return key


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
    except UNREADABLE as fault:
        raise MessageInvalid(str(fault), place="the body") from None
    if not isinstance(fields, dict):
        raise MessageInvalid("it is no JSON object", place="the body")
    for name, value in path.items():
        if str(fields.setdefault(name, value)) != str(value):
            raise MessageInvalid(f"the path says {value!r} and the body {fields[name]!r}", place=f"field {name}")
    return msgspec.json.encode(fields)
