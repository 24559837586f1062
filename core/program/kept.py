"""Kept sources: a workflow's function as it was when its version was locked, to be run against the module of today.

    # isthmus lock: change_address 1f2e3d4c5b6a7988 of addresses.flow
    from isthmus.core import wait_for
    from addresses.contracts import AddressChange, Changed

    async def change_by_four_eyes(change: AddressChange) -> Changed:
        ...

A name stands for what it stands for in the module today; the imports serve for what the module has given up since.
Constants are part of the version: they are written beside the imports (`DAYS_MAX = 3`), and stay as they were.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import importlib
import linecache
import re
import textwrap
from collections.abc import Iterator
from datetime import timedelta
from importlib.util import resolve_name
from types import FunctionType
from typing import Any

import msgspec

from isthmus.core.contract import Contract
from isthmus.core.errors import SourceError
from isthmus.core.program.problem import Problem
from isthmus.core.program.read import read
from isthmus.core.workflow import Workflow

HEADER = "# isthmus lock: {contract} {version} of {module}\n"
NOTES = (
    "# Runs that began with this version go on by it. `isthmus lock` wrote it: do not edit it.\n"
    "# ruff: noqa\n# fmt: off\n# mypy: ignore-errors\n"
)
MICROSECOND = timedelta(microseconds=1)
_HEADER = re.compile(r"# isthmus lock: (\S+) ([0-9a-f]{16}) of (\S+)\n")


class LockInvalid(SourceError):
    """Report a workflows.lock, or a source kept beside it, that is not what was locked."""

    code = "ISTH115"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the kept source of one version of a workflow."""

    contract: str
    version: str
    file: str
    text: str


def kept_text(workflow: Workflow[Any, Any], version: str) -> str:
    """Return what is kept of a workflow. Raises LockInvalid (ISTH115) when its function cannot stand alone."""
    function = workflow.function
    if function.__closure__:
        raise LockInvalid(
            f"the workflow of {workflow.contract.name} uses names of the function that it is defined in: "
            f"{', '.join(function.__code__.co_freevars)}",
            place=workflow.place,
            instead="define it at the top of its module",
        )
    source = read(workflow)
    if isinstance(source, Problem):
        raise LockInvalid(source.rule, place=workflow.place, instead=source.instead)
    tree = source.tree
    body = "".join(source.lines[tree.lineno - 1 : tree.end_lineno])
    parts = [tree.args, *([tree.returns] if tree.returns else []), *tree.body]
    used = {node.id for part in parts for node in ast.walk(part) if isinstance(node, ast.Name)}
    module = ast.parse("".join(source.lines))
    package = str(function.__globals__.get("__package__") or "")
    imports = "".join(f"{line}\n" for line in _imports(module, used, package))
    constants = "".join(f"{line}\n" for line in _constants(function.__globals__, used))
    header = HEADER.format(contract=workflow.contract.name, version=version, module=function.__module__)
    return f"{header}{NOTES}{imports}{constants}\n\n{textwrap.dedent(body).rstrip()}\n"


def _imports(module: ast.Module, used: set[str], package: str) -> Iterator[str]:
    """Yield the imports of a module that bring the names which are used, each by its absolute name."""
    for statement in module.body:
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        names = [one for one in statement.names if (one.asname or one.name.partition(".")[0]) in used]
        if not names:
            continue
        if isinstance(statement, ast.ImportFrom):
            origin = resolve_name("." * statement.level + (statement.module or ""), package)
            yield ast.unparse(ast.ImportFrom(module=origin, names=names, level=0))
        else:
            yield ast.unparse(ast.Import(names=names))


def _constants(held: dict[str, Any], used: set[str]) -> Iterator[str]:
    """Yield the assignments of the module's constants that are used: what a program holds by its value."""
    for name in sorted(used & set(held)):
        value = held[name]
        if type(value) in {str, int, bool, type(None)}:
            yield f"{name} = {value!r}"
        elif type(value) is timedelta:
            yield f"{name} = timedelta(microseconds={value // MICROSECOND})"


