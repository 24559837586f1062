"""Steps: what a run awaits, each kind of it as work of the engine."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from isthmus.adapters.local.work import Work
from isthmus.adapters.runtime.events import time_out
from isthmus.adapters.runtime.execution import Branch, Execution
from isthmus.adapters.runtime.invocation import (
    Fenced,
    GatewayAnswer,
    Intent,
    StepRequest,
    conclude,
    perform,
)
from isthmus.adapters.runtime.record import Outcome
from isthmus.adapters.runtime.runs import Run, get_run
from isthmus.adapters.runtime.stepping import await_event, await_time, start_child, stick_unknown
from isthmus.adapters.sql.runs import RECORD, SETTLED, RunStatus, StepState
from isthmus.adapters.sql.transaction import Transaction

if TYPE_CHECKING:
    from isthmus.adapters.local.carrier import Carrier


class StepWork(Work):
    """Do a step of a run that a handler fulfils; or, with a gateway's answer, its last part."""

    __slots__ = ("_answer", "_branch", "_execution", "_request", "_result")

    def __init__(
        self, execution: Execution, branch: Branch, engine: Carrier, answer: GatewayAnswer | None = None
    ) -> None:
        super().__init__(engine, execution.run.run_id, branch.step)
        self._execution = execution
        self._branch = branch
        self._answer = answer
        self._result: Outcome | Intent | Fenced | None = None
        self._request = StepRequest(
            run_id=self.run_id,
            step=branch.step,
            contract=branch.contract,
            input=branch.input,
            ordinal=branch.ordinal,
            branch=branch.index,
            expects=RunStatus.RUNNING,
        )

    def perform(self, transaction: Transaction) -> None:
        """Do the step; when nobody can say what a gateway did, a person is asked at once."""
        unit = self._unit(transaction, self._execution.run)
        if self._answer is None:
            self._result = perform(unit, self._request)
        else:
            self._result = conclude(unit, self._request, self._answer)
        if isinstance(self._result, Outcome) and self._result.state is StepState.UNKNOWN:
            stick_unknown(unit, self._execution.run, self._result)

    def settled(self) -> None:
        """Tell the run, try again later, or ask the gateway."""
        result = self._result
        if self._execution.dropped:
            return
        if isinstance(result, Intent):
            self.engine.ask_gateway(self._request.contract, result, self.run_id, self.step, self._with)
        elif isinstance(result, Fenced) or result is None:
            self.engine.fenced(self._execution)
        elif result.settled:
            self.engine.tell(self._execution, self._branch, result)
        elif result.state is StepState.FAILING:
            delay = self.engine.contract(self._request.contract).retry.delay_after(result.attempts)
            self.engine.later(delay, StepWork(self._execution, self._branch, self.engine))
        else:
            self.engine.fenced(self._execution)

    def _with(self, answer: GatewayAnswer) -> Work:
        return StepWork(self._execution, self._branch, self.engine, answer)


class ChildWork(Work):
    """Start the child that fulfils a step."""

    __slots__ = ("_branch", "_created", "_execution", "_started")

    def __init__(self, execution: Execution, branch: Branch, engine: Carrier) -> None:
        super().__init__(engine, execution.run.run_id, branch.step)
        self._execution = execution
        self._branch = branch
        self._started: Run | Outcome | Fenced | None = None
        self._created = False

    def perform(self, transaction: Transaction) -> None:
        """Start it, or find it started."""
        unit = self._unit(transaction, self._execution.run)
        self._started = start_child(unit, self._branch, claimed_by=self.engine.claimant)
        self._created = unit.created

    def settled(self) -> None:
        """Carry the child on; one that was there before is carried on by whoever recovered it."""
        if isinstance(self._started, Fenced):
            self.engine.fenced(self._execution)
        elif isinstance(self._started, Outcome):
            self.engine.tell(self._execution, self._branch, self._started)
        elif self._created and self._started is not None:
            self.engine.carry_on(self._started, {})


class WaitWork(Work):
    """Take the event that a step waits for, or register the wait."""

    __slots__ = ("_branch", "_due_us", "_execution", "_outcome")

    def __init__(self, execution: Execution, branch: Branch, engine: Carrier) -> None:
        super().__init__(engine, execution.run.run_id, branch.step)
        self._execution = execution
        self._branch = branch
        self._outcome: Outcome | Fenced | None = None
        self._due_us = 0

    def perform(self, transaction: Transaction) -> None:
        """Register, unless the wait was registered, or ended, before."""
        unit = self._unit(transaction, self._execution.run)
        found = await_event(
            unit, self._branch.contract, self._branch.input.decode(), self._branch.duration or timedelta()
        )
        self._outcome = None if isinstance(found, int) else found
        self._due_us = found if isinstance(found, int) else 0

    def settled(self) -> None:
        """Go on with the event, or wait."""
        if isinstance(self._outcome, Fenced):
            self.engine.fenced(self._execution)
        elif self._outcome is not None:
            self.engine.tell(self._execution, self._branch, self._outcome)
        else:
            self.engine.park_until(self.run_id, self._due_us, TimeoutWork(self.engine, self.run_id, self.step))


class TimeoutWork(Work):
    """End a wait whose time is over, if nothing has come."""

    __slots__ = ("_timed_out",)

    def __init__(self, engine: Carrier, run_id: str, step: str) -> None:
        super().__init__(engine, run_id, step)
        self._timed_out = False

    def perform(self, transaction: Transaction) -> None:
        """Let the mailbox's transaction decide."""
        self._timed_out = time_out(self._unit(transaction, get_run(transaction, self.run_id)))

    def settled(self) -> None:
        """Tell the run."""
        if self._timed_out:
            self.engine.answered(self.run_id, self.step, Outcome(StepState.TIMED_OUT, b"null"))


class SleepWork(Work):
    """Set the timer of a sleep, or record that its time is over."""

    __slots__ = ("_due_us", "_duration", "_outcome")

    def __init__(self, engine: Carrier, run_id: str, step: str, duration: timedelta) -> None:
        super().__init__(engine, run_id, step)
        self._duration = duration
        self._due_us = 0
        self._outcome: Outcome | Fenced | None = None

    def perform(self, transaction: Transaction) -> None:
        """Keep the time that was set first, across restarts."""
        found = await_time(self._unit(transaction, get_run(transaction, self.run_id)), self._duration)
        self._outcome = None if isinstance(found, int) else found
        self._due_us = found if isinstance(found, int) else 0

    def settled(self) -> None:
        """Go on, or sleep."""
        if isinstance(self._outcome, Outcome):
            self.engine.answered(self.run_id, self.step, self._outcome)
        elif self._outcome is None:
            wake = SleepWork(self.engine, self.run_id, self.step, self._duration)
            self.engine.park_until(self.run_id, self._due_us, wake)


class RecallWork(Work):
    """Read what somebody else recorded for a step that a run waits for."""

    __slots__ = ("_outcome",)

    def __init__(self, engine: Carrier, run_id: str, step: str) -> None:
        super().__init__(engine, run_id, step)
        self._outcome: Outcome | None = None

    def perform(self, transaction: Transaction) -> None:
        """Read the record."""
        self._outcome = None
        row = transaction.row(RECORD, self.run_id, self.step)
        if row is not None and row[2] in SETTLED:
            self._outcome = Outcome(StepState(row[2]), bytes(row[3]), row[4])

    def settled(self) -> None:
        """Tell the run."""
        if self._outcome is not None:
            self.engine.answered(self.run_id, self.step, self._outcome)
