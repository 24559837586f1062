"""Check loops: over a list, so many times, or while a counter stays below a bound.

for order in batch.orders:              once for each item
for attempt in range(5):                5 times; attempt is 0, 1, 2, 3, 4
attempts = 0
while not filled and attempts < 5:      at most 5 times, because one of what `and` joins compares a counter with
    attempts += 1                       a literal, and every turn counts it up before it can go on
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from isthmus.core.program import kinds, limits, nodes
from isthmus.core.program.check_comparisons import test
from isthmus.core.program.check_expressions import value
from isthmus.core.program.check_values import visible
from isthmus.core.program.context import Context, Loop, at
from isthmus.core.program.kinds import INTEGER, UNKNOWN, Kind
from isthmus.core.program.problem import Code
from isthmus.core.program.scope import Scope, join

if TYPE_CHECKING:
    from isthmus.core.program.check_statements import Read, ReadBlock, Statements

type Turn = tuple[nodes.Expression | None, Statements, Scope | None, list[Scope | None]]

_ROUNDS: Final = 8
_HOW: Final = "keep a counter: attempts = 0 before; while … and attempts < 5: attempts += 1 first in its body"


def for_loop(cx: Context, scope: Scope, statement: ast.For, block: ReadBlock) -> Read:
    """Check a loop over a list or a range."""
    place = cx.place
    _no_else(cx, statement)
    if not isinstance(statement.target, ast.Name):
        cx.report(statement.target, Code.SUBSET, "a loop has one name for its item", "read the item's fields by name")
        return None, scope
    name = statement.target.id
    turns = _range(cx, scope, statement.iter)
    if turns is not None:
        body, after = _body(cx, scope, statement, block, INTEGER)
        return nodes.Repeat(span=at(statement), place=place, name=name, count=turns, body=body), after
    items, item = _items(cx, scope, statement.iter)
    body, after = _body(cx, scope, statement, block, item)
    return nodes.For(span=at(statement), place=place, name=name, items=items, body=body), after


def _no_else(cx: Context, statement: ast.For | ast.While) -> None:
    if statement.orelse:
        cx.report(
            statement.orelse[0],
            Code.SUBSET,
            "the else of a loop is no part of a workflow",
            "keep a boolean, and test it after",
        )


def _items(cx: Context, scope: Scope, node: ast.expr) -> tuple[nodes.Expression, Kind]:
    """Check what a loop walks, and return the kind of its items."""
    items, kind = value(cx, scope, node)
    if not kind.shapes or not visible(cx, node, kind, "walked"):
        return items, UNKNOWN
    if kind.only != "list":
        hint = "test for None first" if kind.optional else "walk a list of a message, or write range(5)"
        cx.report(node, Code.TYPE, f"a loop walks a list, and this is {kind}", hint)
        return items, UNKNOWN
    return items, kinds.either(*(shape.of for shape in kind.shapes))


def _range(cx: Context, scope: Scope, node: ast.expr) -> int | None:
    """Return how many turns `range(…)` gives, or None when this is no range."""
    if not isinstance(node, ast.Call) or cx.stands_for(node.func, scope) is not range:
        return None
    turns: object = None
    if len(node.args) == 1 and not node.keywords:
        count, _ = value(cx, scope, node.args[0])
        turns = count.value if isinstance(count, nodes.Literal) else None
    if type(turns) is not int or not 1 <= turns <= limits.TURNS:
        cx.report(
            node,
            Code.LIMIT,
            f"range takes one number from 1 to {limits.TURNS}, written out",
            "write range(5), and leave the loop with break",
        )
        return 1
    return turns


def while_loop(cx: Context, scope: Scope, statement: ast.While, block: ReadBlock) -> Read:
    """Check a loop whose test bounds it."""
    place = cx.place
    _no_else(cx, statement)
    bound = _bound(cx, scope, statement)
    if bound is None or bound > limits.TURNS:
        cx.report(
            statement.test,
            Code.LIMIT,
            "this while has no bound that can be seen" if bound is None else f"this while may turn {bound} times",
            _HOW if bound is None else f"at most {limits.TURNS} turns: await a workflow in each, or wait for an event",
        )

    def turn(entry: Scope) -> Turn:
        with cx.block("a test of while is made again and again"):
            checked, held, failed = test(cx, entry, statement.test)
        body, ended, loop = _inside(cx, held, statement.body, block)
        return checked, body, join([ended, *loop.continued]), [failed, *loop.left]

    checked, body, left = _settled(cx, scope, statement, turn)
    found = nodes.While(span=at(statement), place=place, test=checked, bound=min(bound or 0, limits.TURNS), body=body)
    return found, join(left)


def _body(
    cx: Context, scope: Scope, statement: ast.For, block: ReadBlock, item: Kind
) -> tuple[Statements, Scope | None]:
    """Check the body of a loop over items."""
    from isthmus.core.program.check_statements import give  # noqa: PLC0415  # statements hold loops

    def turn(entry: Scope) -> Turn:
        inside = entry.copy()
        give(cx, inside, statement.target, item)
        body, ended, loop = _inside(cx, inside, statement.body, block)
        after = join([ended, *loop.continued])
        return None, body, after, [entry, *loop.left]

    _, body, left = _settled(cx, scope, statement, turn)
    return body, join(left)


def _settled(
    cx: Context, scope: Scope, statement: ast.For | ast.While, turn: Callable[[Scope], Turn]
) -> tuple[nodes.Expression, Statements, list[Scope | None]]:
    """Check a turn until what flows round the loop changes nothing any more, and then once for its problems."""
    place, hoisted = cx.place, cx.hoisted
    if len(cx.loops) >= limits.LOOPS:
        cx.report(
            statement,
            Code.LIMIT,
            f"loops stand {len(cx.loops) + 1} deep here, and {limits.LOOPS} fit",
            "await a workflow for each item of the outer list",
        )
        return nodes.Literal(span=at(statement), value=None), (), [scope]
    entry = scope
    for _ in range(_ROUNDS):
        with cx.mute():
            _, _, after, _ = turn(entry)
        cx.place, cx.hoisted = place, hoisted
        joined = join([scope, entry, after]) or entry
        if joined.known == entry.known:
            break
        entry = joined
    checked, body, _, left = turn(entry)
    cx.place, cx.hoisted = place, hoisted
    return checked or nodes.Literal(span=at(statement), value=None), body, left


def _inside(
    cx: Context, scope: Scope, body: Sequence[ast.stmt], block: ReadBlock
) -> tuple[Statements, Scope | None, Loop]:
    """Check a body once."""
    loop = Loop()
    cx.loops.append(loop)
    checked, ended = block(cx, scope, body, f"{cx.place}.body.")
    cx.loops.pop()
    return checked, ended, loop


def _bound(cx: Context, scope: Scope, statement: ast.While) -> int | None:
    """Return how often a while can turn, if its test and body show it."""
    parts = [statement.test]
    if isinstance(statement.test, ast.BoolOp) and isinstance(statement.test.op, ast.And):
        parts = statement.test.values
    for part in parts:
        match part:
            case ast.Compare(left=ast.Name(id=counter), ops=[ast.Lt() | ast.LtE() as order], comparators=[top]):
                limit = _number(cx, scope, top)
                start = scope.counters.get(counter)
                step = _step(cx, scope, counter, statement.body)
                if limit is None or start is None or step is None:
                    continue
                limit += isinstance(order, ast.LtE)
                return max(0, -((start - limit) // step))
    return None


def _number(cx: Context, scope: Scope, node: ast.expr) -> int | None:
    held = node.value if isinstance(node, ast.Constant) else cx.stands_for(node, scope)
    return held if type(held) is int else None


def _step(cx: Context, scope: Scope, counter: str, body: Sequence[ast.stmt]) -> int | None:
    """Return by how much every turn counts up, or None when one may not."""
    steps: list[int] = []
    found: int | None = None
    for statement in body:
        match statement:
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=amount) if name == counter:
                found = found or _number(cx, scope, amount)
        if found is None and any(isinstance(node, ast.Continue) for node in ast.walk(statement)):
            return None
    for node in (node for statement in body for node in ast.walk(statement)):
        match node:
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=amount) if name == counter:
                steps.append(_number(cx, scope, amount) or 0)
            case ast.Name(id=name, ctx=ast.Store()) if name == counter:
                steps.append(1)
    stores = sum(
        isinstance(node, ast.Name) and node.id == counter and isinstance(node.ctx, ast.Store)
        for statement in body
        for node in ast.walk(statement)
    )
    counted = len(steps) - stores
    return found if found and found > 0 and counted == stores and min(steps) > 0 else None
