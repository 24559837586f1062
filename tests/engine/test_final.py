"""The point of no return: after a final step nothing is taken back; failures are retried, then a person is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from house import House
from stall import a_job

from isthmus.core.errors import InputError


def test_a_failure_after_a_final_step_asks_a_person_and_takes_nothing_back(house: House) -> None:
    house.plan["ship", "c"] = ["fail"]

    run = house.run("seal", a_job("1"))

    assert run.status == "stuck"
    assert house.records() == {"a": "crafted", "shipped b": "shipped"}
    assert [letter[1:] for letter in house.letters()] == [("step", "2", "ship")]


def test_replaying_it_carries_the_run_on_from_where_it_stood(house: House) -> None:
    house.plan["ship", "c"] = ["fail"]
    run = house.run("seal", a_job("1"))
    house.replay()
    assert house.view(run.run_id).status == "stuck"
    assert house.plan.count("ship", "c") == 6

    house.plan["ship", "c"] = ["ok"]
    house.replay()
    assert house.view(run.run_id).status == "completed"
    assert house.letters() == []
    assert house.plan.count("craft", "a") == house.plan.count("ship", "b") == 1


def test_a_final_step_that_failed_itself_was_not_done_and_the_rest_is_taken_back(house: House) -> None:
    house.plan["ship", "b"] = ["fail"]

    assert house.run("seal", a_job("1")).status == "failed"
    assert house.records() == {}


def test_a_final_step_of_a_child_is_one_of_its_parent(house: House) -> None:
    run_id = house.run("seal_outer", a_job("1")).run_id
    house.move(timedelta(hours=1))

    assert house.view(run_id).status == "completed"
    with pytest.raises(InputError):
        house.engine.cancel(run_id, actor="operator")


def test_an_operator_cannot_cancel_what_cannot_be_undone(house: House) -> None:
    house.plan["ship", "c"] = ["fail"]
    run = house.run("seal", a_job("1"))

    with pytest.raises(InputError):
        house.engine.cancel(run.run_id, actor="operator")
    assert house.kinds()["rejected"] == 1
    assert house.view(run.run_id).status == "stuck"


def test_an_operator_cannot_cancel_a_run_whose_child_has_done_what_cannot_be_undone(house: House) -> None:
    run_id = house.run("seal_outer", a_job("1")).run_id  # its child has shipped, and sleeps

    with pytest.raises(InputError, match="cannot be undone"):
        house.engine.cancel(run_id, actor="operator")
    house.move(timedelta(hours=1))
    assert house.view(run_id).status == "completed"
    assert house.records() == {"a": "crafted", "shipped b": "shipped"}


def test_a_child_that_fails_after_a_final_step_of_its_parent_is_taken_back_and_a_person_asked(house: House) -> None:
    house.plan["craft", "b"] = ["fail"]
    run_id = house.run("seal_child", a_job("1")).run_id
    house.move(timedelta(minutes=1))
    house.move(timedelta(minutes=1))

    assert house.view(run_id).status == "stuck"
    assert house.records() == {"shipped c": "shipped"}

    house.plan["craft", "b"] = ["ok"]
    house.replay()
    assert house.view(run_id).status == "completed"
    assert house.records() == {"shipped c": "shipped", "a": "crafted", "b": "crafted"}
    assert house.plan.count("ship", "c") == 1


def test_a_final_call_of_a_gateway_that_failed_for_good_may_have_happened_so_a_person_is_asked(house: House) -> None:
    house.plan["market call", "b"] = ["lost"]
    house.plan["market inquire", "b"] = ["fail"]

    run = house.run("paying", a_job("1"))

    assert (run.status, house.stall.market.done) == ("stuck", ["b"])
    assert house.records() == {"a": "crafted"}
    house.plan["market inquire", "b"] = ["ok"]
    house.replay()
    assert house.view(run.run_id).status == "completed"
    assert house.plan.count("market call", "b") == 1
