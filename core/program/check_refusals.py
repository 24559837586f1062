"""Check `raise`, and `try` with its `except`: refusals and TimedOut, and nothing else."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from isthmus.core.program import kinds, limits, nodes
from isthmus.core.program.check_messages import built, defaults_of
from isthmus.core.program.check_values import name_fits, short_enough
from isthmus.core.program.context import Catcher, Context, at
from isthmus.core.program.kinds import UNKNOWN, Kind
from isthmus.core.program.problem import Code
from isthmus.core.program.scope import Scope, join
from isthmus.core.refusal import Refusal, TimedOut

if TYPE_CHECKING:
    from isthmus.core.program.check_statements import Read, ReadBlock

type Clause = tuple[type[Exception], ...]


def raise_statement(cx: Context, scope: Scope, statement: ast.Raise) -> nodes.Statement | None:
    """Check a raise: of a refusal that is built here, or of one that was caught."""
    if statement.cause is not None:
        cx.report(statement.cause, Code.SUBSET, "raise … from is no part of a workflow", "raise the refusal alone")
    match statement.exc:
        case None:
            return _raise_again(cx, scope, statement)
        case ast.Name(id=name) if any(name == caught for caught, _ in cx.caught):
            return _raise_caught(cx, scope, statement, name)
        case ast.Call() | ast.Name() | ast.Attribute():
            return _raise_new(cx, scope, statement, statement.exc)
    cx.report(statement, Code.SUBSET, "what is raised here is no refusal", "write raise Refused(field=value)")
    return None


def _raise_again(cx: Context, scope: Scope, statement: ast.Raise) -> nodes.Statement | None:
    if not cx.caught:
        cx.report(
            statement,
            Code.SUBSET,
            "raise alone stands only in an except",
            "name the refusal: raise Refused(field=value)",
        )
        return None
    return _raise_caught(cx, scope, statement, cx.caught[-1][0])


def _raise_caught(cx: Context, scope: Scope, statement: ast.Raise, name: str) -> nodes.Statement:
    clause = next(clause for caught, clause in reversed(cx.caught) if caught == name)
    for thrown in clause:
        cx.throw(statement, scope, thrown, "this raise")
    return nodes.Raise(span=at(statement), place=cx.place, refusal=name, fields=None)


def _raise_new(cx: Context, scope: Scope, statement: ast.Raise, node: ast.expr) -> nodes.Statement | None:
    called = cx.stands_for(node.func if isinstance(node, ast.Call) else node, scope)
    if called is TimedOut:
        cx.report(statement, Code.EFFECT, "TimedOut is raised by wait_for alone", "raise a refusal of your own")
        return None
    if not (isinstance(called, type) and issubclass(called, Refusal) and called is not Refusal):
        cx.report(
            statement,
            Code.EFFECT,
            f"{ast.unparse(node.func if isinstance(node, ast.Call) else node)} is no refusal",
            "derive it from Refusal, and declare it in the contract's refuses; a failure is raised by handlers alone",
        )
        return None
    if not isinstance(node, ast.Call):
        node = ast.copy_location(ast.Call(func=node, args=[], keywords=[]), node)
    shape = kinds.Shape("refusal", called)
    name_fits(cx, node, called.__name__, "refusal")
    fields = built(cx, scope, node, kinds.fields_of(shape), defaults_of(called.Fields), called.__name__)
    for _, field in fields:
        short_enough(cx, field)
    cx.throw(statement, scope, called, "this raise")
    return nodes.Raise(span=at(statement), place=cx.place, refusal=called.__name__, fields=fields)


def try_statement(cx: Context, scope: Scope, statement: ast.Try, block: ReadBlock) -> Read:
    """Check a try: each except sees what is known wherever in the body it may have been thrown."""
    place = cx.place
    if statement.finalbody:
        cx.report(
            statement.finalbody[0],
            Code.SUBSET,
            "finally is no part of a workflow",
            "leave it out: what was done is undone by the contracts' undone_by",
        )
    if len(statement.handlers) > limits.CLAUSES:
        cx.report(
            statement.handlers[limits.CLAUSES],
            Code.LIMIT,
            f"this try has {len(statement.handlers)} except clauses, and {limits.CLAUSES} fit",
            "catch several refusals in one: except (First, Second)",
        )
    clauses = [_clause(cx, scope, handler) for handler in statement.handlers]
    catcher = Catcher(clauses)
    cx.catchers.append(catcher)
    body, after_body = block(cx, scope.copy(), statement.body, f"{place}.try.")
    cx.catchers.pop()
    orelse: tuple[nodes.Statement, ...] = ()
    if statement.orelse and after_body is not None:
        orelse, after_body = block(cx, after_body, statement.orelse, f"{place}.else.")
    catches: list[nodes.Catch] = []
    afters: list[Scope | None] = [after_body]
    for number, handler in enumerate(statement.handlers):
        caught, after = _handler(cx, join(catcher.scopes[number]), handler, clauses[number], block, place, number)
        catches += [caught] if caught is not None else []
        afters.append(after)
    found = nodes.Try(span=at(statement), place=place, body=body, catches=tuple(catches), orelse=orelse)
    return found, join(afters)


def _clause(cx: Context, scope: Scope, handler: ast.ExceptHandler) -> Clause:
    """Return the refusals that an except names."""
    if handler.type is None:
        cx.report(
            handler, Code.SUBSET, "a bare except would catch failures too", "write except Refused: or except TimedOut:"
        )
        return ()
    found: list[type[Exception]] = []
    for node in handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]:
        held = cx.stands_for(node, scope)
        if isinstance(held, type) and issubclass(held, Refusal | TimedOut) and held is not Refusal:
            name_fits(cx, node, held.__name__, "refusal")
            found.append(held)
            continue
        cx.report(
            node,
            Code.EFFECT,
            f"a workflow does not catch {ast.unparse(node)}",
            "name the refusals, or TimedOut: failures are retried, and then taken back",
        )
    return tuple(found)


def _handler(
    cx: Context,
    scope: Scope | None,
    handler: ast.ExceptHandler,
    clause: Clause,
    block: ReadBlock,
    place: str,
    number: int,
) -> tuple[nodes.Catch | None, Scope | None]:
    """Check one except."""
    if not clause:
        return None, None
    if scope is None:
        cx.report(
            handler.type or handler,
            Code.EFFECT,
            f"nothing in this try ends with {' or '.join(one.__name__ for one in clause)}",
            "catch what the awaited contracts declare in refuses, or delete this except",
        )
        return None, None
    raised_again = any(isinstance(node, ast.Raise) and node.exc is None for node in ast.walk(handler))
    name = handler.name or (f"_caught_{place.replace('.', '_')}_{number}" if raised_again else None)
    if handler.name is not None:
        free = cx.name_is_free(handler, handler.name)
        scope.assign(handler.name, _caught_kind(clause) if free else UNKNOWN)
    cx.caught.append((name or "", clause))
    body, after = block(cx, scope, handler.body, f"{place}.except{number}.")
    cx.caught.pop()
    if after is not None and handler.name is not None:
        after.forget(handler.name)
    names = tuple(one.__name__ for one in clause)
    return nodes.Catch(span=at(handler), refusals=names, name=name, body=body), after


def _caught_kind(clause: Clause) -> Kind:
    return kinds.either(*(kinds.one("refusal", one) for one in clause))
