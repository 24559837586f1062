"""The carrier: runs in memory, driven from answer to answer, and the messages that they publish."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future

from isthmus.adapters.local.calls import CallWork
from isthmus.adapters.local.deliveries import DeliverWork, MarkWork, NotesWork, SweepWork
from isthmus.adapters.local.endings import FinishWork, LoadWork, StickWork, TakeBackWork
from isthmus.adapters.local.loop import LOOK_SECONDS, EngineClock, Faults, Loop
from isthmus.adapters.local.relay import Delivery, Relay
from isthmus.adapters.local.steps import ChildWork, RecallWork, SleepWork, StepWork, WaitWork
from isthmus.adapters.local.work import Work
from isthmus.adapters.runtime.deployment import Deployment
from isthmus.adapters.runtime.execution import Branch, Command, Execution, Finished
from isthmus.adapters.runtime.operations import subscribers
from isthmus.adapters.runtime.record import Outcome
from isthmus.adapters.runtime.runs import Run
from isthmus.adapters.runtime.unit import OutgoingMessage, UnitOfWork
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.notes import ABOUT_RUN, ABOUT_STEP
from isthmus.adapters.sql.runs import RunStatus
from isthmus.core.errors import IsthmusError, StorageUnavailable, Superseded

log = logging.getLogger("isthmus.engine")

PARKED_MAX = 1_000
"""How many runs that wait are kept in memory; the rest are read again when something comes."""

LOADED_MAX = 256
SWEEP_SECONDS = 60.0


class Carrier(Loop):
    """Carry runs on: every call here is made by the loop's own thread."""

    def __init__(self, deployment: Deployment, database: Database, clock: EngineClock, faults: Faults | None) -> None:
        super().__init__(deployment, database, clock, faults)
        self.claimant = "local"
        self._executions: dict[str, Execution] = {}
        self._parked: OrderedDict[str, Execution] = OrderedDict()
        self._to_load: deque[str] = deque()
        self._taking_back: set[str] = set()
        self._relay = Relay(subscribers(self.composition))
        self._waiting: dict[str, list[Future[None]]] = {}
        self._next_sweep = 0.0

    def carry_on(self, run: Run, record: Mapping[str, tuple[str, str, Outcome]]) -> None:
        """Drive a run from its record, unless it is driven already; without its version, leave it to a person."""
        if run.run_id in self._executions:
            return
        try:
            execution = Execution(self.composition, run, record)
        except IsthmusError as error:
            log.error("run %s cannot go on: %s", run.run_id, error)  # noqa: TRY400  # the place is in the error
            self.push(StickWork(self, run, "", error))
            return
        self._executions[run.run_id] = execution
        self._drive(execution, execution.begin)

    def _drive(self, execution: Execution, go_on: Callable[[], Command | Finished]) -> None:
        try:
            reached = go_on()
            while isinstance(reached, Command):
                while branches := reached.next_branches():
                    for branch in branches:
                        self._begin(execution, branch)
                if reached.settled < len(reached.branches):
                    return
                reached = execution.resume()
        except IsthmusError as error:
            self._stick(execution, execution.step, error)
            return
        self.push(FinishWork(execution, reached, self))

    def _stick(self, execution: Execution, step: str, error: IsthmusError) -> None:
        log.error("run %s cannot go on: %s", execution.run.run_id, error)
        self.forget(execution)
        self.push(StickWork(self, execution.run, step, error))

    def _begin(self, execution: Execution, branch: Branch) -> None:
        recorded = execution.recorded(branch)
        if recorded is not None:
            execution.settle(branch, recorded)
        elif branch.is_wait:
            self.push(WaitWork(execution, branch, self))
        elif branch.duration is not None:
            self.push(SleepWork(self, execution.run.run_id, branch.step, branch.duration))
        elif branch.contract in self.composition.workflows:
            self.push(ChildWork(execution, branch, self))
        else:
            self.push(StepWork(execution, branch, self))

    def tell(self, execution: Execution, branch: Branch, outcome: Outcome) -> None:
        """Tell a run the outcome of a branch, and let it go on when it has all."""
        if execution.dropped:
            return
        command = execution.command
        assert command is not None
        if execution.settle(branch, outcome):
            self._drive(execution, execution.resume)
        else:
            self._drive(execution, lambda: command)

    def answered(self, run_id: str, step: str, outcome: Outcome) -> None:
        """Tell a run the outcome of a step that was recorded elsewhere."""
        execution = self._executions.get(run_id)
        if execution is None:
            self.push(LoadWork(self, run_id))
            return
        self._parked.pop(run_id, None)
        if execution.timer is not None:
            self._timers.call_off(execution.timer)
            execution.timer = None
        for branch in execution.command.branches if execution.command else ():
            if branch.step == step and branch.outcome is None:
                self.tell(execution, branch, outcome)
                return

    def _woken(self, run_id: str, step: str) -> None:
        if run_id in self._executions:
            self.push(RecallWork(self, run_id, step))
        else:
            self.push(LoadWork(self, run_id))

    def park_until(self, run_id: str, due_us: int, work: Work) -> None:
        """Remember that a run waits, and what wakes it; too many of them are read again when something comes."""
        number = self.at(due_us, work)
        execution = self._executions.get(run_id)
        if execution is None:
            return
        execution.timer = number
        self._parked[run_id] = execution
        if len(self._parked) > PARKED_MAX:
            _, oldest = self._parked.popitem(last=False)
            self._drop(oldest)  # its timer stays, and has it read again

    def fenced(self, execution: Execution) -> None:
        """Let go of a run that went on without this engine's step."""
        self.forget(execution)
        self.run_ended(execution.run.run_id)

    def let_go(self, run_id: str) -> None:
        """Let go of a run that this engine has no more to do with, and wake whoever waits for it."""
        execution = self._executions.get(run_id)
        if execution is not None:
            self.forget(execution)
        self.run_ended(run_id)

    def forget(self, execution: Execution) -> None:
        """Let go of a run's coroutine, and of the timer that it stands at."""
        if execution.timer is not None:
            self._timers.call_off(execution.timer)
            execution.timer = None
        self._drop(execution)

    def _drop(self, execution: Execution) -> None:
        execution.drop()
        self._executions.pop(execution.run.run_id, None)
        self._parked.pop(execution.run.run_id, None)

    def take_back(self, run_id: str) -> None:
        """Undo what a fenced run did, step by step; it goes no further."""
        execution = self._executions.get(run_id)
        if execution is not None:
            self.forget(execution)
        if run_id not in self._taking_back:
            self._taking_back.add(run_id)
            self.push(TakeBackWork(self, run_id))

    def take_back_after(self, child: str, run_id: str) -> None:
        """Go on with a run that is taken back when its child, which takes itself back, has ended or is stuck."""
        self.when_ended(child).add_done_callback(lambda _: self.push(TakeBackWork(self, run_id)))

    def taken_back(self, run_id: str) -> None:
        """Note that a run was taken back, or is stuck."""
        self._taking_back.discard(run_id)
        self.run_ended(run_id)

    def run_ended(self, run_id: str) -> None:
        """Wake whoever waits for a run."""
        with self._condition:
            for ended in self._waiting.pop(run_id, ()):
                ended.set_result(None)

    def _accept(self, message: OutgoingMessage, again: str = "") -> None:
        """Deliver a message to all its subscribers, or again to the one that could not handle it."""
        for delivery in self._relay.accept_again(message, again) if again else self._relay.accept(message):
            self.push(DeliverWork(self, delivery))

    def delivered(self, delivery: Delivery) -> None:
        """Go on with the queue of a delivery that its subscriber has settled."""
        following = self._relay.settle(delivery)
        if following is not None:
            self.push(DeliverWork(self, following))

    def noted(self, notes: Sequence[tuple[str, str]], messages: Sequence[tuple[OutgoingMessage, str]]) -> None:
        """Go on with what other processes did."""
        for message, again in messages:
            self._accept(message, again)
        for kind, subject in notes:
            if kind == ABOUT_STEP:
                run_id, _, step = subject.partition("/")
                self._woken(run_id, step)
            elif kind == ABOUT_RUN:
                self.push(LoadWork(self, subject))

    def _give_up(self, work: Work, error: IsthmusError) -> None:
        if isinstance(error, StorageUnavailable | Superseded):
            work.failed(error)
            self.halt(error)
            return
        log.error("%s", error)
        execution = self._executions.get(work.run_id)
        if isinstance(work, CallWork):
            work.future.set_exception(error)
        elif work.refused(error):
            self.push(work)
        elif execution is not None:
            self._stick(execution, work.step, error)
        else:
            self.halt(error)

    def when_ended(self, run_id: str) -> Future[None]:
        """Return what is done once the run has ended, or is stuck; from any thread.

        Look at the run after asking: of one that ended before, nothing more is heard.
        """
        ended: Future[None] = Future()
        with self._condition:
            self._raise_fault()
            self._waiting.setdefault(run_id, []).append(ended)
        return ended

    def _tell_when_ended(self, run: Run, ended: Callable[[], None]) -> None:
        if run.status in {RunStatus.STARTED, RunStatus.RUNNING, RunStatus.TAKING_BACK}:
            self.when_ended(run.run_id).add_done_callback(lambda _: ended())
        else:
            ended()

    def _not_waiting(self, run_id: str, ended: Future[None]) -> None:
        with self._condition:
            others = [future for future in self._waiting.pop(run_id, []) if future is not ended]
            if others:
                self._waiting[run_id] = others

    @property
    def in_flight(self) -> int:
        """Count what is under way, without the runs that wait for an event or for time."""
        return len(self._ready) + len(self._calls) + max(0, len(self._executions) - len(self._parked))

    def _refill(self) -> None:
        """Read the next runs that were found at the start, and mark what was published."""
        while self._to_load and len(self._executions) - len(self._parked) < LOADED_MAX:
            self._ready.append(LoadWork(self, self._to_load.popleft()))
        if self._relay.published:
            self._ready.append(MarkWork(self, self._relay.published))
            self._relay.published = []
        if self._ready and time.monotonic() >= self._next_look:
            self._ready.extend(self._look_around())

    def _look_around(self) -> list[Work]:
        """Look for notes of other processes, and now and then for events that nobody will own."""
        now = time.monotonic()
        self._next_look = now + LOOK_SECONDS
        if now < self._next_sweep:
            return [NotesWork(self)]
        self._next_sweep = now + SWEEP_SECONDS
        return [NotesWork(self), SweepWork(self)]

    def _committed(self, unit: UnitOfWork) -> None:
        """Deliver what was published, let go of what has ended, and wake the runs that were answered."""
        for message in unit.published:
            self._accept(message)
        for run_id in unit.ended:
            self.let_go(run_id)
        for run_id, step in unit.woken:
            self._woken(run_id, step)

    def _halted(self) -> None:
        """Wake whoever waits for a run."""
        for ended in [future for futures in self._waiting.values() for future in futures]:
            ended.set_result(None)
        self._waiting.clear()
