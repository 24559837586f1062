"""Work: what the engine commits, one unit of work each, many in one transaction.

`perform` runs within the transaction, and may run again when that could not be committed; `settled` runs once, after
the commit, and brings the next work.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Raw
from msgspec.json import decode

from isthmus.adapters.local.execution import Branch, Execution, Finished
from isthmus.adapters.local.relay import Delivery
from isthmus.adapters.runtime import operations
from isthmus.adapters.runtime.events import make_unowned_late, time_out, wait_for_event
from isthmus.adapters.runtime.invocation import (
    Fenced,
    GatewayAnswer,
    Intent,
    StepRequest,
    conclude,
    perform,
)
from isthmus.adapters.runtime.record import Outcome, record_step
from isthmus.adapters.runtime.runs import (
    EndState,
    Ending,
    Parent,
    Run,
    bury,
    find_run,
    finish_run,
    get_stuck,
    start_run,
)
from isthmus.adapters.runtime.taking_back import next_undo, stop_taking_back
from isthmus.adapters.runtime.unit import OutgoingMessage, UnitOfWork, unit_of
from isthmus.adapters.sql.dead_letters import DeadLetterKind
from isthmus.adapters.sql.journal import Kind, microseconds
from isthmus.adapters.sql.notes import FORGET_NOTE, NOTES
from isthmus.adapters.sql.mailbox import DUE_AT, REMOVE_TIMER, SET_TIMER, WAIT_AT
from isthmus.adapters.sql.outbox import MARK_PUBLISHED, MESSAGE
from isthmus.adapters.sql.runs import CLAIM, FENCE_AND_RECORD, RECORD, SETTLED, STEPS, RunStatus, StepState
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.codec import ENCODER, codec
from isthmus.core.errors import InputError, IsthmusError

if TYPE_CHECKING:
    from isthmus.adapters.local.engine import Engine


class Work:
    """Be one unit of work of the engine."""

    __slots__ = ("engine", "run_id", "step", "unit")

    def __init__(self, engine: Engine, run_id: str, step: str) -> None:
        self.engine = engine
        self.run_id = run_id
        self.step = step
        self.unit: UnitOfWork | None = None

    def perform(self, transaction: Transaction) -> None:
        """Do it, within a transaction."""
        raise NotImplementedError

    def settled(self) -> None:
        """Go on, after the commit."""

    def failed(self, error: BaseException) -> None:
        """Say that it could not be done, and never will be by this engine."""
        self.engine.halt(error)

    def _unit(self, transaction: Transaction, run: Run) -> UnitOfWork:
        self.unit = unit_of(self.engine.deployment, transaction, run, self.step)
        return self.unit


class CallWork(Work):
    """Do what a thread asks for, which waits for what comes of it."""

    __slots__ = ("_actor", "_do", "_error", "_on_behalf_of", "_result", "_then", "future")

    def __init__(  # noqa: PLR0917
        self,
        engine: Engine,
        subject: str,
        actor: str,
        on_behalf_of: str,
        do: Callable[[UnitOfWork], Any],
        then: Callable[[UnitOfWork, Any], Any],
    ) -> None:
        super().__init__(engine, "", subject)
        self.future: Future[Any] = Future()
        self._actor = actor
        self._on_behalf_of = on_behalf_of
        self._do = do
        self._then = then
        self._result: Any = None
        self._error: InputError | None = None

    def perform(self, transaction: Transaction) -> None:
        """Do it. What the caller did wrong is journaled, leaves nothing else, and is what the caller hears."""
        self.unit = self._outer(transaction)
        self._error = None
        transaction.mark()
        try:
            self._result = self._do(self.unit)
        except InputError as error:
            transaction.back_to_mark()
            self.unit = self._outer(transaction)
            operations.reject(self.unit, self.step, error)
            self._error = error
        else:
            transaction.forget_mark()

    def _outer(self, transaction: Transaction) -> UnitOfWork:
        return operations.outer_unit(self.engine.deployment, transaction, self._actor, self._on_behalf_of, "outside")

    def settled(self) -> None:
        """Hand over the result, or the error."""
        assert self.unit is not None
        if self._error is not None:
            self.future.set_exception(self._error)
        else:
            self.future.set_result(self._then(self.unit, self._result))

    def failed(self, error: BaseException) -> None:
        """Hand over the error."""
        self.future.set_exception(error)
        super().failed(error)


class AskWork(CallWork):
    """Ask one handler's contract alone, as a thread wants it; failures are tried again by the contract's policy."""

    __slots__ = ("_answer", "_contract", "_outcome", "_request", "_value")

    def __init__(  # noqa: PLR0917
        self, engine: Engine, contract: str, message: Any, key: str, actor: str, on_behalf_of: str
    ) -> None:
        super().__init__(engine, contract, actor, on_behalf_of, self._asked, lambda _unit, result: result)
        self._contract = contract
        self._request: StepRequest | Callable[[UnitOfWork], StepRequest] = lambda unit: operations.asked_step(
            unit, contract, message, key
        )
        self._answer: GatewayAnswer | None = None
        self._outcome: Outcome | Intent | Fenced | None = None
        self._value: Any = None

    def _asked(self, unit: UnitOfWork) -> None:
        """Do the step, in the savepoint of the call."""
        request = self._request if isinstance(self._request, StepRequest) else self._request(unit)
        unit.run_id, unit.step = request.run_id, request.step
        self.run_id, self._request = request.run_id, request

    def perform(self, transaction: Transaction) -> None:
        """Find out what is asked, then do it."""
        super().perform(transaction)
        if self._error is not None or not isinstance(self._request, StepRequest):
            return
        assert self.unit is not None
        request = self._request
        if self._answer is None:
            self._outcome = perform(self.unit, request)
        else:
            self._outcome = conclude(self.unit, request, self._answer)
        if isinstance(self._outcome, Outcome) and self._outcome.state is StepState.ANSWERED:
            form = codec(self.engine.contract(self._contract).output_type)
            self._value = form.decode(self._outcome.answer, self.unit.vault)

    def settled(self) -> None:
        """Hand over the answer, the refusal or the failure; or try again, or ask the gateway."""
        outcome = self._outcome
        if self._error is not None:
            self.future.set_exception(self._error)
        elif isinstance(outcome, Intent):
            self.engine.ask_gateway(self._contract, outcome, self.run_id, self.step, self._with)
        elif isinstance(outcome, Outcome) and outcome.state is StepState.FAILING:
            self._answer = None
            self.engine.later(self.engine.contract(self._contract).retry.delay_after(outcome.attempts), self)
        elif isinstance(outcome, Outcome) and outcome.state is StepState.ANSWERED:
            self.future.set_result(self._value)
        else:
            assert isinstance(outcome, Outcome)
            self.future.set_exception(self.engine.as_error(self._contract, outcome))

    def _with(self, answer: GatewayAnswer) -> Work:
        self._answer = answer
        return self


class LoadWork(Work):
    """Read a run and its record, and carry it on from there."""

    __slots__ = ("_record", "_run")

    def __init__(self, engine: Engine, run_id: str) -> None:
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
        elif self._run.status == RunStatus.TAKING_BACK and not _is_part_of_another(self._run):
            self.engine.take_back(self.run_id)
        else:
            self.engine.run_ended(self.run_id)


class StepWork(Work):
    """Do a step of a run that a handler fulfils; or, with a gateway's answer, its last part."""

    __slots__ = ("_answer", "_branch", "_execution", "_request", "_result")

    def __init__(self, execution: Execution, branch: Branch, engine: Engine, answer: GatewayAnswer | None = None) -> None:
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
            ending = Ending(status=RunStatus.FAILED, answer=Raw(self._result.answer), step=self.step)
            get_stuck(unit, self._execution.run, self.step, ending)

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

    __slots__ = ("_branch", "_created", "_execution", "_fenced", "_run")

    def __init__(self, execution: Execution, branch: Branch, engine: Engine) -> None:
        super().__init__(engine, execution.run.run_id, branch.step)
        self._execution = execution
        self._branch = branch
        self._run: Run | None = None
        self._created = False
        self._fenced = False

    def perform(self, transaction: Transaction) -> None:
        """Start it, or find it started."""
        unit = self._unit(transaction, self._execution.run)
        fence = transaction.row(FENCE_AND_RECORD, self.step, self.run_id)
        self._fenced = fence is None or fence[0] != RunStatus.RUNNING
        self._created = fence is not None and fence[2] is None
        if self._fenced:
            return
        parent = Parent(
            run_id=self.run_id, step=self.step, ordinal=self._branch.ordinal, branch=self._branch.index
        )
        self._run = start_run(
            unit, self._branch.contract, self._branch.input, claimed_by=self.engine.claimant, parent=parent
        )

    def settled(self) -> None:
        """Carry the child on; one that was there before is carried on by whoever recovered it."""
        if self._fenced:
            self.engine.fenced(self._execution)
        elif self._created and self._run is not None:
            self.engine.carry_on(self._run, {})


