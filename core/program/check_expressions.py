"""Check expressions: what they read, compare, count and build, and the kind of value each gives."""

from __future__ import annotations

import ast
import enum
import inspect
import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from isthmus.core.contract import Contract
from isthmus.core.message import Event
from isthmus.core.program import kinds, limits, nodes
from isthmus.core.program.check_world import hint_for
from isthmus.core.program.context import Context, at
from isthmus.core.program.kinds import BOOLEAN, INTEGER, NULL, STRING, UNKNOWN, Kind
from isthmus.core.program.problem import Code
from isthmus.core.program.read import MISSING
from isthmus.core.program.scope import Scope, path_of, shown_by
from isthmus.core.refusal import Refusal, TimedOut
from isthmus.core.workflow import each, gather, sleep, wait_for

type Checked = tuple[nodes.Expression, Kind]

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


def nothing(node: ast.AST) -> Checked:
    """Stand for an expression that was refused."""
    return nodes.Literal(span=at(node), value=None), UNKNOWN


def refuse(cx: Context, node: ast.AST, code: Code, rule: str, instead: str) -> Checked:
    """Report a problem, and stand for the expression."""
    cx.report(node, code, rule, instead)
    return nothing(node)


def expression(cx: Context, scope: Scope, node: ast.expr) -> Checked:
    """Check an expression."""
    match node:
        case ast.Constant():
            return _constant(cx, node, node.value)
        case ast.Name():
            return _name(cx, scope, node)
        case ast.Attribute():
            return _attribute(cx, scope, node)
        case ast.Compare():
            return _compare(cx, scope, node)
        case ast.BoolOp():
            return _boolean_operation(cx, scope, node)
        case ast.UnaryOp():
            return _unary(cx, scope, node)
        case ast.BinOp():
            return count(cx, scope, node, node.op, node.left, node.right)
        case ast.JoinedStr():
            return _text(cx, scope, node)
        case ast.List(elts=items):
            return _list(cx, scope, node, items)
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
    for part in _written_alone(checked):
        length = written(part)
        if length > limits.EXPRESSION_CHARACTERS:
            cx.report(
                part.span,
                Code.LIMIT,
                f"this expression takes {length} characters, and {limits.EXPRESSION_CHARACTERS} fit",
                "give a part of it a name on a line of its own",
            )
    return checked, kind


def visible(cx: Context, node: ast.AST, kind: Kind, doing: str) -> bool:
    """Say whether a workflow may look at a value; report why not when it is personal."""
    if kind.personal:
        cx.report(
            node,
            Code.PERSONAL,
            f"personal data is sealed in a workflow and cannot be {doing}",
            "decide in a handler, or use the person's pseudonym",
        )
    return not kind.personal


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
    for part in _written_alone(checked):
        if written(part) > limits.EXPRESSION_CHARACTERS:
            cx.report(
                part.span,
                Code.LIMIT,
                f"this expression takes {written(part)} characters, and {limits.EXPRESSION_CHARACTERS} fit",
                "give a part of it a name on a line of its own",
            )
    held = scope.knowing(shown_by(checked, cx.compared, holds=True))
    return checked, held, scope.knowing(shown_by(checked, cx.compared, holds=False))


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
    if isinstance(held, Contract | type) or held in VOCABULARY or callable(held):
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
                _choices(node.attr, list(vars(base))),
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
                _choices(node.attr, list(fields)),
            )
        alternatives.append(fields[node.attr])
    read = nodes.Attribute(span=at(node), value=found, field=node.attr)
    path = path_of(read)
    known = scope.facts.get(path) if path else None
    return read, known or kinds.either(*alternatives)


def _choices(name: str, among: list[str]) -> str:
    import difflib  # noqa: PLC0415  # only where something is wrong

    near = difflib.get_close_matches(name, among, n=1)
    if near:
        return f"did you mean {near[0]}?"
    shown = [one for one in among if not one.startswith("_")][:12]
    return f"read one of: {', '.join(shown)}" if shown else "it has no fields"


def _compare(cx: Context, scope: Scope, node: ast.Compare) -> Checked:
    if len(node.ops) > 1:
        return refuse(
            cx, node, Code.SUBSET, "a chained comparison is no part of a workflow", "write two, joined by and"
        )
    right_node = node.comparators[0]
    operator = _COMPARISONS[type(node.ops[0])]
    left, left_kind = expression(cx, scope, node.left)
    if isinstance(node.ops[0], ast.In | ast.NotIn) and isinstance(right_node, ast.Tuple):
        right, right_kind = _list(cx, scope, right_node, right_node.elts)
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


def _unary(cx: Context, scope: Scope, node: ast.UnaryOp) -> Checked:
    if isinstance(node.op, ast.Not):
        checked, _ = boolean(cx, scope, node.operand)
        return nodes.Not(span=at(node), operand=checked), BOOLEAN
    if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant) and type(node.operand.value) is int:
        return _constant(cx, node, -node.operand.value)
    return refuse(
        cx,
        node,
        Code.SUBSET,
        "a sign stands before a literal only, and ~ nowhere",
        "write 0 - count for a counter; money is negated in a handler",
    )


