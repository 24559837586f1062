"""Topics: messages leave with the unit of work, and reach every subscriber once, in sequence within a key."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from house import House, answer
from stall import (
    FULFILS,
    News,
    Part,
    Price,
    announce_news,
    hear,
    hear_first,
    hear_second,
    hear_slowly,
    report_flow,
    stall_app,
    told,
)

from isthmus.core import topic
from isthmus.core.app import App
from isthmus.core.errors import InputError, MessageInvalid, NotFound
from isthmus.core.testing import Crash


def heard(house: House, what: str = "hear first") -> list[str]:
    return [name for asked, name in house.plan.calls if asked == what]


def with_subscribers(*subscribers: Any) -> App:
    app = stall_app()
    app.topics = (topic("news", News, key="id", subscribers=subscribers, external=True),)
    return app


def test_every_subscriber_has_every_message_once_and_in_order(house: House) -> None:
    for number in range(5):
        house.engine.publish("news", News(id="k", text=str(number)))
    house.settle()

    assert heard(house) == heard(house, "hear second") == [f"k {number}" for number in range(5)]
    assert house.rows("select count(*) from outbox where published_at is null") == [(0,)]


def test_a_message_is_published_only_if_its_step_is_answered(house: House) -> None:
    house.plan["announce", "k"] = ["fail", "ok"]

    house.engine.ask("announce", News(id="k", text="new"), key="1")
    house.settle()

    assert heard(house) == ["k new", "k new again"]


def test_steps_side_by_side_publish_each_their_own_messages(house: House) -> None:
    """The second branches of two gathers have the same number, and are not the same."""
    run = house.run("report", News(id="k", text="it"))

    assert run.status == "completed"
    counts = {key: count for key, count in house.records().items() if key.startswith("first")}
    assert counts == {
        "first k it": 2,
        "first k it again": 2,
        "first k first": 1,
        "first k first again": 1,
        "first k second": 1,
        "first k second again": 1,
    }


def test_a_subscriber_that_fails_is_tried_again_and_holds_up_its_own_key_alone(house: House) -> None:
    house.reopen(with_subscribers(hear_first, hear_slowly).load())
    house.plan["hear slowly", "a 1"] = ["fail", "ok"]
    for key in ("a", "b"):
        for text in ("1", "2"):
            house.engine.publish("news", News(id=key, text=text))
    house.settle()

    assert sorted(heard(house)) == ["a 1", "a 2", "b 1", "b 2"]
    assert sorted(heard(house, "hear slowly")) == ["a 1", "b 1", "b 2"]
    house.move(timedelta(seconds=10))
    assert heard(house, "hear slowly")[-2:] == ["a 1", "a 2"]


def test_what_a_subscriber_cannot_handle_goes_to_a_person_and_the_queue_goes_on(house: House) -> None:
    house.plan["hear first", "k 1"] = ["fail"]
    for number in (1, 2):
        house.engine.publish("news", News(id="k", text=str(number)))
    house.settle()

    assert heard(house) == ["k 1"] * 3 + ["k 2"]
    assert heard(house, "hear second") == ["k 1", "k 2"]
    assert [(kind, subject) for _, kind, _, subject in house.letters()] == [("delivery", "hear_first")]

    house.replay()
    assert len(house.letters()) == 1
    house.plan["hear first", "k 1"] = ["ok"]
    house.replay()
    assert house.letters() == []
    assert house.records()["first k 1"] == house.records()["second k 1"] == 1


def test_a_person_may_have_it_delivered_again_while_another_subscriber_is_still_at_it(house: House) -> None:
    house.reopen(with_subscribers(hear_first, hear_slowly).load())
    house.plan["hear first", "k 1"] = ["fail"]
    house.plan["hear slowly", "k 1"] = ["fail", "ok"]
    house.engine.publish("news", News(id="k", text="1"))
    house.settle()
    house.plan["hear first", "k 1"] = ["ok"]
    house.replay()

    assert house.records()["first k 1"] == 1
    house.move(timedelta(minutes=1))
    assert heard(house, "hear slowly") == ["k 1", "k 1"]
    assert house.rows("select count(*) from outbox where published_at is null") == [(0,)]


def test_a_person_is_asked_once_though_the_engine_dies_while_another_subscriber_is_still_at_it(house: House) -> None:
    subscribers = with_subscribers(hear_first, hear_slowly).load()
    house.reopen(subscribers)
    house.plan["hear first", "k 1"] = ["fail"]
    house.plan["hear slowly", "k 1"] = ["fail"]
    house.engine.publish("news", News(id="k", text="1"))
    house.settle()
    house.reopen(subscribers)
    house.settle()

    assert [subject for *_, subject in house.letters()] == ["hear_first"]


def test_a_message_whose_topic_is_no_longer_loaded_is_kept_for_the_version_that_has_it(house: House) -> None:
    house.engine.abandon()
    house.beside().publish("news", News(id="k", text="1"))
    house.beside().feed("prices", Price(name="paper", price=7))
    without = stall_app(fulfils=[one for one in FULFILS if one not in (report_flow, announce_news)])
    without.topics, without.streams = (), ()
    house.open(without.load())
    house.settle()
    assert house.records() == {}

    house.reopen()
    house.settle()
    assert {"first k 1", "second k 1", "paper"} <= house.records().keys()


def test_a_message_is_not_delivered_again_to_a_subscriber_that_is_no_longer_loaded(house: House) -> None:
    house.plan["hear first", "k 1"] = ["fail"]
    house.engine.publish("news", News(id="k", text="1"))
    house.settle()
    without = with_subscribers(hear_second)
    without.handlers.remove(hear)
    house.reopen(without.load())

    with pytest.raises(NotFound, match="hear_first"):
        house.replay()
    assert len(house.letters()) == 1


def test_what_a_person_had_delivered_again_survives_a_crash(house: House) -> None:
    house.plan["hear first", "k 1"] = ["fail"]
    house.engine.publish("news", News(id="k", text="1"))
    house.settle()
    house.plan["hear first", "k 1"] = ["ok"]
    (number, *_), *_ = house.letters()
    house.reopen(faults=_die_at_delivery)
    house.dies(lambda: house.engine.replay(number, actor="a person"))
    house.reopen()
    house.settle()

    assert house.letters() == []
    assert house.records()["first k 1"] == 1


def _die_at_delivery(point: str, _run_id: str, step: str) -> None:
    if point == "before_commit" and step.endswith(">hear_first"):
        raise Crash(step)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_delivery_that_is_repeated_after_a_crash_is_handled_once(house: House, number: int) -> None:
    passed: list[str] = []

    def die(_point: str, _run_id: str, step: str) -> None:
        if ">" in step:
            passed.append(step)
            if len(passed) == number:
                raise Crash(step)

    house.reopen(faults=die)
    house.dies(lambda: house.engine.publish("news", News(id="k", text="1")))
    house.reopen()
    house.settle()

    assert house.records() == {"first k 1": 1, "second k 1": 1}


def test_a_workflow_may_subscribe(house: House) -> None:
    house.reopen(with_subscribers(told, hear_first).load())
    house.engine.publish("news", News(id="k", text="it"))
    house.settle()

    assert house.statuses("told") == ["completed"]
    (run,) = house.rows("select run_id from run")
    assert answer(house.view(run[0])) == {"text": "it"}
    assert house.rows("select actor from run") == [("topic:news",)]


def test_a_message_that_starts_the_same_run_again_changes_nothing_and_one_that_conflicts_asks_a_person(
    house: House,
) -> None:
    house.reopen(with_subscribers(told).load())
    for text in ("it", "it", "something else", "it"):
        house.engine.publish("news", News(id="k", text=text))
    house.settle()

    assert house.statuses("told") == ["completed"]
    assert [(kind, subject) for _, kind, _, subject in house.letters()] == [("delivery", "told")]
    assert house.run("told", News(id="other", text="goes on")).status == "completed"


@pytest.mark.parametrize(
    ("name", "message", "error"),
    [
        ("olds", News(id="k", text="1"), NotFound),
        ("news", Part(name="a"), MessageInvalid),
        ("news", b'{"id": "k"}', MessageInvalid),
        ("news", News(id="a\0b", text=""), MessageInvalid),
        ("news", News(id="a", text="x" * 33_000), MessageInvalid),
    ],
    ids=str,
)
def test_a_bad_message_costs_nothing(sqlite_house: House, name: str, message: Any, error: type[InputError]) -> None:
    with pytest.raises(error):
        sqlite_house.engine.publish(name, message)

    assert sqlite_house.kinds() == {"rejected": 1}


def test_a_topic_that_the_app_alone_publishes_to_takes_nothing_from_outside(sqlite_house: House) -> None:
    app = stall_app()
    app.topics = (topic("news", News, key="id", subscribers=[hear_first]),)
    sqlite_house.reopen(app.load())

    with pytest.raises(InputError):
        sqlite_house.engine.publish("news", News(id="k", text="1"))
