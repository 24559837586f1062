"""Invocation: one handler, called within a unit of work, and its answer recorded with its effects.

    look up the record        the key was here before: its answer is returned, nothing runs
    look at the run           fenced, or ended: nothing runs
    call the handler          within a savepoint, tables open
    record                    answered, refused, or failed: one row, with the journal's entries

A handler that asks for a gateway is called twice, and the gateway between: `intend` finds what it asks the gateway
and commits that, `call_gateway` asks outside any transaction, `conclude` calls the handler with the answer, tables
open. A crash leaves the intent: whoever comes back inquires before calling again.
"""

from __future__ import annotations

import logging
import time
import traceback
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from isthmus.adapters.runtime.deployment import Deployment
from isthmus.adapters.runtime.fulfilment import Fulfilment
from isthmus.adapters.runtime.record import Failed, Outcome, Refused, input_too_large, same_call
from isthmus.adapters.runtime.tables import open_table
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.faults import Conflict, Duplicate
from isthmus.adapters.sql.journal import Kind
from isthmus.adapters.sql.runs import (
    FENCE_AND_RECORD,
    INSERT_STEP,
    RECORD,
    SETTLED,
    UPDATE_STEP,
    RunStatus,
    StepState,
)
from isthmus.adapters.sql.schema import REFERENCE
from isthmus.adapters.sql.statement import Statement, insertion_unless_there
from isthmus.core import codec as codec_module
from isthmus.core.annotations import named
from isthmus.core.codec import ENCODER, MESSAGE_BYTES_MAX
from isthmus.core.contract import Effect
from isthmus.core.errors import InternalError, IsthmusError, MessageInvalid, StorageUnavailable
from isthmus.core.ports import AnswerUnknown, Caller, Clock, Reference, reference_of
from isthmus.core.refusal import Refusal

log = logging.getLogger("isthmus.handlers")

OWN_FOLDERS = (str(Path(__file__).parent), str(Path(codec_module.__file__).parent))
"""Where code of ours stands, in which a handler's failure is not looked for."""

REFER = insertion_unless_there(REFERENCE)
REFERENCE_OF = Statement(
    select(REFERENCE.c.run_id, REFERENCE.c.step).where(
        REFERENCE.c.gateway == bindparam("of"), REFERENCE.c.reference == bindparam("given")
    ),
    "of",
    "given",
)


class StepRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for one step of a run: which contract, with what, and where it stands in the run.

    `expects` is the status that the run must have; None for what belongs to no run, such as a delivery.
    """

    run_id: str
    step: str
    contract: str
    input: bytes
    ordinal: int
    branch: int
    expects: RunStatus | None


class Fenced(msgspec.Struct, frozen=True):
    """Say that the run has gone on without this step: nothing was done."""

    status: str


class Intent(msgspec.Struct, frozen=True):
    """Say what a gateway is to be asked, and whether it may have been asked before."""

    request: Any
    reference: str
    inquire_first: bool


class GatewayAnswer(msgspec.Struct, frozen=True):
    """Hold what a gateway answered, or the error that it raised."""

    value: Any
    error: BaseException | None = None


class AnswerInvalid(TypeError):
    """Report an answer that is not what the contract promises."""


class _Asked(BaseException):
    """Carry what a handler asks its gateway out of the handler, past every `except Exception`."""

    def __init__(self, reference: str, request: Any) -> None:
        super().__init__()
        self.reference = reference
        self.request = request


class _Recorded(msgspec.Struct):
    """Hold what was found under the key of a step that is not settled."""

    exists: bool
    attempts: int = 0


def perform(unit: UnitOfWork, request: StepRequest) -> Outcome | Intent | Fenced:
    """Do a step, or return what is recorded of it.

    Returns an Intent when the gateway must be asked first: commit, `call_gateway`, then `conclude` in another unit.
    """
    fulfilment = unit.deployment.fulfilments[request.contract]
    input_hash = fulfilment.input.fingerprint(request.input)
    found = _look_up(unit, request, input_hash)
    if not isinstance(found, _Recorded):
        return found
    too_large = input_too_large(request.input)
    if too_large is not None:
        return too_large
    if fulfilment.gateway is not None:
        return _intend(unit, fulfilment, request, input_hash, found)
    return _fulfil(unit, fulfilment, request, input_hash, found, None)


def _look_up(unit: UnitOfWork, request: StepRequest, input_hash: str) -> _Recorded | Outcome | Fenced:
    """Return the recorded outcome, a fence, or what is known of a step that is not settled."""
    if request.expects is None:
        row = unit.transaction.row(RECORD, request.run_id, request.step)
    else:
        fence = unit.transaction.row(FENCE_AND_RECORD, request.step, request.run_id)
        if fence is None:
            return Fenced("unknown")
        row = fence[2:] if fence[2] is not None else None
        if (row is None or row[2] not in SETTLED) and fence[0] != request.expects:
            return Fenced(fence[0])
    if row is None:
        return _Recorded(exists=False)
    contract, recorded_hash, state, answer, attempts = row
    same_call(request.contract, input_hash, (contract, recorded_hash), f"{request.run_id}/{request.step}")
    if state in SETTLED:
        return Outcome(StepState(state), bytes(answer), attempts)
    return _Recorded(exists=True, attempts=attempts)


def _fulfil(
    unit: UnitOfWork,
    fulfilment: Fulfilment,
    request: StepRequest,
    input_hash: str,
    found: _Recorded,
    gateway: GatewayAnswer | None,
) -> Outcome:
    """Call the handler in a savepoint, and record what came of it."""
    outcome, kind = _attempt(unit, fulfilment, request, found, gateway)
    _record(unit, fulfilment, request, input_hash, found, outcome)
    unit.journal(kind, request.contract, after=outcome.answer)
    return outcome


def _attempt(
    unit: UnitOfWork, fulfilment: Fulfilment, request: StepRequest, found: _Recorded, gateway: GatewayAnswer | None
) -> tuple[Outcome, Kind]:
    transaction = unit.transaction
    published, woken = len(unit.published), len(unit.woken)
    marked = bool(fulfilment.tables) or fulfilment.input.personal or fulfilment.output.personal
    if marked:
        transaction.mark()
    try:
        answer = _call(unit, fulfilment, request, gateway)
    except Refusal as refusal:
        name = fulfilment.refusals.get(type(refusal))
        outcome = (
            failure_of(unit, fulfilment, found.attempts, refusal)
            if name is None
            else Outcome(StepState.REFUSED, ENCODER.encode(Refused(name, _raw(refusal.fields))), found.attempts + 1)
        )
        kind = Kind.FAILED if name is None else Kind.REFUSED
    except (Exception, SystemExit) as error:  # whatever a handler raises is a failure of this attempt
        if isinstance(error, IsthmusError) and _is_ours(error):
            raise
        outcome, kind = failure_of(unit, fulfilment, found.attempts, error), Kind.FAILED
    else:
        if marked:
            transaction.forget_mark()
        return Outcome(StepState.ANSWERED, answer, found.attempts + 1), _kind_of_answer(fulfilment)
    if marked:
        transaction.back_to_mark()
    unit.discard(published, woken)
    return outcome, kind


def _kind_of_answer(fulfilment: Fulfilment) -> Kind:
    return Kind.UNDONE if fulfilment.contract.effect is Effect.UNDO else Kind.ANSWERED


def _call(unit: UnitOfWork, fulfilment: Fulfilment, request: StepRequest, gateway: GatewayAnswer | None) -> bytes:
    """Call the handler with its ports, and return its answer's wire form."""
    message = fulfilment.input.decode(request.input, unit.vault) if request.input else None
    ports = _ports(unit, fulfilment)
    for name, port in fulfilment.tables.items():
        ports[name] = open_table(unit, port)
    if fulfilment.gateway is not None and gateway is not None:
        ports[fulfilment.gateway[0]] = _Answering(gateway)
    started = time.perf_counter()
    answer = fulfilment.function(message, **ports)
    took = time.perf_counter() - started
    unit.deployment.timed(request.contract, took)
    if took > fulfilment.timeout_seconds:
        raise TimeoutError(f"it took {took:.1f} s, and may take {fulfilment.timeout_seconds:g}")
    return _wire_of(unit, fulfilment, answer)


def _wire_of(unit: UnitOfWork, fulfilment: Fulfilment, answer: Any) -> bytes:
    """Return the wire form of an answer, held against its type and the limit. Raises AnswerInvalid."""
    try:
        wire = fulfilment.output.encode(answer, unit.vault)
        fulfilment.output.decode(wire, unit.vault)
    except (MessageInvalid, TypeError, ValueError, AttributeError, KeyError, OverflowError) as error:
        raise AnswerInvalid(f"{named(fulfilment.contract.output_type)} is promised: {error}") from error
    if len(wire) > MESSAGE_BYTES_MAX:
        raise AnswerInvalid(f"the answer has {len(wire)} bytes, and may have {MESSAGE_BYTES_MAX}")
    return wire


