"""Children: a workflow that another awaits is a run of its own, and part of what its parent did."""

from __future__ import annotations

from datetime import timedelta

import pytest
from house import House, answer
from stall import a_job


def undone(house: House) -> list[str]:
    return [name for what, name in house.plan.calls if what in ("unmake", "uncraft")]


def test_a_child_answers_its_parent(house: House) -> None:
    run = house.run("outer", a_job("1"))

    assert (run.status, answer(run)) == ("completed", {"text": "look c"})
    assert house.statuses("chain") == ["completed"]


def test_a_child_that_refuses_is_taken_back_before_its_parent_sees_it(house: House) -> None:
    house.plan["look", "c"] = ["no"]

    run = house.run("forgiving", a_job("1"))

    assert (run.status, answer(run)) == ("completed", {"text": "without"})
    assert house.plan.calls.index(("unmake", "a")) < house.plan.calls.index(("craft", "instead"))
    assert house.records() == {"instead": "crafted"}
    assert house.statuses("chain") == ["refused"]


def test_a_child_that_fails_is_taken_back_and_its_parent_fails(house: House) -> None:
    house.plan["make", "b"] = ["fail"]

    run = house.run("outer", a_job("1"))

    assert run.status == "failed"
    assert undone(house) == ["b", "a", "before"]
    assert house.statuses("chain") == ["failed"]
    assert house.records() == {}


def test_a_completed_child_without_an_undo_is_undone_by_its_steps(house: House) -> None:
    house.plan["look", "after"] = ["no"]

    run = house.run("outer", a_job("1"))

    assert run.status == "refused"
    assert undone(house) == ["b", "a", "before"]
    assert house.statuses("chain") == ["taken_back"]


def test_a_completed_child_with_an_undo_is_undone_by_it_alone(house: House) -> None:
    house.plan["look", "after"] = ["no"]

    assert house.run("outer_kit", a_job("1")).status == "refused"
    assert undone(house) == ["1"]
    assert house.records() == {}


@pytest.mark.parametrize(("what", "name"), [("look", "at last"), ("look", "after"), ("look", "c"), ("make", "b")])
@pytest.mark.parametrize("how", ["no", "fail"])
def test_children_of_children_are_taken_back_in_reverse(house: House, what: str, name: str, how: str) -> None:
    house.plan[what, name] = [how]

    run = house.run("outermost", a_job("1"))

    assert run.status == {"no": "refused", "fail": "failed"}[how]
    without_b = (what, name, how) == ("make", "b", "no")
    assert undone(house) == (["a", "before"] if without_b else ["b", "a", "before"])
    assert house.records() == {}


def test_a_child_is_found_again_after_a_restart_and_not_started_twice(house: House) -> None:
    run_id = house.run("outer_nap", a_job("1")).run_id
    house.reopen()
    house.settle()
    house.move(timedelta(hours=1))

    assert house.view(run_id).status == "completed"
    assert house.statuses("nap") == ["completed"]
    assert house.plan.count("make", "a") == 1


def test_the_same_child_asked_for_at_two_places_is_two_runs(house: House) -> None:
    run = house.run("twice", a_job("1"))

    assert run.status == "completed"
    assert house.statuses("kit") == ["completed", "completed"]
    assert house.plan.count("make", "a") == 2
