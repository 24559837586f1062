"""Check how messages and refusals are built: every field, of its type, personal data only where it stays sealed."""

from __future__ import annotations

import ast
import enum
from collections.abc import Mapping
from typing import Any

import msgspec

from isthmus.core.program import kinds, nodes
from isthmus.core.program.check_expressions import expression
from isthmus.core.program.check_values import Checked, choices, nothing, refuse
from isthmus.core.program.context import Context, at
from isthmus.core.program.kinds import NULL, Kind
from isthmus.core.program.problem import Code
from isthmus.core.program.read import MISSING
from isthmus.core.program.scope import Scope


def build(cx: Context, scope: Scope, node: ast.Call, message: Any) -> Checked:
    """Check the building of a message."""
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
            cx.report(keyword, Code.NAME, f"{name} has no field {keyword.arg}", choices(keyword.arg, list(fields)))
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