def _ports(unit: UnitOfWork, fulfilment: Fulfilment) -> dict[str, Any]:
    ports: dict[str, Any] = {name: unit.deployment.port(port) for name, port in fulfilment.bound.items()}
    for name, port in fulfilment.provided.items():
        if port is Clock:
            ports[name] = _Standing(unit.now)
        elif port is Reference:
            ports[name] = reference_of(unit.key)
        else:
            assert port is Caller
            ports[name] = Caller(actor=unit.actor, on_behalf_of=unit.on_behalf_of)
    return ports


def failure_of(unit: UnitOfWork, fulfilment: Fulfilment, attempts: int, error: BaseException) -> Outcome:
    """Return the outcome of an attempt that failed: to be tried again, or failed for good. The log never has data."""
    place = _place(error, fulfilment)
    log.warning(
        "%s failed in attempt %d (run %s, step %s): %s at %s",
        fulfilment.contract.name,
        attempts + 1,
        unit.run_id,
        unit.step,
        type(error).__name__,
        place,
    )
    log.debug("%s", error, exc_info=error)
    final = attempts + 1 >= fulfilment.contract.retry.attempts
    answer = ENCODER.encode(Failed(type(error).__name__, place))
    return Outcome(StepState.FAILED if final else StepState.FAILING, answer, attempts + 1)


def _place(error: BaseException, fulfilment: Fulfilment) -> str:
    """Return file and line where an error was raised, or the handler's own: the same on every machine, never data."""
    frames = traceback.extract_tb(error.__traceback__)
    inner = [frame for frame in frames if not frame.filename.startswith(OWN_FOLDERS)]
    if not inner:
        code = fulfilment.function.__code__
        return f"{Path(code.co_filename).name}:{code.co_firstlineno} in {code.co_name}"
    return f"{Path(inner[-1].filename).name}:{inner[-1].lineno} in {inner[-1].name}"


def _is_ours(error: IsthmusError) -> bool:
    """Say whether an error is about the database or about us, so that the unit of work cannot go on."""
    return isinstance(error, Conflict | Duplicate | StorageUnavailable | InternalError)


def _raw(fields: msgspec.Struct) -> msgspec.Raw:
    return msgspec.Raw(ENCODER.encode(fields))


def _record(
    unit: UnitOfWork,
    fulfilment: Fulfilment,
    request: StepRequest,
    input_hash: str,
    found: _Recorded,
    outcome: Outcome,
) -> None:
    if found.exists:
        unit.transaction.run(
            UPDATE_STEP, outcome.state, outcome.answer, outcome.attempts, unit.now_us, request.run_id, request.step
        )
        return
    unit.transaction.run(
        INSERT_STEP,
        request.run_id,
        request.step,
        request.contract,
        request.input if fulfilment.keeps_input else b"",
        input_hash,
        outcome.state,
        outcome.answer,
        request.ordinal,
        request.branch,
        outcome.attempts,
        unit.now_us,
    )


class _Standing:
    """Be a clock that stands at the moment when the unit of work began."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment


class _Asking:
    """Be the gateway while a handler is asked what it wants of it."""

    def call(self, reference: str, request: Any) -> Any:
        raise _Asked(reference, request)

    def inquire(self, _reference: str, _request: Any) -> Any:
        raise RuntimeError("a handler calls its gateway and never inquires: that is done before calling again")


class _Answering:
    """Be the gateway once its answer is there: the same handler is called again, and gets it."""

    def __init__(self, answer: GatewayAnswer) -> None:
        self._answer = answer
        self._used = False

    def call(self, _reference: str, _request: Any) -> Any:
        if self._used:
            raise InternalError("a handler called its gateway twice", instead="split it: one call, one contract")
        self._used = True
        return self._answer.value


class _ClosedTable:
    """Be a table before the gateway has answered: whoever touches it learns why not."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"{name}: tables open only after the gateway has answered; call the gateway first")


