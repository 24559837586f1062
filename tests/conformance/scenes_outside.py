"""Sleep, events, topics, streams, schedules, personal data, faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from glance import answer, ended, heard, kinds, late, letters, records, say, status, statuses, tell
from requirement import Backend, TurnedAway, required, rows, seen
from stall import News, Person, a_job

from isthmus.core.errors import InputError

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
HALF_AN_HOUR = timedelta(minutes=30)
SECRET = "Ada Lovelace"
SETTLED = {"completed", "refused"}
POSITIONS = 14
"""So many positions a process is killed at, one run for each."""


@contextmanager
def wrong(code: str) -> Iterator[None]:
    """Expect bad input to be refused with a code, whoever says so: an error here, problem details there."""
    with pytest.raises((InputError, TurnedAway)) as error:
        yield
    assert error.value.code == code


@required(81, "A sleep ends when its time is over, and not before.")
def sleeps(b: Backend) -> None:
    run_id = b.start("nap", a_job("1"))
    b.move(HOUR - SECOND)
    assert status(b, run_id) == "running"
    b.move(SECOND)
    ended(b, run_id, "completed", "rested")


@required(82, "A sleep may be longer than the longest timer of the platform.")
def sleeps_long(b: Backend) -> None:
    run_id = b.start("hibernate", a_job("1"))
    b.move(19 * DAY)
    assert status(b, run_id) == "running"
    b.move(2 * DAY)
    ended(b, run_id, "completed", "awake")


@required(83, "An event may come while the run waits, and is taken in the name of who sent it.")
def event_during(b: Backend) -> None:
    run_id = b.start("must_hear", a_job("1"))
    say(b, "1", "now")
    ended(b, run_id, "completed", "now")
    assert rows(b, "select actor from journal where kind = 'event_taken'") == [("http",)]


@required(84, "An event may come before the run waits.")
def event_before(b: Backend) -> None:
    b.stall.plan["craft", "a"] = ["fail", "ok"]
    run_id = b.start("must_hear", a_job("1"))
    say(b, "1", "early")
    b.move(MINUTE)
    ended(b, run_id, "completed", "early")


@required(85, "An event that comes twice counts once.")
def event_twice(b: Backend) -> None:
    run_id = b.start("listen", a_job("1"))
    say(b, "1", "one", "id 1")
    say(b, "1", "one", "id 1")
    assert status(b, run_id) == "running"
    say(b, "1", "two", "id 2")
    ended(b, run_id, "completed", "one two")


@required(86, "An event after the timeout is late, and goes to its contract.")
def event_after(b: Backend) -> None:
    run_id = b.start("must_hear", a_job("1"))
    b.move(HALF_AN_HOUR)
    ended(b, run_id, "timed_out")
    say(b, "1", "too late")
    assert late(b) == {"too late": 1}


@required(87, "A timeout that is not caught takes the run back.")
def timeout_takes_back(b: Backend) -> None:
    b.start("must_hear", a_job("1"))
    b.move(HALF_AN_HOUR)
    assert records(b) == {}


@required(88, "A timeout that is caught undoes nothing, and the run goes on.")
def timeout_caught(b: Backend) -> None:
    run_id = b.start("listen", a_job("1"))
    b.move(HALF_AN_HOUR)
    ended(b, run_id, "completed", "nothing")


@required(89, "A wait does not end before its time.")
def just_in_time(b: Backend) -> None:
    run_id = b.start("must_hear", a_job("1"))
    b.move(HALF_AN_HOUR - SECOND)
    say(b, "1", "just in time")
    b.move(HOUR)
    ended(b, run_id, "completed", "just in time")


@required(90, "A second wait has a time of its own.")
def second_wait(b: Backend) -> None:
    run_id = b.start("listen", a_job("1"))
    b.move(20 * MINUTE)
    say(b, "1", "one")
    b.move(20 * MINUTE)
    assert status(b, run_id) == "running"
    b.move(10 * MINUTE)
    ended(b, run_id, "completed", "one")


@required(91, "An event for a run that has ended is late.")
def event_for_nobody(b: Backend) -> None:
    b.start("must_hear", a_job("1"))
    say(b, "1", "one")
    say(b, "1", "two")
    assert late(b) == {"two": 1}


@required(92, "Events of one key are taken in the order they came.")
def event_order(b: Backend) -> None:
    b.stall.plan["craft", "a"] = ["fail", "ok"]
    run_id = b.start("must_hear", a_job("1"))
    say(b, "1", "one")
    say(b, "1", "two")
    b.move(MINUTE)
    ended(b, run_id, "completed", "one")
    assert late(b) == {"two": 1}


@required(93, "An event whose key comes from an answer stays queued until the run waits for it.")
def computed_key(b: Backend) -> None:
    run_id = b.start("find_name", a_job("1"))
    say(b, "look a", "found")
    b.move(HOUR)
    ended(b, run_id, "completed", "found")


@required(94, "A second run that waits at one key fails; the first takes the event.")
def two_at_one_key(b: Backend) -> None:
    first = b.start("find_name", a_job("1"))
    b.move(MINUTE)
    second = b.start("find_name", a_job("2"))
    b.move(HOUR - MINUTE)
    b.move(MINUTE)
    say(b, "look a", "for one")
    assert [status(b, first), status(b, second)] == ["completed", "failed"]


@required(95, "A handler may send an event to a run that waits.")
def handler_sends(b: Backend) -> None:
    ended(b, b.start("talk", a_job("1", a="1")), "completed", "shouted")


@required(96, "An event that is unknown, or no message of its kind, is refused and journaled.")
def wrong_event(b: Backend) -> None:
    with wrong("ISTH203"):
        b.send("Wrod", "1", b"{}", None)
    with wrong("ISTH201"):
        b.send("Word", "1", b'{"txet":"x"}', None)
    assert rows(b, "select kind from journal") == [("rejected",), ("rejected",)]


@required(97, "A taken event stands in the journal at the place of its wait.")
def event_place(b: Backend) -> None:
    run_id = b.start("must_hear", a_job("1"))
    say(b, "1", "now")
    assert "event_taken" in kinds(b, run_id, "1")


@required(98, "Every subscriber has every message once, in order within its key.")
def topic_order(b: Backend) -> None:
    for number in range(4):
        tell(b, "k", str(number))
    assert heard(b) == heard(b, "hear second") == [f"k {number}" for number in range(4)]


@required(99, "What a step publishes leaves only when it is answered.")
def published_once(b: Backend) -> None:
    b.stall.plan["announce", "k"] = ["fail", "ok"]
    b.ask("announce", News(id="k", text="new"), "1")
    assert heard(b) == ["k new", "k new again"]


@required(100, "A subscriber that keeps failing asks a person, and has the message when it is replayed.")
def subscriber_fails(b: Backend) -> None:
    b.stall.plan["hear first", "k x"] = ["fail"]
    tell(b, "k", "x")
    assert [kind for kind, _ in letters(b)] == ["delivery"]
    assert records(b) == {"second k x": 1}
    b.stall.plan["hear first", "k x"] = ["ok"]
    b.replay_all()
    assert records(b) == {"first k x": 1, "second k x": 1}
    assert letters(b) == []


@required(101, "A subscriber that fails once is given the message again.")
def subscriber_retried(b: Backend) -> None:
    b.stall.plan["hear first", "k x"] = ["fail", "ok"]
    tell(b, "k", "x")
    assert records(b) == {"first k x": 1, "second k x": 1}


@required(102, "A message of a topic that is none is refused and journaled.")
def wrong_message(b: Backend) -> None:
    with wrong("ISTH201"):
        b.publish("news", b'{"id":1}')
    with wrong("ISTH203"):
        b.publish("olds", b"{}")
    assert rows(b, "select kind from journal") == [("rejected",), ("rejected",)]


@required(103, "Records of a stream are handled in order within their key.")
def stream_order(b: Backend) -> None:
    for number in range(4):
        b.feed("prices", json.dumps({"name": "x", "price": number}).encode())
    assert records(b) == {"x": 3}


@required(104, "A record that is none is refused and journaled.")
def wrong_record(b: Backend) -> None:
    with wrong("ISTH201"):
        b.feed("prices", b'{"name":"x","price":"dear"}')
    assert rows(b, "select kind from journal") == [("rejected",)]


@required(105, "A schedule asks a handler at each of its ticks, once.")
def schedule_handler(b: Backend) -> None:
    b.start("chain", a_job("1"))
    b.move(HOUR)
    b.move(HOUR)
    assert b.stall.plan.count("sweep", "handler") == 2


@required(106, "A schedule starts a workflow at each of its ticks, once.")
def schedule_workflow(b: Backend) -> None:
    b.move(HOUR)
    b.move(2 * HOUR)
    assert statuses(b, "tick") == ["completed", "completed"]


@required(107, "Personal data stands in no history, record, journal or message in clear.")
def personal(b: Backend) -> None:
    run_id = b.start("greet", Person(id="p-1", name=SECRET))
    assert SECRET.encode() not in b.history()
    assert b.stall.plan.saw == [("meet", SECRET)]
    b.send("Whisper", "p-1", json.dumps({"id": "p-1", "name": SECRET}).encode(), None)
    ended(b, run_id, "completed")
    assert SECRET.encode() not in b.history()


@required(108, "Personal data of a late event is sealed, and opened for the handler alone.")
def personal_late(b: Backend) -> None:
    b.send("Whisper", "p-2", json.dumps({"id": "p-2", "name": SECRET}).encode(), None)
    assert b.stall.plan.saw == [("whisper", SECRET)]
    assert SECRET.encode() not in b.history()


def _killed(b: Backend, contract: str, refuse: str = "") -> None:
    """Play a run as often as there are positions, and have the process die at another each time."""
    found = []
    for position in range(POSITIONS):
        b.reset()
        if refuse:
            b.stall.plan["look", refuse] = ["no"]
        b.hurt(position)
        run_id = b.start(contract, a_job("1"))
        b.hurt(0)
        assert status(b, run_id) in SETTLED, f"{b.name}, position {position}: {status(b, run_id)}"
        found.append((status(b, run_id), answer(b, run_id), records(b), seen(b)["journal"]))
    assert all(one == found[0] for one in found)


@required(109, "A process may die at any point of a run: its outcome, journal and effects are the same.")
def killed(b: Backend) -> None:
    _killed(b, "chain")


@required(110, "A process may die at any point of taking back: everything is undone, once.")
def killed_taking_back(b: Backend) -> None:
    _killed(b, "chain", "c")


@required(111, "A process may die at any point of a run with a child: the answer is the same.")
def killed_with_child(b: Backend) -> None:
    _killed(b, "outer")


@required(112, "A process may die at any point of a run with a gateway: it is called once.")
def killed_with_gateway(b: Backend) -> None:
    for position in range(POSITIONS):
        b.reset()
        b.hurt(position)
        run_id = b.start("trade", a_job("1"))
        ended(b, run_id, "completed", "buy b")
        assert b.stall.market.done == ["b"]
        b.hurt(0)


@required(113, "A process may die at any point of branches side by side.")
def killed_side_by_side(b: Backend) -> None:
    _killed(b, "side")


@required(114, "A process may die at any point of a wait and its event.")
def killed_waiting(b: Backend) -> None:
    for position in range(POSITIONS):
        b.reset()
        run_id = b.start("must_hear", a_job("1"))
        b.hurt(position)
        say(b, "1", "now", "id")
        b.hurt(0)
        ended(b, run_id, "completed", "now")
        assert answer(b, run_id) == {"text": "now"}
