"""How long an expression is as Workflows writes it, at most, and which expressions are written by themselves."""

from __future__ import annotations

import json

from isthmus.core.program import nodes
from isthmus.core.program.guards import within


def depth(found: nodes.Expression) -> int:
    """Return how deep messages and lists stand in one another."""
    own = isinstance(found, nodes.Build | nodes.ListOf)
    return own + max((depth(inside) for inside in within(found)), default=0)


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
            apart = 5 * constant.count("${") if isinstance(constant, str) else 0
            return len(json.dumps(constant, ensure_ascii=False)) + 4 + apart
        case (
            nodes.Compare(left=left, right=right, operator=operator)
            | nodes.Count(left=left, right=right, operator=operator)
        ):
            return written(left) + written(right) + len(operator) + 10
        case nodes.Both(operands=parts) | nodes.Either(operands=parts):
            return sum(written(part) + 7 for part in parts)
        case nodes.Text(parts=parts):
            return sum(written(part) + 11 for part in parts) + 2
        case nodes.Not(operand=inner) | nodes.Length(value=inner):
            return written(inner) + 6
        case nodes.ListOf(items=items):
            return sum(written(item) + 2 for item in items) + 2
        case nodes.Build(fields=fields):
            return sum(len(name) + written(field) + 4 for name, field in fields) + 2
    raise TypeError(found)