class WaitWork(Work):
    """Take the event that a step waits for, or register the wait."""

    __slots__ = ("_branch", "_due_us", "_execution", "_outcome")

    def __init__(self, execution: Execution, branch: Branch, engine: Engine) -> None:
        super().__init__(engine, execution.run.run_id, branch.step)
        self._execution = execution
        self._branch = branch
        self._outcome: Outcome | Fenced | None = None
        self._due_us = 0

    def perform(self, transaction: Transaction) -> None:
        """Register, unless the wait was registered, or ended, before."""
        unit = self._unit(transaction, self._execution.run)
        self._outcome = None
        fence = transaction.row(FENCE_AND_RECORD, self.step, self.run_id)
        if fence is None or fence[0] != RunStatus.RUNNING:
            self._outcome = Fenced(fence[0] if fence else "")
        elif fence[4] in SETTLED:
            self._outcome = Outcome(StepState(fence[4]), bytes(fence[5]))
        elif (wait := transaction.row(WAIT_AT, self.run_id, self.step)) is not None:
            self._due_us = wait[3]
        else:
            self._due_us = unit.now_us + (self._branch.duration or timedelta()) // timedelta(microseconds=1)
            self._outcome = wait_for_event(unit, self._branch.contract, self._branch.input.decode(), self._due_us)

    def settled(self) -> None:
        """Go on with the event, or wait."""
        if isinstance(self._outcome, Fenced):
            self.engine.fenced(self._execution)
        elif self._outcome is not None:
            self.engine.tell(self._execution, self._branch, self._outcome)
        else:
            self.engine.park(self._execution)
            self.engine.at(self._due_us, TimeoutWork(self.engine, self._execution.run, self.step))