def _constant(node: ast.Assign) -> Any:
    """Return the value of an assignment that `_constants` wrote; ValueError when it wrote no such thing."""
    match node.value:
        case ast.Call(func=ast.Name(id="timedelta"), args=[], keywords=[ast.keyword(arg="microseconds", value=value)]):
            microseconds = ast.literal_eval(value)
            if type(microseconds) is not int:
                raise ValueError(microseconds)
            return timedelta(microseconds=microseconds)
        case value:
            return ast.literal_eval(value)


def revived(kept: Kept, contract: Contract[Any, Any]) -> Workflow[Any, Any]:
    """Return the workflow that a kept source stands for.

    Raises LockInvalid (ISTH115) when the source is not what `isthmus lock` wrote for that version.
    """
    header = _HEADER.match(kept.text)
    if header is None or (header[1], header[2]) != (kept.contract, kept.version):
        raise _spoilt(kept, f"it does not begin with the line that names {kept.contract} {kept.version}")
    try:
        tree = ast.parse(kept.text)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise _spoilt(kept, f"it is no Python: {error}") from None
    functions = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom | ast.Assign)]
    if len(functions) != 1 or not isinstance(functions[0], ast.AsyncFunctionDef) or functions[0].decorator_list:
        raise _spoilt(kept, "it holds something else than imports, constants and one async def without decorators")
    try:
        today = vars(importlib.import_module(header[3]))
    except ImportError as error:
        raise LockInvalid(
            f"its module {header[3]} cannot be imported: {error}",
            place=kept.file,
            instead="keep the module, with the names that the source uses, until the version is dropped",
        ) from None
    try:
        constants = {ast.unparse(one.targets[0]): _constant(one) for one in tree.body if isinstance(one, ast.Assign)}
    except (ValueError, OverflowError):
        raise _spoilt(kept, "it assigns something else than a constant") from None
    names = {**_imported(tree, today), **today, **constants}
    # What the checker reads is the text that is compiled here, whatever happens to the file.
    lines = kept.text.splitlines(keepends=True)
    linecache.cache[kept.file] = (len(kept.text), None, lines, kept.file)
    return Workflow(contract, _function(kept, functions[0], names))


def _function(kept: Kept, tree: ast.AsyncFunctionDef, names: dict[str, Any]) -> Any:
    """Make the function, whose globals are the names: nothing else of the source is run."""
    for argument in (*tree.args.defaults, *tree.args.kw_defaults):
        if argument is not None:
            raise _spoilt(kept, "its parameters have defaults")
    alone = ast.Module(body=[tree], type_ignores=[])
    flags = __future__.annotations.compiler_flag
    made: dict[str, Any] = {}
    exec(compile(alone, kept.file, "exec", flags=flags, dont_inherit=True), names, made)  # noqa: S102  # our own lock
    function = made[tree.name]
    assert isinstance(function, FunctionType)
    return function


def _imported(tree: ast.Module, today: dict[str, Any]) -> dict[str, Any]:
    """Return what the imports bring that the module no longer has; what is nowhere the checker reports by its use."""
    found: dict[str, Any] = {"__builtins__": builtins}
    for statement in tree.body:
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        for one in statement.names:
            bound = one.asname or one.name.partition(".")[0]
            if bound in today:
                continue
            try:
                if isinstance(statement, ast.ImportFrom):
                    found[bound] = getattr(importlib.import_module(statement.module or ""), one.name)
                else:
                    module = importlib.import_module(one.name)
                    found[bound] = module if one.asname else importlib.import_module(bound)
            except (ImportError, AttributeError):
                continue
    return found


def spoilt_version(kept: Kept, found: str) -> LockInvalid:
    """Say that a kept source has become another program than was locked."""
    return _spoilt(kept, f"it is version {found} of {kept.contract} now, and {kept.version} was locked")


def _spoilt(kept: Kept, why: str) -> LockInvalid:
    return LockInvalid(
        why,
        place=f"{kept.file}:1",
        instead="put back the file as it was locked, and in its module what it uses",
    )
