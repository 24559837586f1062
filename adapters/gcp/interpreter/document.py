"""Read a workflow: the file to routines, each routine to typed steps. What is not described is refused, with its line.

    load(text, name="order.yaml") -> Workflow

Reading is three passes: `source` (YAML), this module with `bodies` (steps), `symbols` (names and scopes).
Pages: syntax (file structure), syntax/steps, syntax/subworkflows, quotas.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from isthmus.adapters.gcp.interpreter.bodies import Bodies
from isthmus.adapters.gcp.interpreter.formulas import Compiler, Signature
from isthmus.adapters.gcp.interpreter.limits import LIMITS, Limits
from isthmus.adapters.gcp.interpreter.source import Entries, Items, Node, Reader, Scalar
from isthmus.adapters.gcp.interpreter.steps import Routine, Workflow
from isthmus.adapters.gcp.interpreter.symbols import check

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ROUTINE_KEYS: Final = frozenset({"params", "steps"})
MODULES: Final = frozenset(
    {"base64", "events", "experimental", "googleapis", "hash", "http", "json", "list", "map", "math", "retry", "sys"}
    | {"text", "time", "uuid", "default", "double", "get_type", "if", "int", "keys", "len", "string"}
)


def load(text: str, *, name: str = "workflow.yaml", limits: Limits = LIMITS) -> Workflow:
    """Read a workflow from YAML or JSON. Raises WorkflowInvalid, with the line, for what would not deploy."""
    reader = Reader(name)
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > limits.source_bytes:
        reader.refuse(1, f"the source has {size} bytes, and {limits.source_bytes} are allowed")
    parts = _parts(reader, reader.read(text))
    signatures, defaults = {}, {}
    for routine, node in parts.items():
        signatures[routine], defaults[routine] = _signature(reader, routine, node, parts.keys())
    compiler = Compiler(reader, signatures, limits.expression_characters)
    routines: dict[str, Routine] = {}
    for routine, node in parts.items():
        if "steps" not in node.entries:
            reader.refuse(node.line, f"{routine} has no steps")
        steps = Bodies(reader, compiler, limits, routine).steps(node.entries["steps"])
        routines[routine] = Routine(routine, node.line, signatures[routine], defaults[routine], steps)
    workflow = Workflow(name, routines)
    check(reader, workflow)
    return workflow


def _parts(reader: Reader, node: Node) -> dict[str, Entries]:
    if isinstance(node, Items):
        return {"main": Entries({"steps": node}, {"steps": node.line}, node.line)}
    if not isinstance(node, Entries):
        reader.refuse(node.line, "a workflow is a list of steps, or a map with main", "write main: with steps")
    if "main" not in node.entries:
        reader.refuse(node.line, "there is no main", "write main: with steps")
    parts: dict[str, Entries] = {}
    for routine, part in node.entries.items():
        line = node.key_lines[routine]
        if not NAME.fullmatch(routine) or routine in MODULES:
            reader.refuse(line, f"a sub-workflow cannot be called {routine}")
        if not isinstance(part, Entries):
            reader.refuse(line, f"{routine} is not a map with params and steps")
        if unknown := part.entries.keys() - ROUTINE_KEYS:
            key = min(unknown, key=lambda one: part.key_lines[one])
            reader.refuse(part.key_lines[key], f"{key} is not described for a routine: params and steps are")
        parts[routine] = part
    return parts


def _signature(
    reader: Reader, routine: str, node: Entries, routines: Collection[str]
) -> tuple[Signature, dict[str, Any]]:
    params = node.entries.get("params")
    if params is None:
        return Signature((), frozenset()), {}
    if not isinstance(params, Items):
        reader.refuse(params.line, "params is a list", f"write params: [{_shown(params)}]")
    names: list[str] = []
    defaults: dict[str, Any] = {}
    for param in params.items:
        name, default = _parameter(reader, param)
        if name in names:
            reader.refuse(param.line, f"the parameter {name} is here twice")
        if name in routines:
            reader.refuse(param.line, f"a parameter cannot be called {name}", "no page says which of the two is meant")
        names.append(name)
        defaults.update(default)
    if routine == "main" and (len(names) > 1 or defaults):
        reader.refuse(params.line, "main has at most one parameter, without a default: the argument of the execution")
    return Signature(tuple(names), frozenset(names) - defaults.keys()), defaults


def _parameter(reader: Reader, param: Node) -> tuple[str, Mapping[str, Any]]:
    match param:
        case Scalar(str(name)) if NAME.fullmatch(name):
            return name, {}
        case Entries(entries) if len(entries) == 1:
            name, default = next(iter(entries.items()))
            value = _literal(reader, default)
            if NAME.fullmatch(name):
                return name, {name: value}
    reader.refuse(param.line, "a parameter is a name, or a name with its default")


def _literal(reader: Reader, node: Node) -> Any:
    match node:
        case Scalar(str(text), line) if "${" in text:
            reader.refuse(line, "a default is a value, not an expression")
        case Scalar(value):
            return value
        case Items(items):
            return [_literal(reader, item) for item in items]
        case Entries(entries):
            return {key: _literal(reader, value) for key, value in entries.items()}


def _shown(node: Node) -> str:
    return str(node.value) if isinstance(node, Scalar) else "a, b"
