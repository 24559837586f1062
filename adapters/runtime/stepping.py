"""Stepping: what a run awaits that no handler does, each as one unit of work: a child, an event, time, an undo.

Every backend calls these within a transaction of its own, and goes on by what they return.
"""

from __future__ import annotations

from datetime import timedelta

from msgspec import Raw

from isthmus.adapters.runtime.events import time_out, wait_for_event
from isthmus.adapters.runtime.execution import Branch
from isthmus.adapters.runtime.invocation import Fenced
from isthmus.adapters.runtime.record import Outcome, input_too_large, record_step
from isthmus.adapters.runtime.runs import Ending, Parent, Run, find_run, get_stuck, start_run
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.journal import Kind
from isthmus.adapters.sql.mailbox import DUE_AT, REMOVE_TIMER, SET_TIMER, WAIT_AT
from isthmus.adapters.sql.runs import FENCE_AND_RECORD, SETTLED, RunStatus, StepState
from isthmus.core.codec import ENCODER

MICROSECOND = timedelta(microseconds=1)


def start_child(unit: UnitOfWork, branch: Branch, *, claimed_by: str | None) -> Run | Outcome | Fenced | None:
    """Start the child that fulfils a step, or find it started; None when the step has its record already.

    An outcome says that it cannot be started with such an input.
    """
    run_id = unit.run_id
    fence = unit.transaction.row(FENCE_AND_RECORD, branch.step, run_id)
    if fence is None or fence[0] != RunStatus.RUNNING:
        return Fenced(fence[0] if fence else "")
    if fence[4] in {StepState.INTENT, *SETTLED}:
        return None
    too_large = input_too_large(branch.input)
    if too_large is not None:
        return too_large
    parent = Parent(run_id=run_id, step=branch.step, ordinal=branch.ordinal, branch=branch.index, failed=fence[6] or 0)
    return start_run(unit, branch.contract, branch.input, claimed_by=claimed_by, parent=parent)


def await_event(unit: UnitOfWork, event: str, key: str, within: timedelta) -> Outcome | Fenced | int:
    """Take the event that the unit's step waits for, or register the wait; return when the wait is over, if it goes on.

    A wait that was registered before keeps its moment.
    """
    over = _over(unit)
    if over is not None:
        return over
    wait = unit.transaction.row(WAIT_AT, unit.run_id, unit.step)
    if wait is not None:
        return int(wait[3])
    due_us = unit.now_us + within // MICROSECOND
    outcome = wait_for_event(unit, event, key, due_us)
    return due_us if outcome is None else outcome


def await_event_until_due(unit: UnitOfWork, event: str, key: str, within: timedelta) -> Outcome | Fenced | int:
    """Do as `await_event`, and end the wait when its time is over: for whoever comes back when it may be."""
    found = await_event(unit, event, key, within)
    if isinstance(found, int) and found <= unit.now_us and time_out(unit):
        return Outcome(StepState.TIMED_OUT, b"null")
    return found


def await_time(unit: UnitOfWork, duration: timedelta) -> Outcome | Fenced | int:
    """Record that a sleep is over, or set its timer; return when it is over, if it goes on.

    The moment that was set first is kept, across restarts.
    """
    over = _over(unit)
    if over is not None:
        return over
    row = unit.transaction.row(DUE_AT, unit.run_id, unit.step)
    due_us: int = row[0] if row else unit.now_us + duration // MICROSECOND
    if due_us <= unit.now_us:
        record_step(unit, unit.run_id, unit.step, "", StepState.ANSWERED, b"null", "")
        unit.transaction.run(REMOVE_TIMER, unit.run_id, unit.step)
        unit.journal(Kind.SLEPT, "sleep")
        return Outcome(StepState.ANSWERED, b"null")
    if row is None:
        unit.transaction.run(SET_TIMER, unit.run_id, unit.step, due_us)
    return due_us


def _over(unit: UnitOfWork) -> Outcome | Fenced | None:
    """Return what the unit's step came to before, or that its run is fenced; None when it goes on."""
    fence = unit.transaction.row(FENCE_AND_RECORD, unit.step, unit.run_id)
    if fence is None or fence[0] != RunStatus.RUNNING:
        return Fenced(fence[0] if fence else "")
    return Outcome(StepState(fence[4]), bytes(fence[5])) if fence[4] in SETTLED else None


def stick_unknown(unit: UnitOfWork, run: Run, outcome: Outcome) -> None:
    """Leave a run to a person when nobody can say what its step's gateway did."""
    get_stuck(unit, run, unit.step, Ending(status=RunStatus.FAILED, answer=Raw(outcome.answer), step=unit.step))


def stick(unit: UnitOfWork, run: Run, error: str, code: str) -> None:
    """Leave a run that goes on to a person, because it cannot be driven."""
    there = find_run(unit.transaction, run.run_id)
    if there is not None and there.status == RunStatus.RUNNING:
        answer = ENCODER.encode({"error": error, "code": code})
        get_stuck(unit, run, unit.step, Ending(status=RunStatus.FAILED, answer=Raw(answer), step=unit.step))
