"""Read the source of a workflow: its tree with the positions of its file, and what its names stand for."""

from __future__ import annotations

import ast
import builtins
import linecache
from typing import Any, Final

import msgspec

from isthmus.core.program.nodes import Span
from isthmus.core.program.problem import Code, Problem, problem_at
from isthmus.core.workflow import Workflow


class _Missing:
    """Be what a name stands for that stands for nothing."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a workflow's function as written."""

    file: str
    lines: tuple[str, ...]
    tree: ast.AsyncFunctionDef
    names: dict[str, Any]
    """What the names of the function that are not its own stand for: closure, then globals, then builtins."""

    def problem(self, node: ast.AST | Span, code: Code, rule: str, instead: str) -> Problem:
        """Make a problem of a place in this source."""
        span = node if isinstance(node, Span) else span_of(node)
        return problem_at(self.file, self.lines, span, code, rule, instead)


def span_of(node: Any) -> Span:
    """Return where a node of Python's tree stands."""
    return Span(node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)


def read(workflow: Workflow[Any, Any]) -> Source | Problem:
    """Return the workflow's source, or why it cannot be read."""
    code = workflow.function.__code__
    file, line = code.co_filename, code.co_firstlineno
    lines = _lines(file, workflow.function.__globals__)
    span = Span(line, 0, line, len(lines[line - 1].rstrip()) if 0 < line <= len(lines) else 0)

    def refuse(rule: str, instead: str) -> Problem:
        return problem_at(file, lines, span, Code.SOURCE, rule, instead)

    if all(column is None for _, _, column, _ in code.co_positions()):
        return refuse(
            "Python was told to forget the positions of the code",
            "run without -X no_debug_ranges and without PYTHONNODEBUGRANGES",
        )
    if not lines:
        return refuse(
            f"the source of {workflow.function.__name__} cannot be read",
            "define the workflow in a .py file that is there when the App is loaded",
        )
    try:
        module = ast.parse("".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return refuse("the file is no longer what was imported", "load the App again from the saved file")
    tree = _function(module, code.co_name, line)
    if tree is None:
        return refuse(
            f"there is no async def {code.co_name} on this line",
            "define it with async def, decorate it with @workflow alone, and load the App from the saved file",
        )
    if not _agree(tree, code):
        return refuse("the file is no longer what was imported", "load the App again from the saved file")
    return Source(file=file, lines=lines, tree=tree, names=_names(workflow))


def _lines(file: str, module: dict[str, Any]) -> tuple[str, ...]:
    linecache.checkcache(file)
    return tuple(linecache.getlines(file, module))


def _function(module: ast.Module, name: str, line: int) -> ast.AsyncFunctionDef | None:
    for node in ast.walk(module):
        if isinstance(node, ast.AsyncFunctionDef) and node.name == name:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if first == line:
                return node
    return None


def _agree(tree: ast.AsyncFunctionDef, code: Any) -> bool:
    """Say whether the awaits of the source are where those of the compiled code are."""
    spans = {_corners(node) for node in awaits_of(tree)}
    compiled = {(line, column, end_line, end) for line, end_line, column, end in code.co_positions()}
    return not spans or bool(spans & compiled)


def _corners(node: ast.Await) -> tuple[int, int, int | None, int | None]:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def awaits_of(tree: ast.AST) -> list[ast.Await]:
    """Return every `await` in a tree."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Await)]


def _names(workflow: Workflow[Any, Any]) -> dict[str, Any]:
    function = workflow.function
    names: dict[str, Any] = {**vars(builtins), **function.__globals__}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            names[name] = cell.cell_contents
        except ValueError:  # assigned after the workflow was made, or never
            names[name] = MISSING
    return names
