"""Driving: what a cloud's engine has done for the runs that it carries, each a unit of work the database knows.

Each may be asked for many times: what it did happens once, and every time the reply is the same.
"""

from __future__ import annotations

import logging
from datetime import timedelta

import msgspec
from msgspec import Raw

from isthmus.adapters.runtime.asking import call_in_time
from isthmus.adapters.runtime.execution import Branch
from isthmus.adapters.runtime.host import Host
from isthmus.adapters.runtime.invocation import (
    Fenced,
    GatewayAnswer,
    Intent,
    StepRequest,
    conclude,
    perform,
)
from isthmus.adapters.runtime.record import Failed, Outcome
from isthmus.adapters.runtime.runs import Run, finish_run, get_run
from isthmus.adapters.runtime.stepping import await_event_until_due, await_time, start_child, stick, stick_unknown
from isthmus.adapters.runtime.taking_back import Held, next_undo, stop_taking_back
from isthmus.adapters.runtime.unit import UnitOfWork, unit_of
from isthmus.adapters.sql.runs import CHILD_AT, CLAIM, CLAIMED_BY, RECORD, SETTLED, STEPS, RunStatus, StepState
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.codec import ENCODER
from isthmus.core.errors import InternalError, IsthmusError

log = logging.getLogger("isthmus.host")

FENCED, WAITING, STARTED, STUCK, HELD = "fenced", "waiting", "started", "stuck", "held"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for one step of a run: of a contract, with its input; of an event, with its key; or of time."""

    run_id: str
    step: str
    contract: str = ""
    input: Raw = Raw(b"null")
    ordinal: int = 0
    branch: int = 0
    key: str = ""
    duration: timedelta = timedelta()


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """Say what became of it: a step's state with its answer, or fenced, waiting until a moment, started, stuck.

    `answered` and `ended` are other runs that have to know: what they wait for is there, or they have ended.
    """

    state: str
    answer: Raw = Raw(b"null")
    attempts: int = 0
    due_us: int = 0
    child: str = ""
    answered: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """Be what is recorded of a step."""

    step: str
    contract: str
    input_hash: str
    state: str
    answer: Raw
    attempts: int

    @property
    def outcome(self) -> Outcome:
        """Return the outcome."""
        return Outcome(StepState(self.state), bytes(self.answer), self.attempts)


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """Be a run with its record, as an orchestration begins with it."""

    run: Run
    steps: tuple[Recorded, ...]


class End(msgspec.Struct, frozen=True, kw_only=True):
    """Report how the workflow of a run ended, and at which step."""

    run_id: str
    state: str
    answer: Raw
    step: str


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Report that a run cannot be driven."""

    run_id: str
    step: str
    error: str
    code: str


def load(host: Host, run_id: str, claimant: str) -> Loaded | None:
    """Claim a run and read it with its record; None when it is not this execution's to carry on."""

    def work(transaction: Transaction) -> tuple[UnitOfWork, Loaded | None]:
        transaction.run(CLAIM, claimant, run_id)
        run = get_run(transaction, run_id)
        unit = unit_of(host.deployment, transaction, run, "load")
        if transaction.row(CLAIMED_BY, run_id) != (claimant,):
            return unit, None
        steps = tuple(
            Recorded(
                step=step,
                contract=contract,
                input_hash=input_hash,
                state=state,
                answer=Raw(bytes(answer)),
                attempts=attempts,
            )
            for step, contract, _, input_hash, state, answer, _, _, attempts in transaction.rows(STEPS, run_id)
            if state in SETTLED
        )
        return unit, Loaded(run=run, steps=steps)

    return host.do(work)[1]


