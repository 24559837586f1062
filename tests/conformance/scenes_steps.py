"""Runs, steps, answers, refusals, failures, branches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from fair import a_box
from glance import answer, ended, kinds, letters, records, status, statuses, undone
from requirement import Backend, required, rows
from stall import Batch, Boxes, Part, a_job

from isthmus.adapters.runtime.runs import run_id_of
from isthmus.core.errors import InputError

SECOND = timedelta(seconds=1)


def batch(*names: str) -> Batch:
    return Batch(id="1", parts=[Part(name=name) for name in names])


def fails_until_repaired(b: Backend, part: str) -> Callable[[], None]:
    """Have a part fail until it is repaired, however often it is tried: what lost against a neighbour is no attempt."""

    def broken() -> str:
        raise ConnectionError("it is not repaired yet")

    def repair() -> None:
        b.stall.plan["craft", part] = ["ok"]

    b.stall.plan["craft", part] = [broken]
    return repair


@required(1, "The id of a run is a hash of its contract and its identity.")
def identity(b: Backend) -> None:
    assert b.start("chain", a_job("1")) == run_id_of("chain", "1")


@required(2, "The same identity with the same content is the same run.")
def the_same_start(b: Backend) -> None:
    assert b.start("chain", a_job("1")) == b.start("chain", a_job("1"))
    assert b.stall.plan.count("make", "a") == 1
    assert statuses(b, "chain") == ["completed"]


@required(3, "The same identity with other content is a conflict, and only journaled.")
def a_conflict(b: Backend) -> None:
    b.start("chain", a_job("1"))
    with pytest.raises(InputError) as error:
        b.start("chain", a_job("1", a="x"))
    assert error.value.code == "ISTH202"
    assert b.stall.plan.count("make", "x") == 0
    assert rows(b, "select count(*) from journal where kind = 'rejected'") == [(1,)]


@required(4, "A contract that nobody knows cannot be started, and that is journaled.")
def an_unknown_contract(b: Backend) -> None:
    with pytest.raises(InputError):
        b.start("chains!", a_job("1"))
    assert rows(b, "select count(*) from run") == [(0,)]


@required(5, "A start that is no message of the contract is refused, naming the field, and journaled.")
def a_wrong_start(b: Backend) -> None:
    with pytest.raises(InputError, match="id"):
        b.start("chain", b'{"a":{"name":"a"},"b":{"name":"b"},"c":{"name":"c"}}')
    assert rows(b, "select kind from journal") == [("rejected",)]


@required(6, "A field that the contract does not know is refused.")
def an_unknown_field(b: Backend) -> None:
    with pytest.raises(InputError):
        b.start("told", b'{"id":"1","text":"x","more":1}')
    assert rows(b, "select kind from journal") == [("rejected",)]


@required(7, "A message over 32 KB is refused at the edge.")
def a_large_start(b: Backend) -> None:
    with pytest.raises(InputError):
        b.start("told", b'{"id":"1","text":"' + b"x" * 40_000 + b'"}')
    assert rows(b, "select count(*) from run") == [(0,)]


@required(8, "Steps are done in the order written, and the answer is the run's outcome.")
def in_order(b: Backend) -> None:
    ended(b, b.start("chain", a_job("1")), "completed", "look c")
    assert b.stall.plan.calls == [("make", "a"), ("make", "b"), ("look", "c")]


@required(9, "The journal tells of the start, each step with its effects, and the end.")
def the_journal(b: Backend) -> None:
    run_id = b.start("chain", a_job("1"))
    assert kinds(b, run_id, "0") == ["changed", "answered"]
    assert kinds(b, run_id, "2") == ["answered"]
    assert kinds(b, run_id) == ["started", "completed"]


@required(10, "The journal says who acted, and on whose behalf.")
def who(b: Backend) -> None:
    run_id = b.start("chain", a_job("1"))
    found = rows(b, "select distinct on_behalf_of from journal where run_id = :it", it=run_id)
    assert found == [("a client",)]
    assert rows(b, "select actor from journal where kind = 'started'") == [("tester",)]


@required(11, "A change is journaled with what was before and what came after.")
def before_and_after(b: Backend) -> None:
    b.start("chain", a_job("1", a="x", b="x"))
    found = rows(b, "select before, after from journal where kind = 'changed' order by sequence")
    assert [(one and bytes(one), bytes(two)) for one, two in found] == [
        (None, b'{"text":"made"}'),
        (b'{"text":"made"}', b'{"text":"made"}'),
    ]


@required(12, "A declared refusal that is not caught ends the run with its type and fields.")
def a_refusal(b: Backend) -> None:
    b.stall.plan["look", "c"] = ["no"]
    run_id = b.start("chain", a_job("1"))
    ended(b, run_id, "refused")
    assert answer(b, run_id)["fields"] == {"why": "c"}


@required(13, "A refusal is never retried.")
def a_refusal_once(b: Backend) -> None:
    b.stall.plan["look", "c"] = ["no"]
    b.start("chain", a_job("1"))
    assert b.stall.plan.count("look", "c") == 1


@required(14, "What a handler did before it refused is rolled back.")
def a_refusal_rolls_back(b: Backend) -> None:
    b.stall.plan["make", "a"] = ["no"]
    b.start("chain", a_job("1"))
    assert records(b) == {}
    assert undone(b) == []


@required(15, "A refusal that the contract does not declare is a failure, and retried.")
def a_stranger(b: Backend) -> None:
    b.stall.plan["make", "a"] = ["stranger", "ok"]
    ended(b, b.start("chain", a_job("1")), "completed")
    assert b.stall.plan.count("make", "a") == 2


@required(16, "A refusal that is caught comes with its fields, and undoes nothing.")
def caught(b: Backend) -> None:
    b.stall.plan["make", "a"] = ["no"]
    ended(b, b.start("told_why", a_job("1")), "completed", "no: a")


@required(17, "A failure is retried at once where the policy says so.")
def retried(b: Backend) -> None:
    b.stall.plan["make", "a"] = ["fail", "fail", "ok"]
    ended(b, b.start("chain", a_job("1")), "completed")
    assert b.stall.plan.count("make", "a") == 3


@required(18, "Attempts come after the delays that the policy states.")
def backoff(b: Backend) -> None:
    b.stall.plan["craft", "a"] = ["fail", "fail", "ok"]
    run_id = b.start("slow", a_job("1"))
    counts = []
    for seconds in (0, 9, 1, 19, 1):
        b.move(seconds * SECOND)
        counts.append(b.stall.plan.count("craft", "a"))
    assert counts == [1, 1, 2, 2, 3]
    ended(b, run_id, "completed", "crafted")


@required(19, "A run fails when the attempts are exhausted, and is taken back.")
def exhausted(b: Backend) -> None:
    b.stall.plan["craft", "b"] = ["fail"]
    run_id = b.start("slow", a_job("1"))
    b.move(10 * SECOND)
    b.move(20 * SECOND)
    ended(b, run_id, "failed")
    assert b.stall.plan.count("craft", "b") == 3
    assert records(b) == {}


@required(20, "What a failed attempt did is rolled back.")
def rolled_back(b: Backend) -> None:
    b.stall.plan["craft", "a"] = ["fail"]
    b.start("slow", a_job("1"))
    assert records(b) == {}


@required(21, "An answer that is too large is a failure that changes nothing.")
def a_large_answer(b: Backend) -> None:
    b.stall.plan["make", "a"] = ["large"]
    ended(b, b.start("chain", a_job("1")), "failed")
    assert records(b) == {}


@required(22, "Of an error its kind is journaled, never its text.")
def no_text_of_errors(b: Backend) -> None:
    b.stall.plan["make", "a"] = ["fail"]
    b.start("chain", a_job("1"))
    found = b"".join(bytes(after or b"") for (after,) in rows(b, "select after from journal where kind = 'failed'"))
    assert b"ConnectionError" in found
    assert b"is down" not in found


@required(23, "Branches of gather are all done, and answer in the order written.")
def gathered(b: Backend) -> None:
    ended(b, b.start("side", a_job("1")), "completed", "make a")
    assert records(b) == {"a": "made", "b": "made"}


@required(24, "Of two refusals side by side the first written decides.")
def two_refusals(b: Backend) -> None:
    b.stall.plan["make", "b"] = b.stall.plan["look", "c"] = ["no"]
    run_id = b.start("side", a_job("1"))
    ended(b, run_id, "refused")
    assert answer(b, run_id)["fields"] == {"why": "b"}


@required(25, "A failure outranks a refusal, though the refusal is written first.")
def failure_outranks(b: Backend) -> None:
    b.stall.plan["make", "a"] = ["no"]
    b.stall.plan["look", "c"] = ["fail"]
    ended(b, b.start("side", a_job("1")), "failed")


@required(26, "All branches settle before the run ends, however long one takes.")
def all_settle(b: Backend) -> None:
    b.stall.plan["craft", "a"] = ["fail"]
    repaired = fails_until_repaired(b, "c")
    run_id = b.start("crafts", a_job("1"))
    assert status(b, run_id) == "running"
    b.move(10 * SECOND)
    assert status(b, run_id) == "running"
    repaired()
    b.move(20 * SECOND)
    ended(b, run_id, "failed")
    assert records(b) == {}


@required(27, "Branches are undone in reverse of the order written.")
def branches_reverse(b: Backend) -> None:
    b.stall.plan["look", "c"] = ["no"]
    b.start("side", a_job("1"))
    assert undone(b) == ["b", "a"]


@required(28, "A refused branch is not undone; the others are.")
def refused_branch(b: Backend) -> None:
    b.stall.plan["make", "b"] = ["no"]
    b.start("side", a_job("1"))
    assert undone(b) == ["a"]


@required(29, "each does every item.")
def each_item(b: Backend) -> None:
    ended(b, b.start("many", batch("a", "b", "c", "d", "e")), "completed")
    assert set(records(b)) == set("abcde")


@required(30, "each of nothing does nothing.")
def each_nothing(b: Backend) -> None:
    ended(b, b.start("many", batch()), "completed", "1")


@required(31, "Of two refusals of items the first in the list decides, and what was done is undone in reverse.")
def each_refused(b: Backend) -> None:
    b.stall.plan["make", "b"] = b.stall.plan["make", "d"] = ["no"]
    run_id = b.start("many", batch("a", "b", "c", "d"))
    ended(b, run_id, "refused")
    assert answer(b, run_id)["fields"] == {"why": "b"}
    assert records(b) == {}


@required(32, "A step in a loop is named by its turn.")
def turns(b: Backend) -> None:
    run_id = b.start("again", Boxes(id="1", boxes=[a_box("a"), a_box("b"), a_box("c")]))
    steps = {step for (step,) in rows(b, "select step from inbox where run_id = :it", it=run_id)}
    assert steps == {"0.body.0[0]/0", "0.body.0[1]/0", "0.body.0[2]/0"}


@required(33, "Turns of a loop are undone from the last to the first.")
def turns_reverse(b: Backend) -> None:
    b.stall.plan["make", "c"] = ["no"]
    b.start("again", Boxes(id="1", boxes=[a_box("a"), a_box("b"), a_box("c")]))
    assert undone(b) == ["b", "a"]


@required(34, "each waits for items that are retried, two at a time, and goes on to the next box.")
def boxes(b: Backend) -> None:
    repaired = fails_until_repaired(b, "a")
    run_id = b.start("long", Boxes(id="1", boxes=[a_box("a", "b", "c"), a_box("d")]))
    assert b.stall.plan.count("craft", "d") == 0
    repaired()
    b.move(10 * SECOND)
    ended(b, run_id, "completed")
    assert set(records(b)) == set("abcd")


@required(35, "Two runs of one workflow do not see each other.")
def two_runs(b: Backend) -> None:
    b.stall.plan["make", "x"] = ["no"]
    first, second = b.start("chain", a_job("1")), b.start("chain", a_job("2", a="x"))
    ended(b, first, "completed")
    ended(b, second, "refused")


@required(36, "A handler's contract is asked alone, and a repeated key gets the recorded answer.")
def asked_alone(b: Backend) -> None:
    said = [b.ask("make", Part(name="a"), "k").text for _ in range(2)]
    assert said == ["make a", "make a"]
    assert b.stall.plan.count("make", "a") == 1


@required(37, "A key that is repeated with other content is a conflict.")
def asked_otherwise(b: Backend) -> None:
    b.ask("make", Part(name="a"), "k")
    with pytest.raises(InputError):
        b.ask("make", Part(name="b"), "k")


@required(38, "An activity that is delivered twice has its effects once.")
def delivered_twice(b: Backend) -> None:
    b.deliver_twice()
    ended(b, b.start("chain", a_job("1")), "completed")
    assert [b.stall.plan.count("make", name) for name in "ab"] == [1, 1]


@required(39, "A run that is taken back while everything is delivered twice is taken back once.")
def taken_back_twice(b: Backend) -> None:
    b.deliver_twice()
    b.stall.plan["look", "c"] = ["no"]
    ended(b, b.start("chain", a_job("1")), "refused")
    assert undone(b) == ["b", "a"]


@required(40, "Retries are counted by the contract's policy alone, and what is answered is not tried again.")
def redelivery_is_no_attempt(b: Backend) -> None:
    if 38 not in b.skips:
        b.deliver_twice()
    b.stall.plan["make", "a"] = ["fail", "ok"]
    run_id = b.start("chain", a_job("1"))
    ended(b, run_id, "completed")
    assert rows(b, "select attempts from inbox where run_id = :it and step = '0'", it=run_id) == [(2,)]
    assert letters(b) == []
