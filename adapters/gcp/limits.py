"""The documented limits of Workflows, held against a compiled workflow; what breaks one is refused with its line."""

from __future__ import annotations

from isthmus.adapters.gcp.routine import (
    AnyStep,
    Assign,
    Call,
    Compiled,
    Formula,
    Parallel,
    Switch,
    called,
    inner,
    values,
    walk,
)
from isthmus.core.errors import SourceError

EXPRESSION_CHARACTERS_MAX = 400
SOURCE_BYTES_MAX = 128 * 1024
ASSIGNMENTS_MAX = 50
CONDITIONS_MAX = 50
BRANCHES_MAX = 10
AT_ONCE_MAX = 20
STRING_BYTES_MAX = 256 * 1024
REQUEST_SECONDS_MAX = 1_800
CALLS_DEEP_MAX = 20
PARALLEL_DEEP_MAX = 2


class CompilationRefused(SourceError):
    """Report a workflow that is larger or deeper than Workflows takes."""

    code = "ISTH130"


def check(compiled: Compiled, text: str) -> None:
    """Hold a compiled workflow against every limit. Raises CompilationRefused (ISTH130)."""
    if len(text.encode()) > SOURCE_BYTES_MAX:
        refuse(compiled.file, 0, f"{compiled.contract} has {len(text.encode())} bytes, at most {SOURCE_BYTES_MAX}")
    for routine in compiled.routines:
        for step in walk(routine.steps):
            for problem in _problems(step):
                refuse(routine.file or compiled.file, step.line, problem)
    depth = _depth(compiled, "main")
    if depth > CALLS_DEEP_MAX:
        refuse(compiled.file, 0, f"{compiled.contract} calls {depth} deep, at most {CALLS_DEEP_MAX}")
    nesting = _nesting(compiled, "main", {})
    if nesting > PARALLEL_DEEP_MAX:
        refuse(compiled.file, 0, f"parallel steps stand {nesting} deep in one another, at most {PARALLEL_DEEP_MAX}")


def refuse(file: str, line: int, problem: str) -> None:
    """Refuse a workflow. Raises CompilationRefused (ISTH130)."""
    place = f"{file}:{line}" if line else file
    raise CompilationRefused(f"too much for Workflows: {problem}", place=place, instead="split the workflow in two")


def _problems(step: AnyStep) -> list[str]:
    found = []
    for value in values(step):
        if isinstance(value, Formula) and len(value.written) > EXPRESSION_CHARACTERS_MAX:
            found.append(f"an expression has {len(value.written)} characters, at most {EXPRESSION_CHARACTERS_MAX}")
        if isinstance(value, str) and len(value.encode()) > STRING_BYTES_MAX:
            found.append(f"a string has {len(value.encode())} bytes, at most {STRING_BYTES_MAX}")
    if isinstance(step, Assign) and len(step.values) > ASSIGNMENTS_MAX:
        found.append(f"{len(step.values)} assignments in one step, at most {ASSIGNMENTS_MAX}")
    if isinstance(step, Switch) and len(step.cases) > CONDITIONS_MAX:
        found.append(f"{len(step.cases)} conditions in one switch, at most {CONDITIONS_MAX}")
    if isinstance(step, Parallel) and len(step.branches) > BRANCHES_MAX:
        found.append(f"{len(step.branches)} branches side by side, at most {BRANCHES_MAX}")
    if isinstance(step, Parallel) and (step.at_most or 0) > AT_ONCE_MAX:
        found.append(f"{step.at_most} items at the same time, at most {AT_ONCE_MAX}")
    if isinstance(step, Call) and step.routine != "events.await_callback":
        timeout = dict(step.arguments.fields).get("timeout")
        if isinstance(timeout, int) and timeout > REQUEST_SECONDS_MAX:
            found.append(f"a call takes up to {timeout} seconds, at most {REQUEST_SECONDS_MAX}")
    return found


def _depth(compiled: Compiled, name: str) -> int:
    routine = next((one for one in compiled.routines if one.name == name), None)
    if routine is None:
        return 1
    return 1 + max((_depth(compiled, one) for one in sorted(set(called(routine)))), default=0)


def _nesting(compiled: Compiled, name: str, known: dict[str, int]) -> int:
    """Return how deep parallel steps stand in one another in a routine, with those that it calls."""
    if name not in known:
        routine = next((one for one in compiled.routines if one.name == name), None)
        known[name] = 0 if routine is None else _within(compiled, routine.steps, known)
    return known[name]


def _within(compiled: Compiled, steps: tuple[AnyStep, ...], known: dict[str, int]) -> int:
    deepest = 0
    for step in steps:
        below = max((_within(compiled, inside, known) for inside in inner(step)), default=0)
        if isinstance(step, Call):
            below = _nesting(compiled, step.routine, known)
        deepest = max(deepest, below + isinstance(step, Parallel))
    return deepest
