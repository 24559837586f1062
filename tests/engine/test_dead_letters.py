"""Dead letters: whatever nobody but a person can carry on is named, shown, and carried on when one has seen to it."""

from __future__ import annotations

import pytest
from house import House
from stall import News, a_job

from isthmus.adapters.sql.views import Views
from isthmus.core.errors import NotFound


def test_a_letter_says_what_is_stuck_and_why_and_never_what_was_said(house: House) -> None:
    house.plan["ship", "c"] = ["fail"]
    run = house.run("seal", a_job("1"))

    with Views(house.database) as views:
        (letter,) = views.dead_letters()
    assert (letter.kind, letter.run_id, letter.step, letter.subject) == ("step", run.run_id, "2", "ship")
    assert "ConnectionError" in letter.reason
    assert "is down" not in letter.reason


def test_a_letter_is_resolved_once_and_says_by_whom(house: House) -> None:
    house.plan["ship", "c"] = ["fail"]
    house.run("seal", a_job("1"))
    house.plan["ship", "c"] = ["ok"]
    (number, *_), *_ = house.letters()
    house.engine.replay(number, actor="ann")
    house.settle()

    with pytest.raises(NotFound):
        house.engine.replay(number, actor="bob")
    with Views(house.database) as views:
        (letter,) = views.dead_letters(resolved=True)
    assert letter.resolution == "replayed by ann"
    assert house.rows("select actor from journal where kind = 'resolved'") == [("ann",)]
    assert house.plan.count("ship", "c") == 4


def test_a_crash_after_a_replay_leaves_nothing_behind(house: House) -> None:
    house.plan["ship", "c"] = ["fail"]
    run_id = house.run("seal", a_job("1")).run_id
    house.engine.abandon()
    house.plan["ship", "c"] = ["ok"]
    house.beside().replay(house.letters()[0][0], actor="a person")
    house.open()
    house.settle()

    assert house.view(run_id).status == "completed"


def test_letters_of_every_kind_can_be_replayed_together(house: House) -> None:
    house.plan["ship", "c"] = ["fail"]
    house.plan["look", "l"] = ["no"]
    house.plan["unmake", "u"] = ["fail"]
    house.plan["hear first", "k 1"] = ["fail"]
    runs = [house.run("seal", a_job("1")).run_id, house.run("chain", a_job("2", a="u", c="l")).run_id]
    house.engine.publish("news", News(id="k", text="1"))
    house.settle()
    assert sorted(kind for _, kind, *_ in house.letters()) == ["delivery", "step", "undo"]

    for what in (("ship", "c"), ("unmake", "u"), ("hear first", "k 1")):
        house.plan[what] = ["ok"]
    house.replay()
    assert [house.view(run).status for run in runs] == ["completed", "refused"]
    assert house.letters() == []


def test_a_delivery_that_cannot_be_done_at_all_stops_neither_the_engine_nor_the_queue(house: House) -> None:
    """The record under its key is of another call: a fault of ours, which no retry would mend."""
    house.engine.close()
    beside = house.beside()
    beside.publish("news", News(id="k", text="1"))
    beside.publish("news", News(id="k", text="2"))
    ((run_id, message_id),) = house.rows("select run_id, message_id from outbox order by sequence limit 1")
    step = f"{message_id.removeprefix(run_id + '/')}>hear_first"
    house.rows(
        "insert into inbox values (:run, :step, 'hear_first', :none, 'another', 'answered', :none, 0, 0, 1, 0)",
        **{"run": run_id, "step": step, "none": b"null"},
    )
    house.open()
    house.settle()

    assert [(kind, subject) for _, kind, _, subject in house.letters()] == [("delivery", "hear_first")]
    assert house.records() == {"first k 2": 1, "second k 1": 1, "second k 2": 1}
    assert house.run("chain", a_job("1")).status == "completed"


def test_an_undo_that_cannot_be_done_at_all_asks_a_person_and_the_engine_goes_on(house: House) -> None:
    house.plan["craft", "b"] = ["fail"]
    run_id = house.run("slow", a_job("1")).run_id
    house.rows(
        "insert into inbox values (:run, 'undo:0', 'unmake', :none, 'another', 'failing', :none, 0, 0, 1, 0)",
        **{"run": run_id, "none": b"null"},
    )
    house.engine.cancel(run_id, actor="operator")
    house.settle()

    assert house.view(run_id).status == "stuck"
    assert [(kind, subject) for _, kind, _, subject in house.letters()] == [("undo", "unmake")]
    assert house.run("chain", a_job("2")).status == "completed"
