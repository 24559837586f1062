"""Play a scene on two backends, and compare."""

from __future__ import annotations

from requirement import Backend, Requirement, seen


def judge(requirement: Requirement, local: Backend, other: Backend) -> None:
    """Expect what is written in the scene of both, and the same of both."""
    found = []
    for backend in (local, other):
        if requirement.number in backend.skips:
            continue
        backend.reset()
        requirement.scene(backend)
        assert backend.left_open() == []
        found.append(seen(backend))
    for one in found[1:]:
        different = {what: (found[0][what], one[what]) for what in one if one[what] != found[0][what]}
        assert not different, f"what differs, here and there: {different}"
