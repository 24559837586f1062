"""Operations of another process: done beside an engine, which picks them up without being opened again."""

from __future__ import annotations

import threading

import pytest
from house import House
from stall import News, No, Part, Price, Word, a_job

from isthmus.adapters.runtime.asking import HandlerFailed
from isthmus.core.errors import IdentityConflict, InputError, MessageInvalid, NotFound


def test_a_start_is_picked_up(house: House) -> None:
    run_id = house.beside().start("chain", a_job("1"), actor="cli", on_behalf_of="ann")
    house.until(lambda: house.view(run_id).status == "completed")

    assert (house.view(run_id).actor, house.view(run_id).on_behalf_of) == ("cli", "ann")
    assert house.engine.start("chain", a_job("1")) == run_id
    assert house.plan.count("make", "a") == 1


def test_a_start_that_is_repeated_leaves_the_run_alone_that_waits_for_a_gateway(house: House) -> None:
    asked, free = threading.Event(), threading.Event()
    house.plan["market call", "b"] = [lambda: asked.set() or (free.wait(10) and "ok")]
    run_id = house.engine.start("trade", a_job("1"))
    asked.wait(10)
    assert house.beside().start("trade", a_job("1"), actor="cli") == run_id
    house.until(lambda: house.rows("select count(*) from wake") == [(0,)])
    house.engine.publish("news", News(id="k", text="1"))
    free.set()
    house.settle()

    assert house.view(run_id).status == "completed"
    assert house.plan.count("market inquire", "b") == 0


def test_an_event_is_picked_up(house: House) -> None:
    run_id = house.run("must_hear", a_job("1")).run_id

    assert house.beside().send("Word", key="1", message=Word(text="now")) == "delivered"
    house.until(lambda: house.view(run_id).status == "completed")


def test_an_event_that_comes_twice_by_two_ways_counts_once(house: House) -> None:
    run_id = house.run("listen", a_job("1")).run_id
    house.beside().send("Word", key="1", message=Word(text="one"), event_id="1")

    assert house.say("1", "one", "1") == "repeated"
    house.say("1", "two", "2")
    house.until(lambda: house.view(run_id).status == "completed")
    assert house.view(run_id).outcome == b'{"text":"one two"}'


def test_a_cancel_is_picked_up(house: House) -> None:
    run_id = house.run("must_hear", a_job("1")).run_id
    house.beside().cancel(run_id, actor="operator")
    house.until(lambda: house.view(run_id).status == "cancelled")

    assert house.records() == {}


def test_a_replay_is_picked_up(house: House) -> None:
    house.plan["ship", "c"] = ["fail"]
    run_id = house.run("seal", a_job("1")).run_id
    house.plan["ship", "c"] = ["ok"]
    house.beside().replay(house.letters()[0][0], actor="a person")
    house.until(lambda: house.view(run_id).status == "completed")


def test_a_replay_of_a_delivery_is_picked_up(house: House) -> None:
    house.plan["hear first", "k 1"] = ["fail"]
    house.engine.publish("news", News(id="k", text="1"))
    house.settle()
    house.plan["hear first", "k 1"] = ["ok"]
    house.beside().replay(house.letters()[0][0], actor="a person")
    house.until(lambda: "first k 1" in house.records())

    assert house.plan.count("hear second", "k 1") == 1


def test_what_is_published_and_fed_is_picked_up(house: House) -> None:
    house.beside().publish("news", News(id="k", text="1"))
    house.beside().feed("prices", Price(name="paper", price=7))
    house.until(lambda: {"first k 1", "second k 1", "paper"} <= house.records().keys())


def test_a_handler_is_asked_beside_the_engine_and_its_answer_recorded_for_both(house: House) -> None:
    first = house.beside().ask("make", Part(name="a"), key="k", actor="cli", on_behalf_of="ann")

    assert house.engine.ask("make", Part(name="a"), key="k") == house.beside().ask("make", Part(name="a"), key="k")
    assert first.text == "make a"
    assert house.plan.count("make", "a") == 1
    assert house.rows("select actor, on_behalf_of from journal where kind = 'answered'") == [("cli", "ann")]


