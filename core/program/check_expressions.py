"""Check expressions: what they read, count and join, and the kind of value each gives."""

from __future__ import annotations

import ast
import enum
import inspect
from typing import Final

from isthmus.core.contract import Contract
from isthmus.core.program import kinds, limits, nodes
from isthmus.core.program.check_values import Checked, choices, nothing, refuse, short_enough, visible
from isthmus.core.program.check_world import hint_for
from isthmus.core.program.context import Context, at
from isthmus.core.program.kinds import INTEGER, STRING, UNKNOWN, Kind
from isthmus.core.program.problem import Code
from isthmus.core.program.read import MISSING
from isthmus.core.program.scope import Scope, path_of
from isthmus.core.refusal import Refusal, TimedOut
from isthmus.core.workflow import each, gather, sleep, wait_for

VOCABULARY: Final = (gather, each, sleep, wait_for)

_COMPREHENSION: Final = (
    "a comprehension is no part of a workflow",
    "await each(contract, items, at_most=…) for one contract over a list, write a for loop, or ask a handler",
)
_REFUSED: Final[dict[type[ast.AST], tuple[str, str]]] = {
    ast.Lambda: ("a lambda is no part of a workflow", "write the statements where they are needed"),
    ast.ListComp: _COMPREHENSION,
    ast.SetComp: _COMPREHENSION,
    ast.DictComp: _COMPREHENSION,
    ast.GeneratorExp: _COMPREHENSION,
    ast.Yield: ("a workflow is no generator", "return the answer, or await a contract"),
    ast.YieldFrom: ("a workflow is no generator", "return the answer, or await a contract"),
    ast.NamedExpr: ("an assignment inside an expression is no part of a workflow", "assign on a line of its own"),
    ast.IfExp: ("a conditional expression is no part of a workflow", "write an if and an else that assign the name"),
    ast.Starred: ("* is no part of a workflow", "write each argument or item out"),
    ast.Dict: ("a workflow has no dictionaries", "build a message: its fields are typed"),
    ast.Set: ("a workflow has no sets", "write a list: [a, b]"),
    ast.Tuple: ("a workflow has no tuples", "build a message, or a list: [a, b]"),
    ast.Slice: ("a workflow does not slice", "let a handler answer with the part that is needed"),
}


def expression(cx: Context, scope: Scope, node: ast.expr) -> Checked:
    """Check an expression."""
    match node:
        case ast.Constant():
            return _constant(cx, node, node.value)
        case ast.Name():
            return _name(cx, scope, node)
        case ast.Attribute():
            return _attribute(cx, scope, node)
        case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            from isthmus.core.program.check_comparisons import comparison  # noqa: PLC0415  # they hold expressions

            return comparison(cx, scope, node)
        case ast.UnaryOp():
            return _unary(cx, node)
        case ast.BinOp():
            return count(cx, scope, node, node.op, (node.left, node.right))
        case ast.JoinedStr():
            return _text(cx, scope, node)
        case ast.List(elts=items):
            return list_of(cx, scope, node, items)
        case ast.Call():
            return _call(cx, scope, node)
        case ast.Subscript():
            return _subscript(cx, scope, node)
        case ast.Await():
            from isthmus.core.program.check_awaits import hoist  # noqa: PLC0415  # awaits hold expressions

            return hoist(cx, scope, node)
    rule, instead = _REFUSED.get(
        type(node), (f"{type(node).__name__} is no part of a workflow", "do it in a handler, and await its contract")
    )
    return refuse(cx, node, Code.SUBSET, rule, instead)


def value(cx: Context, scope: Scope, node: ast.expr) -> Checked:
    """Check an expression that nothing stands around: what is too long for one expression is refused here."""
    checked, kind = expression(cx, scope, node)
    short_enough(cx, checked)
    return checked, kind


