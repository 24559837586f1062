"""Check statements one after the other, and follow what is known from each to the next."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any, Final, assert_never

import msgspec

from isthmus.core.program import kinds, limits, nodes
from isthmus.core.program.check_awaits import waited
from isthmus.core.program.check_comparisons import test
from isthmus.core.program.check_expressions import count, expression, value
from isthmus.core.program.check_loops import for_loop, while_loop
from isthmus.core.program.check_refusals import raise_statement, try_statement
from isthmus.core.program.check_values import visible
from isthmus.core.program.context import Context, at
from isthmus.core.program.kinds import NULL, UNKNOWN, Kind
from isthmus.core.program.problem import Code
from isthmus.core.program.scope import Scope, join

type Read = tuple[nodes.Statement | None, Scope | None]
type Statements = tuple[nodes.Statement, ...]
type ReadBlock = Callable[[Context, Scope, Sequence[ast.stmt], str], tuple[Statements, Scope | None]]

_REFUSED: Final[dict[type[ast.stmt], tuple[str, str]]] = {
    ast.FunctionDef: ("a function inside a workflow is no part of it", "declare a contract, and do it in a handler"),
    ast.AsyncFunctionDef: ("a function inside a workflow is no part of it", "make it a workflow of its own contract"),
    ast.ClassDef: ("a class inside a workflow is no part of it", "declare messages beside their contracts"),
    ast.Delete: ("del is no part of a workflow", "leave the name alone"),
    ast.AsyncFor: (
        "async for is no part of a workflow",
        "await a contract that answers with a list, and walk it with for",
    ),
    ast.With: ("with is no part of a workflow: it would run code of others", "do it in a handler"),
    ast.AsyncWith: ("async with is no part of a workflow: it would run code of others", "do it in a handler"),
    ast.Import: ("an import inside a workflow is no part of it", "import at the top of the file"),
    ast.ImportFrom: ("an import inside a workflow is no part of it", "import at the top of the file"),
    ast.Global: (
        "global is no part of a workflow: runs share nothing",
        "keep it in the message, or in a table of a handler",
    ),
    ast.Nonlocal: (
        "nonlocal is no part of a workflow: runs share nothing",
        "keep it in the message, or in a table of a handler",
    ),
    ast.Assert: (
        "assert is no part of a workflow: it would be a failure",
        "raise a refusal that the contract declares",
    ),
    ast.Match: ("match is no part of a workflow", "write if and elif"),
    ast.TryStar: ("except* is no part of a workflow", "write except Refusal"),
    ast.TypeAlias: ("a type statement inside a workflow is no part of it", "declare it at the top of the file"),
}


def block(cx: Context, scope: Scope, statements: Sequence[ast.stmt], prefix: str) -> tuple[Statements, Scope | None]:
    """Check statements in order; the scope is None when none of their paths goes on."""
    found: list[nodes.Statement] = []
    after: Scope | None = scope
    cx.depth += 1
    if cx.depth > limits.NESTING:
        cx.report(
            statements[0],
            Code.LIMIT,
            f"blocks stand {cx.depth} deep here, and {limits.NESTING} fit",
            "return or raise early, or make a workflow of the inner part",
        )
        cx.depth -= 1
        return (), scope
    for number, statement in enumerate(statements):
        if after is None:
            cx.report(
                statement, Code.SUBSET, "nothing gets here: every path before returns, raises or leaves", "delete it"
            )
            break
        outer_place, outer_hoisted = cx.place, cx.hoisted
        cx.place, cx.hoisted = f"{prefix}{number}", []
        checked, after = _statement(cx, after, statement)
        found += cx.hoisted
        if checked is not None:
            found.append(checked)
        cx.place, cx.hoisted = outer_place, outer_hoisted
    cx.depth -= 1
    return tuple(found), after


def _statement(cx: Context, scope: Scope, statement: ast.stmt) -> Read:
    match statement:
        case ast.Expr(value=ast.Await() as node):
            return _await(cx, scope, node, [], statement)
        case ast.Expr():
            return _lone_expression(cx, scope, statement)
        case ast.Assign(targets=[target], value=assigned):
            return _assign(cx, scope, statement, target, assigned)
        case ast.Assign():
            cx.report(statement, Code.SUBSET, "one value is assigned to several names", "write a line for each")
            return None, scope
        case ast.AnnAssign():
            return _annotated(cx, scope, statement)
        case ast.AugAssign():
            return _count(cx, scope, statement)
        case ast.If():
            return _if(cx, scope, statement)
        case ast.For():
            return for_loop(cx, scope, statement, block)
        case ast.While():
            return while_loop(cx, scope, statement, block)
        case ast.Try():
            return try_statement(cx, scope, statement, block)
        case ast.Raise():
            return raise_statement(cx, scope, statement), None
        case ast.Return():
            return _return(cx, scope, statement), None
        case ast.Break() | ast.Continue():
            return _leave(cx, scope, statement), None
        case ast.Pass():
            return nodes.Pass(span=at(statement), place=cx.place), scope
    rule, instead = _REFUSED.get(
        type(statement), (f"{type(statement).__name__} is no part of a workflow", "do it in a handler")
    )
    cx.report(statement, Code.SUBSET, rule, instead)
    return None, scope


def _lone_expression(cx: Context, scope: Scope, statement: ast.Expr) -> Read:
    before = len(cx.problems)
    expression(cx, scope, statement.value)
    if len(cx.problems) == before:
        cx.report(statement, Code.SUBSET, "this value goes nowhere", "assign it to a name, or delete the line")
    return None, scope


def _await(cx: Context, scope: Scope, node: ast.Await, targets: list[ast.expr], statement: ast.stmt) -> Read:
    """Check an await that is a whole statement, or all that is assigned."""
    cx.places[at(node)] = cx.place
    awaited, kind = waited(cx, scope, node)
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    if len(names) < len(targets):
        cx.report(statement, Code.SUBSET, "an answer is assigned to plain names", "name each answer")
        return None, scope
    if kind.only == "answers":
        (shape,) = kind.shapes
        if len(targets) not in (0, len(shape.of)) or (len(targets) == 1):
            cx.report(
                statement,
                Code.TYPE,
                f"gather gives {len(shape.of)} answers, and the names for them are {len(targets)}",
                "write one name for each: first, second = await gather(…)",
            )
            awaited = None
        answers = list(shape.of)
    else:
        if len(targets) > 1 and awaited is not None:
            cx.report(statement, Code.TYPE, "one answer is assigned to several names", "only gather gives several")
            awaited = None
        answers = [kind]
    for position, target in enumerate(targets):
        known = answers[position] if len(answers) == len(targets) else UNKNOWN
        give(cx, scope, target, known)
    if awaited is None:
        return None, scope
    return nodes.Await(span=at(node), place=cx.place, awaited=awaited, targets=tuple(names)), scope


def _assign(cx: Context, scope: Scope, statement: ast.stmt, target: ast.expr, assigned: ast.expr) -> Read:
    if isinstance(target, ast.Tuple | ast.List):
        if isinstance(assigned, ast.Await):
            return _await(cx, scope, assigned, list(target.elts), statement)
        cx.report(
            statement, Code.SUBSET, "only the answers of gather are unpacked", "read the fields that you need by name"
        )
        for name in target.elts:
            if isinstance(name, ast.Name):
                scope.assign(name.id, UNKNOWN)
        return None, scope
    if not isinstance(target, ast.Name):
        rule = "a message is frozen" if isinstance(target, ast.Attribute) else "only names are assigned to"
        cx.report(statement, Code.SUBSET, rule, "build a new message with the values it should have")
        return None, scope
    if isinstance(assigned, ast.Await):
        return _await(cx, scope, assigned, [target], statement)
    checked, kind = value(cx, scope, assigned)
    give(cx, scope, target, kind)
    if isinstance(checked, nodes.Literal) and type(checked.value) is int:
        scope.counters[target.id] = checked.value
    return nodes.Assign(span=at(statement), place=cx.place, name=target.id, value=checked), scope


def give(cx: Context, scope: Scope, target: ast.expr, kind: Kind) -> None:
    """Give a name a value of a kind: the first one decides what the name holds, unless an annotation has."""
    if not isinstance(target, ast.Name):
        return
    name = target.id
    if not cx.name_is_free(target, name):
        scope.assign(name, UNKNOWN)
        return
    if any(name == caught for caught, _ in cx.caught):
        cx.report(target, Code.NAME, f"{name} holds the refusal that was caught", "use another name")
    declared = cx.declared.get(name)
    may_widen = name not in cx.annotated
    if declared is None or name == "_" or (may_widen and not (declared.shapes and kind.shapes)):
        cx.declared[name] = kind
    elif may_widen and (NULL in (declared, kind) or declared.present == kind.present):
        cx.declared[name] = kinds.either(declared, kind)
    elif not kinds.fits(kind, declared) or (kind.personal and not declared.personal):
        cx.report(
            target,
            Code.TYPE,
            f"{name} holds {declared}, and this is {kind}",
            "use another name, or annotate the first assignment with both types",
        )
    scope.assign(name, kind)


def _annotated(cx: Context, scope: Scope, statement: ast.AnnAssign) -> Read:
    if not isinstance(statement.target, ast.Name) or statement.value is None:
        cx.report(statement, Code.SUBSET, "a name is declared without a value", "give it a value on the same line")
        return None, scope
    try:
        annotation = eval(  # noqa: S307  # the developer's own annotation, in the developer's own module
            compile(ast.Expression(statement.annotation), cx.source.file, "eval"), dict(cx.source.names)
        )
    except Exception:  # noqa: BLE001  # whatever an annotation does, it is a problem of the source
        cx.report(
            statement.annotation,
            Code.NAME,
            "this annotation stands for no type",
            "import the type, not under TYPE_CHECKING",
        )
        annotation = Any
    name, kind = statement.target.id, kinds.kind_of(annotation)
    if annotation is not Any:
        if name in cx.declared and name not in cx.annotated and cx.declared[name] != kind:
            cx.report(
                statement, Code.TYPE, f"{name} already holds {cx.declared[name]}", "annotate its first assignment"
            )
        cx.declared[name] = kind
        cx.annotated.add(name)
    return _assign(cx, scope, statement, statement.target, statement.value)


def _count(cx: Context, scope: Scope, statement: ast.AugAssign) -> Read:
    if not isinstance(statement.target, ast.Name):
        cx.report(statement, Code.SUBSET, "a message is frozen", "count in a name")
        return None, scope
    read = ast.copy_location(ast.Name(id=statement.target.id, ctx=ast.Load()), statement.target)
    checked, kind = count(cx, scope, statement, statement.op, (read, statement.value))
    give(cx, scope, statement.target, kind)
    return nodes.Assign(span=at(statement), place=cx.place, name=read.id, value=checked), scope


def _if(cx: Context, scope: Scope, statement: ast.If) -> Read:
    place = cx.place
    if isinstance(statement.test, ast.Constant):
        cx.report(statement.test, Code.SUBSET, "this test is always the same", "keep the branch that is taken")
    checked, held, failed = test(cx, scope, statement.test)
    then, after_then = block(cx, held, statement.body, f"{place}.then.")
    orelse: Statements = ()
    after_else: Scope | None = failed
    if statement.orelse:
        orelse, after_else = block(cx, failed, statement.orelse, f"{place}.else.")
    found = nodes.If(span=at(statement), place=place, test=checked, then=then, orelse=orelse)
    return found, join([after_then, after_else])


def _return(cx: Context, scope: Scope, statement: ast.Return) -> nodes.Statement:
    wanted = kinds.kind_of(cx.workflow.contract.output_type)
    checked: nodes.Expression | None = None
    kind = NULL
    if statement.value is not None:
        checked, kind = value(cx, scope, statement.value)
    if not kinds.fits(kind, wanted):
        name = cx.workflow.contract.name
        hint = "test for None first" if kinds.fits(kind.present, wanted) and kind.optional else f"return {wanted}"
        cx.report(statement, Code.TYPE, f"{name} answers {wanted}, and this is {kind}", hint)
    visible(cx, statement, kind, "returned by itself")
    completes(cx, scope)
    return nodes.Return(span=at(statement), place=cx.place, value=checked)


def completes(cx: Context, scope: Scope) -> None:
    """Let the workflow end here with an answer."""
    if scope.final is not None:
        cx.summary = msgspec.structs.replace(cx.summary, final=scope.final)


def _leave(cx: Context, scope: Scope, statement: ast.Break | ast.Continue) -> nodes.Statement:
    loop = cx.loops[-1]
    match statement:
        case ast.Break():
            loop.left.append(scope)
            return nodes.Break(span=at(statement), place=cx.place)
        case ast.Continue():
            loop.continued.append(scope)
            return nodes.Continue(span=at(statement), place=cx.place)
        case _:
            assert_never(statement)
