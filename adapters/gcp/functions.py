"""Functions: what compiled workflows ask, path by path, each a unit of work whose answer the database knows.

    /runs/load        claim a run for an execution, and give it its input
    /contracts/NAME   do a step; /runs/child, /runs/recall the same of another workflow
    /runs/pause       sleep; /events/register, /events/take wait for an event
    /runs/finish      report the end; /runs/take-back undo the last thing that is not undone

Each may be asked many times: what it did happens once, and every time the answer is the same. A retry that is due
within the second is made here: Workflows waits for no less.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from msgspec import Raw

from isthmus.adapters.gcp.naming import environment
from isthmus.adapters.gcp.wire import Asked, Told, call_of, ending_of, seconds_until, wait_of
from isthmus.adapters.runtime import driving, execution
from isthmus.adapters.runtime.driving import End, Reply
from isthmus.adapters.runtime.host import Host
from isthmus.adapters.runtime.invocation import Fenced
from isthmus.adapters.runtime.record import Failed, Outcome
from isthmus.adapters.runtime.runs import Run, find_run, get_run
from isthmus.adapters.runtime.stepping import await_event_until_due
from isthmus.adapters.runtime.taking_back import is_part_of_another
from isthmus.adapters.runtime.unit import UnitOfWork, unit_of
from isthmus.adapters.sql.callbacks import FORGET_CALLBACK, KEEP_CALLBACK
from isthmus.adapters.sql.claims import CLAIM_WITH_PARENT, TAKE_OVER
from isthmus.adapters.sql.journal import microseconds
from isthmus.adapters.sql.notes import ABOUT_RUN, ABOUT_STEP, FORGET_NOTE_ABOUT, NOTE
from isthmus.adapters.sql.runs import CLAIM, CLAIMED_BY, RunStatus, StepState
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.codec import ENCODER

FAILING, SLEEPING, WAITING, STUCK, FENCED, ELSEWHERE = "failing", "sleeping", "waiting", "stuck", "fenced", "elsewhere"

AT_ONCE: Final = timedelta(seconds=1)
"""A retry that is due sooner is made by the function itself."""

type Function = Callable[[Host, Asked], Told]


def load(host: Host, asked: Asked) -> Told:
    """Claim a run for an execution, and return its input; or say how it stands that is not its to carry on."""

    def work(transaction: Transaction) -> tuple[UnitOfWork, Told]:
        _claim(transaction, asked.run_id, asked.claimant)
        run = get_run(transaction, asked.run_id)
        unit = unit_of(host.deployment, transaction, run, "load")
        if transaction.row(CLAIMED_BY, asked.run_id) != (asked.claimant,):
            return unit, Told(state=FENCED)
        if run.status == RunStatus.RUNNING and run.version not in asked.versions:
            # The workflow that carries it is of an earlier deployment: the next execution of its root is of today's.
            transaction.run(NOTE, ABOUT_RUN, root_of(transaction, run).run_id)
            return unit, Told(state=FENCED)
        if run.status == RunStatus.RUNNING:
            return unit, Told(state=run.status, answer=Raw(run.input), version=run.version)
        if run.status == RunStatus.STUCK or (run.status == RunStatus.TAKING_BACK and not is_part_of_another(run)):
            return unit, Told(state=run.status)
        return unit, Told(state=FENCED)

    return host.do(work)[1]


def _claim(transaction: Transaction, run_id: str, claimant: str) -> None:
    """Claim a run that nobody has claimed, whose claim was passed on, or whose parent the claimant carries on."""
    for statement in (CLAIM, TAKE_OVER, CLAIM_WITH_PARENT):
        transaction.run(statement, claimant, run_id)


def root_of(transaction: Transaction, run: Run) -> Run:
    """Return the run that a run is a part of, however deep: the one that has an execution."""
    while run.parent_run is not None:
        run = find_run(transaction, run.parent_run) or run
    return run


def step(host: Host, asked: Asked) -> Told:
    """Do a step that a handler fulfils, again while that is due at once."""
    if asked.ordinal >= execution.STEPS_MAX:
        return _too_many_steps()
    call = call_of(host.composition, asked)
    retry = host.composition.contracts[call.contract].retry
    while True:
        reply = driving.do_step(host, call)
        if reply.state != StepState.FAILING:
            return _told(asked, reply)
        delay = retry.delay_after(reply.attempts)
        if delay >= AT_ONCE:
            return Told(state=FAILING, step=asked.step, after_seconds=-(-delay // AT_ONCE))
        time.sleep(delay.total_seconds())


def child(host: Host, asked: Asked) -> Told:
    """Start the run that fulfils a step, or return what is recorded of it."""
    if asked.ordinal >= execution.STEPS_MAX:
        return _too_many_steps()
    return _told(asked, driving.begin_child(host, call_of(host.composition, asked)))


def recall(host: Host, asked: Asked) -> Told:
    """Return what is recorded of a step that another run fulfils."""
    return _told(asked, driving.recall(host, wait_of(asked)))


def pause(host: Host, asked: Asked) -> Told:
    """Set the timer of a sleep, or record that it is over."""
    if asked.ordinal >= execution.STEPS_MAX:
        return _too_many_steps()
    reply = driving.pause(host, wait_of(asked))
    if reply.state == driving.WAITING:
        return Told(state=SLEEPING, step=asked.step, after_seconds=_after(host, reply))
    return _told(asked, reply)


def wait(host: Host, asked: Asked) -> Told:
    """Take an event from the mailbox, register the wait with its callback, or end it: the mailbox decides.

    What has been heard of needs no callback any longer, and no note.
    """
    if asked.ordinal >= execution.STEPS_MAX:
        return _too_many_steps()
    call = wait_of(asked)

    def work(transaction: Transaction) -> tuple[UnitOfWork, Outcome | Fenced | int]:
        unit = unit_of(host.deployment, transaction, get_run(transaction, asked.run_id), asked.step)
        found = await_event_until_due(unit, asked.contract, asked.key, call.duration)
        if not isinstance(found, int):
            transaction.run(FORGET_CALLBACK, asked.run_id, asked.step)
            transaction.run(FORGET_NOTE_ABOUT, ABOUT_STEP, f"{asked.run_id}/{asked.step}")
        elif asked.callback:
            transaction.run(KEEP_CALLBACK, asked.run_id, asked.step, asked.callback)
        return unit, found

    unit, found = host.do(work)
    if isinstance(found, int):
        return Told(state=WAITING, step=asked.step, after_seconds=seconds_until(found, unit.now_us))
    if isinstance(found, Fenced):
        return Told(state=FENCED)
    if found.state is StepState.TIMED_OUT:
        answer = ENCODER.encode({"timed_out": asked.contract})
        return Told(state=found.state, answer=Raw(answer), step=asked.step, contract=asked.contract)
    return _answer(asked, found.state, found.answer)


def finish(host: Host, asked: Asked) -> Told:
    """Report the end of a run: it is completed, taken back now, stuck, or fenced.

    One that has been reported before is told as it was.
    """
    with host.database.transaction() as transaction:
        run = get_run(transaction, asked.run_id)
    if run.status in {RunStatus.COMPLETED, RunStatus.STUCK}:
        return Told(state=run.status)
    outcome = ending_of(host.composition, run.contract, asked)
    end = End(run_id=run.run_id, state=outcome.state, answer=Raw(outcome.answer), step=asked.step)
    return Told(state=driving.finish(host, end).state)


def take_back(host: Host, asked: Asked) -> Told:
    """Undo the last thing that a run did: answered when there may be more, failing when it is to be asked again.

    A child that takes itself back, because it failed, goes first. When another unit is to do it, that is told.
    """
    while True:
        reply = driving.take_back(host, asked.run_id)
        if isinstance(reply, driving.Elsewhere):
            return Told(state=ELSEWHERE, unit=environment(reply.unit))
        if reply.state == driving.HELD:
            told = take_back(host, Asked(run_id=reply.child))
            return told if told.state in {FAILING, ELSEWHERE} else Told(state=StepState.ANSWERED)
        if reply.state == driving.WAITING:
            wait_us = reply.due_us - microseconds(host.deployment.clock.now())
            if wait_us >= AT_ONCE // timedelta(microseconds=1):
                return Told(state=FAILING, after_seconds=_after(host, reply))
            time.sleep(max(wait_us, 0) / 1_000_000)
            continue
        return Told(state=reply.state)


FUNCTIONS: Final[Mapping[str, Function]] = {
    "/runs/load": load,
    "/runs/child": child,
    "/runs/recall": recall,
    "/runs/pause": pause,
    "/runs/finish": finish,
    "/runs/take-back": take_back,
    "/events/register": wait,
    "/events/take": wait,
}
"""What each path does; steps are under `/contracts/`."""


def _too_many_steps() -> Told:
    answer = ENCODER.encode(Failed("TooManySteps", f"more than {execution.STEPS_MAX}"))
    return Told(state=StepState.FAILED, answer=Raw(answer))


def _told(asked: Asked, reply: Reply) -> Told:
    if reply.state == driving.STARTED:
        return Told(state=reply.state, child=reply.child)
    if reply.state == StepState.UNKNOWN:
        return Told(state=STUCK)
    return _answer(asked, reply.state, bytes(reply.answer))


def _answer(asked: Asked, state: str, answer: bytes) -> Told:
    return Told(state=state, answer=Raw(answer), step=asked.step, contract=asked.contract, bytes=len(answer))


def _after(host: Host, reply: Reply) -> int:
    return seconds_until(reply.due_us, microseconds(host.deployment.clock.now()))