def count(cx: Context, scope: Scope, node: ast.AST, operator: ast.operator, left: ast.expr, right: ast.expr) -> Checked:
    """Check an addition or subtraction of integers."""
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


def _list(cx: Context, scope: Scope, node: ast.AST, items: list[ast.expr]) -> Checked:
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
        return _build(cx, scope, node, called)
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


def _build(cx: Context, scope: Scope, node: ast.Call, message: Any) -> Checked:
    base = getattr(message, "__origin__", message)
    if base.__name__ in cx.messages and cx.messages[base.__name__] is not base:
        return refuse(
            cx,
            node,
            Code.NAME,
            f"two messages are called {base.__name__} here",
            "rename one: programs know them by name",
        )
    cx.messages[base.__name__] = base
    shape = kinds.Shape("message", message)
    fields = built(cx, scope, node, kinds.fields_of(shape), defaults_of(base), base.__name__)
    return nodes.Build(span=at(node), message=base.__name__, fields=fields), kinds.Kind(frozenset([shape]))


def defaults_of(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the defaults of a message's fields; MISSING for one that a function makes, other than an empty list."""
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        if field.default is not msgspec.NODEFAULT:
            found[field.name] = field.default
        elif field.default_factory is not msgspec.NODEFAULT:
            found[field.name] = [] if field.default_factory is list else MISSING
    return found


def built(
    cx: Context, scope: Scope, node: ast.Call, fields: Mapping[str, Kind], defaults: Mapping[str, Any], name: str
) -> tuple[tuple[str, nodes.Expression], ...]:
    """Check the fields that a message or refusal is built of, and return all of them, defaults included."""
    if node.args:
        cx.report(node.args[0], Code.TYPE, f"the fields of {name} are given by name", f"write {name}(field=value)")
    given: dict[str, nodes.Expression] = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            cx.report(keyword.value, Code.SUBSET, "** is no part of a workflow", "write each field out")
            return ()
        checked, kind = expression(cx, scope, keyword.value)
        given[keyword.arg] = checked
        if keyword.arg not in fields:
            cx.report(keyword, Code.NAME, f"{name} has no field {keyword.arg}", _choices(keyword.arg, list(fields)))
        else:
            _filled(cx, keyword, f"{name}.{keyword.arg}", kind, fields[keyword.arg])
    for field in () if node.args else fields:
        if field not in given:
            standing = _default(node, defaults.get(field, MISSING))
            if standing is None:
                cx.report(node, Code.TYPE, f"{name} is built without {field}", f"write {name}({field}=…)")
            given[field] = standing or nothing(node)[0]
    return tuple((field, given[field]) for field in fields if field in given)


def _filled(cx: Context, keyword: ast.keyword, field: str, kind: Kind, wanted: Kind) -> None:
    """Report a value that does not fit its field, and personal data that would be laid open or was never sealed."""
    if not kind.shapes:
        return
    if kind.personal and not wanted.personal:
        cx.report(
            keyword.value,
            Code.PERSONAL,
            f"personal data would be laid open in {field}",
            f"mark {field} PERSONAL, or leave it out and use the person's pseudonym",
        )
    elif wanted.personal and not kind.personal and kind != NULL:
        cx.report(
            keyword.value,
            Code.PERSONAL,
            f"{field} is PERSONAL, and this value was never sealed",
            "pass on a PERSONAL field of a message, or let a handler build the message",
        )
    elif not kinds.fits(kind, wanted):
        hint = "test for None first" if kinds.fits(kind.present, wanted) else f"give it {wanted}"
        cx.report(keyword.value, Code.TYPE, f"{field} is {wanted}, and this is {kind}", hint)


def _default(node: ast.AST, default: Any) -> nodes.Expression | None:
    """Return a field's default as an expression, or None when it has none that a program can hold."""
    span = at(node)
    if isinstance(default, enum.Enum):
        return nodes.Member(span=span, enumeration=type(default).__name__, member=default.name, value=default.value)
    if default is None or type(default) in (str, int, bool):
        return nodes.Literal(span=span, value=default)
    if isinstance(default, list | tuple) and not default:
        return nodes.ListOf(span=span, items=())
    return None


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


def named_event(value_: Any) -> bool:
    """Say whether a value is a class of events."""
    return isinstance(value_, type) and issubclass(value_, Event) and value_ is not Event


def _written_alone(found: nodes.Expression) -> list[nodes.Expression]:
    """Return the expressions that a backend writes one by one: the fields of messages and the items of lists."""
    match found:
        case nodes.Build(fields=fields):
            return [part for _, field in fields for part in _written_alone(field)]
        case nodes.ListOf(items=items):
            return [part for item in items for part in _written_alone(item)]
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
