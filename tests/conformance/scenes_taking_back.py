"""Taking back, children, the point of no return, gateways, cancelling."""

from __future__ import annotations

from datetime import timedelta

import pytest
from glance import answer, ended, kinds, letters, records, say, status, statuses, undone
from requirement import Backend, required
from stall import Batch, Part, a_job

from isthmus.core.errors import InputError

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def calls(b: Backend) -> tuple[int, int]:
    """Return how often the market was called and inquired of."""
    return b.stall.plan.count("market call", "b"), b.stall.plan.count("market inquire", "b")


@required(41, "What was done is undone in reverse order of place, and the journal tells of it.")
def reverse(b: Backend) -> None:
    b.stall.plan["look", "c"] = ["no"]
    run_id = b.start("chain", a_job("1"))
    assert undone(b) == ["b", "a"]
    assert records(b) == {}
    assert kinds(b, run_id)[-2:] == ["take_back_begun", "ended"]


@required(42, "A failed step is undone, for it may have been done.")
def failed_undone(b: Backend) -> None:
    b.stall.plan["make", "b"] = ["fail"]
    ended(b, b.start("chain", a_job("1")), "failed")
    assert undone(b) == ["b", "a"]


@required(43, "An undo that fails is tried again.")
def undo_retried(b: Backend) -> None:
    b.stall.plan["look", "c"] = ["no"]
    b.stall.plan["unmake", "b"] = ["fail", "fail", "ok"]
    ended(b, b.start("chain", a_job("1")), "refused")
    assert undone(b) == ["b", "b", "b", "a"]
    assert letters(b) == []


def stuck(b: Backend, how: str) -> str:
    b.stall.plan["look", "c"] = ["no"]
    b.stall.plan["unmake", "b"] = [how]
    run_id = b.start("chain", a_job("1"))
    assert status(b, run_id) == "stuck"
    assert records(b) == {"a": "made", "b": "made"}
    assert letters(b) == [("undo", "unmake")]
    return run_id


@required(44, "An undo that keeps failing stops the rest, and a person is asked.")
def undo_fails(b: Backend) -> None:
    stuck(b, "fail")


@required(45, "An undo that refuses stops the rest, and a person is asked.")
def undo_refuses(b: Backend) -> None:
    stuck(b, "no")


@required(46, "An undo that refuses with what it never declared stops the rest, and a person is asked.")
def undo_strange(b: Backend) -> None:
    stuck(b, "stranger")


@required(47, "When a person has seen to a stuck undo, the rest is taken back.")
def undo_replayed(b: Backend) -> None:
    run_id = stuck(b, "fail")
    b.stall.plan["unmake", "b"] = ["ok"]
    b.replay_all()
    ended(b, run_id, "refused")
    assert records(b) == {}
    assert letters(b) == []


@required(48, "An undo that was replayed and fails again is stuck again.")
def undo_replayed_in_vain(b: Backend) -> None:
    run_id = stuck(b, "fail")
    b.replay_all()
    assert status(b, run_id) == "stuck"
    assert letters(b) == [("undo", "unmake")]
    b.stall.plan["unmake", "b"] = ["ok"]
    b.replay_all()
    ended(b, run_id, "refused")


@required(49, "A child's answer is its parent's step.")
def child_answers(b: Backend) -> None:
    ended(b, b.start("outer", a_job("1")), "completed", "look c")
    assert statuses(b, "chain") == ["completed"]


@required(50, "A child that refuses is taken back before its parent, which refuses with the same fields.")
def child_refuses(b: Backend) -> None:
    b.stall.plan["look", "c"] = ["no"]
    run_id = b.start("outer", a_job("1"))
    ended(b, run_id, "refused")
    assert answer(b, run_id)["fields"] == {"why": "c"}
    assert undone(b) == ["b", "a", "before"]


@required(51, "A child that fails makes its parent fail.")
def child_fails(b: Backend) -> None:
    b.stall.plan["make", "b"] = ["fail"]
    ended(b, b.start("outer", a_job("1")), "failed")
    assert records(b) == {}


@required(52, "A child's refusal can be caught: it is taken back by then, and the parent goes on.")
def child_caught(b: Backend) -> None:
    b.stall.plan["look", "c"] = ["no"]
    ended(b, b.start("forgiving", a_job("1")), "completed", "without")
    assert records(b) == {"instead": "crafted"}


@required(53, "A completed child without an undo of its own is undone by its steps.")
def child_by_steps(b: Backend) -> None:
    b.stall.plan["look", "after"] = ["fail"]
    ended(b, b.start("outer", a_job("1")), "failed")
    assert undone(b) == ["b", "a", "before"]
    assert records(b) == {}


