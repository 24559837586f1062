"""Branches of gather: all settle; then a failure outranks a refusal, and the order written decides among equals."""

from __future__ import annotations

from datetime import timedelta

import pytest
from house import House, answer
from stall import a_job

PARTS = ("a", "b", "c")


def test_the_answers_come_in_the_order_written(house: House) -> None:
    house.plan["make", "a"] = ["fail", "fail", "the first"]

    assert answer(house.run("side", a_job("1"))) == {"text": "the first"}


def test_a_failure_outranks_a_refusal_that_came_first(house: House) -> None:
    house.plan["make", "a"] = ["no"]
    house.plan["make", "b"] = ["fail"]

    run = house.run("side", a_job("1"))

    assert run.status == "failed"
    assert house.plan.count("make", "b") == 3


def test_the_refusal_written_first_counts_whichever_came_first(house: House) -> None:
    house.plan["make", "a"] = ["fail", "fail", "no"]
    house.plan["look", "c"] = ["no"]

    run = house.run("side", a_job("1"))

    assert (run.status, answer(run)) == ("refused", {"refusal": "No", "fields": {"why": "a"}})


def test_all_branches_settle_before_anything_is_taken_back(house: House) -> None:
    house.plan["look", "c"] = ["no"]
    house.plan["make", "b"] = ["fail", "fail", "ok"]

    run = house.run("side", a_job("1"))

    entries = house.journal(run.run_id)
    assert run.status == "refused"
    kinds = [kind for _, kind in entries]
    assert kinds.index("take_back_begun") > entries.index(("0/1", "answered"))
    assert [what for what in house.plan.calls if what[0] == "unmake"] == [("unmake", "b"), ("unmake", "a")]
    assert house.records() == {}


@pytest.mark.parametrize("refused", PARTS)
def test_what_the_other_branches_did_is_taken_back_in_reverse_and_the_refused_one_is_not(
    house: House, refused: str
) -> None:
    house.plan["look" if refused == "c" else "make", refused] = ["no"]

    assert house.run("side", a_job("1")).status == "refused"
    undone = [name for what, name in house.plan.calls if what == "unmake"]
    assert undone == [name for name in ("b", "a") if name != refused]


def test_a_failed_branch_is_taken_back_too_for_it_may_have_acted(house: House) -> None:
    house.plan["make", "b"] = ["fail"]

    assert house.run("side", a_job("1")).status == "failed"
    assert [name for what, name in house.plan.calls if what == "unmake"] == ["b", "a"]


def test_branches_that_are_settled_are_not_done_again_after_a_restart(house: House) -> None:
    house.plan["craft", "b"] = ["fail", "ok"]
    house.engine.start("long", _boxes())
    house.settle()
    house.reopen()
    house.move(timedelta(minutes=1))

    assert house.statuses("long") == ["completed"]
    assert house.plan.count("craft", "a") == 1


def _boxes() -> bytes:
    return b'{"id": "1", "boxes": [{"parts": [{"name": "a"}, {"name": "b"}]}]}'
