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
        found.append(seen(backend))
        open_timers = getattr(backend, "open_timers", list)()
        assert not open_timers, f"{open_timers} ended with timers that were neither fired nor cancelled"
    assert all(one == found[0] for one in found)
