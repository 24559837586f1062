"""Measure a program: how many steps a run may take, and how large its compiled source is, both at most."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from isthmus.core.program import nodes

_CALL_BYTES: Final = 600
"""A call as Workflows writes it: step name, URL, auth, body, retry, errors."""

_STATEMENT_BYTES: Final = 120


def steps(body: tuple[nodes.Statement, ...]) -> int:
    """Return how many statements a run passes at most; a loop over a list counts once."""
    return sum(_steps(statement) for statement in body)


def _steps(statement: nodes.Statement) -> int:
    match statement:
        case nodes.If(then=then, orelse=orelse):
            return 1 + max(steps(then), steps(orelse))
        case nodes.For(body=inner):
            return 1 + steps(inner)
        case nodes.Repeat(body=inner, count=count) | nodes.While(body=inner, bound=count):
            return 1 + count * (1 + steps(inner))
        case nodes.Try(body=inner, catches=catches, orelse=orelse):
            return 1 + steps(inner) + max([steps(orelse), *(steps(catch.body) for catch in catches)])
    return 1


def compiled_bytes(body: tuple[nodes.Statement, ...]) -> int:
    """Return how large the compiled source is at most, by estimate."""
    return sum(_bytes(statement) for statement in body)


def _bytes(node: Any) -> int:
    """Add up statements, calls and the expressions in them."""
    if isinstance(node, tuple):
        return sum(_bytes(part) for part in node)
    if isinstance(node, nodes.CallOf | nodes.EachOf | nodes.WaitForEvent):
        return _CALL_BYTES + sum(_bytes(part) for part in _parts(node))
    if isinstance(node, _EXPRESSIONS):
        return written(node) + 20
    if isinstance(node, nodes.Node):
        return _STATEMENT_BYTES + sum(_bytes(part) for part in _parts(node))
    return 0


_EXPRESSIONS: Final = (
    nodes.Name,
    nodes.Attribute,
    nodes.Literal,
    nodes.Member,
    nodes.Build,
    nodes.ListOf,
    nodes.Compare,
    nodes.Both,
    nodes.Either,
    nodes.Not,
    nodes.Count,
    nodes.Length,
    nodes.Text,
)


def _parts(node: nodes.Node) -> tuple[Any, ...]:
    return msgspec.structs.astuple(node)


def written_alone(found: nodes.Expression) -> list[nodes.Expression]:
    """Return the expressions that a backend writes one by one: the fields of messages and the items of lists."""
    match found:
        case nodes.Build(fields=fields):
            return [part for _, field in fields for part in written_alone(field)]
        case nodes.ListOf(items=items):
            return [part for item in items for part in written_alone(item)]
    return [found]


def written(found: nodes.Expression) -> int:
    """Return about how many characters Workflows takes to write an expression, never too few."""
    match found:
        case nodes.Name(name=name):
            return len(name) + 4
        case nodes.Attribute(value=inner, field=field):
            return written(inner) + len(field) + 5
        case nodes.Literal(value=constant) | nodes.Member(value=constant):
            return len(json.dumps(constant, ensure_ascii=False)) + 4
        case (
            nodes.Compare(left=left, right=right, operator=operator)
            | nodes.Count(left=left, right=right, operator=operator)
        ):
            return written(left) + written(right) + len(operator) + 10
        case nodes.Both(operands=parts) | nodes.Either(operands=parts):
            return sum(written(part) + 7 for part in parts)
        case nodes.Text(parts=parts):
            return sum(written(part) + 11 for part in parts)
        case nodes.Not(operand=inner) | nodes.Length(value=inner):
            return written(inner) + 6
        case nodes.ListOf(items=items):
            return sum(written(item) + 2 for item in items) + 2
        case nodes.Build(fields=fields):
            return sum(len(name) + written(field) + 4 for name, field in fields) + 2
    raise TypeError(found)
