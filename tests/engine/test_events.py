"""Events: queued by type and key, taken once, in order; what nobody can take any longer is late."""

from __future__ import annotations

from datetime import timedelta

import pytest
from house import House, answer
from stall import Word, a_job

from isthmus.adapters.sql.mailbox import UNOWNED_MAX
from isthmus.core.errors import MessageInvalid, NotFound

HALF_AN_HOUR = timedelta(minutes=30)


def late(house: House) -> dict[str, int]:
    return {key.removeprefix("late "): count for key, count in house.records().items() if key.startswith("late ")}


def test_an_event_may_come_while_the_run_waits(house: House) -> None:
    run_id = house.run("must_hear", a_job("1")).run_id

    assert house.say("1", "now") == "delivered"
    assert answer(house.view(run_id)) == {"text": "now"}


def test_an_event_may_come_before_the_run_waits(house: House) -> None:
    house.plan["craft", "a"] = ["fail", "ok"]
    run_id = house.run("must_hear", a_job("1")).run_id

    assert house.say("1", "early") == "queued"
    house.move(timedelta(minutes=1))
    assert answer(house.view(run_id)) == {"text": "early"}


def test_an_event_that_comes_twice_counts_once(house: House) -> None:
    run_id = house.run("listen", a_job("1")).run_id

    assert [house.say("1", "one", "id 1"), house.say("1", "one", "id 1")] == ["delivered", "repeated"]
    assert house.view(run_id).status == "running"
    assert house.say("1", "two", "id 2") == "delivered"
    assert answer(house.view(run_id)) == {"text": "one two"}
    assert late(house) == {}


def test_events_of_one_key_are_taken_in_the_order_they_came(house: House) -> None:
    house.engine.start("listen", a_job("1"))
    for word in ("one", "two", "three"):
        house.engine.send("Word", key="1", message=Word(text=word))
    house.settle()

    (outcome,) = house.rows("select outcome from run")
    assert bytes(outcome[0]) == b'{"text":"one two"}'
    assert late(house) == {"three": 1}


def test_a_timeout_ends_the_wait_and_not_the_queue(house: House) -> None:
    run_id = house.run("must_hear", a_job("1")).run_id
    house.move(HALF_AN_HOUR)

    assert house.view(run_id).status == "timed_out"
    assert house.records() == {}
    assert house.say("1", "too late") == "late"
    assert late(house) == {"too late": 1}


def test_a_wait_does_not_end_before_its_time(house: House) -> None:
    run_id = house.run("must_hear", a_job("1")).run_id
    house.move(HALF_AN_HOUR - timedelta(microseconds=1))

    assert house.view(run_id).status == "running"
    assert house.say("1", "just in time") == "delivered"
    house.move(timedelta(hours=1))
    assert house.view(run_id).status == "completed"


def test_what_the_mailbox_has_decided_stands_whichever_is_told_first(house: House) -> None:
    """The event arrives while the engine is down, and the time of the wait is over when it opens."""
    run_id = house.run("must_hear", a_job("1")).run_id
    house.engine.abandon()
    house.beside().send("Word", key="1", message=Word(text="in time"))
    house.clock.move(timedelta(hours=1))
    house.open()
    house.settle()

    assert answer(house.view(run_id)) == {"text": "in time"}


def test_a_wait_whose_time_passed_while_no_engine_ran_times_out(house: House) -> None:
    run_id = house.run("must_hear", a_job("1")).run_id
    house.engine.abandon()
    house.clock.move(HALF_AN_HOUR)
    house.open()
    house.settle()

    assert house.view(run_id).status == "timed_out"


def test_the_time_of_a_wait_runs_on_across_a_restart(house: House) -> None:
    run_id = house.run("must_hear", a_job("1")).run_id
    house.move(timedelta(minutes=20))
    house.reopen()
    house.settle()
    house.move(timedelta(minutes=9))
    assert house.view(run_id).status == "running"
    house.move(timedelta(minutes=1))
    assert house.view(run_id).status == "timed_out"


def test_an_event_that_nobody_ever_owned_is_late(house: House) -> None:
    assert house.say("nobody", "hello?") == "late"
    assert late(house) == {"hello?": 1}
    assert house.kinds()["event_late"] == 1


def test_an_event_after_the_end_of_its_run_is_late_and_journaled_under_it(house: House) -> None:
    run_id = house.run("must_hear", a_job("1")).run_id
    house.say("1", "now")

    assert house.say("1", "again") == "late"
    assert [kind for _, kind in house.journal(run_id)][-2:] == ["event_arrived", "event_late"]
    assert late(house) == {"again": 1}


