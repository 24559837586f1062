"""What the passes of the checker share while they read one workflow."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from isthmus.core.contract import Contract
from isthmus.core.program import limits, nodes
from isthmus.core.program.compiled_size import Size
from isthmus.core.program.kinds import Kind
from isthmus.core.program.problem import Code, Problem
from isthmus.core.program.read import MISSING, Source, span_of
from isthmus.core.program.scope import Scope
from isthmus.core.refusal import Refusal, TimedOut
from isthmus.core.workflow import Workflow


class Summary(msgspec.Struct, frozen=True):
    """Say what whoever awaits a workflow must know of it."""

    final: str | None = None
    """A final contract that it may have fulfilled when it completes."""
    times_out: bool = False
    parallel: int = 0
    """How deep `gather` and `each` stand in one another, those of its own children included."""
    deep: int = 1
    """How many workflows await one another, itself included."""
    steps: int = 0
    """How many steps of Workflows a run takes at most, with what it awaits."""
    sizes: frozenset[tuple[str, Size]] = frozenset()
    """How large each workflow is when compiled: itself, and every one below it, once."""


class Catcher:
    """Be a `try` around what is being read: what it catches, and the scopes in which that happens."""

    def __init__(self, clauses: list[tuple[type[Exception], ...]]) -> None:
        self.clauses = clauses
        self.scopes: list[list[Scope]] = [[] for _ in clauses]

    def catch(self, thrown: type[Exception], scope: Scope) -> bool:
        """Take what was thrown to the first clause that names it."""
        for clause, scopes in zip(self.clauses, self.scopes, strict=True):
            if issubclass(thrown, clause):
                scopes.append(scope.copy())
                return True
        return False


class Loop:
    """Be a loop around what is being read: the scopes in which it is left and gone on with."""

    def __init__(self) -> None:
        self.left: list[Scope] = []
        self.continued: list[Scope] = []


class Context:
    """Hold one workflow's source, the problems found in it, and what surrounds the statement that is being read."""

    def __init__(
        self,
        source: Source,
        workflow: Workflow[Any, Any],
        summary_of: Callable[[Context, ast.AST, str], Summary | None],
    ) -> None:
        self.source = source
        self.workflow = workflow
        self.summary_of = summary_of
        """Give the summary of the workflow that fulfils a contract, or None when a handler does."""
        self.own = {
            node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        """The names that the function assigns anywhere: in all of it they are its own, as in Python."""
        self.problems: set[Problem] = set()
        self.declared: dict[str, Kind] = {}
        self.annotated: set[str] = set()
        self.messages: dict[str, type] = {}
        self.catchers: list[Catcher] = []
        self.loops: list[Loop] = []
        self.caught: list[tuple[str, tuple[type[Exception], ...]]] = []
        self.hoisted: list[nodes.Await] | None = None
        self.place = ""
        self.blocked = ""
        """Why an await may not stand where expressions are being read, or an empty string."""
        self.compared: dict[str, Kind] = {}
        self.places: dict[nodes.Span, str] = {}
        self.awaited: dict[str, tuple[Contract[Any, Any], ast.AST]] = {}
        """Every contract that is awaited, and where first."""
        self.summary = Summary()
        self.muted = False
        self.depth = 0

    def report(self, node: ast.AST | nodes.Span, code: Code, rule: str, instead: str) -> None:
        """Add a problem, unless the same source is being read to find out what flows round a loop."""
        if not self.muted:
            self.problems.add(self.source.problem(node, code, rule, instead))

    def stands_for(self, node: ast.expr, scope: Scope) -> Any:
        """Return what a name or a dotted name stands for when it is none of the workflow's own, else MISSING."""
        match node:
            case ast.Name(id=name):
                if name in self.own or name in scope.kinds or name in scope.maybe:
                    return MISSING
                return self.source.names.get(name, MISSING)
            case ast.Attribute(value=value, attr=name):
                base = self.stands_for(value, scope)
                if base is MISSING or isinstance(base, str | int):
                    return MISSING
                try:
                    return getattr(base, name, MISSING)
                except Exception:  # noqa: BLE001  # a property of someone's object: whatever it does, it is no vocabulary
                    return MISSING
        return MISSING

    @contextmanager
    def mute(self) -> Iterator[None]:
        """Read without reporting."""
        before, self.muted = self.muted, True
        try:
            yield
        finally:
            self.muted = before

    @contextmanager
    def block(self, reason: str) -> Iterator[None]:
        """Read an expression in which no await may stand."""
        before, self.blocked = self.blocked, self.blocked or reason
        try:
            yield
        finally:
            self.blocked = before

    def throw(self, node: ast.AST, scope: Scope, thrown: type[Exception], what: str) -> None:
        """Let a refusal or a timeout happen here: it is caught, or it ends the run by the contract's leave."""
        for catcher in reversed(self.catchers):
            if catcher.catch(thrown, scope):
                return
        contract = self.workflow.contract
        if scope.final is not None:
            self.report(
                node,
                Code.EFFECT,
                f"{what} can end the run with {thrown.__name__} after {scope.final}, which is final",
                f"catch {thrown.__name__} here, or do it before {scope.final}: what is final is not taken back",
            )
        if issubclass(thrown, TimedOut):
            self.summary = msgspec.structs.replace(self.summary, times_out=True)
        elif issubclass(thrown, Refusal) and not issubclass(thrown, contract.refuses):
            self.report(
                node,
                Code.EFFECT,
                f"{what} can end the run with {thrown.__name__}, which {contract.name} does not declare",
                f"add {thrown.__name__} to the refuses of {contract.name}, or catch it here",
            )

    def name_is_free(self, node: ast.AST, name: str) -> bool:
        """Say whether a workflow may give a value to this name; report why not."""
        held = self.source.names.get(name, MISSING)
        if not name.isascii() or len(name) > limits.NAME_CHARACTERS:
            self.report(
                node,
                Code.LIMIT,
                f"{name!r} is no name that every backend takes",
                f"use ASCII letters, digits and _, at most {limits.NAME_CHARACTERS} of them",
            )
        elif name.startswith("_await") or name.startswith("_caught"):
            self.report(node, Code.NAME, f"names that begin as {name!r} does are Isthmus's own", "rename it")
        elif held is not MISSING and (isinstance(held, type) or callable(held)):
            self.report(
                node,
                Code.NAME,
                f"{name!r} would hide what the name stands for outside the workflow",
                f"rename it, for example {name}_answer",
            )
        else:
            return True
        return False


def at(node: Any) -> nodes.Span:
    """Return where a node of Python's tree stands."""
    return span_of(node)
