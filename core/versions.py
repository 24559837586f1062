"""Versions in flight: the programs that runs began with before today's, each with the function that runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from isthmus.core.contract import Contract
from isthmus.core.errors import SourceError
from isthmus.core.program import Problem, Program, awaited, limits
from isthmus.core.program.check import check_workflows
from isthmus.core.program.compiled_size import compiled_bytes, size_of
from isthmus.core.program.kept import Kept, LockInvalid, revived, spoilt_version
from isthmus.core.workflow import Workflow

type Versions = Mapping[tuple[str, str], tuple[Workflow[Any, Any], Program]]


class CarriedTooLarge(SourceError):
    """Report a workflow that is too large to deploy with all versions of those it awaits that are carried."""

    code = "ISTH131"


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """Be a version of a workflow that runs may still have, as it was kept."""

    kept: Kept
    workflow: Workflow[Any, Any]


def revive(
    kept: Sequence[Kept], workflows: Mapping[str, Workflow[Any, Any]], report: Callable[[SourceError | Problem], None]
) -> list[Earlier]:
    """Return the workflows that kept sources stand for; report those that stand for none."""
    found = []
    for one in kept:
        if one.contract not in workflows:
            error = LockInvalid(
                f"version {one.version} of {one.contract} is locked, and the app has no workflow of {one.contract}",
                place=one.file,
                instead=f"keep one until its runs have ended, then: isthmus lock --drop {one.contract} {one.version}",
            )
            report(error)
            continue
        try:
            found.append(Earlier(kept=one, workflow=revived(one, workflows[one.contract].contract)))
        except LockInvalid as error:
            report(error)
    return found


def check_earlier(
    earlier: Sequence[Earlier],
    workflows: Mapping[str, Workflow[Any, Any]],
    known: Sequence[Problem],
    report: Callable[[SourceError | Problem], None],
) -> dict[tuple[str, str], tuple[Workflow[Any, Any], Program]]:
    """Check kept versions as those of today are, and return their programs by contract and version.

    What they await is as it is today; problems of today's, which are known, are not told again.
    """
    found = {}
    for one in earlier:
        name = one.kept.contract
        programs, problems = check_workflows({**workflows, name: one.workflow})
        for problem in problems:
            if problem not in known:
                report(problem)
        program = programs.get(name)
        if program is None:
            continue
        if program.version != one.kept.version:
            report(spoilt_version(one.kept, program.version))
            continue
        found[name, program.version] = (one.workflow, program)
    return found


def with_children(program: Program, versions: Versions) -> dict[str, list[Program]]:
    """Return the programs that go with one, by contract: its own alone, and every version of those that it awaits.

    A child that began before a deployment keeps its version, whichever execution carries it on.
    """
    found, left = {program.contract: [program]}, [program]
    while left:
        for name in awaited(left.pop(0)):
            carried = [one for (contract, _), (_, one) in versions.items() if contract == name]
            if carried and name not in found:
                found[name] = carried
                left += carried
    return found


def check_carried(
    versions: Versions, contracts: Mapping[str, Contract[Any, Any]], report: Callable[[SourceError], None]
) -> None:
    """Report a workflow that takes too much when it is deployed with the earlier versions of those that it awaits."""
    names = {contract for contract, _ in versions}
    sizes = {
        key: size_of(contracts[key[0]], one.parameter, one.file, one.body, contracts, names)
        for key, (_, one) in versions.items()
    }
    for _, program in versions.values():
        carried = with_children(program, versions)
        parts = [sizes[one.contract, one.version] for programs in carried.values() for one in programs]
        total = compiled_bytes(parts)
        if len(parts) > len(carried) and total > limits.COMPILED_BYTES:
            most = max(carried, key=lambda name: (len(carried[name]), name))
            rule = (
                f"{program.contract} takes {total} bytes when compiled, with {len(parts) - 1} programs that it awaits "
                f"({len(carried[most])} versions of {most}), and {limits.COMPILED_BYTES} fit"
            )
            instead = f"let runs end, then drop versions that none has: isthmus lock --drop {most} VERSION"
            report(CarriedTooLarge(rule, place=program.file, instead=instead))