def do_step(host: Host, call: Call) -> Reply:
    """Do a step that a handler fulfils; one that asks a gateway is two units of work, with the gateway between."""
    request = StepRequest(
        run_id=call.run_id,
        step=call.step,
        contract=call.contract,
        input=bytes(call.input),
        ordinal=call.ordinal,
        branch=call.branch,
        expects=RunStatus.RUNNING,
    )

    def part(answer: GatewayAnswer | None) -> tuple[UnitOfWork, Outcome | Intent | Fenced]:
        def work(transaction: Transaction) -> tuple[UnitOfWork, Outcome | Intent | Fenced]:
            run = get_run(transaction, call.run_id)
            unit = unit_of(host.deployment, transaction, run, call.step)
            result = perform(unit, request) if answer is None else conclude(unit, request, answer)
            if isinstance(result, Outcome) and result.state is StepState.UNKNOWN:
                stick_unknown(unit, run, result)
            return unit, result

        return host.do(work)

    try:
        unit, result = part(None)
        if isinstance(result, Intent):
            unit, result = part(call_in_time(host.deployment, call.contract, result))
    except InternalError as error:
        return get_stuck(host, Trouble(run_id=call.run_id, step=call.step, error=type(error).__name__, code=error.code))
    return _reply(unit, call.run_id, result)


def begin_child(host: Host, call: Call) -> Reply:
    """Start the child that fulfils a step."""
    branch = Branch(call.step, call.ordinal, call.branch, call.contract, bytes(call.input))

    def work(transaction: Transaction) -> tuple[UnitOfWork, Run | Fenced | None]:
        unit = unit_of(host.deployment, transaction, get_run(transaction, call.run_id), call.step)
        return unit, start_child(unit, branch, claimed_by=None)

    _, started = host.do(work)
    if isinstance(started, Run):
        return Reply(state=STARTED, child=started.run_id)
    if started is not None:
        return Reply(state=FENCED)
    child = _child_under_way(host, call)
    return Reply(state=STARTED, child=child) if child else recall(host, call)


def _child_under_way(host: Host, call: Call) -> str | None:
    """Return the child that was started for a step, when that was done and the answer was lost."""
    with host.database.transaction() as transaction:
        record = transaction.row(RECORD, call.run_id, call.step)
        if record is None or record[2] != StepState.INTENT:
            return None
        row = transaction.row(CHILD_AT, call.run_id, call.step)
    return str(row[0]) if row else None


def look(host: Host, run_id: str) -> Reply:
    """Say how a run stands, for an orchestration that was told that this may have changed."""
    with host.database.transaction() as transaction:
        return Reply(state=get_run(transaction, run_id).status)


def recall(host: Host, call: Call) -> Reply:
    """Read what is recorded of a step that a child fulfils."""
    with host.database.transaction() as transaction:
        row = transaction.row(RECORD, call.run_id, call.step)
    if row is None or row[2] not in SETTLED:
        return Reply(state=FENCED)
    return Reply(state=row[2], answer=Raw(bytes(row[3])), attempts=row[4])


def wait(host: Host, call: Call) -> Reply:
    """Take an event from the mailbox, register the wait, or end it: the mailbox's transaction decides."""

    def work(transaction: Transaction) -> tuple[UnitOfWork, Outcome | Fenced | int]:
        unit = unit_of(host.deployment, transaction, get_run(transaction, call.run_id), call.step)
        return unit, await_event_until_due(unit, call.contract, call.key, call.duration)

    unit, result = host.do(work)
    return _reply(unit, call.run_id, result)


def pause(host: Host, call: Call) -> Reply:
    """Set the timer of a sleep, or record that it is over."""

    def work(transaction: Transaction) -> tuple[UnitOfWork, Outcome | Fenced | int]:
        unit = unit_of(host.deployment, transaction, get_run(transaction, call.run_id), call.step)
        return unit, await_time(unit, call.duration)

    unit, result = host.do(work)
    return _reply(unit, call.run_id, result)


def finish(host: Host, end: End) -> Reply:
    """Report the end of a run; the reply says whether it is completed, taken back now, stuck or fenced."""

    def work(transaction: Transaction) -> tuple[UnitOfWork, str]:
        run = get_run(transaction, end.run_id)
        unit = unit_of(host.deployment, transaction, run, end.step or "end")
        state = finish_run(unit, run, Outcome(StepState(end.state), bytes(end.answer)), end.step)
        return unit, state.name.lower()

    unit, state = host.do(work)
    return _reply_of(unit, end.run_id, state)


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """Say which unit does the next undo of a run: this one cannot."""

    unit: str


