"""Views as plain values, for whatever prints or sends them: bodies as their JSON, personal values sealed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from isthmus.core.codec import UNREADABLE

SEALED: Final = frozenset({"subject", "key_version", "bytes", "fingerprint"})


def plain(view: msgspec.Struct) -> dict[str, Any]:
    """Return a view as plain values: bodies as the JSON that they are, what is sealed by the name of its subject."""
    return {name: _plain(getattr(view, name)) for name in view.__struct_fields__}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return opened(value) if isinstance(value, bytes) else value


def opened(body: bytes | None) -> Any:
    """Return what a body holds, what is sealed by the name of its subject."""
    if body is None:
        return None
    try:
        return _without_seals(msgspec.json.decode(body))
    except UNREADABLE:
        return body.decode("utf-8", "backslashreplace")


def _without_seals(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == SEALED:
            return f"(sealed for {value['subject']})"
        return {name: _without_seals(item) for name, item in value.items()}
    return [_without_seals(item) for item in value] if isinstance(value, list) else value
