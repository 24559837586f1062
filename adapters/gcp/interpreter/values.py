"""The values of a workflow: null, boolean, integer, double, string, bytes, list, map, and references to functions.

They are Python's own, and never changed in place: an assignment into a map or list builds a new one. So every
assignment copies, as syntax/variables says, and nothing is copied that is only read.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from isthmus.adapters.gcp.interpreter.choices import Open
from isthmus.adapters.gcp.interpreter.faults import limit_fault, type_fault, value_fault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from isthmus.adapters.gcp.interpreter.choices import Answers

INTEGER_MIN: Final = -(2**63)
INTEGER_MAX: Final = 2**63 - 1
SCALAR_BYTES: Final = 8
LONG_DIGITS: Final = re.compile(rb"[0-9]{19}")
WHOLE_DOUBLE: Final = re.compile(rb"[0-9](?:\.0*(?![0-9])|(?:\.[0-9]+)?[eE])")


class Reference:
    """Stand for a function or sub-workflow: a value that can be a retry predicate, and nothing else."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


NAMES: Final[dict[type, str]] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "map",
    Reference: "function",
}


def type_name(value: Any) -> str:
    """Return the name of a value's type, as `get_type` gives it."""
    return NAMES[type(value)]


def within(number: int, answers: Answers) -> int | float:
    """Return an integer that fits into 64 bits, or what becomes of one that does not."""
    if INTEGER_MIN <= number <= INTEGER_MAX:
        return number
    match answers.of(Open.OVERFLOW):
        case 0:
            raise value_fault("integer overflow")
        case 1:
            return (number - INTEGER_MIN) % 2**64 + INTEGER_MIN
        case _:
            return float(number)


def text_of(value: Any, answers: Answers) -> str:
    """Return an integer, double, boolean or string as text. Raises a TypeError for other types."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int():
            return str(value)
        case float():
            text = repr(value)
            return text.removesuffix(".0") if text.endswith(".0") and answers.of(Open.DOUBLE_TEXT) == 0 else text
        case _:
            raise type_fault(f"string() takes an integer, a double or a boolean; got: {type_name(value)}")


def size_of(value: Any, string_bytes_max: int) -> int:
    """Return the memory that a value takes, counted as syntax/variables says."""
    kind = type(value)
    if kind is str:
        length = len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
        if length > string_bytes_max:
            raise limit_fault(f"a string of {length} bytes is longer than {string_bytes_max}")
        return SCALAR_BYTES + length
    if kind is list:
        return SCALAR_BYTES + sum(size_of(item, string_bytes_max) for item in value)
    if kind is dict:
        pairs = value.items()
        return SCALAR_BYTES + sum(size_of(k, string_bytes_max) + size_of(v, string_bytes_max) for k, v in pairs)
    return SCALAR_BYTES + (len(value) if kind is bytes else 0)


def ordered(keys: Iterable[str], answers: Answers) -> list[str]:
    """Return the keys of a map in the order in which they are shown."""
    found = list(keys)
    if len(found) <= 1:
        return found
    match answers.of(Open.KEY_ORDER):
        case 0:
            return found
        case 1:
            return sorted(found)
        case _:
            return found[::-1]


def from_json(raw: bytes | str, answers: Answers) -> Any:
    """Return the value of a JSON text. Raises a ValueError fault."""
    data = raw.encode() if isinstance(raw, str) else raw
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise value_fault(f"not JSON: {wrong}") from None
    return _narrowed(value, answers) if LONG_DIGITS.search(data) or WHOLE_DOUBLE.search(data) else value


def _narrowed(value: Any, answers: Answers) -> Any:
    match value:
        case list():
            return [_narrowed(item, answers) for item in value]
        case dict():
            return {key: _narrowed(item, answers) for key, item in value.items()}
        case int() if not INTEGER_MIN <= value <= INTEGER_MAX:
            return float(value)
        case float() if value.is_integer() and answers.of(Open.WHOLE_DOUBLE_READ) == 1:
            return int(value)
        case _:
            return value


def to_json(value: Any, answers: Answers) -> bytes:
    """Return a value as JSON, compact. Raises a ValueError fault for bytes and functions."""
    return msgspec.json.encode(_plain(value, answers))


def _plain(value: Any, answers: Answers) -> Any:
    kind = type(value)
    if kind is dict:
        return {key: _plain(value[key], answers) for key in ordered(value, answers)}
    if kind is list:
        return [_plain(item, answers) for item in value]
    if kind is float:
        if not math.isfinite(value):
            raise value_fault("a double that is no number cannot be encoded as JSON")
        return int(value) if value.is_integer() and answers.of(Open.WHOLE_DOUBLE) == 1 else value
    if kind is bytes or kind is Reference:
        raise value_fault(f"a value of type {type_name(value)} cannot be encoded as JSON")
    return value
