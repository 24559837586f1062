"""The orchestrator: one run as an orchestration of Durable Functions, driven through the same places as anywhere.

    load            claim the run, read it with its record
    the workflow    each branch of what it awaits is a strand: an activity, its retries, an event, a timer, a child
    finish          report the end; when that is not an answer, take back step by step
    wake            what is stuck or waits is looked at again, because a person or an event has changed something

The registered function is a generator: the platform never sees a coroutine. Everything that it decides follows from
replies of activities, which are in the history.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from durabletask import task as durable
from msgspec import Raw

from isthmus.adapters.azure.activities import TAKE_BACK
from isthmus.adapters.runtime.driving import (
    FENCED,
    HELD,
    STARTED,
    STUCK,
    WAITING,
    Call,
    End,
    Loaded,
    Reply,
    Trouble,
)
from isthmus.adapters.runtime.execution import Branch, Command, Execution, Finished
from isthmus.adapters.runtime.record import Outcome
from isthmus.adapters.runtime.runs import EndState, Run
from isthmus.adapters.runtime.taking_back import is_part_of_another
from isthmus.adapters.sql.journal import moment
from isthmus.adapters.sql.runs import SETTLED, RunStatus, StepState
from isthmus.core.codec import ENCODER
from isthmus.core.composition import Composition
from isthmus.core.errors import IsthmusError

WAKE: Final = "wake"
"""The one external event: it says that there may be something new, and never what."""

ANSWERED, CHANGED = "answered", "changed"
"""What a wake comes with: what the run waits for may be there, or the run's status has changed."""

TIMER_MAX: Final = timedelta(days=6)
"""The longest single timer that the platform promises; longer times are several."""

ON_FAULT: Final = durable.RetryPolicy(
    first_retry_interval=timedelta(seconds=1),
    max_number_of_attempts=1_000,
    backoff_coefficient=2.0,
    max_retry_interval=timedelta(minutes=1),
)
"""How an activity is tried again whose database or worker failed; a handler's failure is its contract's business."""

TAKE_BACK_LEFT: Final = "isthmus_take_back_left"
"""The orchestrator that takes back what a run has left whose own orchestration broke off."""

LOAD, LOOK, CHILD, RECALL, WAIT, PAUSE, FINISH, STICK = (
    f"isthmus_{name}" for name in ("load", "look", "child", "recall", "wait", "pause", "finish", "stick")
)

type Strand[T] = Generator[durable.Task[Any], Any, T]


class _Unsettled(Exception):
    """Leave the workflow: its run was fenced, or is stuck."""


def orchestrator_of(composition: Composition, contract: str) -> Callable[[durable.OrchestrationContext, str], Any]:
    """Return the orchestrator of a contract that a workflow fulfils."""

    def orchestrator(context: durable.OrchestrationContext, run_id: str) -> Strand[str]:
        return Orchestration(composition, context, run_id).carry_on()

    orchestrator.__name__ = contract
    return orchestrator


def taking_back_of(composition: Composition) -> Callable[[durable.OrchestrationContext, str], Any]:
    """Return the orchestrator that takes back what a run has left whose own orchestration broke off."""

    def orchestrator(context: durable.OrchestrationContext, run_id: str) -> Strand[str]:
        return Orchestration(composition, context, run_id).take_back_left()

    orchestrator.__name__ = TAKE_BACK_LEFT
    return orchestrator


