"""The compiler: a checked program, its children and the support routines, lowered, held against limits, and written."""

from __future__ import annotations

from isthmus.adapters.gcp import support
from isthmus.adapters.gcp.emit import emit
from isthmus.adapters.gcp.limits import check
from isthmus.adapters.gcp.lower import Lowering
from isthmus.adapters.gcp.naming import variable
from isthmus.adapters.gcp.routine import Compiled, Routine, called
from isthmus.core.composition import Composition
from isthmus.core.program import Program
from isthmus.core.versions import with_children


def compile_workflow(composition: Composition, contract: str, version: str | None = None) -> str:
    """Return the YAML of the workflow that fulfils a contract: of today's program, or of a version that is carried.

    Raises CompilationRefused (ISTH130) when it breaks a limit of Workflows.
    """
    compiled = lowered(composition, contract, version)
    text = emit(compiled)
    check(compiled, text)
    return text


def lowered(composition: Composition, contract: str, version: str | None = None) -> Compiled:
    """Return a workflow and the workflows that it awaits, as routines; of those, all versions that are carried.

    A child that began before a deployment keeps its version, whichever execution carries it on.
    """
    program = composition.programs[contract] if version is None else composition.versions[contract, version][1]
    routines: list[Routine] = []
    for name, programs in with_children(program, composition.versions).items():
        flows = tuple((one.version, _flow(one, alone=len(programs) == 1)) for one in programs)
        unit, parameter = composition.contracts[name].unit, variable(programs[0].parameter)
        routines.append(support.run(name, flows, unit, parameter, first=name == contract))
        routines += [Lowering(composition, one, _flow(one, alone=len(programs) == 1)).routine() for one in programs]
    routines += [support.step(), support.settle(), support.wait_event(), support.take_back(), support.is_fault()]
    used = _used(routines)
    kept = tuple(one for one in routines if one.name in used)
    return Compiled(contract=contract, version=program.version, file=program.file, routines=kept)


def _flow(program: Program, *, alone: bool) -> str:
    return f"flow_{program.contract}" if alone else f"flow_{program.contract}_{program.version}"


def _used(routines: list[Routine]) -> set[str]:
    """Return the names of the routines that `main` gets to."""
    calls = {routine.name: set(called(routine)) for routine in routines}
    found, left = {"main"}, ["main"]
    while left:
        more = calls.get(left.pop(), set()) - found
        found |= more
        left += more
    return found
