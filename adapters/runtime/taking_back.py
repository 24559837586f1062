"""Taking back: the plan is the database. What a run did is undone in reverse, one step at a time.

    next_undo        the last step, in order of place, that has something to undo and is not undone yet
    perform          the undo is a step like any other, `undo:<step>`, with retries
    … until nothing is left: the run ends as it was going to, refused, failed, timed out or cancelled

Engines only ask for the next undo until there is none. An undo that refuses, or fails too often, stops the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from isthmus.adapters.runtime.invocation import StepRequest
from isthmus.adapters.runtime.record import Failed, Outcome
from isthmus.adapters.runtime.runs import Ending, Run, begin_take_back, bury, child_at, end_run, get_run
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.dead_letters import DeadLetterKind
from isthmus.adapters.sql.runs import RECORD, SET_STATUS, STEPS, RunStatus, StepState
from isthmus.core.codec import ENCODER
from isthmus.core.contract import Effect

UNDO = "undo:"

TAKEN_BACK_ALREADY = frozenset(
    {RunStatus.REFUSED, RunStatus.FAILED, RunStatus.TIMED_OUT, RunStatus.CANCELLED, RunStatus.TAKEN_BACK}
)


class _UndoWire(msgspec.Struct):
    """Be the wire form of `Undo`, around what is kept in wire form."""

    key: str
    input: msgspec.Raw
    result: msgspec.Raw


class _DoneStep(msgspec.Struct, frozen=True):
    """Be a step that a run recorded."""

    run_id: str
    step: str
    contract: str
    input: bytes
    state: StepState
    answer: bytes
    ordinal: int
    branch: int


class Held(msgspec.Struct, frozen=True):
    """Say that a child takes itself back, because it failed: what holds it goes on when the child has ended."""

    child: str


def next_undo(unit: UnitOfWork, run_id: str) -> StepRequest | Held | None:
    """Return the next undo of a run that is taken back, or end the run when there is none.

    The unit of work becomes that of the run which the undo belongs to: the run, or a child.
    """
    run = get_run(unit.transaction, run_id)
    unit.run_id, unit.workflow = run.run_id, run.contract
    if run.status != RunStatus.TAKING_BACK:
        return None
    found = _next_of(unit, run)
    if isinstance(found, _DoneStep):
        _stop_at_stranger(unit, run_id, found)
        return None
    if found is None:
        ending = msgspec.json.decode(run.ending or "", type=Ending)
        end_run(unit, run, ending.status, bytes(ending.answer))
    return found


def is_part_of_another(run: Run) -> bool:
    """Say whether a run is taken back as a part of its parent, which sees to it."""
    return run.ending is not None and msgspec.json.decode(run.ending, type=Ending).status is RunStatus.TAKEN_BACK


def _next_of(unit: UnitOfWork, run: Run) -> StepRequest | Held | _DoneStep | None:
    """Return the next undo, or what stands in its way: a child, or a step of a contract that is not loaded."""
    for done in _done(unit, run.run_id):
        found: StepRequest | Held | _DoneStep | None
        if done.contract not in unit.deployment.composition.contracts:
            found = done
        elif done.contract in unit.deployment.composition.workflows:
            found = _undo_child(unit, done)
        else:
            found = _undo_step(unit, done)
        if found is not None:
            return found
    return None


def _done(unit: UnitOfWork, run_id: str) -> Iterator[_DoneStep]:
    """Yield what a run did, the last in order of place first; sleeping and waiting for events does nothing."""
    idle = {"", *unit.deployment.composition.events}
    for row in reversed(unit.transaction.rows(STEPS, run_id)):
        step, contract, wire, _, state, answer, ordinal, branch, _ = row
        if contract not in idle and not step.startswith(UNDO) and ">" not in step:
            yield _DoneStep(run_id, step, contract, bytes(wire), StepState(state), bytes(answer), ordinal, branch)


def _undo_step(unit: UnitOfWork, done: _DoneStep) -> StepRequest | None:
    """Return the undo of a step: of one that was answered, that failed, or of which nobody knows."""
    contract = unit.deployment.composition.contracts[done.contract]
    if contract.effect is not Effect.UNDONE or done.state is StepState.REFUSED:
        return None
    result = done.answer if done.state is StepState.ANSWERED else b"null"
    return _request(unit, done, done.input, result)


def _undo_child(unit: UnitOfWork, done: _DoneStep) -> StepRequest | Held | _DoneStep | None:
    """Return what undoes a child: its contract's undo when it completed and has one, else the undo of its steps."""
    child = child_at(unit.transaction, done.run_id, done.step)
    if child is None or child.status in TAKEN_BACK_ALREADY:
        return None
    contract = unit.deployment.composition.contracts[done.contract]
    if child.status == RunStatus.COMPLETED and contract.undone_by is not None:
        return _request(unit, done, child.input, child.outcome or b"null")
    if child.status == RunStatus.TAKING_BACK and not is_part_of_another(child):
        return Held(child.run_id)
    own = unit.run_id, unit.workflow
    unit.run_id, unit.workflow = child.run_id, child.contract
    if child.status != RunStatus.TAKING_BACK:
        begin_take_back(unit, child, Ending(status=RunStatus.TAKEN_BACK, answer=msgspec.Raw(b"null")))
    found = _next_of(unit, child)
    if found is None:
        end_run(unit, child, RunStatus.TAKEN_BACK, b"null")
        unit.run_id, unit.workflow = own
    return found


def _request(unit: UnitOfWork, done: _DoneStep, wire: bytes, result: bytes) -> StepRequest | None:
    """Return the undo as a step of the same run, unless it is recorded as done."""
    undo = unit.deployment.composition.contracts[done.contract].undone_by
    assert undo is not None
    step = f"{UNDO}{done.step}"
    recorded = unit.transaction.row(RECORD, done.run_id, step)
    if recorded is not None and recorded[2] == StepState.ANSWERED:
        return None
    unit.step = step
    key = f"{done.run_id}/{done.step}"
    return StepRequest(
        run_id=done.run_id,
        step=step,
        contract=undo.name,
        input=ENCODER.encode(_UndoWire(key, msgspec.Raw(wire), msgspec.Raw(result))),
        ordinal=done.ordinal,
        branch=done.branch,
        expects=RunStatus.TAKING_BACK,
    )


def _stop_at_stranger(unit: UnitOfWork, root: str, done: _DoneStep) -> None:
    """Stop at a step whose contract the App does not have any longer: nobody knows how it is undone."""
    unit.run_id, unit.step = done.run_id, f"{UNDO}{done.step}"
    unit.transaction.run(SET_STATUS, RunStatus.STUCK, None, root)
    reason = ENCODER.encode(Failed("ContractNotLoaded", done.contract))
    bury(unit, DeadLetterKind.UNDO, root, unit.key, done.contract, reason)


def stop_taking_back(unit: UnitOfWork, root: str, request: StepRequest, outcome: Outcome) -> None:
    """Stop until a person resolves an undo that refused, failed too often, or of which nobody knows."""
    unit.transaction.run(SET_STATUS, RunStatus.STUCK, None, root)
    bury(unit, DeadLetterKind.UNDO, root, f"{request.run_id}/{request.step}", request.contract, outcome.answer)
