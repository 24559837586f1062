"""Which operands of `and` and `or` rely on the ones before them: `a is not None and a.good`."""

from __future__ import annotations

from itertools import combinations

import msgspec

from isthmus.core.program.nodes import Attribute, Compare, Count, Expression, Length, Literal, Node, Text


def guarded(operands: tuple[Expression, ...]) -> bool:
    """Say whether one operand may only be evaluated when those before it do not decide."""
    return any(_may_guard(before) and _may_fail(after) for before, after in combinations(operands, 2))


def _may_guard(expression: Expression) -> bool:
    """Say whether an expression tests for null, so that what follows it may rely on the test."""
    if isinstance(expression, Compare) and expression.operator in {"==", "!="}:
        return any(isinstance(side, Literal) and side.value is None for side in (expression.left, expression.right))
    return any(_may_guard(inside) for inside in within(expression))


def _may_fail(expression: Expression) -> bool:
    """Say whether an expression would fail when something that it reads is null."""
    if isinstance(expression, Attribute | Count | Length | Text):
        return True
    if isinstance(expression, Compare) and expression.operator not in {"==", "!="}:
        return True
    return any(_may_fail(inside) for inside in within(expression))


def within(expression: Expression) -> list[Expression]:
    """Return the expressions that one is made of: each node inside an expression is one, as no type can say."""
    found: list[Expression] = []
    for value in msgspec.structs.astuple(expression):
        for inside in value if isinstance(value, tuple) else (value,):
            if isinstance(inside, tuple):
                found.extend(part for part in inside if isinstance(part, Node))  # type: ignore[misc]
            elif isinstance(inside, Node):
                found.append(inside)  # type: ignore[arg-type]
    return found
