"""Check the workflows of an App: each from its source to a program, those that it awaits before it.

read        the function's tree, with the positions of its file                       read.py
signature   one message in, the contract's answer out                                 here
statements  what is known flows from each to the next, round loops and into excepts   check_statements.py, …
size        steps of a run, bytes of the source, with the workflows awaited           step_count.py, compiled_size.py
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, get_type_hints

import msgspec

from isthmus.core.contract import Effect
from isthmus.core.errors import InternalError, IsthmusError
from isthmus.core.program import kinds, limits
from isthmus.core.program.check_statements import block, completes
from isthmus.core.program.check_values import name_fits
from isthmus.core.program.compiled_size import compiled_bytes, size_of
from isthmus.core.program.context import Context, Summary
from isthmus.core.program.nodes import Program, Span
from isthmus.core.program.problem import Code, Problem
from isthmus.core.program.read import MISSING, Source, read
from isthmus.core.program.scope import Scope
from isthmus.core.program.step_count import run_steps
from isthmus.core.program.version import version_of
from isthmus.core.workflow import Workflow
from isthmus.core.workflow import workflow as decorator


def check_workflows(workflows: Mapping[str, Workflow[Any, Any]]) -> tuple[dict[str, Program], list[Problem]]:
    """Return the program of each workflow that has no problem, by its contract's name, and every problem found.

    Raises InternalError (ISTH900) with the workflow's place when the checker itself fails.
    """
    checker = _Checker(workflows)
    for name in workflows:
        checker.summary_of(name)
    return {name: checker.programs[name] for name in workflows if name in checker.programs}, sorted(checker.problems)


class _Checker:
    """Check workflows in the order in which they await one another."""

    def __init__(self, workflows: Mapping[str, Workflow[Any, Any]]) -> None:
        self.workflows = workflows
        self.programs: dict[str, Program] = {}
        self.problems: set[Problem] = set()
        self.summaries: dict[str, Summary] = {}
        self.messages: dict[str, type] = {}
        self.waiting: list[str] = []
        self.cycles: list[tuple[str, ...]] = []

    def summary_of(self, name: str) -> Summary | None:
        """Return what is known of the workflow that fulfils a contract; None when a handler fulfils it."""
        if name not in self.workflows:
            return None
        if name in self.waiting:
            self.cycles.append((*self.waiting[self.waiting.index(name) :], name))
            return Summary()
        if name not in self.summaries:
            self.waiting.append(name)
            try:
                self.summaries[name] = self._check(self.workflows[name])
            except kinds.FieldsUnknown as unknown:
                message, error = unknown.args
                self._report_whole(
                    name,
                    Code.NAME,
                    f"the fields of {message} have no types: {error}",
                    "import them, not under TYPE_CHECKING",
                )
            except RecursionError:
                self._report_whole(
                    name,
                    Code.LIMIT,
                    "an expression in this workflow is nested too deep to be read",
                    "give its parts names on lines of their own",
                )
            except IsthmusError:
                raise
            except Exception as error:
                place = self.workflows[name].place
                raise InternalError(f"the checker failed on {name}", place=place, instead="please report it") from error
            finally:
                self.waiting.pop()
        return self.summaries[name]

    def _report_whole(self, name: str, code: Code, rule: str, instead: str) -> None:
        """Report a problem of a workflow that could not be read to its end."""
        self.summaries[name] = Summary()
        source = read(self.workflows[name])
        if isinstance(source, Source):
            self.problems.add(source.problem(source.tree.body[0], code, rule, instead))

    def _check(self, workflow: Workflow[Any, Any]) -> Summary:
        source = read(workflow)
        if isinstance(source, Problem):
            self.problems.add(source)
            return Summary()
        cx = Context(source, workflow, self._summary_of_awaited)
        cx.messages = self.messages
        parameter = _signature(cx)
        body = _body(cx, parameter)
        if not cx.problems:
            self._length(cx, body)
            self._size(cx, parameter, body)
        self.problems |= cx.problems
        if not cx.problems:
            name = workflow.contract.name
            self.programs[name] = Program(
                contract=name,
                parameter=parameter,
                file=source.file,
                body=body,
                version=version_of(name, parameter, body),
                places=tuple(sorted(cx.places.items(), key=lambda item: (item[0].line, item[0].column, item[1]))),
            )
        return cx.summary

    def _length(self, cx: Context, body: Any) -> None:
        """Report a run that takes too many steps, with those of the workflows that it awaits."""
        summaries = {name: self.summaries[name] for name in cx.awaited if name in self.summaries}
        taken = run_steps(body, lambda name: summaries[name].steps if name in summaries else None)
        cx.summary = msgspec.structs.replace(cx.summary, steps=min(taken, limits.STEPS))
        if taken > limits.STEPS:
            cx.report(
                _head(cx),
                Code.LIMIT,
                f"this workflow takes {taken} steps in one run, those it awaits counted in, and {limits.STEPS} fit",
                "let loops turn less often, or let a handler do what they do",
            )

    def _size(self, cx: Context, parameter: str, body: Any) -> None:
        """Report a workflow that is too large to deploy, with those it awaits; where, is what makes it so."""
        contract = cx.workflow.contract
        awaited = {name: one for name, (one, _) in cx.awaited.items()}
        own = size_of(contract, parameter, cx.source.file, body, awaited, self.workflows.keys())
        below = {name: self.summaries[name].sizes for name in awaited if name in self.summaries}
        sizes = dict({(contract.name, own)}.union(*below.values()))
        total, alone = compiled_bytes(sizes.values()), compiled_bytes([own])
        if total <= limits.COMPILED_BYTES:
            cx.summary = msgspec.structs.replace(cx.summary, sizes=frozenset(sizes.items()))
        elif alone > limits.COMPILED_BYTES or not below:
            cx.report(
                _head(cx),
                Code.LIMIT,
                f"this workflow takes {alone} bytes when compiled, and {limits.COMPILED_BYTES} fit",
                "make workflows of its parts, and start those by a topic: whatever is awaited counts with it",
            )
        else:
            largest = max(below, key=lambda name: (sum(size.own for _, size in below[name]), name))
            cx.report(
                cx.awaited[largest][1],
                Code.LIMIT,
                f"with the workflows that it awaits this takes {total} bytes when compiled, {largest} and what is "
                f"below it {compiled_bytes([size for _, size in below[largest]])}, and {limits.COMPILED_BYTES} fit",
                "shorten the largest, or start it by a topic and wait for its event: what is awaited counts with it",
            )

    def _summary_of_awaited(self, cx: Context, node: ast.AST, name: str) -> Summary | None:
        """Return the summary of an awaited workflow; report the await that closes a circle."""
        known = len(self.cycles)
        summary = self.summary_of(name)
        for cycle in self.cycles[known:]:
            if name in self.waiting:
                cx.report(
                    node,
                    Code.AWAITING,
                    f"workflows await one another in a circle: {' -> '.join(cycle)}",
                    "let one of them await the contracts itself, or wait for an event",
                )
        return summary


def _signature(cx: Context) -> str:
    """Check decorators, parameters and annotations, and return the parameter's name."""
    tree, contract = cx.source.tree, cx.workflow.contract
    head = tree.args
    if contract.effect is Effect.UNDO:
        cx.report(
            tree.decorator_list[0] if tree.decorator_list else tree,
            Code.EFFECT,
            f"{contract.name} is an undo, and an undo is one unit of work",
            "fulfil it with a handler",
        )
    name_fits(cx, _head(cx), contract.name, "contract")
    name_fits(cx, _head(cx), contract.unit, "unit")
    for decoration in tree.decorator_list:
        call = decoration.func if isinstance(decoration, ast.Call) else decoration
        if cx.stands_for(call, Scope()) is not decorator and len(tree.decorator_list) > 1:
            cx.report(decoration, Code.SUBSET, "a workflow has no decorator beside @workflow", "delete it")
    for default in (*head.defaults, *(one for one in head.kw_defaults if one is not None)):
        mutable = isinstance(default, ast.List | ast.Dict | ast.Set | ast.Call)
        cx.report(
            default,
            Code.SUBSET,
            "a mutable default would be shared by runs" if mutable else "a workflow's parameter has no default",
            "put it into the message: a field with a default",
        )
    wanted = f"write async def {tree.name}(message: {kinds.kind_of(contract.input_type)})"
    parameters = [*head.posonlyargs, *head.args]
    extra = [*parameters[1:], *head.kwonlyargs, *(one for one in (head.vararg, head.kwarg) if one)]
    for parameter in extra:
        cx.report(parameter, Code.SUBSET, "a workflow takes one message and nothing else", wanted)
    if not parameters:
        cx.report(_head(cx), Code.SUBSET, "a workflow takes one message", wanted)
        return ""
    cx.name_is_free(parameters[0], parameters[0].arg)
    _annotations(cx, parameters[0], wanted)
    return parameters[0].arg