def take_back(host: Host, run_id: str) -> Reply | Elsewhere:
    """Undo the last thing that a run did: answered when there may be more, fenced when not, or held by a child."""
    unit, (request, result) = _undo(host, run_id, None, None)
    if isinstance(request, StepRequest) and result is None:
        return Elsewhere(unit=host.elsewhere[request.contract])
    if isinstance(result, Intent) and isinstance(request, StepRequest):
        answer = call_in_time(host.deployment, request.contract, result)
        unit, (request, result) = _undo(host, run_id, request, answer)
    if isinstance(request, Held):
        return Reply(state=HELD, child=request.child)
    if request is None or result is None:
        return _reply_of(unit, run_id, FENCED)
    if isinstance(result, Outcome) and result.state is StepState.FAILING:
        delay = host.composition.contracts[request.contract].retry.delay_after(result.attempts)
        return Reply(state=WAITING, due_us=unit.now_us + delay // timedelta(microseconds=1))
    if isinstance(result, Outcome) and result.state is StepState.ANSWERED:
        return _reply_of(unit, run_id, StepState.ANSWERED)
    return Reply(state=STUCK)


type _Undone = tuple[StepRequest | Held | None, Outcome | Intent | Fenced | None]


def _undo(
    host: Host, run_id: str, asked: StepRequest | None, answer: GatewayAnswer | None
) -> tuple[UnitOfWork, _Undone]:
    """Do the next undo, or the last part of one whose gateway has answered, in one transaction."""

    def work(transaction: Transaction, refused: IsthmusError | None = None) -> tuple[UnitOfWork, _Undone]:
        run = get_run(transaction, run_id)
        unit = unit_of(host.deployment, transaction, run, "take back")
        if run.status != RunStatus.TAKING_BACK:
            return unit, (None, None)
        request = asked if answer is not None else next_undo(unit, run_id)
        if not isinstance(request, StepRequest):
            return unit, (request, None)
        if request.contract in host.elsewhere:
            return unit, (request, None)
        unit.step, unit.run_id = request.step, request.run_id
        result: Outcome | Intent | Fenced
        if refused is not None:
            result = Outcome(StepState.FAILED, ENCODER.encode(Failed(type(refused).__name__, refused.code)))
        else:
            result = perform(unit, request) if answer is None else conclude(unit, request, answer)
        if isinstance(result, Outcome) and result.state in {StepState.REFUSED, StepState.FAILED, StepState.UNKNOWN}:
            stop_taking_back(unit, run_id, request, result)
        return unit, (request, result)

    try:
        return host.do(work)
    except InternalError as error:
        refusal = error
    return host.do(lambda transaction: work(transaction, refusal))


def get_stuck(host: Host, trouble: Trouble) -> Reply:
    """Leave a run to a person, because it cannot be driven."""
    log.error("run %s cannot go on at %s: %s", trouble.run_id, trouble.step, trouble.error)

    def work(transaction: Transaction) -> tuple[UnitOfWork, None]:
        run = get_run(transaction, trouble.run_id)
        unit = unit_of(host.deployment, transaction, run, trouble.step)
        stick(unit, run, trouble.error, trouble.code)
        return unit, None

    host.do(work)
    return Reply(state=STUCK)


def _reply(unit: UnitOfWork, run_id: str, result: Outcome | Intent | Fenced | int) -> Reply:
    if isinstance(result, int):
        return Reply(state=WAITING, due_us=result)
    if isinstance(result, Outcome):
        return _reply_of(unit, run_id, result.state, result.answer, result.attempts)
    assert isinstance(result, Fenced)
    return Reply(state=FENCED)


def _reply_of(unit: UnitOfWork, run_id: str, state: str, answer: bytes = b"null", attempts: int = 0) -> Reply:
    """Return a reply that names the other runs which the unit of work has answered or ended."""
    if not (unit.woken or unit.ended):
        return Reply(state=state, answer=Raw(answer), attempts=attempts)
    answered = dict.fromkeys(other for other, _ in unit.woken if other != run_id)
    ended = dict.fromkeys(other for other in unit.ended if other != run_id)
    return Reply(state=state, answer=Raw(answer), attempts=attempts, answered=tuple(answered), ended=tuple(ended))