class TimeoutWork(Work):
    """End a wait whose time is over, if nothing has come."""

    __slots__ = ("_run", "_timed_out")

    def __init__(self, engine: Engine, run: Run, step: str) -> None:
        super().__init__(engine, run.run_id, step)
        self._run = run
        self._timed_out = False

    def perform(self, transaction: Transaction) -> None:
        """Let the mailbox's transaction decide."""
        self._timed_out = time_out(self._unit(transaction, self._run))

    def settled(self) -> None:
        """Tell the run."""
        if self._timed_out:
            self.engine.answered(self.run_id, self.step, Outcome(StepState.TIMED_OUT, b"null"))


class SleepWork(Work):
    """Set the timer of a sleep, or record that its time is over."""

    __slots__ = ("_due_us", "_duration", "_outcome", "_run")

    def __init__(self, engine: Engine, run: Run, step: str, duration: timedelta) -> None:
        super().__init__(engine, run.run_id, step)
        self._run = run
        self._duration = duration
        self._due_us = 0
        self._outcome: Outcome | Fenced | None = None

    def perform(self, transaction: Transaction) -> None:
        """Keep the time that was set first, across restarts."""
        unit = self._unit(transaction, self._run)
        fence = transaction.row(FENCE_AND_RECORD, self.step, self.run_id)
        self._outcome = None
        if fence is None or fence[0] != RunStatus.RUNNING or fence[4] in SETTLED:
            self._outcome = Fenced("")
            return
        row = transaction.row(DUE_AT, self.run_id, self.step)
        self._due_us = row[0] if row else unit.now_us + self._duration // timedelta(microseconds=1)
        if self._due_us <= unit.now_us:
            record_step(unit, self.run_id, self.step, "", StepState.ANSWERED, b"null", "")
            transaction.run(REMOVE_TIMER, self.run_id, self.step)
            unit.journal(Kind.SLEPT, "sleep")
            self._outcome = Outcome(StepState.ANSWERED, b"null")
        elif row is None:
            transaction.run(SET_TIMER, self.run_id, self.step, self._due_us)

    def settled(self) -> None:
        """Go on, or sleep."""
        if isinstance(self._outcome, Outcome):
            self.engine.answered(self.run_id, self.step, self._outcome)
        elif self._outcome is None:
            self.engine.park_run(self.run_id)
            self.engine.at(self._due_us, SleepWork(self.engine, self._run, self.step, self._duration))


