"""What is wrong with a message, told so that its sender can put it right: the field, the rule, what to send instead."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from typing import Any, Final, get_args, get_origin

import msgspec

from isthmus.core.annotations import base_of
from isthmus.core.errors import IsthmusError
from isthmus.core.message import field_types, is_struct

_PLACE: Final = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_PART: Final = re.compile(r"\.(\w+)|\[[^\]]*\]")


def told(error: Exception, annotation: Any) -> tuple[str, str]:
    """Return what a decoder found wrong with a value of an annotation, and what to do instead."""
    if isinstance(error, RecursionError):
        return "it is nested too deep", "see the fields and types of the message"
    text = str(error)
    place = _PLACE.search(text)
    if isinstance(error.__cause__, IsthmusError):
        return f"{error.__cause__.problem}{place[0] if place else ''}", error.__cause__.instead
    if "enum value" in text:
        allowed = _allowed(annotation, place["path"] if place else "")
        if allowed:
            return text, f"send one of {', '.join(allowed)}"
    return text, "see the fields and types of the message"


def _allowed(annotation: Any, path: str) -> list[str]:
    """Return the values of the enumerations that stand at a path, as JSON shows them."""
    found = list(_alternatives(annotation))
    for part in _PART.finditer(path):
        found = [inner for one in found for inner in _inside(one, part[1])]
    enums = [one for one in found if isinstance(one, type) and issubclass(one, enum.Enum)]
    return [msgspec.json.encode(member).decode() for one in enums for member in one]


def _inside(annotation: Any, field: str | None) -> Iterator[Any]:
    """Yield what a field of a message may be, or an item of a list."""
    if field is None:
        for argument in get_args(annotation):
            yield from _alternatives(argument)
    elif is_struct(annotation):
        struct = get_origin(annotation) or annotation
        names = dict(zip(struct.__struct_encode_fields__, struct.__struct_fields__, strict=True))
        if field in names:
            yield from _alternatives(field_types(annotation)[names[field]])


def _alternatives(annotation: Any) -> Iterator[Any]:
    base = base_of(annotation)
    if get_args(base) and not is_struct(base) and get_origin(base) is not list:
        for part in get_args(base):
            yield from _alternatives(part)
    else:
        yield base
