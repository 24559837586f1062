"""Expression helpers, and `math`. Pages: stdlib/expression-helpers, stdlib/math/*."""

from __future__ import annotations

import math
from typing import Any

from isthmus.adapters.gcp.interpreter.faults import value_fault
from isthmus.adapters.gcp.interpreter.library.registry import Surroundings, expect, library
from isthmus.adapters.gcp.interpreter.problems import Undocumented
from isthmus.adapters.gcp.interpreter.values import ordered, text_of, type_name, within


@library("double")
def to_double(_around: Surroundings, value: Any) -> float:
    """Convert a string or an integer to a double."""
    expect("double", value, str, int, float)
    try:
        number = float(value)
    except ValueError:
        raise value_fault(f"double() cannot read {value}") from None
    if not math.isfinite(number) or (isinstance(value, str) and "_" in value):
        raise value_fault(f"double() cannot read {value}")
    return number


@library("int")
def to_integer(around: Surroundings, value: Any) -> int | float:
    """Convert a string or a double to an integer."""
    expect("int", value, str, int, float)
    try:
        number = int(value)
    except (ValueError, OverflowError):
        raise value_fault(f"int() cannot read {value}") from None
    if isinstance(value, str) and "_" in value:
        raise value_fault(f"int() cannot read {value}")
    return within(number, around.answers)


@library("string")
def to_string(around: Surroundings, value: Any) -> str:
    """Convert an integer, a double or a boolean to a string."""
    if isinstance(value, str):
        raise Undocumented("string() of a string: it accepts an integer, a double or a boolean", instead="leave it out")
    return text_of(value, around.answers)


@library("len")
def length(_around: Surroundings, value: Any) -> int:
    """Count the elements of a list, the entries of a map, or the characters of a string."""
    expect("len", value, list, dict, str)
    return len(value)


@library("keys")
def keys(around: Surroundings, map: Any) -> list[str]:
    """Return the keys of a map as a list."""
    expect("keys", map, dict)
    return ordered(map, around.answers)


@library("get_type")
def get_type(_around: Surroundings, value: Any) -> str:
    """Return the name of a value's type."""
    return type_name(value)


@library("default")
def default(_around: Surroundings, val: Any, defaultVal: Any) -> Any:  # noqa: N803  # as documented
    """Return a value unless it is null, else the other."""
    return defaultVal if val is None else val


@library("if")
def choose(_around: Surroundings, condition: Any, ifTrue: Any, ifFalse: Any) -> Any:  # noqa: N803  # as documented
    """Return one of two values; a condition that is null counts as false."""
    expect("if", condition, bool, type(None))
    return ifTrue if condition else ifFalse


@library("math.abs")
def absolute(around: Surroundings, x: Any) -> int | float:
    """Return the absolute value of a number."""
    expect("math.abs", x, int, float)
    return within(abs(x), around.answers) if type(x) is int else abs(x)


@library("math.floor")
def floor(around: Surroundings, x: Any) -> int | float:
    """Return the greatest integer that is not above a number."""
    expect("math.floor", x, int, float)
    return within(math.floor(x), around.answers)


@library("math.max")
def maximum(_around: Surroundings, x: Any, y: Any) -> int | float:
    """Return the greater of two numbers."""
    expect("math.max", x, int, float)
    expect("math.max", y, int, float)
    greater: int | float = max(x, y)
    return greater


@library("math.min")
def minimum(_around: Surroundings, x: Any, y: Any) -> int | float:
    """Return the lesser of two numbers."""
    expect("math.min", x, int, float)
    expect("math.min", y, int, float)
    lesser: int | float = min(x, y)
    return lesser
