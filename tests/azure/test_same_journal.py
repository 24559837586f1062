"""What happens on a laptop happens on Azure: the same scenes, the same outcome, the same journal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

MINUTE = timedelta(minutes=1)

type Scene = Callable[[Any, str], None]


def ticket(identity: str, *, refuse: bool = False, fail: bool = False) -> dict[str, Any]:
    return {"id": identity, "refuse": refuse, "fail": fail}


def answered_while_waiting(side: Any, name: str) -> None:
    side.admit("admit", ticket(name))
    side.move(2 * MINUTE)
    side.answer(name, "yes", "1")


def answered_before_the_wait(side: Any, name: str) -> None:
    side.admit("admit", ticket(name))
    side.answer(name, "yes", "2")
    side.move(2 * MINUTE)


def answered_twice_with_one_id(side: Any, name: str) -> None:
    side.admit("admit", ticket(name))
    side.move(2 * MINUTE)
    side.answer(name, "yes", "3")
    side.answer(name, "yes", "3")


def never_answered(side: Any, name: str) -> None:
    side.admit("admit", ticket(name))
    side.move(2 * MINUTE)
    side.move(31 * MINUTE)


def answered_too_late(side: Any, name: str) -> None:
    never_answered(side, name)
    side.answer(name, "too late", "4")


def refused_and_taken_back(side: Any, name: str) -> None:
    side.admit("admit", ticket(name, refuse=True))
    side.answer(name, "yes", "5")
    side.move(2 * MINUTE)


def failed_in_every_attempt(side: Any, name: str) -> None:
    side.admit("admit", ticket(name, fail=True))
    side.move(timedelta(seconds=10))
    side.move(timedelta(seconds=20))


def started_twice(side: Any, name: str) -> None:
    side.admit("admit", ticket(name))
    side.admit("admit", ticket(name))


def children_side_by_side(side: Any, name: str) -> None:
    names = [f"{name}-{number}" for number in range(3)]
    side.admit("admit_all", {"id": name, "tickets": [ticket(one) for one in names]})
    for one in names[:2]:
        side.answer(one, "yes", f"6-{one}")
    side.move(2 * MINUTE)  # the third begins when one of the first two has ended
    side.answer(names[2], "yes", f"6-{names[2]}")
    side.move(2 * MINUTE)


def a_child_that_refuses(side: Any, name: str) -> None:
    names = [f"{name}-{number}" for number in range(2)]
    tickets = [ticket(names[0]), ticket(names[1], refuse=True)]
    side.admit("admit_all", {"id": name, "tickets": tickets})
    for one in names:
        side.answer(one, "yes", f"7-{one}")
    side.move(2 * MINUTE)


@pytest.mark.parametrize(
    ("scene", "contract", "status"),
    [
        (answered_while_waiting, "admit", "completed"),
        (answered_before_the_wait, "admit", "completed"),
        (answered_twice_with_one_id, "admit", "completed"),
        (never_answered, "admit", "timed_out"),
        (answered_too_late, "admit", "timed_out"),
        (refused_and_taken_back, "admit", "refused"),
        (failed_in_every_attempt, "admit", "failed"),
        (started_twice, "admit", "running"),
        (children_side_by_side, "admit_all", "completed"),
        (a_child_that_refuses, "admit_all", "refused"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_scene_has_the_same_outcome_and_journal_on_both_sides(
    sides: tuple[Any, Any], scene: Scene, contract: str, status: str
) -> None:
    from sides import play  # noqa: PLC0415  # an extra

    play(*sides, scene, contract, status)


def test_what_is_wrong_with_a_request_comes_back_as_problem_details(sides: tuple[Any, Any]) -> None:
    rehearsal = sides[1].rehearsal
    said = {
        "no message": rehearsal.request("POST", "/tickets", b"{"),
        "an unknown field": rehearsal.request(
            "POST", "/tickets", b'{"id": "x", "refuse": false, "fail": false, "a": 1}'
        ),
        "too large": rehearsal.request("POST", "/tickets", b" " * 40_000),
        "no JSON": rehearsal.request("POST", "/tickets", b"{}", {"content-type": "text/plain"}),
        "a refusal": rehearsal.request("POST", "/looks", b'{"id": "x", "refuse": true, "fail": false}'),
        "an unknown event": rehearsal.send("Nothing", "x", b"{}"),
    }

    assert {name: status for name, (status, _) in said.items()} == {
        "no message": 400,
        "an unknown field": 400,
        "too large": 413,
        "no JSON": 415,
        "a refusal": 422,
        "an unknown event": 404,
    }
    assert said["an unknown field"][1]["code"] == "ISTH201"
    assert said["a refusal"][1]["fields"] == {"why": "no more places"}


def test_a_key_that_is_repeated_with_other_content_is_a_conflict(sides: tuple[Any, Any]) -> None:
    rehearsal = sides[1].rehearsal
    first, other = (b'{"id": "%s", "refuse": false, "fail": false}' % name for name in (b"x", b"y"))
    said = [rehearsal.request("POST", "/looks", body, {"idempotency-key": "k"}) for body in (first, first, other)]

    assert [status for status, _ in said] == [200, 200, 409]


def test_the_sweep_begins_a_run_whose_start_was_lost_and_sends_what_was_left(sides: tuple[Any, Any]) -> None:
    from sides import run_of, status_of  # noqa: PLC0415  # an extra

    from isthmus.adapters.azure.endpoints import start  # noqa: PLC0415  # an extra

    side = sides[1]
    start(side.rehearsal.host, "admit", b'{"id": "lost", "refuse": false, "fail": false}', "test")
    side.rehearsal.settle()
    assert status_of(side, run_of("admit", "lost")) == "started"

    side.rehearsal.sweep()
    side.rehearsal.settle()

    assert status_of(side, run_of("admit", "lost")) == "running"


def test_an_event_whose_wake_is_lost_wakes_its_run_by_the_sweep(sides: tuple[Any, Any]) -> None:
    from sides import run_of, status_of  # noqa: PLC0415  # an extra

    side = sides[1]
    side.admit("admit", ticket("not-woken"))
    side.move(2 * MINUTE)

    hub = side.rehearsal.hub
    hub._server.stop(0).wait()
    side.answer("not-woken", "yes", "8")
    hub.open()
    assert status_of(side, run_of("admit", "not-woken")) == "running"
    assert notes_of(side) == [("step", f"{run_of('admit', 'not-woken')}/2")]

    side.rehearsal.sweep()
    side.rehearsal.settle()

    assert status_of(side, run_of("admit", "not-woken")) == "completed"
    assert notes_of(side) == []


def test_a_start_whose_orchestration_cannot_be_begun_is_accepted_and_begun_by_the_sweep(
    sides: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from azure.durable_functions import DurableFunctionsClient  # noqa: PLC0415  # an extra
    from sides import run_of, status_of  # noqa: PLC0415

    side = sides[1]

    async def lose(*_arguments: Any, **_named: Any) -> None:
        raise ConnectionError("the hub is gone")

    with monkeypatch.context() as lost:
        lost.setattr(DurableFunctionsClient, "schedule_new_orchestration", lose)
        status, said = side.rehearsal.request("POST", "/tickets", b'{"id": "later", "refuse": false, "fail": false}')
    assert (status, said["run_id"]) == (202, run_of("admit", "later"))
    assert status_of(side, said["run_id"]) == "started"

    side.rehearsal.sweep()
    side.rehearsal.settle()

    assert status_of(side, said["run_id"]) == "running"


def notes_of(side: Any) -> list[tuple[str, str]]:
    from sqlalchemy import text  # noqa: PLC0415  # an extra

    with side.database.engine.connect() as connection:
        return [
            (str(kind), str(subject)) for kind, subject in connection.execute(text("select kind, subject from wake"))
        ]
