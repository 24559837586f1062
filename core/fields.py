"""Fields: what a field of a message may be, so that every backend and every reader of JSON keeps the same value."""

from __future__ import annotations

import enum
import types
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Union, get_args, get_origin

from isthmus.core.annotations import base_of, named
from isthmus.core.errors import SourceError
from isthmus.core.message import Message, annotations_within, field_types, is_struct, where_written
from isthmus.core.money import Money
from isthmus.core.refusal import Refusal

PLAIN: Final = (str, int, bool, Decimal, date, datetime, Money)
ALLOWED: Final = "use str, int, bool, Decimal, date, datetime, Money, an Enum, a message, a list of these, or | None"


def fields_that_cannot_travel(annotation: Any) -> Iterator[SourceError]:
    """Yield a problem for each field of a kind that is not allowed, in every message within an annotation.

    Raises SourceError (ISTH100) when an annotation of a field stands for no type.
    """
    for one in annotations_within(annotation):
        message = base_of(one)
        if is_struct(message) and (get_origin(message) or message) not in PLAIN:
            yield from _wrong(where_written(message), field_types(message).items())


def fields_of_refusal_that_cannot_travel(refusal: type[Refusal]) -> Iterator[SourceError]:
    """Yield a problem for each field of a refusal of a kind that is not allowed."""
    yield from _wrong(f"{refusal.__module__}.{refusal.__qualname__}", field_types(refusal.Fields).items())


def _wrong(place: str, fields: Iterable[tuple[str, Any]]) -> Iterator[SourceError]:
    for name, annotation in fields:
        found = _stranger(annotation)
        if found is float:
            yield SourceError(f"field {name} holds a float", place=place, instead="use Money, Decimal or int")
        elif found is not None:
            yield SourceError(f"field {name} holds {named(found)}", place=place, instead=ALLOWED)


def _stranger(annotation: Any) -> Any:
    """Return what within an annotation is not allowed, or None; messages are not looked into."""
    base = base_of(annotation)
    origin, arguments = get_origin(base), get_args(base)
    if isinstance(base, types.UnionType) or origin is Union:
        parts = [base_of(part) for part in arguments if part is not type(None)]
        found = next((one for one in map(_stranger, parts) if one is not None), None)
        return base if found is None and not _told_apart(parts) else found
    if origin is list:
        return _stranger(arguments[0])
    return None if base in PLAIN or base is type(None) or _is_message(base) or _is_enum(base) else base


def _told_apart(parts: list[Any]) -> bool:
    """Say whether a value tells which part of a union it is of: one part, or messages, which carry a tag."""
    return len(parts) <= 1 or all(_is_message(part) for part in parts)


def _is_message(base: Any) -> bool:
    struct = get_origin(base) or base
    return isinstance(struct, type) and issubclass(struct, Message)


def _is_enum(base: Any) -> bool:
    return isinstance(base, type) and issubclass(base, enum.Enum)