class RecallWork(Work):
    """Read what somebody else recorded for a step that a run waits for."""

    __slots__ = ("_outcome",)

    def __init__(self, engine: Engine, run_id: str, step: str) -> None:
        super().__init__(engine, run_id, step)
        self._outcome: Outcome | None = None

    def perform(self, transaction: Transaction) -> None:
        """Read the record."""
        row = transaction.row(RECORD, self.run_id, self.step)
        if row is not None and row[2] in SETTLED:
            self._outcome = Outcome(StepState(row[2]), bytes(row[3]), row[4])

    def settled(self) -> None:
        """Tell the run."""
        if self._outcome is not None:
            self.engine.answered(self.run_id, self.step, self._outcome)


class FinishWork(Work):
    """Report the end of a run."""

    __slots__ = ("_execution", "_finished", "_state")

    def __init__(self, execution: Execution, finished: Finished, engine: Engine) -> None:
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

    __slots__ = ("_answer", "_request", "_result")

    def __init__(
        self, engine: Engine, run_id: str, request: StepRequest | None = None, answer: GatewayAnswer | None = None
    ) -> None:
        super().__init__(engine, run_id, "take back")
        self._request = request
        self._answer = answer
        self._result: Outcome | Intent | Fenced | None = None

    def perform(self, transaction: Transaction) -> None:
        """Do the next undo, or the last part of one whose gateway has answered."""
        self._result = None
        run = find_run(transaction, self.run_id)
        if run is None or run.status != RunStatus.TAKING_BACK:
            return
        unit = self._unit(transaction, run)
        request = self._request if self._answer is not None else next_undo(unit, self.run_id)
        self._request = request
        if request is None:
            return
        unit.step, unit.run_id = request.step, request.run_id
        self._result = (
            perform(unit, request) if self._answer is None else conclude(unit, request, self._answer)
        )
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
        else:
            self.engine.taken_back(self.run_id)

    def _with(self, answer: GatewayAnswer) -> Work:
        return TakeBackWork(self.engine, self.run_id, self._request, answer)


