"""A worker in a process of its own plays the same scenes, and can be killed at any moment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from test_same_journal import MINUTE, answered_while_waiting, refused_and_taken_back, ticket


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    from sides import both  # noqa: PLC0415  # an extra

    with both(tmp_path_factory.mktemp) as opened:
        yield opened


def killed_between_episodes(side: Any, name: str) -> None:
    side.admit("admit", ticket(name))
    _crash(side)
    side.move(2 * MINUTE)
    _crash(side)
    side.answer(name, "yes", "k")


def _crash(side: Any) -> None:
    if hasattr(side, "rehearsal"):
        side.rehearsal.kill()
        side.rehearsal.restart()


@pytest.mark.parametrize(
    ("scene", "status"),
    [
        (answered_while_waiting, "completed"),
        (refused_and_taken_back, "refused"),
        (killed_between_episodes, "completed"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_scene_has_the_same_journal_from_a_process_of_its_own(
    sides: tuple[Any, Any], scene: Any, status: str
) -> None:
    from sides import play  # noqa: PLC0415  # an extra

    play(*sides, scene, "admit", status)


def test_an_invocation_under_way_when_the_process_is_killed_is_reported_as_gone(sides: tuple[Any, Any]) -> None:
    from isthmus.adapters.azure.worker import WorkerGone  # noqa: PLC0415  # an extra

    rehearsal = sides[1].rehearsal
    rehearsal.kill()
    with pytest.raises(WorkerGone):
        rehearsal.request("POST", "/looks", b'{"id": "x", "refuse": false, "fail": false}')

    rehearsal.restart()
    assert rehearsal.request("POST", "/looks", b'{"id": "x", "refuse": false, "fail": false}')[0] == 200


def test_work_that_comes_while_the_process_is_down_is_done_after_the_restart(sides: tuple[Any, Any]) -> None:
    side = sides[1]
    side.rehearsal.kill()
    _begin(side, "down")
    assert _status(side, "down") == "started"

    side.rehearsal.restart()
    side.rehearsal.settle()

    assert _status(side, "down") == "running"


def test_work_that_was_under_way_at_the_kill_is_done_after_the_restart(sides: tuple[Any, Any]) -> None:
    side = sides[1]
    for number in range(5):
        _begin(side, f"under-way-{number}")
    side.rehearsal.kill()
    side.rehearsal.restart()
    side.rehearsal.settle()

    assert [_status(side, f"under-way-{number}") for number in range(5)] == ["running"] * 5


def _begin(side: Any, name: str) -> None:
    body = json.dumps(ticket(name)).encode()
    side.rehearsal.begin("admit", body, actor="test", on_behalf_of="test").result()


def _status(side: Any, name: str) -> str:
    from sides import run_of, status_of  # noqa: PLC0415  # an extra

    return status_of(side, run_of("admit", name))