class Orchestration:
    """Carry one run on, from its claim to its end."""

    def __init__(self, composition: Composition, context: durable.OrchestrationContext, run_id: str) -> None:
        self._composition = composition
        self._context = context
        self._run_id = run_id
        self._wake: durable.Task[Any] | None = None
        self._timers: list[durable.TimerTask] = []

    def carry_on(self) -> Strand[str]:
        """Go by how the run stands, until it has ended; the run's status is the result."""
        fenced = False
        while True:
            loaded = yield from self._load()
            if loaded is None:
                return FENCED
            status = loaded.run.status
            if status == RunStatus.RUNNING and not fenced:
                status = yield from self._drive(loaded)
            if status == RunStatus.TAKING_BACK and not is_part_of_another(loaded.run):
                status = yield from self._take_back()
            fenced = status == FENCED
            if status in {RunStatus.STUCK, RunStatus.RUNNING}:
                yield self._woken()
            elif not fenced:
                return status

    def take_back_left(self) -> Strand[str]:
        """Take the run back; what is stuck is looked at again when a person has resolved it."""
        while (status := (yield from self._take_back())) == RunStatus.STUCK:
            yield self._woken()
        return status

    def _load(self) -> Strand[Loaded | None]:
        text = yield self._activity(LOAD, ENCODER.encode([self._run_id, self._context.instance_id]).decode())
        return msgspec.json.decode(text, type=Loaded | None)

    def _drive(self, loaded: Loaded) -> Strand[str]:
        """Run the workflow from its record to its end, and report that."""
        run = loaded.run
        record = {one.step: (one.contract, one.input_hash, one.outcome) for one in loaded.steps}
        try:
            execution = Execution(self._composition, run, record)
        except IsthmusError as error:
            return (yield from self._stick(run, "", error))
        try:
            reached = execution.begin()
            while isinstance(reached, Command):
                yield from self._settle(execution, reached)
                reached = execution.resume()
        except _Unsettled:
            self._leave(execution)
            return FENCED
        except IsthmusError as error:
            self._leave(execution)
            return (yield from self._stick(run, execution.step, error))
        return (yield from self._finish(run, reached))

    def _stick(self, run: Run, step: str, error: IsthmusError) -> Strand[str]:
        """Leave the run to a person, because it cannot be driven."""
        trouble = Trouble(run_id=run.run_id, step=step, error=type(error).__name__, code=error.code)
        yield self._activity(STICK, ENCODER.encode(trouble).decode())
        return RunStatus.STUCK

    def _leave(self, execution: Execution) -> None:
        """Let go of the workflow, and of its timers: an instance does not end before they do."""
        execution.drop()
        for timer in self._timers:
            if not timer.is_complete:
                timer.cancel()
        self._timers.clear()

    def _finish(self, run: Run, finished: Finished) -> Strand[str]:
        end = End(
            run_id=run.run_id,
            state=finished.outcome.state,
            answer=Raw(finished.outcome.answer),
            step=finished.step,
        )
        reply = yield from self._ask(FINISH, end)
        return {
            EndState.COMPLETED.name.lower(): RunStatus.COMPLETED.value,
            EndState.TAKING_BACK.name.lower(): RunStatus.TAKING_BACK.value,
            EndState.STUCK.name.lower(): RunStatus.STUCK.value,
        }.get(reply.state, FENCED)

    def _take_back(self) -> Strand[str]:
        """Undo what the run did, one step at a time, until there is nothing left or a person is asked."""
        while True:
            text = yield self._activity(TAKE_BACK, self._run_id)
            reply = self._heard(text)
            if reply.state == WAITING:
                yield from self._until(reply.due_us)
            elif reply.state == HELD:
                yield self._woken()
            elif reply.state == STUCK:
                return RunStatus.STUCK
            elif reply.state == FENCED:
                return RunStatus.TAKEN_BACK

    # What is awaited

    def _settle(self, execution: Execution, command: Command) -> Strand[None]:
        """Settle the branches of a command, side by side as far as it allows."""
        waiting: list[tuple[durable.Task[Any], Branch, Strand[Outcome]]] = []
        while command.settled < len(command.branches):
            for branch in command.next_branches():
                recorded = execution.recorded(branch)
                if recorded is not None:
                    execution.settle(branch, recorded)
                    continue
                strand = self._strand(execution.run, branch)
                waiting.append((next(strand), branch, strand))
            if not waiting:
                continue
            woken = self._woken()
            yield durable.when_any([*(one for one, _, _ in waiting), woken])
            done = next((place for place, (one, _, _) in enumerate(waiting) if one.is_complete), None)
            if done is None:
                yield from self._look(woken)
                continue
            one, branch, strand = waiting.pop(done)
            try:
                waiting.insert(done, (strand.send(one.get_result()), branch, strand))
            except StopIteration as end:
                execution.settle(branch, end.value)

    def _look(self, woken: durable.Task[Any]) -> Strand[None]:
        """Leave the workflow when its run was cancelled, or has ended as a part of another."""
        if woken.get_result() == CHANGED:
            reply = self._heard((yield self._activity(LOOK, self._run_id)))
            if reply.state != RunStatus.RUNNING:
                raise _Unsettled

    def _strand(self, run: Run, branch: Branch) -> Strand[Outcome]:
        if branch.is_wait:
            key = branch.input.decode()
            call = Call(
                run_id=run.run_id,
                step=branch.step,
                contract=branch.contract,
                key=key,
                duration=branch.duration or timedelta(),
            )
            return self._event(call)
        if branch.duration is not None:
            return self._pause(Call(run_id=run.run_id, step=branch.step, duration=branch.duration))
        call = Call(
            run_id=run.run_id,
            step=branch.step,
            contract=branch.contract,
            input=Raw(branch.input),
            ordinal=branch.ordinal,
            branch=branch.index,
        )
        return self._child(call) if branch.contract in self._composition.workflows else self._step(call)

    def _step(self, call: Call) -> Strand[Outcome]:
        """Have a handler do it, again after the delay that its contract states."""
        while True:
            reply = yield from self._ask(call.contract, call)
            if reply.state != StepState.FAILING:
                return self._outcome(reply)
            delay = self._composition.contracts[call.contract].retry.delay_after(reply.attempts)
            yield from self._until_moment(self._now() + delay)

    def _child(self, call: Call) -> Strand[Outcome]:
        """Carry the child on as an orchestration of its own, and read what it left in the record."""
        reply = yield from self._ask(CHILD, call)
        if reply.state == STARTED:
            yield self._context.call_sub_orchestrator(call.contract, input=reply.child, instance_id=reply.child)
            reply = yield from self._ask(RECALL, call)
        return self._outcome(reply)

    def _event(self, call: Call) -> Strand[Outcome]:
        """Ask the mailbox, whenever the run is woken or the wait's time is over."""
        while True:
            reply = yield from self._ask(WAIT, call)
            if reply.state != WAITING:
                return self._outcome(reply)
            timer = self._timer(moment(reply.due_us))
            yield durable.when_any([self._woken(), timer])
            if not timer.is_complete:
                timer.cancel()
                self._timers.remove(timer)

    def _pause(self, call: Call) -> Strand[Outcome]:
        while True:
            reply = yield from self._ask(PAUSE, call)
            if reply.state != WAITING:
                return self._outcome(reply)
            yield from self._until(reply.due_us)

    def _outcome(self, reply: Reply) -> Outcome:
        if reply.state not in SETTLED:
            raise _Unsettled
        return Outcome(StepState(reply.state), bytes(reply.answer), reply.attempts)

    # What the platform does

    def _ask(self, activity: str, request: Call | End) -> Strand[Reply]:
        text = yield self._activity(activity, ENCODER.encode(request).decode())
        return self._heard(text)

    def _activity(self, name: str, text: str) -> durable.Task[Any]:
        return self._context.call_activity(name, input=text, retry_policy=ON_FAULT)

    def _heard(self, text: str) -> Reply:
        """Read a reply, and wake the runs that were answered with it."""
        reply = msgspec.json.decode(text, type=Reply)
        for run_id in reply.answered:
            self._context.send_event(run_id, WAKE, data=ANSWERED)
        for run_id in reply.ended:
            self._context.send_event(run_id, WAKE, data=CHANGED)
        return reply

    def _woken(self) -> durable.Task[Any]:
        """Return the task that the next wake completes. One that was not woken yet is kept: it would take the next."""
        if self._wake is None or self._wake.is_complete:
            self._wake = self._context.wait_for_external_event(WAKE)
        return self._wake

    def _until(self, due_us: int) -> Strand[None]:
        yield from self._until_moment(moment(due_us))

    def _until_moment(self, due: datetime) -> Strand[None]:
        while self._now() < due:
            yield self._timer(due)

    def _timer(self, due: datetime) -> durable.TimerTask:
        at = min(max(due, self._now()), self._now() + TIMER_MAX)
        timer = self._context.create_timer(at.replace(tzinfo=None))
        self._timers = [one for one in self._timers if not one.is_complete] + [timer]
        return timer

    def _now(self) -> datetime:
        return self._context.current_utc_datetime.replace(tzinfo=UTC)
