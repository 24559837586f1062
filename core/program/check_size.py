"""Measure a program: how many steps a run may take, and how large its compiled source is, both at most."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from isthmus.core.program import nodes
from isthmus.core.program.check_expressions import written

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