def test_a_handler_that_fails_beside_the_engine_is_tried_again_by_its_contract(house: House) -> None:
    house.plan["make", "a"] = ["fail", "fail", "ok"]
    house.plan["make", "b"] = ["fail"]
    house.plan["make", "c"] = ["no"]

    assert house.beside().ask("make", Part(name="a"), key="a").text == "make a"
    with pytest.raises(HandlerFailed, match="failed 3 times"):
        house.beside().ask("make", Part(name="b"), key="b")
    for _time in range(2):
        with pytest.raises(No):
            house.beside().ask("make", Part(name="c"), key="c")
    assert house.records() == {"a": "made"}
    assert house.plan.count("make", "c") == 1


def test_a_gateway_is_asked_beside_the_engine_and_inquired_of_after_a_lost_answer(house: House) -> None:
    house.plan["market call", "b"] = ["lost"]

    assert house.beside().ask("buy", Part(name="b"), key="k").text == "buy b"
    assert house.stall.market.done == ["b"]
    assert house.plan.count("market inquire", "b") == 1


def test_a_gateway_that_does_not_answer_in_time_beside_the_engine_has_failed(house: House) -> None:
    free = threading.Event()
    house.plan["market call", "b"] = [lambda: free.wait(10) and "ok"]
    house.plan["market inquire", "b"] = ["unknown"]

    with pytest.raises(HandlerFailed):
        house.beside().ask("haggle", Part(name="b"), key="k")
    free.set()


def test_what_a_handler_publishes_beside_the_engine_is_picked_up(house: House) -> None:
    house.beside().ask("announce", News(id="k", text="1"), key="k")
    house.until(lambda: {"first k 1", "second k 1 again"} <= house.records().keys())


def test_all_of_it_is_picked_up_by_an_engine_that_is_never_idle(house: House) -> None:
    """It looks for notes between two groups of work, not only when it has nothing to do."""
    house.plan["look", "c"] = ["no"]
    run_id = house.beside().start("must_hear", a_job("busy"), actor="cli")
    number = 0
    while not house.records().get("a"):
        number += 1
        house.engine.start("side", a_job(str(number), a="x", b="y"))
        assert number < 5_000
    assert house.view(run_id).status == "running"


def test_operations_refuse_what_the_engine_refuses_and_journal_it(house: House) -> None:
    beside = house.beside()
    run_id = house.run("chain", a_job("1")).run_id
    beside.ask("make", Part(name="a"), key="used")
    wrong = [
        (IdentityConflict, lambda: beside.start("chain", a_job("1", a="x"), actor="cli")),
        (NotFound, lambda: beside.start("chains", a_job("1"), actor="cli")),
        (MessageInvalid, lambda: beside.start("chain", b"{}", actor="cli")),
        (MessageInvalid, lambda: beside.start("chain", object(), actor="cli")),
        (NotFound, lambda: beside.send("Wrod", key="1", message=b"{}")),
        (InputError, lambda: beside.cancel(run_id, actor="cli")),
        (NotFound, lambda: beside.cancel("none", actor="cli")),
        (NotFound, lambda: beside.replay(9, actor="cli")),
        (NotFound, lambda: beside.publish("olds", News(id="k", text=""))),
        (NotFound, lambda: beside.ask("chain", a_job("1"), key="k")),
        (NotFound, lambda: beside.ask("nothing", a_job("1"), key="k")),
        (MessageInvalid, lambda: beside.ask("make", b"{}", key="k")),
        (IdentityConflict, lambda: beside.ask("make", Part(name="b"), key="used")),
    ]
    for error, call in wrong:
        with pytest.raises(error):
            call()

    assert house.kinds()["rejected"] == len(wrong)


def test_operations_work_while_no_engine_runs(house: House) -> None:
    house.engine.close()
    run_id = house.beside().start("listen", a_job("1"), actor="cli")
    assert house.beside().send("Word", key="1", message=Word(text="one")) == "queued"
    house.open()
    house.settle()

    assert house.view(run_id).status == "running"
    house.say("1", "two")
    assert house.view(run_id).outcome == b'{"text":"one two"}'
