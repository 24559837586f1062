"""What a platform does to a run: ends it, begins it twice, loses it; limits; conflicts; answers that take too long."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from glance import answer, ended, heard, kinds, late, letters, records, say, status, statuses, tell
from requirement import Backend, required, rows
from sqlalchemy import text
from stall import Batch, Box, Boxes, News, Part, a_job

from isthmus.adapters.runtime import execution

MINUTE = timedelta(minutes=1)


@required(115, "A run whose orchestration the platform ended is taken back when the sweep goes by.")
def terminated(b: Any) -> None:
    run_id = b.start("must_hear", a_job("1"))
    assert records(b) == {"a": "crafted"}
    b.terminate(run_id)
    ended(b, run_id, "failed")
    assert records(b) == {}


@required(116, "A run whose orchestration is begun twice is done once.")
def begun_twice(b: Any) -> None:
    run_id = b.start("must_hear", a_job("1"))
    b.begin_again("must_hear", run_id)
    say(b, "1", "now")
    b.begin_again("must_hear", run_id)
    ended(b, run_id, "completed", "now")
    assert b.stall.plan.count("craft", "a") == 1


@required(117, "A run that was started and not begun is begun when the sweep goes by, once.")
def never_begun(b: Any) -> None:
    run_id = b.start_only("chain", a_job("1"))
    assert status(b, run_id) == "started"
    b.sweep()
    ended(b, run_id, "completed", "look c")
    b.sweep()
    assert b.stall.plan.count("make", "a") == 1


@required(118, "A message that could not leave is kept, and leaves once when the sweep goes by.")
def cut_off(b: Any) -> None:
    b.cut_off()
    b.ask("announce", News(id="k", text="new"), "1")
    assert heard(b) == []
    assert rows(b, "select count(*) from outbox where published_at is null") == [(2,)]
    b.sweep()
    assert heard(b) == ["k new", "k new again"]
    b.sweep()
    assert heard(b) == ["k new", "k new again"]


@required(119, "The sweep leaves runs alone that go on.")
def swept_in_peace(b: Any) -> None:
    run_id = b.start("must_hear", a_job("1"))
    b.sweep()
    assert status(b, run_id) == "running"
    say(b, "1", "now")
    ended(b, run_id, "completed", "now")


@required(120, "A run that takes more steps than the limit fails, and is taken back.")
def too_many_steps(b: Backend) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execution, "STEPS_MAX", 5)
        run_id = b.start("again", Boxes(id="1", boxes=[Box(parts=[Part(name=f"b{i}")]) for i in range(6)]))
    ended(b, run_id, "failed")
    assert answer(b, run_id)["error"] == "TooManySteps"
    assert records(b) == {}


@required(121, "The answers of one each are bounded together.")
def answers_too_large(b: Backend) -> None:
    names = [f"p{number}" for number in range(8)]
    for name in names:
        b.stall.plan["make", name] = [lambda: "x" * 30_000]
    run_id = b.start("many", Batch(id="1", parts=[Part(name=name) for name in names]))
    ended(b, run_id, "failed")
    assert answer(b, run_id)["error"] == "AnswersTooLarge"
    assert records(b) == {}


@required(158, "A step whose input is too large fails at once, and what was done before is taken back.")
def a_large_input(b: Backend) -> None:
    too_large(b, "swell")


@required(159, "A child whose input is too large is not begun, and what was done before is taken back.")
def a_large_input_of_a_child(b: Backend) -> None:
    too_large(b, "swell_kit")
    assert rows(b, "select count(*) from run") == [(1,)]


def too_large(b: Backend, contract: str) -> None:
    b.stall.plan["look", "b"] = b.stall.plan["look", "c"] = [lambda: "x" * 20_000]
    run_id = b.start(contract, a_job("1"))
    ended(b, run_id, "failed")
    assert answer(b, run_id)["error"] == "InputTooLarge"
    assert kinds(b, run_id, "3") == []
    assert b.stall.plan.calls == [("make", "a"), ("look", "b"), ("look", "c"), ("unmake", "a")]
    assert records(b) == {}


@required(122, "An answer just below the limit passes.")
def answer_just_passes(b: Backend) -> None:
    b.stall.plan["look", "c"] = [lambda: "x" * 32_700]
    ended(b, b.start("chain", a_job("1")), "completed")


@required(123, "A gateway's answer over the limit is a failure, and what was done is taken back.")
def gateway_too_large(b: Backend) -> None:
    b.stall.plan["buy", "b"] = ["large"]
    ended(b, b.start("trade", a_job("1")), "failed")
    assert b.stall.market.done == b.stall.returns.done == ["b"]
    assert records(b) == {}


@required(
    124, "A gateway that does not answer within its contract's timeout has failed that attempt, and is asked again."
)
def gateway_slow(b: Backend) -> None:
    def never() -> str:
        time.sleep(0.8)
        raise ConnectionError

    b.stall.plan["market call", "b"] = [never, "ok"]
    begun = time.monotonic()
    run_id = b.start("bargain", a_job("1"))
    assert b.stall.plan.count("market inquire", "b") == 1
    ended(b, run_id, "completed", "market b")
    assert time.monotonic() - begun > 0.3
    found = rows(b, "select after from journal where run_id = :it and kind = 'failed'", it=run_id)
    assert [b"Timeout" in bytes(after) for (after,) in found] == [True]
    assert b.stall.market.done == ["b"]


@required(125, "A unit of work that loses against another is done again, and is no attempt.")
def conflict(b: Backend) -> None:
    def meanwhile() -> str:
        with b.database.engine.begin() as other:
            other.execute(text("update record set body = :body where key = 'first k x'"), {"body": b'{"count":5}'})
        return "ok"

    tell(b, "k", "x")
    b.stall.plan["hear first", "k x"] = [meanwhile, "ok"]
    tell(b, "k", "x")
    assert records(b)["first k x"] == 6
    assert letters(b) == []
    assert rows(b, "select count(*) from journal where kind = 'failed'") == [(0,)]


@required(126, "An event whose id comes again after it was taken is neither taken nor late.")
def event_again(b: Backend) -> None:
    run_id = b.start("must_hear", a_job("1"))
    say(b, "1", "now", "id 1")
    ended(b, run_id, "completed", "now")
    say(b, "1", "now", "id 1")
    assert late(b) == {}


@required(127, "A cancelled parent takes its waiting child along, whose timers end with it.")
def cancel_then_time(b: Backend) -> None:
    run_id = b.start("outer_nap", a_job("1"))
    b.cancel(run_id)
    ended(b, run_id, "cancelled")
    b.move(MINUTE)
    assert statuses(b, "nap") == ["taken_back"]


@required(128, "A run of a version that is not carried asks a person, and does nothing by another program.")
def outdated(b: Any) -> None:
    run_id = b.start_only("chain", a_job("1"))
    with b.database.engine.begin() as connection:
        connection.execute(text("update run set version = 'gone' where run_id = :it"), {"it": run_id})
    b.sweep()
    assert status(b, run_id) == "stuck"
    assert len(letters(b)) == 1
    assert b.stall.plan.calls == []


@required(129, "Only the execution that has claimed a run carries it on.")
def intruder(b: Any) -> None:
    run_id = b.start("must_hear", a_job("1"))
    assert b.intrude("must_hear", run_id) == "fenced"
    assert status(b, run_id) == "running"
    say(b, "1", "now")
    ended(b, run_id, "completed", "now")


@required(130, "A step of one run that sends an event lets the run go on that waits for it.")
def one_tells_another(b: Backend) -> None:
    run_id = b.start("must_hear", a_job("1"))
    other = b.start("talk", a_job("2", a="1"))
    ended(b, run_id, "completed", "shouted")
    assert status(b, other) == "running"
