"""Read a `call` step: what is called, and whether the arguments are those that it has.

Pages: syntax/calls, syntax/subworkflows, stdlib/*.
"""

from __future__ import annotations

import re
from typing import Final

from isthmus.adapters.gcp.interpreter.blocking import BLOCKING
from isthmus.adapters.gcp.interpreter.formulas import Compiler, Formula
from isthmus.adapters.gcp.interpreter.library import FUNCTIONS
from isthmus.adapters.gcp.interpreter.policies import PREDICATES
from isthmus.adapters.gcp.interpreter.source import Entries, Items, Node, Reader, Scalar
from isthmus.adapters.gcp.interpreter.steps import Call

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_call(reader: Reader, compiler: Compiler, node: Entries) -> Call:
    """Read a call step."""
    called = node.entries["call"]
    if not isinstance(called, Scalar) or not isinstance(called.value, str):
        reader.refuse(called.line, "call is the name of a function or a sub-workflow")
    function = called.value
    parameters, required, refused = _parameters(reader, compiler, function, called.line)
    named, in_order = _arguments(reader, compiler, node.entries.get("args"))
    given = [*named, *parameters[: len(in_order)]]
    line = node.entries.get("args", called).line
    if len(in_order) > len(parameters):
        reader.refuse(line, f"{function} has {len(parameters)} parameters, and is given {len(in_order)} arguments")
    for name in named:
        if name not in parameters:
            reader.refuse(named[name].line, f"{function} has no parameter {name}", f"it has {', '.join(parameters)}")
    for name in parameters:
        if name in required and name not in given:
            reader.refuse(line, f"{function} is not given {name}")
        if name in refused and name in given:
            reader.refuse(line, f"{name} is not supported by this interpreter")
    return Call(function, named, in_order, _result(reader, compiler, node.entries.get("result")))


def _parameters(
    reader: Reader, compiler: Compiler, function: str, line: int
) -> tuple[tuple[str, ...], frozenset[str], frozenset[str]]:
    if function in compiler.routines:
        signature = compiler.routines[function]
        return signature.parameters, signature.required, frozenset()
    if function in BLOCKING:
        blocking = BLOCKING[function]
        return blocking.parameters, blocking.required, blocking.refused
    if function in FUNCTIONS:
        library = FUNCTIONS[function]
        return library.parameters, library.required, frozenset()
    if function in PREDICATES:
        return ("exception",), frozenset({"exception"}), frozenset()
    if function.startswith(("googleapis.", "experimental.")):
        reader.refuse(line, f"{function} is not supported by this interpreter", "call it by http.request")
    reader.refuse(line, f"there is no function or sub-workflow {function}")


def _arguments(reader: Reader, compiler: Compiler, node: Node | None) -> tuple[dict[str, Formula], tuple[Formula, ...]]:
    match node:
        case None:
            return {}, ()
        case Entries(entries):
            return {name: compiler.formula(value) for name, value in entries.items()}, ()
        case Items(items):
            return {}, tuple(compiler.formula(item) for item in items)
        case Scalar(line=line):
            reader.refuse(line, "args is a map of names and values, or a list of values")


def _result(reader: Reader, compiler: Compiler, node: Node | None) -> str | None:
    match node:
        case None:
            return None
        case Scalar(str(name)) if NAME.fullmatch(name) and name not in compiler.routines:
            return name
        case other:
            reader.refuse(other.line, "result is the name of a variable")
