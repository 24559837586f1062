"""Runs: started once, claimed by one execution, and ended; each of these is a unit of work, on every backend."""

from __future__ import annotations

import enum
from hashlib import sha256
from typing import Any

import msgspec

from isthmus.adapters.runtime.deployment import Deployment
from isthmus.adapters.runtime.events import make_leftovers_late
from isthmus.adapters.runtime.expressions import text_of
from isthmus.adapters.runtime.record import Failed, Outcome
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.claims import LIVE_CHILDREN
from isthmus.adapters.sql.dead_letters import BURY, DeadLetterKind
from isthmus.adapters.sql.journal import Kind
from isthmus.adapters.sql.mailbox import CLOSE_WAITS_OF_RUN, OWN, REMOVE_TIMERS_OF_RUN
from isthmus.adapters.sql.runs import (
    CHILD_AT,
    END_RUN,
    GET_RUN,
    INSERT_RUN,
    INSERT_STEP,
    LIVE,
    RECORD,
    SET_STATUS,
    STEPS,
    UPDATE_STEP,
    RunStatus,
    StepState,
)
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.codec import ENCODER, codec, hold_size
from isthmus.core.contract import Effect
from isthmus.core.errors import IdentityConflict, InputError, MessageInvalid, NotFound

RUN_ID_CHARACTERS = 32

LIVE_OR_COMPLETED = frozenset({*LIVE, RunStatus.COMPLETED})


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Be the row of one run."""

    run_id: str
    contract: str
    identity: str
    input: bytes
    input_hash: str
    version: str
    status: str
    parent_run: str | None
    parent_step: str | None
    actor: str
    on_behalf_of: str
    ending: str | None
    outcome: bytes | None


class Parent(msgspec.Struct, frozen=True, kw_only=True):
    """Say which step of which run a child fulfils, and how many children of it failed before."""

    run_id: str
    step: str
    ordinal: int
    branch: int
    failed: int = 0


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """Say how a run ends once it has been taken back, and with which refusal or failure."""

    status: RunStatus
    answer: msgspec.Raw
    step: str = ""


class EndState(enum.Enum):
    """Say what became of a run that came to its end."""

    COMPLETED = enum.auto()
    TAKING_BACK = enum.auto()
    STUCK = enum.auto()
    FENCED = enum.auto()


def run_id_of(contract: str, identity: str, *origin: str) -> str:
    """Derive a run's id from its contract and identity, and from the run and step, or the tick, that it belongs to."""
    text = "\x1f".join((contract, identity, *origin))
    return sha256(text.encode()).hexdigest()[:RUN_ID_CHARACTERS]


def find_run(transaction: Transaction, run_id: str) -> Run | None:
    """Return a run's row, or None."""
    row = transaction.row(GET_RUN, run_id)
    return None if row is None else _run(row)


def get_run(transaction: Transaction, run_id: str) -> Run:
    """Return a run's row. Raises NotFound."""
    run = find_run(transaction, run_id)
    if run is None:
        raise NotFound(f"there is no run {run_id}", instead="see: isthmus workflows list")
    return run


def child_at(transaction: Transaction, run_id: str, step: str) -> Run | None:
    """Return the child that fulfils a step of a run, or None."""
    row = transaction.row(CHILD_AT, run_id, step)
    return None if row is None else _run(row)


def _run(row: tuple[Any, ...]) -> Run:
    fields = dict(zip(Run.__struct_fields__, row, strict=True))
    outcome = fields["outcome"]
    return Run(**fields | {"input": bytes(fields["input"]), "outcome": None if outcome is None else bytes(outcome)})


def identity_of(deployment: Deployment, contract: str, message: Any) -> str:
    """Return what a run of this contract is known by: the message's identity field.

    Raises NotFound when no workflow fulfils the contract, MessageInvalid.
    """
    found = deployment.composition.workflows.get(contract)
    if found is None:
        names = ", ".join(sorted(deployment.composition.workflows)) or "none"
        raise NotFound(f"no workflow fulfils {contract}", instead=f"start one of: {names}")
    identity = str(getattr(message, found.contract.input_type.__identity_field__))
    if not identity or "\0" in identity:
        field = found.contract.input_type.__identity_field__
        raise MessageInvalid(
            f"{field} is the identity of a run, text that is not empty",
            place=contract,
            instead="use letters, digits and signs",
        )
    return identity


