"""Bounds: which numbers a message may hold, so that every reader of JSON keeps them exactly.

A whole number stays within ±(2^53 - 1), a Decimal is finite. What an annotation cannot hold is not looked for.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, Union, get_args, get_origin

import msgspec

from isthmus.core.annotations import base_of
from isthmus.core.message import Sealed, field_types, is_struct
from isthmus.core.money import Money

INTEGER_MAX: Final = 2**53 - 1
"""The largest whole number that every reader of JSON keeps exactly."""

UNIONS: Final = (Union, types.UnionType)
WITHIN: Final = (str, bool, date, datetime, bytes, type(None), Money, Sealed)


class Excess(NamedTuple):
    """Say where in a value a number is that may not be there, which rule it breaks, and what to do instead."""

    path: str
    rule: str
    instead: str


type Check = Callable[[Any], Excess | None]
"""What finds the first number of a value that is out of bounds. Values of other types are somebody else's to refuse."""


def check_of(annotation: Any, known: dict[Any, list[Check | None]] | None = None) -> Check | None:
    """Return what looks for numbers out of bounds in the values of an annotation; None when they can hold none."""
    known = {} if known is None else known
    base = base_of(annotation)
    if base in WITHIN or (isinstance(base, type) and issubclass(base, enum.Enum)):
        return None
    if base in (int, Decimal):
        return _number
    if is_struct(base):
        return _check_message(base, known)
    parts = [check_of(part, known) for part in get_args(base) if part is not Ellipsis]
    if not parts:
        return _anything
    checks = tuple(check for check in parts if check is not None)
    if not checks:
        return None
    if get_origin(base) is list:
        return _items(checks)
    return _either(checks) if get_origin(base) in UNIONS else _anything


def _check_message(message: Any, known: dict[Any, list[Check | None]]) -> Check | None:
    if message in known:  # it holds itself
        found = known[message]
        return lambda value: found[0](value) if found and found[0] is not None and value is not None else None
    known[message] = made = []
    checks = {name: check_of(field, known) for name, field in field_types(message).items()}
    fields = tuple((name, check) for name, check in checks.items() if check is not None)

    def check(value: Any) -> Excess | None:
        for name, inner in fields:
            found = inner(getattr(value, name, None))
            if found is not None:
                return found._replace(path=f".{name}{found.path}")
        return None

    made.append(check if fields else None)
    return made[0]


def _items(checks: tuple[Check, ...]) -> Check:
    item = _either(checks)

    def check(value: Any) -> Excess | None:
        for index, one in enumerate(value if isinstance(value, list) else ()):
            found = item(one)
            if found is not None:
                return found._replace(path=f"[{index}]{found.path}")
        return None

    return check


def _either(checks: tuple[Check, ...]) -> Check:
    if len(checks) == 1:
        return checks[0]
    return lambda value: next((found for check in checks if (found := check(value)) is not None), None)


def _number(value: Any) -> Excess | None:
    if isinstance(value, int):
        if -INTEGER_MAX <= value <= INTEGER_MAX:
            return None
        return Excess("", f"a whole number is beyond ±{INTEGER_MAX}", "send it as a Decimal, or as text")
    if isinstance(value, Decimal) and not value.is_finite():
        return Excess("", f"{value} is no finite number", "send a finite Decimal")
    return None


def _anything(value: Any) -> Excess | None:
    """Look into what an annotation says too little of, or what Apps refuse and a codec alone takes."""
    if isinstance(value, msgspec.Struct):
        parts = [(f".{name}", getattr(value, name)) for name in value.__struct_fields__]
    elif isinstance(value, dict):
        parts = [(f"[{key!r}]", inner) for key, inner in value.items()]
    elif isinstance(value, list | tuple | set | frozenset):
        parts = [(f"[{index}]", inner) for index, inner in enumerate(value)]
    else:
        return _number(value)
    for place, inner in parts:
        found = _anything(inner)
        if found is not None:
            return found._replace(path=f"{place}{found.path}")
    return None
