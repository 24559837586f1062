"""Versions in flight: the programs that runs began with before today's, each with the function that runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from isthmus.core.errors import SourceError
from isthmus.core.program import Problem, Program
from isthmus.core.program.check import check_workflows
from isthmus.core.program.kept import Kept, LockInvalid, revived, spoilt_version
from isthmus.core.workflow import Workflow


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