def start_run(
    unit: UnitOfWork,
    contract: str,
    wire: bytes,
    *,
    claimed_by: str | None,
    parent: Parent | None = None,
    origin: tuple[str, ...] = (),
) -> Run:
    """Insert a run with the message that caused it; the same start again returns the run that is there.

    Raises IdentityConflict (ISTH202) when the identity belongs to a run with other content.
    """
    deployment = unit.deployment
    takes = codec(deployment.composition.contracts[contract].input_type)
    message = takes.decode_opaque(hold_size(wire, contract))
    identity = identity_of(deployment, contract, message)
    program = deployment.composition.programs[contract]
    if parent is not None:
        origin = (parent.run_id, parent.step, *([str(parent.failed)] if parent.failed else []))
    run = Run(
        run_id=run_id_of(contract, identity, *origin),
        contract=contract,
        identity=identity,
        input=wire,
        input_hash=takes.fingerprint(wire),
        version=program.version,
        status=RunStatus.RUNNING if claimed_by else RunStatus.STARTED,
        parent_run=parent.run_id if parent else None,
        parent_step=parent.step if parent else None,
        actor=unit.actor,
        on_behalf_of=unit.on_behalf_of,
        ending=None,
        outcome=None,
    )
    inserted = unit.transaction.run(
        INSERT_RUN,
        run.run_id,
        run.contract,
        run.identity,
        run.input,
        run.input_hash,
        run.version,
        run.status,
        run.parent_run,
        run.parent_step,
        run.actor,
        run.on_behalf_of,
        claimed_by,
        unit.now_us,
    )
    if not inserted:
        return _same_run(unit, run)
    unit.created = True
    unit.run_id, unit.workflow = run.run_id, contract
    for event, key in deployment.owned_keys.get(contract, ()):
        unit.transaction.run(OWN, event, text_of(key, {program.parameter: msgspec.json.decode(wire)}), run.run_id)
    if parent is not None:
        _expect_child(unit, run, parent)
    unit.journal_run(Kind.STARTED, contract, wire)
    return run


def _expect_child(unit: UnitOfWork, run: Run, parent: Parent) -> None:
    """Record in the parent that a child is on its way; its end completes the row."""
    if parent.failed:
        unit.transaction.run(
            UPDATE_STEP, StepState.INTENT, b"null", parent.failed, unit.now_us, parent.run_id, parent.step
        )
        return
    unit.transaction.run(
        INSERT_STEP,
        parent.run_id,
        parent.step,
        run.contract,
        b"",
        run.input_hash,
        StepState.INTENT,
        b"null",
        parent.ordinal,
        parent.branch,
        0,
        unit.now_us,
    )


def _same_run(unit: UnitOfWork, run: Run) -> Run:
    there = get_run(unit.transaction, run.run_id)
    if there.input_hash != run.input_hash:
        raise IdentityConflict(
            f"{run.contract} {run.identity} was started before, with other content",
            place=f"run {run.run_id}",
            instead="use another identity, or send the same content again",
        )
    return there


def finish_run(unit: UnitOfWork, run: Run, outcome: Outcome, step: str = "") -> EndState:
    """Report a run's end: completed, or to be taken back, or past the point of no return and stuck.

    A run that was fenced meanwhile is somebody else's to end.
    """
    there = get_run(unit.transaction, run.run_id)
    if there.status != RunStatus.RUNNING:
        return EndState.FENCED
    if outcome.state is StepState.ANSWERED:
        end_run(unit, there, RunStatus.COMPLETED, outcome.answer)
        return EndState.COMPLETED
    status = {StepState.REFUSED: RunStatus.REFUSED, StepState.TIMED_OUT: RunStatus.TIMED_OUT}.get(
        outcome.state, RunStatus.FAILED
    )
    ending = Ending(status=status, answer=msgspec.Raw(outcome.answer), step=step)
    if has_passed_the_point_of_no_return(unit, run.run_id):
        get_stuck(unit, run, step, ending)
        return EndState.STUCK
    begin_take_back(unit, run, ending)
    return EndState.TAKING_BACK


def begin_take_back(unit: UnitOfWork, run: Run, ending: Ending) -> None:
    """Fence a run: from now on no late step changes anything, and what was done is undone.

    Its children that go on are fenced with it: what they would still do depended on how long the undos before take.
    """
    unit.transaction.run(SET_STATUS, RunStatus.TAKING_BACK, ENCODER.encode(ending).decode(), run.run_id)
    unit.transaction.run(CLOSE_WAITS_OF_RUN, run.run_id)
    unit.transaction.run(REMOVE_TIMERS_OF_RUN, run.run_id)
    unit.journal_run(Kind.TAKE_BACK_BEGUN, run.contract, bytes(ending.answer))
    own = unit.run_id, unit.workflow
    for child_id, status in unit.transaction.rows(LIVE_CHILDREN, run.run_id):
        if status in {RunStatus.STARTED, RunStatus.RUNNING}:
            child = get_run(unit.transaction, child_id)
            unit.run_id, unit.workflow = child.run_id, child.contract
            begin_take_back(unit, child, Ending(status=RunStatus.TAKEN_BACK, answer=msgspec.Raw(b"null")))
    unit.run_id, unit.workflow = own


