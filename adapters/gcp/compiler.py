"""The compiler: a checked program, its children and the support routines, lowered, held against limits, and written."""

from __future__ import annotations

from isthmus.adapters.gcp import support
from isthmus.adapters.gcp.emit import emit
from isthmus.adapters.gcp.limits import check
from isthmus.adapters.gcp.lower import Lowering
from isthmus.adapters.gcp.naming import variable
from isthmus.adapters.gcp.routine import Compiled, Routine, called
from isthmus.core.composition import Composition
from isthmus.core.program import awaited


def compile_workflow(composition: Composition, contract: str) -> str:
    """Return the YAML of the workflow that fulfils a contract.

    Raises CompilationRefused (ISTH130) when it breaks a limit of Workflows.
    """
    compiled = lowered(composition, contract)
    text = emit(compiled)
    check(compiled, text)
    return text


def lowered(composition: Composition, contract: str) -> Compiled:
    """Return a workflow and the workflows that it awaits, as routines."""
    program = composition.programs[contract]
    routines: list[Routine] = []
    for name in _with_children(composition, contract):
        one = composition.programs[name]
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


def _with_children(composition: Composition, contract: str) -> list[str]:
    found, left = [contract], [contract]
    while left:
        for name in awaited(composition.programs[left.pop(0)]):
            if name in composition.programs and name not in found:
                found.append(name)
                left.append(name)
    return found
