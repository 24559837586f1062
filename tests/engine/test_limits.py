"""Limits: ours, the same everywhere; what breaks one fails, and is taken back."""

from __future__ import annotations

import pytest
from house import House, answer
from stall import Batch, Box, Boxes, News, Part, a_job

from isthmus.adapters.runtime import execution
from isthmus.core.codec import ENCODER, MESSAGE_BYTES_MAX
from isthmus.core.errors import IsthmusError


def test_a_run_may_not_take_more_steps_than_the_limit(sqlite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house = sqlite_house
    monkeypatch.setattr(execution, "STEPS_MAX", 5)
    within = Boxes(id="1", boxes=[Box(parts=[Part(name=f"a{i}")]) for i in range(5)])
    beyond = Boxes(id="2", boxes=[Box(parts=[Part(name=f"b{i}")]) for i in range(6)])

    assert house.run("long", within).status == "completed"
    run = house.run("long", beyond)
    assert (run.status, answer(run)["error"]) == ("failed", "TooManySteps")
    assert sorted(house.records()) == [f"a{i}" for i in range(5)]


def test_the_answers_of_one_each_are_bounded_together(sqlite_house: House) -> None:
    house = sqlite_house
    for number in range(8):
        house.plan["make", f"p{number}"] = [lambda: "x" * 30_000]

    run = house.run("many", Batch(id="1", parts=[Part(name=f"p{number}") for number in range(8)]))
    assert (run.status, answer(run)["error"]) == ("failed", "AnswersTooLarge")
    assert house.records() == {}


def test_an_answer_just_below_the_limit_passes(sqlite_house: House) -> None:
    sqlite_house.plan["look", "c"] = [lambda: "x" * 32_700]

    assert sqlite_house.run("chain", a_job("1")).status == "completed"


def test_a_gateway_answer_over_the_limit_is_a_failure_and_what_was_done_is_taken_back(sqlite_house: House) -> None:
    house = sqlite_house
    house.plan["buy", "b"] = ["large"]

    assert house.run("trade", a_job("1")).status == "failed"
    assert house.stall.market.done == house.stall.returns.done == ["b"]
    assert house.records() == {}


def test_a_message_over_the_limit_is_not_published_and_its_handler_fails(sqlite_house: House) -> None:
    largest = News(id="k", text="x" * (MESSAGE_BYTES_MAX - len(ENCODER.encode(News(id="k", text="")))))

    with pytest.raises(IsthmusError, match="announce"):
        sqlite_house.engine.ask("announce", largest, key="1")
    assert sqlite_house.rows("select count(*) from outbox") == [(0,)]
