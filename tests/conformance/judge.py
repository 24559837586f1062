"""Play a scene on every backend, and compare."""

from __future__ import annotations

from requirement import Backend, Requirement, seen


def judge(requirement: Requirement, *backends: Backend) -> None:
    """Expect what is written in the scene of all, and the same of all."""
    found = []
    for backend in backends:
        if requirement.number in backend.skips:
            continue
        for way in backend.ways(requirement.number):
            backend.reset()
            requirement.scene(backend)
            assert backend.left_open() == [], f"{backend.name}, {way}"
            found.append((f"{backend.name}, {way}", seen(backend)))
    for name, one in found[1:]:
        first = found[0][1]
        different = {what: (first[what], one[what]) for what in one if one[what] != first[what]}
        assert not different, f"what differs, on {found[0][0]} and on {name}: {different}"
