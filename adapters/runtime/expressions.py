"""Expressions of a checked program, evaluated over wire values in builtins: what keys of waits are told by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from isthmus.core.errors import InternalError
from isthmus.core.program.nodes import Attribute, Expression, Literal, Member, Name, Node, Text


def names_in(expression: Expression) -> set[str]:
    """Return the variables that an expression reads."""
    if isinstance(expression, Name):
        return {expression.name}
    found: set[str] = set()
    for value in msgspec.structs.asdict(expression).values():
        for inner in value if isinstance(value, tuple) else (value,):
            if isinstance(inner, Node):
                found |= names_in(inner)  # type: ignore[arg-type]
            elif isinstance(inner, tuple):
                found |= {name for part in inner if isinstance(part, Node) for name in names_in(part)}  # type: ignore[arg-type]
    return found


def text_of(expression: Expression, variables: Mapping[str, Any]) -> str:
    """Return the string that a key stands for: attributes, literals and f-strings of the variables given."""
    value = _value(expression, variables)
    if not isinstance(value, str):
        raise InternalError(f"a key is no string: {value!r}", instead="please report it")
    return value


def _value(expression: Expression, variables: Mapping[str, Any]) -> Any:
    match expression:
        case Name(name=name):
            return variables[name]
        case Attribute(value=inner, field=field):
            return _value(inner, variables)[field]
        case Literal(value=value) | Member(value=value):
            return value
        case Text(parts=parts):
            return "".join(str(_value(part, variables)) for part in parts)
        case _:
            raise InternalError(f"a key is made of {type(expression).__name__}", instead="please report it")
