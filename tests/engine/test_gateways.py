"""Gateways: the intent is committed, the call is made outside any transaction, the answer is committed."""

from __future__ import annotations

import threading
import time

import pytest
from house import Dying, House, answer
from stall import Part, a_job

from isthmus.adapters.local import engine, loop
from isthmus.adapters.runtime.asking import HandlerFailed
from isthmus.adapters.sql.faults import Conflict
from isthmus.core.testing import Crash


def bought(house: House) -> tuple[list[str], int, int]:
    """Return what was bought, and how often the market was called and inquired of."""
    return (
        house.stall.market.done,
        house.plan.count("market call", "b"),
        house.plan.count("market inquire", "b"),
    )


def test_the_intent_is_committed_before_the_call(house: House) -> None:
    seen: list[object] = []

    def look() -> str:
        seen.extend(house.rows("select step, state from inbox order by step"))
        return "ok"

    house.plan["market call", "b"] = [look]
    run = house.run("trade", a_job("1"))

    assert run.status == "completed"
    assert seen == [("0", "answered"), ("1", "intent")]
    assert bought(house) == (["b"], 1, 0)
    entries = [entry for entry in house.journal(run.run_id) if entry[0] == "1"]
    assert entries == [("1", "intended"), ("1", "changed"), ("1", "answered")]


def test_an_answer_that_was_lost_is_inquired_after_and_found(house: House) -> None:
    house.plan["market call", "b"] = ["lost"]

    run = house.run("trade", a_job("1"))

    assert (run.status, answer(run)) == ("completed", {"text": "buy b"})
    assert bought(house) == (["b"], 1, 1)


def test_a_call_that_never_arrived_is_made_again(house: House) -> None:
    house.plan["market call", "b"] = ["fail", "ok"]

    assert house.run("trade", a_job("1")).status == "completed"
    assert bought(house) == (["b"], 2, 1)


def test_when_nobody_can_say_the_run_is_stuck_and_a_person_asked(house: House) -> None:
    house.plan["market call", "b"] = ["lost"]
    house.plan["market inquire", "b"] = ["unknown"]

    run = house.run("trade", a_job("1"))

    assert run.status == "stuck"
    assert [letter[1:] for letter in house.letters()] == [("step", "1", "buy")]
    assert house.records() == {"a": "made"}
    assert bought(house) == (["b"], 1, 1)

    house.replay()
    assert house.view(run.run_id).status == "stuck"
    house.plan["market inquire", "b"] = ["ok"]
    house.replay()
    assert house.view(run.run_id).status == "completed"
    assert bought(house)[:2] == (["b"], 1)


@pytest.mark.parametrize("point", ["before_call", "after_call", "before_commit", "after_commit"])
def test_a_crash_around_the_call_buys_once(house: House, point: str) -> None:
    run = house.crash("trade", a_job("1"), Dying(point, "1"))

    assert run.status == "completed"
    assert bought(house)[:2] == (["b"], 1)
    assert house.records() == {"a": "made", "b": "market b"}


def test_a_crash_before_the_answer_is_committed_inquires(house: House) -> None:
    run = house.crash("trade", a_job("1"), Dying("before_commit", "1", number=2))

    assert run.status == "completed"
    assert bought(house) == (["b"], 1, 1)


def test_a_refusal_after_the_answer_is_recorded_with_none_of_its_effects(house: House) -> None:
    house.plan["buy", "b"] = ["no"]

    run = house.run("trade", a_job("1"))

    assert run.status == "refused"
    assert house.stall.returns.done == []
    assert house.records() == {}


def test_a_purchase_is_taken_back_through_its_own_gateway(house: House) -> None:
    house.plan["look", "c"] = ["no"]
    house.plan["returns call", "b"] = ["lost"]

    assert house.run("trade", a_job("1")).status == "refused"
    assert (house.stall.market.done, house.stall.returns.done) == (["b"], ["b"])
    assert house.plan.count("returns inquire", "b") == 1
    assert house.records() == {}


def test_an_undo_of_which_nobody_knows_is_stuck(house: House) -> None:
    house.plan["look", "c"] = ["no"]
    house.plan["returns call", "b"] = ["lost"]
    house.plan["returns inquire", "b"] = ["unknown"]

    run = house.run("trade", a_job("1"))

    assert run.status == "stuck"
    assert house.records() == {"a": "made", "b": "market b"}
    house.plan["returns inquire", "b"] = ["ok"]
    house.replay()
    assert house.view(run.run_id).status == "refused"
    assert house.stall.returns.done == ["b"]


@pytest.mark.parametrize("point", ["before_call", "after_call"])
def test_a_crash_around_the_call_of_an_undo_sells_once(house: House, point: str) -> None:
    house.plan["look", "c"] = ["no"]

    run = house.crash("trade", a_job("1"), Dying(point, "undo:1"))

    assert run.status == "refused"
    assert house.stall.returns.done == ["b"]
    assert house.records() == {}