@required(54, "A completed child with an undo of its own is undone by that.")
def child_as_a_whole(b: Backend) -> None:
    b.stall.plan["look", "after"] = ["no"]
    ended(b, b.start("outer_kit", a_job("1")), "refused")
    assert b.stall.plan.count("uncraft", "1") == 1
    assert undone(b) == []


@required(55, "Children of children are taken back in order.")
def grandchildren(b: Backend) -> None:
    b.stall.plan["look", "at last"] = ["no"]
    ended(b, b.start("outermost", a_job("1")), "refused")
    assert undone(b) == ["b", "a", "before"]


@required(56, "A refusal of a grandchild reaches the top with its fields.")
def deep_refusal(b: Backend) -> None:
    b.stall.plan["look", "c"] = ["no"]
    run_id = b.start("outermost", a_job("1"))
    assert answer(b, run_id)["fields"] == {"why": "c"}


@required(57, "Two children side by side are two runs, both undone as a whole.")
def two_children(b: Backend) -> None:
    ended(b, b.start("kits", a_job("1")), "completed", "twice")
    assert statuses(b, "kit") == ["completed", "completed"]


@required(58, "A child beside handlers: all settle, and the child's refusal decides when it is written first.")
def child_beside(b: Backend) -> None:
    b.stall.plan["look", "c"] = b.stall.plan["look", "also"] = ["no"]
    run_id = b.start("chains", a_job("1"))
    ended(b, run_id, "refused")
    assert answer(b, run_id)["fields"] == {"why": "c"}
    assert records(b) == {}


@required(59, "A child whose undo is stuck makes nothing of its parent go on until a person has seen to it.")
def child_stuck(b: Backend) -> None:
    b.stall.plan["look", "c"] = ["no"]
    b.stall.plan["unmake", "b"] = ["fail"]
    run_id = b.start("outer", a_job("1"))
    assert "before" in records(b)
    b.stall.plan["unmake", "b"] = ["ok"]
    b.replay_all()
    ended(b, run_id, "refused")
    assert records(b) == {}


@required(60, "After a final step a failure is retried, then a person is asked; nothing is taken back.")
def no_return(b: Backend) -> None:
    b.stall.plan["ship", "c"] = ["fail"]
    run_id = b.start("seal", a_job("1"))
    assert status(b, run_id) == "stuck"
    assert records(b) == {"a": "crafted", "shipped b": "shipped"}
    b.stall.plan["ship", "c"] = ["ok"]
    b.replay_all()
    ended(b, run_id, "completed", "sealed")


@required(61, "A final step that fails before anything final has happened fails the run, which is taken back.")
def first_final(b: Backend) -> None:
    b.stall.plan["ship", "b"] = ["fail"]
    run_id = b.start("seal", a_job("1"))
    ended(b, run_id, "failed")
    assert records(b) == {}


@required(62, "A run past the point of no return cannot be cancelled.")
def no_cancel(b: Backend) -> None:
    run_id = b.start("seal_outer", a_job("1"))
    with pytest.raises(InputError):
        b.cancel(run_id)
    b.move(HOUR)
    ended(b, run_id, "completed", "sealed")


@required(63, "A failing child of a parent past the point of no return asks a person, and goes on afterwards.")
def sealed_child(b: Backend) -> None:
    b.stall.plan["craft", "b"] = ["fail"]
    run_id = b.start("seal_child", a_job("1"))
    b.move(10 * SECOND)
    b.move(20 * SECOND)
    assert len(letters(b)) == 1
    b.stall.plan["craft", "b"] = ["ok"]
    b.replay_all()
    ended(b, run_id, "completed", "crafted")


@required(64, "A gateway is called once, after its intent is committed.")
def gateway(b: Backend) -> None:
    run_id = b.start("trade", a_job("1"))
    ended(b, run_id, "completed", "buy b")
    assert kinds(b, run_id, "1") == ["intended", "changed", "answered"]
    assert calls(b) == (1, 0)


@required(65, "A lost answer of a gateway is inquired after, not called for again.")
def gateway_lost(b: Backend) -> None:
    b.stall.plan["market call", "b"] = ["lost"]
    ended(b, b.start("trade", a_job("1")), "completed", "buy b")
    assert calls(b) == (1, 1)


@required(66, "A call that never arrived is made again.")
def gateway_fails(b: Backend) -> None:
    b.stall.plan["market call", "b"] = ["fail", "ok"]
    ended(b, b.start("trade", a_job("1")), "completed")
    assert b.stall.market.done == ["b"]