def test_what_is_left_in_the_queue_when_a_run_ends_is_late(house: House) -> None:
    house.plan["craft", "a"] = ["fail"]
    run_id = house.run("must_hear", a_job("1")).run_id
    assert house.say("1", "in vain") == "queued"
    house.move(timedelta(minutes=1))
    house.move(timedelta(minutes=1))

    assert house.view(run_id).status == "failed"
    assert late(house) == {"in vain": 1}


def test_late_events_are_handled_once_across_restarts(house: House) -> None:
    house.say("nobody", "hello?", "id 1")
    house.reopen()
    house.settle()

    assert house.say("nobody", "hello?", "id 1") == "repeated"
    assert late(house) == {"hello?": 1}


def test_the_second_run_that_waits_for_a_key_fails(house: House) -> None:
    first = house.run("must_hear", a_job("1")).run_id
    second = house.run("listen", a_job("1"))

    assert second.status == "failed"
    assert house.say("1", "for the first") == "delivered"
    assert answer(house.view(first)) == {"text": "for the first"}


def test_the_end_of_one_owner_leaves_the_queue_to_another(house: House) -> None:
    house.plan["craft", "a"] = ["fail", "fail", "ok"]
    waiting = house.run("must_hear", a_job("1")).run_id
    assert house.say("1", "kept") == "queued"
    assert answer(house.run("listen", a_job("1"))) is None  # it takes the word, and waits for another
    assert house.say("1", "second") == "delivered"
    assert house.say("1", "third") == "queued"
    house.move(timedelta(minutes=1))
    house.move(timedelta(minutes=1))

    assert answer(house.view(waiting)) == {"text": "third"}
    assert late(house) == {}


def test_an_event_is_held_for_a_run_that_has_yet_to_name_its_key(house: House) -> None:
    house.plan["look", "a"] = ["the key"]
    run_id = house.run("find_name", a_job("1")).run_id

    assert house.say("the key", "held") == "queued"
    house.move(timedelta(hours=1))
    assert answer(house.view(run_id)) == {"text": "held"}


def test_an_event_that_was_held_for_nobody_is_late_in_the_end(house: House) -> None:
    house.plan["look", "a"] = ["the key"]
    house.run("find_name", a_job("1"))
    assert house.say("another key", "held in vain") == "queued"
    house.move(timedelta(hours=1))
    house.say("the key", "the end")
    house.reopen()  # an engine looks for such events when it opens, and every minute

    house.until(lambda: late(house) == {"held in vain": 1})


def test_any_number_of_events_that_were_held_for_nobody_is_late_at_the_next_look(house: House) -> None:
    house.plan["look", "a"] = ["the key"]
    house.run("find_name", a_job("1"))
    for number in range(UNOWNED_MAX + 5):
        house.engine.send("Word", key=f"another {number}", message=Word(text="held in vain"))
    house.move(timedelta(hours=1))
    house.say("the key", "the end")
    house.reopen()

    house.until(lambda: late(house) == {"held in vain": UNOWNED_MAX + 5})


def test_events_of_a_type_that_is_no_longer_loaded_stay_in_their_queue(house: House) -> None:
    """The engine did not outlive the look at them."""
    house.rows(
        "insert into mailbox (event, key, event_id, body, state, actor, arrived_at) "
        "values ('Shout', 'k', 'id', :body, 'queued', 'a', 1)",
        body=b"{}",
    )
    house.reopen()
    house.settle()

    assert house.run("chain", a_job("1")).status == "completed"
    assert house.rows("select state from mailbox") == [("queued",)]


def test_a_handler_sends_an_event_once_however_often_it_is_tried(house: House) -> None:
    house.plan["shout", "1"] = ["fail", "fail", "ok"]

    assert answer(house.run("talk", a_job("1", a="1"))) == {"text": "shouted"}
    assert house.rows("select count(*) from mailbox") == [(1,)]


@pytest.mark.parametrize(
    ("event", "key", "body", "error"),
    [
        ("Wrod", "1", b'{"text": "x"}', NotFound),
        ("Word", "1", b'{"text": 1}', MessageInvalid),
        ("Word", "1", b'{"text": "x", "more": 1}', MessageInvalid),
        ("Word", "1", b'{"text": "' + b"x" * 33_000 + b'"}', MessageInvalid),
        ("Word", "a\0b", b'{"text": "x"}', MessageInvalid),
        ("Word", None, b'{"text": "x"}', MessageInvalid),
    ],
    ids=str,
)
def test_a_bad_event_costs_nothing(house: House, event: str, key: str, body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        house.engine.send(event, key=key, message=body)

    assert house.kinds() == {"rejected": 1}
    assert house.say("1", "still here") == "late"