def get_stuck(unit: UnitOfWork, run: Run, step: str, ending: Ending) -> None:
    """Stop a run until a person resolves its dead letter."""
    unit.transaction.run(SET_STATUS, RunStatus.STUCK, ENCODER.encode(ending).decode(), run.run_id)
    record = unit.transaction.row(RECORD, run.run_id, step)
    subject = run.contract if record is None else record[0]
    bury(unit, DeadLetterKind.STEP, run.run_id, step, subject, bytes(ending.answer))


def bury(
    unit: UnitOfWork, kind: DeadLetterKind, run_id: str, step: str, subject: str, reason: bytes, body: bytes = b""
) -> None:
    """Ask a person: write a dead letter."""
    unit.transaction.run(BURY, kind, run_id, step, subject, body, reason.decode(), unit.now_us)
    unit.journal(Kind.STUCK, subject, after=reason)


def has_passed_the_point_of_no_return(unit: UnitOfWork, run_id: str) -> bool:
    """Say whether a `final` step was done: by the run, or by a child that goes on or is undone by its steps."""
    deployment = unit.deployment
    for step, contract, _, _, state, *_ in unit.transaction.rows(STEPS, run_id):
        found = deployment.composition.contracts.get(contract)
        if found is None or ">" in step:
            continue
        if found.effect is Effect.FINAL and _may_have_acted(deployment, contract, state):
            return True
        child = child_at(unit.transaction, run_id, step) if contract in deployment.composition.workflows else None
        if child is None or (child.status == RunStatus.COMPLETED and found.undone_by is not None):
            continue
        if child.status in LIVE_OR_COMPLETED and has_passed_the_point_of_no_return(unit, child.run_id):
            return True
    return False


def _may_have_acted(deployment: Deployment, contract: str, state: str) -> bool:
    """Say whether a step did something: one that reaches outside may have, whenever it was not refused."""
    fulfilment = deployment.fulfilments.get(contract)
    outside = fulfilment is not None and fulfilment.gateway is not None
    return state == StepState.ANSWERED or (outside and state != StepState.REFUSED)


def end_run(unit: UnitOfWork, run: Run, status: RunStatus, answer: bytes) -> None:
    """Write a run's end, tell its parent, and hand on the events that it leaves behind."""
    unit.run_id, unit.workflow = run.run_id, run.contract
    unit.transaction.run(END_RUN, status, answer, unit.now_us, run.run_id)
    unit.ended.append(run.run_id)
    unit.journal_run(Kind.COMPLETED if status is RunStatus.COMPLETED else Kind.ENDED, run.contract, answer)
    if unit.deployment.waits_for_events(run.contract):
        make_leftovers_late(unit)
    if run.parent_run is not None and run.parent_step is not None and status is not RunStatus.TAKEN_BACK:
        _answer_parent(unit, run, status, answer)


def _answer_parent(unit: UnitOfWork, run: Run, status: RunStatus, answer: bytes) -> None:
    state = {RunStatus.COMPLETED: StepState.ANSWERED, RunStatus.REFUSED: StepState.REFUSED}.get(
        status, StepState.FAILED
    )
    if state is StepState.FAILED:
        answer = _failed_child(run, status, answer)
    row = unit.transaction.row(RECORD, run.parent_run, run.parent_step)
    tries = row[4] + 1 if row is not None else 1
    unit.transaction.run(UPDATE_STEP, state, answer, tries, unit.now_us, run.parent_run, run.parent_step)
    unit.woken.append((str(run.parent_run), str(run.parent_step)))


def _failed_child(run: Run, status: RunStatus, answer: bytes) -> bytes:
    """Return a child's failure as its parent sees it: what failed in the child, and where."""
    try:
        inner = msgspec.json.decode(answer, type=Failed)
    except msgspec.ValidationError:
        return ENCODER.encode(Failed(f"{run.contract} {status}", f"run {run.run_id}"))
    return ENCODER.encode(Failed(f"{run.contract} {status}: {inner.error}", inner.place))


def cancel_run(unit: UnitOfWork, run_id: str) -> Run:
    """Have an operator end a run: it is fenced, and taken back.

    Raises NotFound; InputError when the run has ended, or has passed the point of no return.
    """
    run = get_run(unit.transaction, run_id)
    if run.status not in {RunStatus.STARTED, RunStatus.RUNNING}:
        raise InputError(f"run {run_id} is {run.status}", instead="only a run that goes on can be cancelled")
    if run.parent_run is not None:
        raise InputError(f"run {run_id} is part of {run.parent_run}", instead=f"cancel {run.parent_run}")
    unit.run_id, unit.workflow = run.run_id, run.contract
    if has_passed_the_point_of_no_return(unit, run_id):
        raise InputError(f"run {run_id} has done what cannot be undone", instead="let it end")
    answer = ENCODER.encode({"cancelled_by": unit.actor})
    unit.journal_run(Kind.CANCELLED, run.contract, answer)
    begin_take_back(unit, run, Ending(status=RunStatus.CANCELLED, answer=msgspec.Raw(answer)))
    return run
