"""The compiler: a checked program, its children and the support routines, lowered, held against limits, and written."""

from __future__ import annotations

from isthmus.adapters.gcp import support
from isthmus.adapters.gcp.emit import emit
from isthmus.adapters.gcp.limits import check
from isthmus.adapters.gcp.lower import Lowering
from isthmus.adapters.gcp.naming import variable
from isthmus.adapters.gcp.routine import Call, Compiled, Formula, Return, Routine, record
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
    """Return a workflow and the workflows that it awaits, as routines; of those, all versions that are carried.

    A child that began before a deployment keeps its version, whichever execution carries it on.
    """
    program = composition.programs[contract] if version is None else composition.versions[contract, version][1]
    routines = [_main(contract)]
    for name, programs in _with_children(composition, program).items():
        flows = tuple((one.version, _flow(one, alone=len(programs) == 1)) for one in programs)
        unit, parameter = composition.contracts[name].unit, variable(programs[0].parameter)
        routines.append(support.run(name, flows, unit, parameter))
        routines += [Lowering(composition, one, _flow(one, alone=len(programs) == 1)).routine() for one in programs]
    routines += [support.step(), support.settle(), support.wait_event(), support.take_back(), support.is_fault()]
    return Compiled(contract=contract, version=program.version, file=program.file, routines=tuple(routines))


def _flow(program: Program, *, alone: bool) -> str:
    return f"flow_{program.contract}" if alone else f"flow_{program.contract}_{program.version}"


def _main(contract: str) -> Routine:
    call = Call(
        name="carry", routine=f"run_{contract}", arguments=record(run_id=Formula("args.run_id")), result="status"
    )
    end = Return(name="return_status", value=Formula("status"))
    return Routine(name="main", params=("args",), steps=(call, end), purpose="begin: the argument is {run_id}")


def _with_children(composition: Composition, program: Program) -> dict[str, list[Program]]:
    """Return the programs that a workflow needs, by contract: its own, and every version of those that it awaits."""
    found, left = {program.contract: [program]}, [program]
    while left:
        for name in awaited(left.pop(0)):
            if name in composition.programs and name not in found:
                found[name] = [one for (contract, _), (_, one) in composition.versions.items() if contract == name]
                left += found[name]
    return found