def _constant(cx: Context, node: ast.expr, constant: object) -> Checked:
    if isinstance(constant, float | complex):
        return refuse(
            cx,
            node,
            Code.SUBSET,
            f"a workflow has no {type(constant).__name__}s",
            "use an integer of the smallest unit, or compute in a handler",
        )
    if isinstance(constant, str):
        return _string(cx, node, constant)
    if isinstance(constant, int) and abs(constant) > limits.INTEGER:
        return refuse(
            cx, node, Code.LIMIT, "this integer is beyond ±(2^53 - 1)", "carry it as a string, or split it in a handler"
        )
    if constant is None or isinstance(constant, int):
        return nodes.Literal(span=at(node), value=constant), kinds.PLAIN[type(constant)]
    return refuse(
        cx,
        node,
        Code.SUBSET,
        f"{constant!r} is no string, integer, boolean or None",
        "keep it in a handler: workflows see what JSON can carry",
    )


def _string(cx: Context, node: ast.AST, text: str) -> Checked:
    if len(text) > limits.STRING_CHARACTERS:
        return refuse(
            cx,
            node,
            Code.LIMIT,
            f"this string has {len(text)} characters, and {limits.STRING_CHARACTERS} fit",
            "let a handler answer with it",
        )
    if any(0xD800 <= ord(letter) <= 0xDFFF or letter == "\0" for letter in text):
        return refuse(
            cx,
            node,
            Code.SUBSET,
            "this string cannot be written as JSON everywhere",
            "leave out \\0 and lone surrogates",
        )
    return nodes.Literal(span=at(node), value=text), STRING


def _name(cx: Context, scope: Scope, node: ast.Name) -> Checked:
    name = node.id
    if name in scope.kinds:
        found = nodes.Name(span=at(node), name=name)
        return found, scope.facts.get(name, scope.kinds[name])
    if name in scope.maybe:
        return refuse(
            cx, node, Code.NAME, f"{name} has no value on every path to here", f"give {name} a value before the branch"
        )
    return _outside(cx, scope, node, name)


def _outside(cx: Context, scope: Scope, node: ast.expr, name: str) -> Checked:
    """Check a name that is none of the workflow's own: a constant may be read, nothing else."""
    held = cx.stands_for(node, scope)
    if held is MISSING:
        return refuse(
            cx, node, Code.NAME, f"{name} has no value here", f"assign {name} first, or import what it should be"
        )
    if isinstance(held, enum.Enum):
        return _member(cx, node, held)
    if type(held) in (str, int, bool) and name.isupper():
        return _constant(cx, node, held)
    if type(held) in (str, int, bool):
        return refuse(
            cx,
            node,
            Code.NAME,
            f"{name} could change while a run is under way",
            f"make it a constant: {name.upper()}",
        )
    if isinstance(held, Contract | type) or callable(held):
        return refuse(cx, node, Code.SUBSET, f"{name} is no value", "call it, and await it if it is a contract")
    return refuse(cx, node, Code.WORLD, f"{name} is outside the workflow", "take it from the message, or ask a handler")


def _member(cx: Context, node: ast.AST, member: enum.Enum) -> Checked:
    if not isinstance(member.value, str | int) or isinstance(member.value, bool):
        return refuse(
            cx,
            node,
            Code.TYPE,
            f"{member} is written as {member.value!r}",
            "give the members of the enumeration strings or integers",
        )
    wire = member.value + 0 if isinstance(member.value, int) else str(member.value)
    found = nodes.Member(span=at(node), enumeration=type(member).__name__, member=member.name, value=wire)
    return found, kinds.one("enum", type(member))


