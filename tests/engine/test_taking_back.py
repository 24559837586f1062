"""Taking back: what a run did is undone in reverse order of place, one undo at a time, or a person is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from house import House, answer
from stall import a_job

from isthmus.adapters.sql.views import Views


def undone(house: House) -> list[str]:
    return [name for what, name in house.plan.calls if what == "unmake"]


def test_what_was_done_is_undone_in_reverse_order_of_place(house: House) -> None:
    house.plan["look", "c"] = ["no"]

    run = house.run("chain", a_job("1"))

    assert (run.status, answer(run)["fields"]) == ("refused", {"why": "c"})
    assert undone(house) == ["b", "a"]
    assert house.records() == {}
    kinds = [kind for _, kind in house.journal(run.run_id)]
    assert kinds[kinds.index("take_back_begun") :] == [
        *("take_back_begun", "changed", "undone", "changed", "undone", "ended"),
    ]


def test_a_refused_step_has_nothing_to_undo_and_a_failed_one_has(house: House) -> None:
    house.plan["make", "b"] = ["no"]
    assert house.run("chain", a_job("1")).status == "refused"
    assert undone(house) == ["a"]

    house.plan["make", "b"] = ["fail"]
    assert house.run("chain", a_job("2")).status == "failed"
    assert undone(house) == ["a", "b", "a"]


def test_a_failed_run_is_taken_back_when_its_retries_are_exhausted(house: House) -> None:
    house.plan["craft", "b"] = ["fail"]
    run_id = house.run("slow", a_job("1")).run_id
    house.move(timedelta(seconds=10))
    assert house.records() == {"a": "crafted"}
    house.move(timedelta(seconds=20))

    assert house.view(run_id).status == "failed"
    assert undone(house) == ["b", "a"]
    assert house.records() == {}


def test_an_undo_that_fails_is_tried_again(house: House) -> None:
    house.plan["look", "c"] = ["no"]
    house.plan["unmake", "b"] = ["fail", "fail", "ok"]

    assert house.run("chain", a_job("1")).status == "refused"
    assert undone(house) == ["b", "b", "b", "a"]
    assert house.letters() == []


@pytest.mark.parametrize("how", ["fail", "no", "stranger"])
def test_an_undo_that_keeps_failing_or_refuses_stops_the_rest_until_a_person_has_seen_to_it(
    house: House, how: str
) -> None:
    house.plan["look", "c"] = ["no"]
    house.plan["unmake", "b"] = [how]

    run = house.run("chain", a_job("1"))

    assert run.status == "stuck"
    assert "a" not in undone(house)
    assert house.records() == {"a": "made", "b": "made"}
    assert [letter[1:] for letter in house.letters()] == [("undo", "undo:1", "unmake")]

    house.replay()
    assert house.view(run.run_id).status == "stuck"
    assert len(house.letters()) == 1

    house.plan["unmake", "b"] = ["ok"]
    house.replay()
    assert house.view(run.run_id).status == "refused"
    assert house.letters() == []
    assert house.records() == {}
    assert undone(house)[-2:] == ["b", "a"]


def test_a_stuck_run_stays_stuck_across_a_restart(house: House) -> None:
    house.plan["look", "c"] = ["no"]
    house.plan["unmake", "b"] = ["fail"]
    run = house.run("chain", a_job("1"))
    house.reopen()
    house.settle()

    assert house.view(run.run_id).status == "stuck"
    assert house.plan.count("unmake", "b") == 3
    house.plan["unmake", "b"] = ["ok"]
    house.replay()
    assert house.view(run.run_id).status == "refused"


def test_an_undo_of_a_childs_step_that_fails_stops_the_parent_too(house: House) -> None:
    house.plan["look", "after"] = ["no"]
    house.plan["unmake", "a"] = ["no"]

    run = house.run("outer", a_job("1"))

    assert run.status == "stuck"
    assert undone(house) == ["b", "a"]
    house.plan["unmake", "a"] = ["ok"]
    house.replay()
    assert house.view(run.run_id).status == "refused"
    assert house.statuses("chain") == ["taken_back"]
    assert house.records() == {}


def test_a_step_whose_contract_is_not_loaded_stops_the_rest_and_the_version_that_has_it_undoes_it(house: House) -> None:
    run_id = house.run("nap", a_job("1")).run_id
    house.engine.abandon()
    house.rows("update inbox set contract = 'prepare' where step = '0'")
    house.open()
    house.engine.cancel(run_id, actor="operator")
    house.settle()

    assert house.view(run_id).status == "stuck"
    assert house.records() == {"a": "made"}
    assert [letter[1:] for letter in house.letters()] == [("undo", "undo:0", "prepare")]
    with Views(house.database) as views:
        assert next(views.dead_letters()).reason == '{"error":"ContractNotLoaded","place":"prepare"}'

    house.replay()
    assert house.view(run_id).status == "stuck"
    house.rows("update inbox set contract = 'make' where step = '0'")
    house.replay()
    assert house.view(run_id).status == "cancelled"
    assert house.records() == {}


def test_an_undo_of_a_kit_that_fails_stops_the_rest(house: House) -> None:
    house.plan["look", "after"] = ["no"]
    house.plan["uncraft", "1"] = ["no"]

    run = house.run("outer_kit", a_job("1"))
    assert run.status == "stuck"
    house.plan["uncraft", "1"] = ["ok"]
    house.replay()
    assert house.view(run.run_id).status == "refused"
    assert house.records() == {}


def test_a_step_that_was_asked_alone_is_nobodys_to_take_back(house: House) -> None:
    from stall import Part  # noqa: PLC0415

    house.engine.ask("make", Part(name="alone"), key="k")
    house.plan["look", "c"] = ["no"]
    house.run("chain", a_job("1"))

    assert house.records() == {"alone": "made"}
