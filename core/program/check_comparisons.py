"""Check comparisons, `and`, `or` and `not`, and what a test shows about what may be None."""

from __future__ import annotations

import ast
from typing import Final

from isthmus.core.program import kinds, nodes
from isthmus.core.program.check_expressions import expression, list_of
from isthmus.core.program.check_values import Checked, refuse, short_enough, visible
from isthmus.core.program.context import Context, at
from isthmus.core.program.kinds import BOOLEAN, INTEGER, NULL, Kind
from isthmus.core.program.problem import Code
from isthmus.core.program.scope import Scope, path_of, shown_by

_COMPARISONS: Final[dict[type[ast.cmpop], str]] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "==",
    ast.IsNot: "!=",
}


def comparison(cx: Context, scope: Scope, node: ast.Compare | ast.BoolOp | ast.UnaryOp) -> Checked:
    """Check an expression that is true or false."""
    match node:
        case ast.Compare():
            return _compare(cx, scope, node)
        case ast.BoolOp():
            return _boolean_operation(cx, scope, node)
        case ast.UnaryOp():
            checked, _ = boolean(cx, scope, node.operand)
            return nodes.Not(span=at(node), operand=checked), BOOLEAN


def boolean(cx: Context, scope: Scope, node: ast.expr) -> Checked:
    """Check an expression that must be a boolean, and remember the kinds of what it compares with null."""
    checked, kind = expression(cx, scope, node)
    if kind.shapes and visible(cx, node, kind, "tested") and kind != BOOLEAN:
        shown = ast.unparse(node)
        hint = f"write {shown} == … or not"
        if kind.optional:
            hint = f"write {shown} is not None"
        elif kind.only == "list":
            hint = f"write len({shown}) > 0"
        elif kind.only == "integer":
            hint = f"write {shown} != 0"
        elif kind.only == "string":
            hint = f'write {shown} != ""'
        cx.report(node, Code.TYPE, f"a test is a boolean, and this is {kind}", hint)
    return checked, BOOLEAN


def test(cx: Context, scope: Scope, node: ast.expr) -> tuple[nodes.Expression, Scope, Scope]:
    """Check a test, and return it with what is known where it holds and where it does not."""
    checked, _ = boolean(cx, scope, node)
    short_enough(cx, checked)
    held = scope.knowing(shown_by(checked, cx.compared, holds=True))
    return checked, held, scope.knowing(shown_by(checked, cx.compared, holds=False))


def _compare(cx: Context, scope: Scope, node: ast.Compare) -> Checked:
    if len(node.ops) > 1:
        return refuse(
            cx, node, Code.SUBSET, "a chained comparison is no part of a workflow", "write two, joined by and"
        )
    right_node = node.comparators[0]
    operator = _COMPARISONS[type(node.ops[0])]
    left, left_kind = expression(cx, scope, node.left)
    if isinstance(node.ops[0], ast.In | ast.NotIn) and isinstance(right_node, ast.Tuple):
        right, right_kind = list_of(cx, scope, right_node, right_node.elts)
    else:
        right, right_kind = expression(cx, scope, right_node)
    known = bool(left_kind.shapes and right_kind.shapes)
    found = nodes.Compare(span=at(node), operator=operator, left=left, right=right)
    if known and visible(cx, node.left, left_kind, "compared") and visible(cx, right_node, right_kind, "compared"):
        _comparable(cx, node, left_kind, right_kind)
        path = path_of(left)
        if path is not None and right_kind == NULL:
            cx.compared[path] = left_kind
    return found, BOOLEAN


def _comparable(cx: Context, node: ast.Compare, left: Kind, right: Kind) -> None:
    """Report a comparison of what cannot be compared."""

    def report(rule: str, instead: str) -> None:
        cx.report(node, Code.TYPE, rule, instead)

    match node.ops[0]:
        case ast.Is() | ast.IsNot():
            if right != NULL:
                report("is compares with None only", "write == or !=")
        case ast.Eq() | ast.NotEq():
            if NULL in (left, right):
                report("a comparison with None is written with is", "write is None or is not None")
            elif not _alike(left.present, right.present):
                report(*_unlike(left, right))
        case ast.In() | ast.NotIn():
            items = [shape.of for shape in right.shapes if shape.name == "list"]
            if right.only != "list":
                report(f"in looks through a list, and this is {right}", "ask a handler, or compare with ==")
            elif not all(not item.shapes or _alike(left.present, item.present) for item in items):
                report(*_unlike(left, items[0]))
            else:
                visible(cx, node.comparators[0], items[0], "compared")
        case _:
            if left != INTEGER or right != INTEGER:
                report(
                    f"only integers have an order in a workflow, and these are {left} and {right}",
                    "decide in a handler, and answer with a boolean"
                    if not (left.optional or right.optional)
                    else "test for None first, and compare integers only",
                )


def _alike(left: Kind, right: Kind) -> bool:
    if not left.shapes or not right.shapes:
        return True
    return left.shapes == right.shapes and all(shape.name in kinds.COMPARED for shape in left.shapes)


def _unlike(left: Kind, right: Kind) -> tuple[str, str]:
    if left.present.shapes == right.present.shapes:
        return (
            f"a workflow does not compare values of type {left.present}",
            "compare a field that is a string, integer, boolean or enumeration, or decide in a handler",
        )
    return f"{left} is compared with {right}", "compare like with like"


def _boolean_operation(cx: Context, scope: Scope, node: ast.BoolOp) -> Checked:
    operands: list[nodes.Expression] = []
    both = isinstance(node.op, ast.And)
    word = "and" if both else "or"
    inner = scope
    for position, part in enumerate(node.values):
        reason = f"what stands after {word} is not always reached" if position else ""
        with cx.block(reason):
            checked, _ = boolean(cx, inner, part)
        operands.append(checked)
        inner = inner.knowing(shown_by(checked, cx.compared, holds=both))
    if both:
        return nodes.Both(span=at(node), operands=tuple(operands)), BOOLEAN
    return nodes.Either(span=at(node), operands=tuple(operands)), BOOLEAN