def _attribute(cx: Context, scope: Scope, node: ast.Attribute) -> Checked:
    base = cx.stands_for(node.value, scope)
    if inspect.ismodule(base) or (isinstance(base, type) and issubclass(base, enum.Enum)):
        if not hasattr(base, node.attr):
            return refuse(
                cx,
                node,
                Code.NAME,
                f"{ast.unparse(node.value)} has no {node.attr}",
                choices(node.attr, list(vars(base))),
            )
        return _outside(cx, scope, node, node.attr)
    found, kind = expression(cx, scope, node.value)
    if not kind.shapes or not visible(cx, node, kind, "looked into"):
        return nothing(node)
    if kind.optional:
        shown = ast.unparse(node.value)
        return refuse(
            cx,
            node,
            Code.TYPE,
            f"{shown} may be None here",
            f"test it first: if {shown} is None: …" if kind.present.shapes else f"give {shown} a message",
        )
    return _field(cx, scope, node, found, kind)


def _field(cx: Context, scope: Scope, node: ast.Attribute, found: nodes.Expression, kind: Kind) -> Checked:
    alternatives: list[Kind] = []
    for shape in kind.shapes:
        if shape.name not in ("message", "refusal"):
            return refuse(
                cx,
                node,
                Code.TYPE,
                f"{kind} is no message, and a workflow reads nothing of it",
                "read it in a handler, and answer with what the workflow decides on",
            )
        fields = kinds.fields_of(shape)
        if node.attr not in fields:
            return refuse(
                cx,
                node,
                Code.NAME,
                f"{kinds.Kind(frozenset([shape]))} has no field {node.attr}",
                choices(node.attr, list(fields)),
            )
        alternatives.append(fields[node.attr])
    read = nodes.Attribute(span=at(node), value=found, field=node.attr)
    path = path_of(read)
    known = scope.facts.get(path) if path else None
    return read, known or kinds.either(*alternatives)


def _unary(cx: Context, node: ast.UnaryOp) -> Checked:
    if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant) and type(node.operand.value) is int:
        return _constant(cx, node, -node.operand.value)
    return refuse(
        cx,
        node,
        Code.SUBSET,
        "a sign stands before a literal only, and ~ nowhere",
        "write 0 - count for a counter; money is negated in a handler",
    )


def count(
    cx: Context, scope: Scope, node: ast.AST, operator: ast.operator, operands: tuple[ast.expr, ast.expr]
) -> Checked:
    """Check an addition or subtraction of integers."""
    left, right = operands
    first, first_kind = expression(cx, scope, left)
    second, second_kind = expression(cx, scope, right)
    if not first_kind.shapes or not second_kind.shapes:
        return nothing(node)
    if not (visible(cx, left, first_kind, "computed with") and visible(cx, right, second_kind, "computed with")):
        return nothing(node)
    sign = {ast.Add: "+", ast.Sub: "-"}.get(type(operator))
    if sign is None:
        return refuse(
            cx, node, Code.SUBSET, "a workflow counts with + and - only", "compute in a handler, and await its contract"
        )
    if first_kind != INTEGER or second_kind != INTEGER:
        texts = first_kind.only == second_kind.only == "string"
        return refuse(
            cx,
            node,
            Code.TYPE,
            f"{sign} counts integers, and these are {first_kind} and {second_kind}",
            'join strings as f"{a}{b}"' if texts else "compute in a handler, and await its contract",
        )
    return nodes.Count(span=at(node), operator=sign, left=first, right=second), INTEGER


def _text(cx: Context, scope: Scope, node: ast.JoinedStr) -> Checked:
    parts: list[nodes.Expression] = []
    for part in node.values:
        if not isinstance(part, ast.FormattedValue):
            parts.append(expression(cx, scope, part)[0])
            continue
        if part.conversion != -1 or part.format_spec is not None:
            cx.report(
                part,
                Code.SUBSET,
                "an f-string in a workflow has no format and no conversion",
                "write {value} alone, or let a handler format it",
            )
            continue
        checked, kind = expression(cx, scope, part.value)
        parts.append(checked)
        if kind.shapes and visible(cx, part, kind, "formatted") and kind not in (STRING, INTEGER):
            cx.report(
                part,
                Code.TYPE,
                f"an f-string joins strings and integers, and this is {kind}",
                "test for None first" if kind.optional else "let a handler answer with the text",
            )
    return nodes.Text(span=at(node), parts=tuple(parts)), STRING


