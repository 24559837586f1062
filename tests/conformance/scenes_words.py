"""Loops, choices, refusals passed on, waits and children in loops: what the words of a workflow do."""

from __future__ import annotations

from datetime import timedelta

from fair import Jobs
from glance import answer, ended, kinds, late, records, say, status, statuses, undone
from requirement import Backend, required, rows, seen
from stall import Batch, Part, a_job

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def batch(*names: str) -> Batch:
    return Batch(id="1", parts=[Part(name=name) for name in names])


def jobs(*parts: str) -> Jobs:
    return Jobs(id="1", jobs=[a_job(f"job {part}", a=f"{part}a", b=f"{part}b", c=f"{part}c") for part in parts])


def steps(b: Backend, run_id: str) -> list[str]:
    found = rows(b, "select step from inbox where run_id = :it order by ordinal, branch", it=run_id)
    return [step for (step,) in found if not step.startswith("undo:")]


@required(131, "A loop goes on until its condition says otherwise, and every turn of it is a step of its own.")
def persisting(b: Backend) -> None:
    b.stall.plan["make", "a"] = ["no", "no", "ok"]
    run_id = b.start("persist", a_job("1"))
    ended(b, run_id, "completed", "made in 3")
    assert b.stall.plan.count("look", "b") == 2
    assert len(steps(b, run_id)) == 5
    assert records(b) == {"a": "made"}


@required(132, "A loop ends at its bound, and a refusal that is caught in every turn undoes nothing.")
def giving_up(b: Backend) -> None:
    b.stall.plan["make", "a"] = ["no"]
    ended(b, b.start("persist", a_job("1")), "completed", "gave up after 3")
    assert records(b) == {}


@required(133, "What is skipped in a loop takes no step.")
def skipping(b: Backend) -> None:
    run_id = b.start("pick", batch("x", "skip", "y", "skip", "z"))
    ended(b, run_id, "completed", "3 of 5")
    assert records(b) == {"x": "made", "y": "made", "z": "made"}
    assert len(steps(b, run_id)) == 3


@required(134, "A loop that is left does nothing of what would have followed.")
def leaving(b: Backend) -> None:
    ended(b, b.start("pick", batch("x", "halt", "y")), "completed", "1 of 3")
    assert records(b) == {"x": "made"}


@required(135, "A loop over nothing does nothing.")
def looping_over_nothing(b: Backend) -> None:
    ended(b, b.start("pick", batch()), "completed", "0 of 0")
    assert b.stall.plan.calls == []


@required(136, "A sleep in a loop lasts as long as its turn says, and each has its entry.")
def resting(b: Backend) -> None:
    run_id = b.start("rounds", a_job("1"))
    for minutes, made in ((1, 2), (2, 3)):
        b.move(minutes * MINUTE)
        assert len(records(b)) == made
    b.move(3 * MINUTE)
    ended(b, run_id, "completed", "three")
    assert rows(b, "select count(*) from journal where kind = 'slept'") == [(3,)]


@required(137, "A refusal in a later turn takes back what the turns before it did, the last first.")
def refused_in_a_turn(b: Backend) -> None:
    b.stall.plan["make", "a-2"] = ["no"]
    run_id = b.start("rounds", a_job("1"))
    for _turn in range(3):
        b.move(3 * MINUTE)
    ended(b, run_id, "refused")
    assert undone(b) == ["a-1", "a-0"]


@required(138, "Attempts of one turn are its own: another turn has all of them.")
def failing_in_turns(b: Backend) -> None:
    b.stall.plan["make", "a-0"] = b.stall.plan["make", "a-1"] = ["fail", "fail", "ok"]
    run_id = b.start("rounds", a_job("1"))
    for _turn in range(3):
        b.move(3 * MINUTE)
    ended(b, run_id, "completed", "three")


@required(139, "A refusal may be answered by another, whose fields are made of the first.")
def translating(b: Backend) -> None:
    b.stall.plan["make", "a"] = ["no"]
    run_id = b.start("translate", a_job("1"))
    ended(b, run_id, "refused")
    assert answer(b, run_id) == {"refusal": "No", "fields": {"why": "because of a"}}
    assert undone(b) == ["b"]


@required(140, "A refusal that is passed on after other steps is the one that came.")
def passing_on(b: Backend) -> None:
    b.stall.plan["make", "a"] = ["no"]
    run_id = b.start("pass_on", a_job("1"))
    ended(b, run_id, "refused")
    assert answer(b, run_id)["fields"] == {"why": "a"}
    assert b.stall.plan.count("look", "b") == 1


@required(141, "What stands under else is done when nothing was refused.")
def choosing(b: Backend) -> None:
    ended(b, b.start("choose", a_job("1")), "completed", "both")
    assert records(b) == {"b": "crafted"}


@required(142, "What stands under else is not done when something was refused.")
def choosing_neither(b: Backend) -> None:
    b.stall.plan["look", "a"] = ["no"]
    ended(b, b.start("choose", a_job("1")), "completed", "neither")
    assert records(b) == {}


@required(143, "A return within a loop and a try ends the run there.")
def returning(b: Backend) -> None:
    b.stall.plan["make", "x"] = ["no"]
    ended(b, b.start("first_good", batch("x", "y", "z")), "completed", "make y")
    assert records(b) == {"y": "made"}