def _intend(
    unit: UnitOfWork, fulfilment: Fulfilment, request: StepRequest, input_hash: str, found: _Recorded
) -> Outcome | Intent:
    """Find out what the handler asks its gateway, and commit to asking it."""
    assert fulfilment.gateway is not None
    try:
        ports = _ports(unit, fulfilment)
        ports |= dict.fromkeys(fulfilment.tables, _ClosedTable())
        ports[fulfilment.gateway[0]] = _Asking()
        message = fulfilment.input.decode(request.input, unit.vault)
        wire = _wire_of(unit, fulfilment, fulfilment.function(message, **ports))
    except _Asked as asked:
        intent = Intent(asked.request, asked.reference, found.exists)
    except Refusal as refusal:
        return _ended_early(unit, fulfilment, request, input_hash, found, refusal)
    except (Exception, SystemExit) as error:  # whatever a handler raises is a failure of this attempt
        if isinstance(error, IsthmusError) and _is_ours(error):
            raise
        return _ended_early(unit, fulfilment, request, input_hash, found, error)
    else:
        outcome = Outcome(StepState.ANSWERED, wire, found.attempts + 1)
        _record(unit, fulfilment, request, input_hash, found, outcome)
        unit.journal(_kind_of_answer(fulfilment), request.contract, after=wire)
        return outcome
    _refer(unit, fulfilment, intent.reference)
    if not found.exists:
        intended = Outcome(StepState.INTENT, b"null", 0)
        _record(unit, fulfilment, request, input_hash, found, intended)
        unit.journal(Kind.INTENDED, request.contract)
    return intent


def _ended_early(
    unit: UnitOfWork,
    fulfilment: Fulfilment,
    request: StepRequest,
    input_hash: str,
    found: _Recorded,
    error: BaseException,
) -> Outcome:
    """Record a refusal or a failure that came before the gateway was asked."""
    name = fulfilment.refusals.get(type(error)) if isinstance(error, Refusal) else None
    if isinstance(error, Refusal) and name is not None:
        answer = ENCODER.encode(Refused(name, _raw(error.fields)))
        outcome, kind = Outcome(StepState.REFUSED, answer, found.attempts + 1), Kind.REFUSED
    else:
        outcome, kind = failure_of(unit, fulfilment, found.attempts, error), Kind.FAILED
    _record(unit, fulfilment, request, input_hash, found, outcome)
    unit.journal(kind, request.contract, after=outcome.answer)
    return outcome


def _refer(unit: UnitOfWork, fulfilment: Fulfilment, reference: str) -> None:
    """Keep whose reference it is. Two steps with one reference would get each other's answers."""
    written = unit.transaction.run(REFER, fulfilment.gateway_name, reference, unit.run_id, unit.step)
    if not written and unit.transaction.row(REFERENCE_OF, fulfilment.gateway_name, reference) != (
        unit.run_id,
        unit.step,
    ):
        raise InternalError(
            f"reference {reference} of {fulfilment.gateway_name} belongs to another step",
            place=unit.key,
            instead="use more characters of it",
        )


def call_gateway(deployment: Deployment, contract: str, intent: Intent) -> GatewayAnswer:
    """Ask the gateway, outside any transaction; inquire first when it may have been asked before."""
    fulfilment = deployment.fulfilments[contract]
    assert fulfilment.gateway is not None
    try:
        gateway = deployment.port(fulfilment.gateway[1])
        if intent.inquire_first:
            known = gateway.inquire(intent.reference, intent.request)
            if known is not None:
                return GatewayAnswer(known)
        return GatewayAnswer(gateway.call(intent.reference, intent.request))
    except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a gateway raises fails this attempt
        return GatewayAnswer(None, error)


def conclude(unit: UnitOfWork, request: StepRequest, answer: GatewayAnswer) -> Outcome | Fenced:
    """Record what came of asking the gateway, with the effects of the handler that gets its answer."""
    fulfilment = unit.deployment.fulfilments[request.contract]
    input_hash = fulfilment.input.fingerprint(request.input)
    found = _look_up(unit, request, input_hash)
    if not isinstance(found, _Recorded):
        return found
    if answer.error is None:
        return _fulfil(unit, fulfilment, request, input_hash, found, answer)
    if isinstance(answer.error, AnswerUnknown):
        outcome = Outcome(StepState.UNKNOWN, ENCODER.encode(Failed("AnswerUnknown", "inquire")), found.attempts + 1)
    else:
        outcome = failure_of(unit, fulfilment, found.attempts, answer.error)
    _record(unit, fulfilment, request, input_hash, found, outcome)
    unit.journal(Kind.FAILED, request.contract, after=outcome.answer)
    return outcome