def list_of(cx: Context, scope: Scope, node: ast.AST, items: list[ast.expr]) -> Checked:
    """Check the items of a list, which are of one type."""
    found: list[nodes.Expression] = []
    seen: list[Kind] = []
    for item in items:
        checked, kind = expression(cx, scope, item)
        found.append(checked)
        if visible(cx, item, kind, "put into a list"):
            seen.append(kind)
    if any(not kind.shapes for kind in seen):
        seen = []
    if len({kind.present for kind in seen if kind.present.shapes}) > 1:
        return refuse(
            cx,
            node,
            Code.TYPE,
            f"the items of a list are of one type, and these are {', '.join(map(str, seen))}",
            "make two lists",
        )
    item_kind = kinds.either(*seen) if seen else UNKNOWN
    return nodes.ListOf(span=at(node), items=tuple(found)), kinds.one("list", item_kind)


def _call(cx: Context, scope: Scope, node: ast.Call) -> Checked:
    called = cx.stands_for(node.func, scope)
    if called is len:
        return _length(cx, scope, node)
    if isinstance(called, Contract) or any(called is word for word in VOCABULARY):
        shown = ast.unparse(node.func)
        return refuse(cx, node, Code.AWAITING, f"{shown} is called and never awaited", f"write await {shown}(…)")
    if isinstance(called, type) and issubclass(called, Refusal | TimedOut):
        return refuse(
            cx, node, Code.SUBSET, "a refusal is built where it is raised", f"write raise {called.__name__}(…)"
        )
    if kinds.is_message(called):
        from isthmus.core.program.check_messages import build  # noqa: PLC0415  # messages hold expressions

        return build(cx, scope, node, called)
    if called is MISSING:
        return _call_of_nothing(cx, scope, node)
    rule, instead = hint_for(called)
    return refuse(cx, node, Code.WORLD, rule, instead)


def _call_of_nothing(cx: Context, scope: Scope, node: ast.Call) -> Checked:
    if isinstance(node.func, ast.Attribute):
        _, kind = expression(cx, scope, node.func.value)
        if not kind.shapes:
            return nothing(node)
        return refuse(
            cx,
            node,
            Code.SUBSET,
            f"a workflow calls no methods, and .{node.func.attr}() is one",
            "compute in a handler: declare a contract for it, and await that",
        )
    if isinstance(node.func, ast.Name) and node.func.id not in scope.kinds:
        return _name(cx, scope, node.func)
    return refuse(
        cx, node, Code.SUBSET, "what is called here is no contract and no message", "name the contract, and await it"
    )


def _length(cx: Context, scope: Scope, node: ast.Call) -> Checked:
    if len(node.args) != 1 or node.keywords:
        return refuse(cx, node, Code.TYPE, "len takes one list", "write len(items)")
    checked, kind = expression(cx, scope, node.args[0])
    if kind.shapes and visible(cx, node, kind, "measured") and kind.only != "list":
        return refuse(
            cx, node, Code.TYPE, f"len counts the items of a list, and this is {kind}", "measure it in a handler"
        )
    return nodes.Length(span=at(node), value=checked), INTEGER


def _subscript(cx: Context, scope: Scope, node: ast.Subscript) -> Checked:
    held = cx.stands_for(node.value, scope)
    if held is not MISSING and not isinstance(held, type):
        return refuse(cx, node, Code.WORLD, *hint_for(held))
    if isinstance(node.slice, ast.Slice):
        return refuse(cx, node, Code.SUBSET, *_REFUSED[ast.Slice])
    return refuse(
        cx,
        node,
        Code.SUBSET,
        "a workflow takes nothing out of a list by its number, and has no dictionaries",
        "walk the list with for, or let a handler answer with the item",
    )