@required(144, "A refusal that a workflow raises by itself ends the run as any other does.")
def refusing_by_itself(b: Backend) -> None:
    b.stall.plan["make", "x"] = b.stall.plan["make", "y"] = ["no"]
    run_id = b.start("first_good", batch("x", "y"))
    ended(b, run_id, "refused")
    assert answer(b, run_id)["fields"] == {"why": "all of them"}
    assert kinds(b, run_id)[-1] == "ended"


@required(145, "A refusal passes by what catches timeouts only, to what catches it further out.")
def passing_by(b: Backend) -> None:
    b.stall.plan["look", "a"] = ["no"]
    ended(b, b.start("within", a_job("1")), "completed", "no")


@required(146, "A timeout is caught where it is, and not by what catches refusals further out.")
def timing_out_within(b: Backend) -> None:
    run_id = b.start("within", a_job("1"))
    b.move(HOUR)
    ended(b, run_id, "completed", "silence")


@required(147, "Waits in a loop time out each by itself, and an event counts at its own key alone.")
def calling_the_roll(b: Backend) -> None:
    run_id = b.start("roll_call", batch("x", "y", "z"))
    b.move(10 * MINUTE)
    say(b, "y", "here")
    b.move(9 * MINUTE)
    assert status(b, run_id) == "running"
    b.move(MINUTE)
    ended(b, run_id, "completed", "1 of 3")
    assert rows(b, "select count(*) from journal where kind = 'timed_out'") == [(2,)]


@required(148, "An event for a later turn waits in its queue until the run comes there.")
def heard_in_advance(b: Backend) -> None:
    run_id = b.start("roll_call", batch("x", "y"))
    say(b, "y", "early")
    say(b, "x", "here")
    ended(b, run_id, "completed", "2 of 2")


@required(149, "An event that comes after its wait timed out, while the run goes on, is late when the run ends.")
def late_in_the_end(b: Backend) -> None:
    run_id = b.start("roll_call", batch("x", "y"))
    b.move(10 * MINUTE)
    say(b, "x", "too late")
    assert late(b) == {}
    say(b, "y", "here")
    ended(b, run_id, "completed", "1 of 2")
    assert late(b) == {"too late": 1}


@required(150, "Items of each may be runs of their own, so many at a time.")
def many_kits(b: Backend) -> None:
    ended(b, b.start("all_kits", jobs("x", "y", "z")), "completed", "1")
    assert statuses(b, "kit") == ["completed"] * 3
    assert records(b) == {"xa": "made", "ya": "made", "za": "made"}


@required(151, "Answers of runs side by side stand in the order of the list, however long one takes.")
def many_chains(b: Backend) -> None:
    b.stall.plan["look", "xc"] = ["fail", "fail", "ok"]
    ended(b, b.start("all_chains", jobs("x", "y", "z")), "completed", "look zc")


@required(152, "A run among many that refuses is taken back, and those beside it that completed are undone after it.")
def one_of_many_chains(b: Backend) -> None:
    b.stall.plan["look", "yc"] = ["no"]
    ended(b, b.start("all_chains", jobs("x", "y")), "refused")
    assert undone(b)[-2:] == ["xb", "xa"]
    assert records(b) == {}


@required(153, "One call made twice side by side is two steps.")
def doubled(b: Backend) -> None:
    run_id = b.start("double", a_job("1"))
    ended(b, run_id, "completed", "double")
    assert b.stall.plan.count("look", "a") == 2
    assert steps(b, run_id) == ["0/0", "0/1"]


@required(154, "Runs side by side sleep and wait at the same time.")
def together(b: Backend) -> None:
    run_id = b.start("together", a_job("1"))
    say(b, "1", "now")
    assert [statuses(b, "must_hear"), statuses(b, "nap")] == [["completed"], ["running"]]
    b.move(HOUR)
    ended(b, run_id, "completed", "rested, now")


@required(155, "Of runs side by side one times out and is taken back at once, those beside it when all have settled.")
def together_in_vain(b: Backend) -> None:
    run_id = b.start("together", a_job("1"))
    b.move(MINUTE * 30)
    assert [statuses(b, "must_hear"), statuses(b, "nap")] == [["timed_out"], ["running"]]
    assert status(b, run_id) == "running"
    b.move(HOUR)
    ended(b, run_id, "failed")
    assert records(b) == {}


@required(156, "Cancelling a run takes back what sleeps and what waits beneath it.")
def together_cancelled(b: Backend) -> None:
    run_id = b.start("together", a_job("1"))
    b.cancel(run_id)
    b.move(2 * HOUR)
    ended(b, run_id, "cancelled")
    assert [statuses(b, "must_hear"), statuses(b, "nap")] == [["taken_back"], ["taken_back"]]
    assert records(b) == {}


@required(157, "A process may die at any point of a loop in which refusals are caught.")
def killed_in_a_loop(b: Backend) -> None:
    found = []
    for position in range(9):
        b.reset()
        b.stall.plan["make", "x"] = ["no"]
        b.hurt(position)
        run_id = b.start("first_good", batch("x", "y"))
        b.hurt(0)
        ended(b, run_id, "completed", "make y")
        found.append((records(b), seen(b)["journal"]))
    assert all(one == found[0] for one in found)
