"""Cancelling: an operator ends a run; it is fenced at once, and what it did is taken back."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from house import House
from stall import a_job

from isthmus.core.errors import InputError, NotFound


def test_a_run_that_waits_is_taken_back_when_it_is_cancelled(house: House) -> None:
    run_id = house.run("must_hear", a_job("1")).run_id
    house.engine.cancel(run_id, actor="operator")
    house.settle()

    view = house.view(run_id)
    assert (view.status, view.outcome) == ("cancelled", b'{"cancelled_by":"operator"}')
    assert house.records() == {}
    assert house.say("1", "too late") == "late"
    assert house.rows("select actor from journal where kind = 'cancelled'") == [("operator",)]


def test_a_run_that_waits_to_try_again_is_fenced(house: House) -> None:
    house.plan["craft", "b"] = ["fail", "ok"]
    run_id = house.run("slow", a_job("1")).run_id
    house.engine.cancel(run_id, actor="operator")
    house.settle()
    house.move(timedelta(minutes=5))

    assert house.view(run_id).status == "cancelled"
    assert house.plan.count("craft", "b") == 1
    assert house.records() == {}


def test_an_answer_of_a_gateway_that_comes_after_the_cancel_changes_nothing(house: House) -> None:
    asked, free = threading.Event(), threading.Event()

    def slow() -> str:
        asked.set()
        free.wait(10)
        return "ok"

    house.plan["market call", "b"] = [slow]
    run_id = house.engine.start("trade", a_job("1"))
    asked.wait(10)
    house.engine.cancel(run_id, actor="operator")
    house.until(lambda: house.view(run_id).status == "cancelled")
    before = house.kinds()
    free.set()
    house.settle()

    assert house.records() == {}
    assert house.kinds() == before
    assert house.stall.returns.done == ["b"]  # it may have been bought, so it was sold


def test_children_are_taken_back_with_their_parent(house: House) -> None:
    run_id = house.run("outer_nap", a_job("1")).run_id
    house.engine.cancel(run_id, actor="operator")
    house.settle()
    house.move(timedelta(hours=2))

    assert house.view(run_id).status == "cancelled"
    assert house.statuses("nap") == ["taken_back"]
    assert house.plan.count("make", "b") == 0
    assert house.records() == {}


def test_nothing_of_a_run_that_was_taken_back_stays_in_memory(house: House) -> None:
    for number in range(3):
        run_id = house.run("outer_nap", a_job(str(number))).run_id
        house.engine.cancel(run_id, actor="operator")
    house.run("must_hear", a_job("4"))
    house.engine.cancel(house.run("must_hear", a_job("5")).run_id, actor="operator")
    house.settle()

    assert [one.run.identity for one in house.engine._executions.values()] == ["4"]
    assert [work.run_id for work in house.engine._timers] == list(house.engine._executions)
    assert house.rows("select count(*) from timer") == [(0,)]


def test_a_child_that_takes_itself_back_is_left_to_it_when_its_parent_is_cancelled(house: House) -> None:
    """Both would ask the same gateway for the same undo, the one inquiring after what the other is just asking."""
    asked, free = threading.Event(), threading.Event()

    def slow() -> str:
        asked.set()
        free.wait(10)
        return "ok"

    house.plan["look", "c"] = ["no"]
    house.plan["returns call", "b"] = [slow]
    run_id = house.engine.start("outer_trade", a_job("1"))
    asked.wait(10)
    house.engine.cancel(run_id, actor="operator")
    time.sleep(0.1)
    free.set()
    house.settle()

    assert house.stall.returns.done == ["b"]
    assert house.plan.count("returns inquire", "b") == 0
    assert (house.view(run_id).status, house.statuses("trade")) == ("cancelled", ["refused"])
    assert house.records() == {}


def test_a_child_that_cannot_take_itself_back_is_taken_back_with_its_parent(house: House) -> None:
    tried, free = threading.Event(), threading.Event()
    house.plan["look", "c"] = ["no"]
    house.plan["returns call", "b"] = [lambda: tried.set() or (free.wait(10) and "lost")]
    house.plan["returns inquire", "b"] = ["unknown"]
    run_id = house.engine.start("outer_trade", a_job("1"))
    tried.wait(10)
    house.engine.cancel(run_id, actor="operator")
    free.set()
    house.settle()
    assert house.view(run_id).status == "stuck"

    house.plan["returns inquire", "b"] = ["ok"]
    house.replay()
    assert (house.view(run_id).status, house.statuses("trade")) == ("cancelled", ["taken_back"])
    assert house.records() == {}


def test_a_child_is_cancelled_with_its_parent_only(house: House) -> None:
    house.run("outer_nap", a_job("1"))
    ((child,),) = house.rows("select run_id from run where contract = 'nap'")

    with pytest.raises(InputError, match="part of"):
        house.engine.cancel(child, actor="operator")


@pytest.mark.parametrize("ending", ["completed", "refused", "cancelled"])
def test_a_run_that_has_ended_cannot_be_cancelled(house: House, ending: str) -> None:
    if ending == "refused":
        house.plan["look", "c"] = ["no"]
    if ending == "cancelled":
        run_id = house.run("nap", a_job("1")).run_id
        house.engine.cancel(run_id, actor="operator")
        house.settle()
    else:
        run_id = house.run("chain", a_job("1")).run_id
    assert house.view(run_id).status == ending
    before = house.journal(run_id)

    with pytest.raises(InputError):
        house.engine.cancel(run_id, actor="operator")
    assert house.journal(run_id) == before
    assert house.kinds()["rejected"] == 1


def test_a_run_that_does_not_exist_cannot_be_cancelled(house: House) -> None:
    with pytest.raises(NotFound):
        house.engine.cancel("nothing", actor="operator")


def test_a_cancelled_run_is_taken_back_by_whoever_opens_next(house: House) -> None:
    run_id = house.run("must_hear", a_job("1")).run_id
    house.engine.abandon()
    house.beside().cancel(run_id, actor="operator")
    house.open()
    house.settle()

    assert house.view(run_id).status == "cancelled"
    assert house.records() == {}


def test_a_stuck_child_is_taken_back_with_its_parent_and_its_letter_changes_nothing_afterwards(house: House) -> None:
    house.plan["market call", "b"] = ["lost"]
    house.plan["market inquire", "b"] = ["unknown"]
    run_id = house.run("outer_trade", a_job("1")).run_id
    assert house.statuses("trade") == ["stuck"]
    assert house.view(run_id).status == "running"

    house.engine.cancel(run_id, actor="operator")
    house.settle()
    assert house.view(run_id).status == "cancelled"
    assert house.statuses("trade") == ["taken_back"]
    assert house.records() == {}

    house.replay()
    assert house.statuses("trade") == ["taken_back"]
    assert house.view(run_id).status == "cancelled"