def test_a_purchase_that_failed_for_good_is_taken_back_for_it_may_have_happened(house: House) -> None:
    house.plan["market call", "b"] = ["lost"]
    house.plan["market inquire", "b"] = ["fail"]

    assert house.run("trade", a_job("1")).status == "failed"
    assert house.stall.returns.done == ["b"]


def test_tables_open_only_after_the_gateway_has_answered(house: House) -> None:
    house.plan["peek", "b"] = ["peek"]

    run = house.run("peep", a_job("1"))

    assert (run.status, answer(run)["error"]) == ("failed", "RuntimeError")
    assert house.stall.market.done == []


def test_a_handler_that_inquires_of_its_gateway_itself_is_told_not_to_and_calls_nothing(house: House) -> None:
    """It was taken for a call, which acts."""
    house.plan["peek", "b"] = ["inquire"]

    with pytest.raises(HandlerFailed, match="RuntimeError"):
        house.engine.ask("peek", Part(name="b"), key="k")
    assert bought(house) == ([], 0, 0)


def test_a_conflict_before_the_gateway_is_asked_is_no_failure_of_the_handler(house: House) -> None:
    def conflict() -> str:
        raise Conflict("lost against another")

    house.plan["peek", "b"] = [conflict, conflict, conflict, "ok"]

    assert house.engine.ask("peek", Part(name="b"), key="k").text == "market b"
    assert house.kinds()["failed"] == 0


def test_an_answer_without_asking_the_gateway_keeps_the_limits_too(house: House) -> None:
    house.plan["peek", "b"] = [lambda: "large"]

    with pytest.raises(HandlerFailed, match="AnswerInvalid"):
        house.engine.ask("peek", Part(name="b"), key="k")


def test_an_answer_of_another_type_without_asking_the_gateway_is_a_failure(house: House) -> None:
    house.plan["peek", "b"] = [lambda: "nothing"]

    with pytest.raises(HandlerFailed):
        house.engine.ask("peek", Part(name="b"), key="k")
    assert house.run("chain", a_job("2")).status == "completed"


def test_a_gateway_that_does_not_answer_in_time_has_failed_and_is_inquired_after(house: House) -> None:
    late = threading.Event()

    def slow() -> str:
        late.wait(1.0)
        return "ok"

    house.plan["market call", "b"] = [slow, "ok"]
    run_id = house.engine.start("bargain", a_job("1"))
    house.until(lambda: house.plan.count("market inquire", "b"))
    late.set()
    view = house.engine.wait(run_id, timeout_seconds=10)

    assert view.status in ("completed", "failed")
    assert house.stall.market.done.count("b") <= 2
    assert house.kinds()["failed"] >= 1


def test_a_call_whose_time_was_over_before_it_could_be_made_is_never_made(
    sqlite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, free = sqlite_house, threading.Event()
    monkeypatch.setattr(engine, "GATEWAY_THREADS", 1)
    house.reopen()
    house.plan["market call", "b"] = [lambda: free.wait(10) and "ok"]
    house.engine.start("bargain", a_job("1"))
    second = house.engine.start("bargain", a_job("2", b="crowded out"))
    house.until(lambda: house.steps(second).get("0") == "failed")
    free.set()

    assert house.engine.wait(second, timeout_seconds=10).status == "failed"
    assert house.plan.count("market call", "crowded out") == 0


def test_a_gateway_that_never_returns_does_not_hold_up_closing_and_is_inquired_after_by_the_next_engine(
    sqlite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, asked, never = sqlite_house, threading.Event(), threading.Event()
    monkeypatch.setattr(loop, "CLOSE_SECONDS", 0.05)
    house.plan["market call", "b"] = [lambda: asked.set() or (never.wait(20) and "ok"), "ok"]
    run_id = house.engine.start("trade", a_job("1"))
    asked.wait(10)
    began = time.monotonic()
    house.engine.close()
    assert time.monotonic() - began < 5

    house.open()
    house.settle()
    assert (house.view(run_id).status, house.plan.count("market inquire", "b")) == ("completed", 1)
    never.set()


def test_other_work_goes_on_while_a_gateway_takes_its_time(house: House) -> None:
    free = threading.Event()
    house.plan["market call", "b"] = [lambda: free.wait(10) and "ok"]
    run_id = house.engine.start("trade", a_job("1"))
    other = house.engine.start("chain", a_job("2"))

    assert house.engine.wait(other, timeout_seconds=10).status == "completed"
    free.set()
    house.settle()
    assert house.view(run_id).status == "completed"


def test_whoever_asks_a_gateway_alone_hears_of_a_crash_and_may_ask_again(house: House) -> None:
    house.reopen(faults=Dying("after_call"))
    with pytest.raises(Crash):
        house.engine.ask("buy", Part(name="b"), key="k")
    house.reopen()

    assert house.engine.ask("buy", Part(name="b"), key="k").text == "buy b"
    assert bought(house) == (["b"], 1, 1)


def test_whoever_asks_hears_that_nobody_knows(house: House) -> None:
    house.plan["market call", "b"] = ["lost"]
    house.plan["market inquire", "b"] = ["unknown"]

    with pytest.raises(HandlerFailed):
        house.engine.ask("buy", Part(name="b"), key="k")