def _head(cx: Context) -> Span:
    """Return the line of the def: all of the function would be too much to mark."""
    tree = cx.source.tree
    width = len(cx.source.lines[tree.lineno - 1].rstrip().encode())
    return Span(tree.lineno, tree.col_offset, tree.lineno, width)


def _annotations(cx: Context, parameter: ast.arg, wanted: str) -> None:
    contract = cx.workflow.contract
    names = {name: held for name, held in cx.source.names.items() if held is not MISSING}
    try:
        hints = get_type_hints(cx.workflow.function, names, names, include_extras=True)
    except Exception:  # noqa: BLE001  # whatever an annotation does, it is a problem of the source
        cx.report(
            parameter,
            Code.NAME,
            "an annotation of this workflow stands for no type",
            "import it, not under TYPE_CHECKING",
        )
        return
    if hints.get(parameter.arg) != contract.input_type:
        kind = kinds.kind_of(contract.input_type)
        cx.report(parameter, Code.TYPE, f"{contract.name} takes {kind}, and this workflow does not", wanted)
    if hints.get("return", MISSING) != contract.output_type:
        kind = kinds.kind_of(contract.output_type)
        cx.report(
            cx.source.tree.returns or _head(cx),
            Code.TYPE,
            f"{contract.name} answers {kind}, and this workflow does not",
            f"write -> {kind}",
        )


def _body(cx: Context, parameter: str) -> Any:
    """Check the statements, and that every path ends with an answer."""
    statements = cx.source.tree.body
    match statements[0]:
        case ast.Expr(value=ast.Constant(value=str())):
            statements = statements[1:]
    scope = Scope()
    if parameter:
        kind = kinds.kind_of(cx.workflow.contract.input_type)
        cx.declared[parameter] = kind
        cx.annotated.add(parameter)
        scope.assign(parameter, kind)
    body, after = block(cx, scope, statements, "")
    if after is None:
        return body
    completes(cx, after)
    wanted = kinds.kind_of(cx.workflow.contract.output_type)
    if not wanted.optional:
        cx.report(
            _head(cx),
            Code.TYPE,
            f"{cx.workflow.contract.name} answers {wanted}, and a path ends without an answer",
            f"return {wanted} at the end, or raise a refusal",
        )
    return body
