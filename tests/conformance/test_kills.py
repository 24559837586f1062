"""The worker's process is killed (SIGKILL) and started again between any two episodes: nothing comes out otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from glance import say, status
from requirement import kept, rows
from stall import a_job

type Flow = Callable[[Any], str]

HOUR = timedelta(hours=1)
AHEAD = 3
"""So many work items more than were counted are looked at: how many wakes are one episode is the moment's."""


def completed(b: Any) -> str:
    """Complete a run with a child, whose steps and the parent's are one chain."""
    run_id: str = b.start("outer", a_job("1"))
    return run_id


def taken_back(b: Any) -> str:
    """Take back what was made and bought, because what was looked at last is refused."""
    run_id: str = b.start("trade", a_job("1", c="unsightly"))
    return run_id


def waiting(b: Any) -> str:
    """Make a part, and wait for a word."""
    run_id: str = b.start("must_hear", a_job("1"))
    say(b, "1", "now", "id")
    return run_id


def sleeping(b: Any) -> str:
    """Make a part, sleep, and make another."""
    run_id: str = b.start("nap", a_job("1"))
    b.move(HOUR)
    return run_id


FLOWS: dict[Flow, str] = {completed: "completed", taken_back: "refused", waiting: "completed", sleeping: "completed"}
CHOSEN = [(completed, 4, "between"), (taken_back, 9, "between"), (waiting, 6, "after"), (sleeping, 5, "before")]


@pytest.fixture(scope="module")
def sides(
    tmp_path_factory: pytest.TempPathFactory, postgresql: Any, postgresql_template: str
) -> Iterator[tuple[Any, Any]]:
    pytest.importorskip("azure.durable_functions", reason="azure: isthmus[azure] is not installed")
    from killed_worker import PLACE, Killed, Near, place_world  # noqa: PLC0415  # an extra

    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("kills")
        patch.setenv("PYTHONPATH", "")
        patch.setenv(PLACE, "")
        place_world(folder)
        near = Near(postgresql.create(postgresql_template), tmp_path_factory.mktemp("near"))
        far = Killed(postgresql.create(postgresql_template), folder)
        yield near, far
        far.close()
        near.close()


def come_to(b: Any, run_id: str) -> dict[str, Any]:
    """Return the outcome, journal and world of a flow that was played."""
    world = b.stall.entries()
    outcome = rows(b, "select status, outcome from run where run_id = :it", it=run_id)
    return {
        **kept(b),
        "outcome": [(how, bytes(said)) for how, said in outcome],
        "called": Counter(tuple(entry[:2]) for entry in world if entry[0].endswith("call")),
        "asked": {tuple(entry[:2]) for entry in world if entry[0] != "sweep"},
    }


def play(b: Any, flow: Flow, expected: str) -> dict[str, Any]:
    run_id = flow(b)
    assert status(b, run_id) == expected
    return come_to(b, run_id)


def expect_equal(found: dict[str, Any], expected: dict[str, Any], when: str) -> None:
    different = {what: (expected[what], found[what]) for what in found if found[what] != expected[what]}
    assert not different, f"killed {when}: {different}"


@pytest.mark.parametrize(("flow", "at", "moment"), CHOSEN, ids=lambda value: getattr(value, "__name__", str(value)))
def test_a_process_that_is_killed_at_a_chosen_work_item_changes_nothing(
    sides: tuple[Any, Any], flow: Flow, at: int, moment: str
) -> None:
    near, far = sides
    near.reset()
    expected = play(near, flow, FLOWS[flow])
    far.reset(at, moment)
    expect_equal(play(far, flow, FLOWS[flow]), expected, f"{moment} {at}")
    assert far.kills == 1


@pytest.mark.long
@pytest.mark.parametrize("moment", ["before", "between", "after"])
@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__)
def test_a_process_that_is_killed_at_any_work_item_changes_nothing(
    sides: tuple[Any, Any], flow: Flow, moment: str
) -> None:
    near, far = sides
    near.reset()
    expected = play(near, flow, FLOWS[flow])
    far.reset()
    expect_equal(play(far, flow, FLOWS[flow]), expected, "never")
    items = far.items
    assert items > 5

    kills = 0
    for at in range(1, items + 1 + AHEAD):
        far.reset(at, moment)
        expect_equal(play(far, flow, FLOWS[flow]), expected, f"{moment} {at} of {items}")
        kills += far.kills
    assert kills >= items - AHEAD