@required(67, "When nobody can say what became of a call, the run is stuck and a person asked.")
def gateway_unknown(b: Backend) -> None:
    b.stall.plan["market call", "b"] = ["lost"]
    b.stall.plan["market inquire", "b"] = ["unknown"]
    run_id = b.start("trade", a_job("1"))
    assert status(b, run_id) == "stuck"
    assert letters(b) == [("step", "buy")]
    b.stall.plan["market inquire", "b"] = ["ok"]
    b.replay_all()
    ended(b, run_id, "completed", "buy b")


@required(68, "What was bought is sold when the run is taken back.")
def gateway_undone(b: Backend) -> None:
    b.stall.plan["look", "c"] = ["no"]
    ended(b, b.start("trade", a_job("1")), "refused")
    assert b.stall.returns.done == ["b"]
    assert records(b) == {}


@required(69, "Effects of a gateway's step that fail after the call are made again from the inquiry.")
def gateway_effects(b: Backend) -> None:
    b.stall.plan["buy", "b"] = ["fail", "ok"]
    ended(b, b.start("trade", a_job("1")), "completed", "buy b")
    assert b.stall.market.done == ["b"]


@required(70, "Items that ask a gateway are each asked once, and sold when one is refused.")
def gateway_each(b: Backend) -> None:
    b.stall.plan["buy", "c"] = ["no"]
    run_id = b.start("stock", Batch(id="1", parts=[Part(name=name) for name in "abc"]))
    ended(b, run_id, "refused")
    assert {"a", "b"} <= set(b.stall.returns.done)


@required(71, "A final payment whose fate is unknown asks a person.")
def gateway_final(b: Backend) -> None:
    b.stall.plan["market call", "b"] = ["lost"]
    b.stall.plan["market inquire", "b"] = ["unknown"]
    run_id = b.start("paying", a_job("1"))
    assert status(b, run_id) == "stuck"
    assert records(b) == {"a": "crafted"}


@required(72, "A run that waits is taken back when it is cancelled, and says by whom.")
def cancel_waiting(b: Backend) -> None:
    run_id = b.start("must_hear", a_job("1"))
    b.cancel(run_id)
    ended(b, run_id, "cancelled")
    assert answer(b, run_id) == {"cancelled_by": "operator"}
    assert records(b) == {}


@required(73, "A run that sleeps is taken back when it is cancelled, and does not wake.")
def cancel_sleeping(b: Backend) -> None:
    run_id = b.start("nap", a_job("1"))
    b.cancel(run_id)
    b.move(2 * HOUR)
    ended(b, run_id, "cancelled")
    assert b.stall.plan.count("make", "b") == 0
    assert records(b) == {}


@required(74, "A run that waits to try again is fenced when it is cancelled.")
def cancel_retrying(b: Backend) -> None:
    b.stall.plan["craft", "b"] = ["fail", "ok"]
    run_id = b.start("slow", a_job("1"))
    b.cancel(run_id)
    b.move(timedelta(minutes=5))
    ended(b, run_id, "cancelled")
    assert b.stall.plan.count("craft", "b") == 1
    assert records(b) == {}


@required(75, "Children are taken back with the parent that is cancelled.")
def cancel_with_child(b: Backend) -> None:
    run_id = b.start("outer_nap", a_job("1"))
    b.cancel(run_id)
    b.move(2 * HOUR)
    ended(b, run_id, "cancelled")
    assert statuses(b, "nap") == ["taken_back"]
    assert records(b) == {}


@required(76, "A run that has ended cannot be cancelled.")
def cancel_ended(b: Backend) -> None:
    run_id = b.start("chain", a_job("1"))
    with pytest.raises(InputError):
        b.cancel(run_id)
    ended(b, run_id, "completed")


@required(77, "An event that comes after the cancel is late.")
def cancel_then_event(b: Backend) -> None:
    run_id = b.start("must_hear", a_job("1"))
    b.cancel(run_id)
    say(b, "1", "too late")
    assert records(b) == {"late too late": 1}


@required(78, "An undo that is stuck after a cancel goes on when a person has seen to it.")
def cancel_stuck(b: Backend) -> None:
    b.stall.plan["unmake", "a"] = ["fail"]
    run_id = b.start("nap", a_job("1"))
    b.cancel(run_id)
    assert status(b, run_id) == "stuck"
    b.stall.plan["unmake", "a"] = ["ok"]
    b.replay_all()
    ended(b, run_id, "cancelled")
    assert records(b) == {}
