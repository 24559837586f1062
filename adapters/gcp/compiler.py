"""The compiler: a checked program, its children and the support routines, lowered, held against limits, and written."""

from __future__ import annotations

from isthmus.adapters.gcp import support
from isthmus.adapters.gcp.emit import emit
from isthmus.adapters.gcp.limits import check
from isthmus.adapters.gcp.lower import Lowering
from isthmus.adapters.gcp.naming import variable
from isthmus.adapters.gcp.routine import Compiled, Routine, called
from isthmus.core.composition import Composition
from isthmus.core.program import Program, awaited


def compile_workflow(composition: Composition, contract: str, version: str | None = None) -> str:
    """Return the YAML of the workflow that fulfils a contract: of today's program, or of a version that is carried.

    Raises CompilationRefused (ISTH130) when it breaks a limit of Workflows.
    """
    compiled = lowered(composition, contract, version)
    text = emit(compiled)
    check(compiled, text)
    return text


def lowered(composition: Composition, contract: str, version: str | None = None) -> Compiled:
    """Return a workflow and the workflows that it awaits, as routines."""
    program = composition.programs[contract] if version is None else composition.versions[contract, version][1]
    routines: list[Routine] = []
    for name in _with_children(composition, program):
        one = program if name == contract else composition.programs[name]
        unit, parameter = composition.contracts[name].unit, variable(one.parameter)
        routines.append(support.run(name, one.version, unit, parameter, first=name == contract))
        routines.append(Lowering(composition, one).routine())
    routines += [support.step(), support.settle(), support.wait_event(), support.take_back(), support.is_fault()]
    used = _used(routines)
    kept = tuple(one for one in routines if one.name in used)
    return Compiled(contract=contract, version=program.version, file=program.file, routines=kept)


def _used(routines: list[Routine]) -> set[str]:
    """Return the names of the routines that `main` gets to."""
    calls = {routine.name: set(called(routine)) for routine in routines}
    found, left = {"main"}, ["main"]
    while left:
        more = calls.get(left.pop(), set()) - found
        found |= more
        left += more
    return found


def _with_children(composition: Composition, program: Program) -> list[str]:
    found, left = [program.contract], [program]
    while left:
        for name in awaited(left.pop(0)):
            if name in composition.programs and name not in found:
                found.append(name)
                left.append(composition.programs[name])
    return found
