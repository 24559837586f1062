"""The operators of expressions: what each does with values of each type.

Pages: syntax/datatypes (operators, implicit conversions), syntax/expressions.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from isthmus.adapters.gcp.interpreter.choices import Open
from isthmus.adapters.gcp.interpreter.faults import Fault, fault, type_fault, value_fault
from isthmus.adapters.gcp.interpreter.values import Reference, text_of, to_json, type_name, within

if TYPE_CHECKING:
    from collections.abc import Callable

    from isthmus.adapters.gcp.interpreter.choices import Answers

NUMBERS: Final = (int, float)


def add(left: Any, right: Any, answers: Answers) -> Any:
    """Add two numbers; join a string with anything."""
    if type(left) is str and type(right) is str:
        return left + right
    if type(left) in NUMBERS and type(right) in NUMBERS:
        return _number(left + right, answers)
    if type(left) is str or type(right) is str:
        return _joined(left, answers) + _joined(right, answers)
    if type(left) is list and type(right) is list and answers.of(Open.LIST_SUM) == 1:
        return left + right
    raise _unsupported("+", left, right)


def _joined(value: Any, answers: Answers) -> str:
    if value is None or type(value) in (list, dict):
        if answers.of(Open.STRING_AND_OTHER) == 0:
            raise type_fault(f"+ does not join a string and a value of type {type_name(value)}")
        return to_json(value, answers).decode()
    return text_of(value, answers)


def subtract(left: Any, right: Any, answers: Answers) -> Any:
    """Subtract two numbers."""
    _numbers("-", left, right)
    return _number(left - right, answers)


def multiply(left: Any, right: Any, answers: Answers) -> Any:
    """Multiply two numbers."""
    _numbers("*", left, right)
    return _number(left * right, answers)


def divide(left: Any, right: Any, answers: Answers) -> float:
    """Divide two numbers into a double."""
    _divisible("/", left, right)
    return float(_number(left / right, answers))


def floor_divide(left: Any, right: Any, answers: Answers) -> Any:
    """Divide two numbers, rounded down."""
    _divisible("//", left, right)
    down = left // right
    if down < 0 and down * right != left and answers.of(Open.FLOOR_DIVISION) == 1:
        return down + 1
    return _number(down, answers)


def remainder(left: Any, right: Any, answers: Answers) -> Any:
    """Return what a division leaves."""
    _divisible("%", left, right)
    rest = left % right
    if rest != 0 and (left < 0) != (right < 0) and answers.of(Open.REMAINDER) == 1:
        return rest - right
    return rest


def negate(value: Any, answers: Answers) -> Any:
    """Return a number with the other sign."""
    if type(value) not in NUMBERS:
        raise type_fault(f"unary - takes a number; got: {type_name(value)}")
    return _number(-value, answers)


def invert(value: Any, _answers: Answers) -> bool:
    """Return the other boolean."""
    if type(value) is not bool:
        raise type_fault(f"'not' takes a boolean; got: {type_name(value)}")
    return not value


def equal(left: Any, right: Any, answers: Answers) -> bool:
    """Say whether two values are the same; null is the same as null alone."""
    if type(left) is type(right) and type(left) not in (list, dict, Reference):
        return bool(left == right)
    if left is None or right is None:
        return left is right
    if type(left) in NUMBERS and type(right) in NUMBERS:
        return bool(left == right)
    if type(left) is list and type(right) is list:
        return len(left) == len(right) and all(equal(a, b, answers) for a, b in zip(left, right, strict=True))
    if type(left) is dict and type(right) is dict:
        return left.keys() == right.keys() and all(equal(left[key], right[key], answers) for key in left)
    if answers.of(Open.EQUALITY) == 1:
        raise _unsupported("==", left, right)
    return False


def unequal(left: Any, right: Any, answers: Answers) -> bool:
    """Say whether two values differ."""
    return not equal(left, right, answers)


def _compare(symbol: str, decide: Callable[[Any, Any], bool]) -> Callable[[Any, Any, Answers], bool]:
    def compare(left: Any, right: Any, _answers: Answers) -> bool:
        both_numbers = type(left) in NUMBERS and type(right) in NUMBERS
        if not both_numbers and not (type(left) is str and type(right) is str):
            raise _unsupported(symbol, left, right)
        return decide(left, right)

    return compare


def contains(item: Any, collection: Any, answers: Answers) -> bool:
    """Say whether a list has an item, or a map a key."""
    if type(collection) is dict:
        if type(item) is str:
            return item in collection
        if answers.of(Open.OTHER_KEY) == 1:
            raise type_fault(f"a key of a map is a string; got: {type_name(item)}")
        return False
    if type(collection) is list:
        return any(equal(item, one, answers) for one in collection)
    raise type_fault(f"The argument of 'in' must be a dict or an array; got: {type_name(collection)}")


def field(value: Any, key: Any, answers: Answers) -> Any:
    """Return an item of a map by its key or of a list by its index."""
    if type(value) is dict:
        if type(key) is not str:
            raise type_fault(f"a key of a map is a string; got: {type_name(key)}")
        try:
            return value[key]
        except KeyError:
            raise fault("KeyError", f"key not found: {key}") from None
    if type(value) is list:
        return value[position(value, key, answers)]
    raise type_fault(f"a value of type {type_name(value)} has no items")


def position(value: list[Any], index: Any, answers: Answers) -> int:
    """Return where in a list an index points."""
    if type(index) is not int:
        raise type_fault(f"an index of a list is an integer; got: {type_name(index)}")
    key: int = index
    if key < 0 and answers.of(Open.NEGATIVE_INDEX) == 1:
        key += len(value)
    if not 0 <= key < len(value):
        raise fault("IndexError", f"index out of range: {key}")
    return key


def _number(number: int | float, answers: Answers) -> int | float:
    if type(number) is int:
        return within(number, answers)
    if math.isinf(number) and answers.of(Open.OVERFLOW) == 0:
        raise value_fault("double overflow")
    return number


def _numbers(symbol: str, left: Any, right: Any) -> None:
    if type(left) not in NUMBERS or type(right) not in NUMBERS:
        raise _unsupported(symbol, left, right)


def _divisible(symbol: str, left: Any, right: Any) -> None:
    _numbers(symbol, left, right)
    if right == 0:
        raise fault("ZeroDivisionError", "division by zero")


def _unsupported(symbol: str, left: Any, right: Any) -> Fault:
    return type_fault(f"{symbol} does not take {type_name(left)} and {type_name(right)}")


BINARY: Final[dict[str, Callable[[Any, Any, Answers], Any]]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "//": floor_divide,
    "%": remainder,
    "==": equal,
    "!=": unequal,
    "<": _compare("<", lambda a, b: bool(a < b)),
    "<=": _compare("<=", lambda a, b: bool(a <= b)),
    ">": _compare(">", lambda a, b: bool(a > b)),
    ">=": _compare(">=", lambda a, b: bool(a >= b)),
    "in": contains,
}
