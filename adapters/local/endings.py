"""Beginnings and ends of runs: reading one to carry it on, finishing, taking back, and leaving one to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isthmus.adapters.local.work import Work
from isthmus.adapters.runtime.execution import Execution, Finished
from isthmus.adapters.runtime.invocation import (
    Fenced,
    GatewayAnswer,
    Intent,
    StepRequest,
    conclude,
    perform,
)
from isthmus.adapters.runtime.record import Failed, Outcome
from isthmus.adapters.runtime.runs import (
    EndState,
    Run,
    find_run,
    finish_run,
)
from isthmus.adapters.runtime.stepping import stick
from isthmus.adapters.runtime.taking_back import Held, is_part_of_another, next_undo, stop_taking_back
from isthmus.adapters.sql.runs import CLAIM, SETTLED, STEPS, RunStatus, StepState
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.codec import ENCODER
from isthmus.core.errors import IsthmusError

if TYPE_CHECKING:
    from isthmus.adapters.local.carrier import Carrier


class LoadWork(Work):
    """Read a run and its record, and carry it on from there."""

    __slots__ = ("_record", "_run")

    def __init__(self, engine: Carrier, run_id: str) -> None:
        super().__init__(engine, run_id, "load")
        self._run: Run | None = None
        self._record: dict[str, tuple[str, str, Outcome]] = {}

    def perform(self, transaction: Transaction) -> None:
        """Claim the run if nobody has, and read it."""
        transaction.run(CLAIM, self.engine.claimant, self.run_id)
        self._run = find_run(transaction, self.run_id)
        self._record = {
            step: (contract, input_hash, Outcome(StepState(state), bytes(answer), attempts))
            for step, contract, _, input_hash, state, answer, _, _, attempts in transaction.rows(STEPS, self.run_id)
            if state in SETTLED
        }

    def settled(self) -> None:
        """Carry the run on, by its status."""
        if self._run is None:
            return
        if self._run.status == RunStatus.RUNNING:
            self.engine.carry_on(self._run, self._record)
        elif self._run.status == RunStatus.TAKING_BACK and not is_part_of_another(self._run):
            self.engine.take_back(self.run_id)
        else:
            self.engine.let_go(self.run_id)


class FinishWork(Work):
    """Report the end of a run."""

    __slots__ = ("_execution", "_finished", "_state")

    def __init__(self, execution: Execution, finished: Finished, engine: Carrier) -> None:
        super().__init__(engine, execution.run.run_id, finished.step or "end")
        self._execution = execution
        self._finished = finished
        self._state = EndState.FENCED

    def perform(self, transaction: Transaction) -> None:
        """Complete it, fence it, or leave it to a person."""
        unit = self._unit(transaction, self._execution.run)
        self._state = finish_run(unit, self._execution.run, self._finished.outcome, self._finished.step)

    def settled(self) -> None:
        """Let go of the run, or take it back."""
        self.engine.forget(self._execution)
        if self._state is EndState.TAKING_BACK:
            self.engine.take_back(self.run_id)
        else:
            self.engine.run_ended(self.run_id)


class TakeBackWork(Work):
    """Undo the last thing that a run did; when there is none, the run has ended."""

    __slots__ = ("_answer", "_held_by", "_refused", "_request", "_result")

    def __init__(
        self, engine: Carrier, run_id: str, request: StepRequest | None = None, answer: GatewayAnswer | None = None
    ) -> None:
        super().__init__(engine, run_id, "take back")
        self._request = request
        self._answer = answer
        self._result: Outcome | Intent | Fenced | None = None
        self._refused: IsthmusError | None = None
        self._held_by: str | None = None

    def refused(self, error: IsthmusError) -> bool:
        """Leave the run to a person when an undo cannot be done at all."""
        self._refused = error
        return self._request is not None

    def perform(self, transaction: Transaction) -> None:
        """Do the next undo, or the last part of one whose gateway has answered."""
        self._result, self._held_by = None, None
        run = find_run(transaction, self.run_id)
        if run is None or run.status != RunStatus.TAKING_BACK:
            return
        unit = self._unit(transaction, run)
        request = self._request if self._answer is not None else next_undo(unit, self.run_id)
        if isinstance(request, Held):
            self._request, self._held_by = None, request.child
            return
        self._request = request
        if request is None:
            return
        unit.step, unit.run_id = request.step, request.run_id
        if self._refused is not None:
            answer = ENCODER.encode(Failed(type(self._refused).__name__, self._refused.code))
            self._result = Outcome(StepState.FAILED, answer)
        else:
            self._result = perform(unit, request) if self._answer is None else conclude(unit, request, self._answer)
        if isinstance(self._result, Outcome) and self._result.state in {
            StepState.REFUSED,
            StepState.FAILED,
            StepState.UNKNOWN,
        }:
            stop_taking_back(unit, self.run_id, request, self._result)

    def settled(self) -> None:
        """Go on with the next undo, try this one again, or end."""
        result, request = self._result, self._request
        if isinstance(result, Outcome) and result.state is StepState.ANSWERED:
            self.engine.push(TakeBackWork(self.engine, self.run_id))
        elif isinstance(result, Outcome) and result.state is StepState.FAILING and request is not None:
            delay = self.engine.contract(request.contract).retry.delay_after(result.attempts)
            self.engine.later(delay, TakeBackWork(self.engine, self.run_id))
        elif isinstance(result, Intent) and request is not None:
            self.engine.ask_gateway(request.contract, result, request.run_id, request.step, self._with)
        elif self._held_by is not None:
            self.engine.take_back_after(self._held_by, self.run_id)
        else:
            self.engine.taken_back(self.run_id)

    def _with(self, answer: GatewayAnswer) -> Work:
        return TakeBackWork(self.engine, self.run_id, self._request, answer)


class StickWork(Work):
    """Leave a run to a person, because it cannot be driven."""

    __slots__ = ("_error", "_run")

    def __init__(self, engine: Carrier, run: Run, step: str, error: IsthmusError) -> None:
        super().__init__(engine, run.run_id, step)
        self._run = run
        self._error = error

    def perform(self, transaction: Transaction) -> None:
        """Write the dead letter."""
        stick(self._unit(transaction, self._run), self._run, type(self._error).__name__, self._error.code)

    def settled(self) -> None:
        """Say so to whoever waits for the run."""
        self.engine.run_ended(self.run_id)