class DeliverWork(Work):
    """Deliver a message to one subscriber: a handler's contract is asked, a workflow's is started."""

    __slots__ = ("_answer", "_delivery", "_request", "_result", "_started")

    def __init__(self, engine: Engine, delivery: Delivery, answer: GatewayAnswer | None = None) -> None:
        message = delivery.message
        step = operations.delivery_step(message.message_id, delivery.subscriber)
        super().__init__(engine, message.run_id, step)
        self._delivery = delivery
        self._answer = answer
        self._result: Outcome | Intent | Fenced | None = None
        self._started: Run | None = None
        self._request = StepRequest(
            run_id=message.run_id,
            step=step,
            contract=delivery.subscriber,
            input=message.body,
            ordinal=0,
            branch=0,
            expects=None,
        )

    def perform(self, transaction: Transaction) -> None:
        """Have the subscriber handle it; what it cannot handle goes to a person."""
        topic = f"topic:{self._delivery.message.topic}"
        self.unit = unit = UnitOfWork(
            self.engine.deployment,
            transaction,
            run_id=self.run_id,
            step=self.step,
            workflow="",
            actor=topic,
            on_behalf_of=topic,
        )
        if self._delivery.subscriber in self.engine.composition.workflows:
            self._started = start_run(
                unit, self._delivery.subscriber, self._delivery.message.body, claimed_by=self.engine.claimant
            )
            return
        self._result = perform(unit, self._request) if self._answer is None else conclude(unit, self._request, self._answer)
        if isinstance(self._result, Outcome) and self._result.state in {StepState.FAILED, StepState.UNKNOWN}:
            number = self._delivery.message.message_id.encode()
            bury(
                unit,
                DeadLetterKind.DELIVERY,
                self.run_id,
                self.step,
                self._delivery.subscriber,
                self._result.answer,
                number,
            )

    def settled(self) -> None:
        """Go on with the queue, or try again."""
        result = self._result
        if isinstance(result, Outcome) and result.state is StepState.FAILING:
            delay = self.engine.contract(self._delivery.subscriber).retry.delay_after(result.attempts)
            self.engine.later(delay, DeliverWork(self.engine, self._delivery))
        elif isinstance(result, Intent):
            self.engine.ask_gateway(self._request.contract, result, self.run_id, self.step, self._with)
        else:
            if self._started is not None and self.unit is not None and self.unit.created:
                self.engine.carry_on(self._started, {})
            self.engine.delivered(self._delivery)

    def _with(self, answer: GatewayAnswer) -> Work:
        return DeliverWork(self.engine, self._delivery, answer)


class MarkWork(Work):
    """Mark messages that all their subscribers have settled."""

    __slots__ = ("_messages",)

    def __init__(self, engine: Engine, messages: list[str]) -> None:
        super().__init__(engine, "", "mark")
        self._messages = messages

    def perform(self, transaction: Transaction) -> None:
        """Mark each."""
        now_us = microseconds(self.engine.deployment.clock.now())
        for message_id in self._messages:
            transaction.run(MARK_PUBLISHED, now_us, message_id)


class SweepWork(Work):
    """Hand on events that were held for runs which ended without naming their key."""

    __slots__ = ()

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, "", "sweep")

    def perform(self, transaction: Transaction) -> None:
        """Look for them."""
        self.unit = operations.outer_unit(self.engine.deployment, transaction, "engine", "engine", "sweep")
        make_unowned_late(self.unit)


class StickWork(Work):
    """Leave a run to a person, because it cannot be driven."""

    __slots__ = ("_error", "_run")

    def __init__(self, engine: Engine, run: Run, step: str, error: IsthmusError) -> None:
        super().__init__(engine, run.run_id, step)
        self._run = run
        self._error = error

    def perform(self, transaction: Transaction) -> None:
        """Write the dead letter."""
        unit = self._unit(transaction, self._run)
        there = find_run(transaction, self.run_id)
        if there is not None and there.status == RunStatus.RUNNING:
            answer = ENCODER.encode({"error": type(self._error).__name__, "code": self._error.code})
            get_stuck(unit, self._run, self.step, Ending(status=RunStatus.FAILED, answer=Raw(answer), step=self.step))

    def settled(self) -> None:
        """Say so to whoever waits for the run."""
        self.engine.run_ended(self.run_id)


class NotesWork(Work):
    """Read the notes that other processes left for the engine."""

    __slots__ = ("_messages", "_notes")

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, "", "notes")
        self._notes: list[tuple[str, str]] = []
        self._messages: list[OutgoingMessage] = []

    def perform(self, transaction: Transaction) -> None:
        """Take the notes, and read the messages that they name."""
        self._notes, self._messages = [], []
        for sequence, kind, subject in transaction.rows(NOTES):
            transaction.run(FORGET_NOTE, sequence)
            row = transaction.row(MESSAGE, subject) if kind == "message" else None
            if row is not None:
                self._messages.append(OutgoingMessage(row[1], row[2], row[3], bytes(row[4]), row[5]))
            else:
                self._notes.append((kind, subject))

    def settled(self) -> None:
        """Go on with what they name."""
        self.engine.noted(self._notes, self._messages)


def _is_part_of_another(run: Run) -> bool:
    """Say whether a run is taken back as a part of its parent, which sees to it."""
    return run.ending is not None and decode(run.ending, type=Ending).status is RunStatus.TAKEN_BACK
