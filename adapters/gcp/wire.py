"""The wire between compiled workflows and their functions: what is asked, what is told.

    POST /contracts/make   {"run_id": …, "step": "0", "contract": "make", "input": {…}, "ordinal": 0, "branch": 0}
    200                    {"state": "answered", "answer": {…}, "step": "0", "contract": "make", "bytes": 17, …}

Workflows takes JSON apart and puts it together again, and no page says in which order the keys of a map come back. So
what it sends is read by its type and written anew, as everywhere, before it is hashed or kept. What is told is read
field by field, and its order does not matter.
"""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import Any, Final

import msgspec
from msgspec import Raw

from isthmus.adapters.runtime.driving import Call
from isthmus.adapters.runtime.record import Failed, Outcome, Refused
from isthmus.adapters.runtime.requests import Unacceptable
from isthmus.adapters.sql.runs import StepState
from isthmus.core.codec import ENCODER, MESSAGE_BYTES_MAX, UNREADABLE, codec
from isthmus.core.composition import Composition
from isthmus.core.errors import NotFound

MICROSECONDS: Final = 1_000_000
NULL: Final = Raw(b"null")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Be what a compiled workflow asks; each path reads the fields that it needs."""

    run_id: str
    step: str = ""
    contract: str = ""
    input: Raw = NULL
    ordinal: int = 0
    branch: int = 0
    key: str = ""
    seconds: int = 0
    callback: str = ""
    claimant: str = ""
    versions: tuple[str, ...] = ()
    state: str = ""
    answer: Raw = NULL


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Be what a compiled workflow is told: a state, and what belongs to it.

    `bytes` is the length of the answer, which Workflows cannot count; `child` is the run that was started for a step;
    `version` is that of a run's program; `unit` is the variable that holds the address of the unit to ask instead.
    """

    state: str
    answer: Raw = NULL
    step: str = ""
    contract: str = ""
    bytes: int = 0
    child: str = ""
    version: str = ""
    unit: str = ""
    after_seconds: int = 0


ASKED: Final = msgspec.json.Decoder(Asked)


def asked_of(body: bytes) -> Asked:
    """Return what a request asks. Raises Unacceptable for what no compiled workflow sends."""
    try:
        return ASKED.decode(body)
    except UNREADABLE as error:
        raise Unacceptable(400, f"the body is nothing that a compiled workflow asks: {error}") from None


def call_of(composition: Composition, asked: Asked) -> Call:
    """Return the step that is asked for, its input as everywhere. Raises NotFound, MessageInvalid."""
    found = composition.contracts.get(asked.contract)
    if found is None:
        raise NotFound(f"the app has no contract {asked.contract}", instead="deploy its workflows anew")
    return Call(
        run_id=asked.run_id,
        step=asked.step,
        contract=asked.contract,
        input=Raw(written(found.input_type, asked.input)),
        ordinal=asked.ordinal,
        branch=asked.branch,
    )


def wait_of(asked: Asked) -> Call:
    """Return the wait for an event, or for time, that is asked for."""
    duration = timedelta(seconds=asked.seconds)
    return Call(run_id=asked.run_id, step=asked.step, contract=asked.contract, key=asked.key, duration=duration)


def written(annotation: Any, value: Raw) -> bytes:
    """Return a value that Workflows has sent, as it is written everywhere. Raises MessageInvalid."""
    return ENCODER.encode(codec(annotation).decode_opaque(bytes(value)))


def ending_of(composition: Composition, contract: str, asked: Asked) -> Outcome:
    """Return how a workflow ended, as the record holds it. Raises MessageInvalid, and Unacceptable."""
    state = StepState(asked.state)
    if state is StepState.ANSWERED:
        answer = written(composition.contracts[contract].output_type, asked.answer)
        if len(answer) > MESSAGE_BYTES_MAX:
            return _failed("AnswerTooLarge", f"more than {MESSAGE_BYTES_MAX} bytes")
        return Outcome(state, answer)
    if state is StepState.REFUSED:
        return _refused(composition, contract, asked.answer)
    if state is StepState.FAILED:
        return Outcome(state, ENCODER.encode(_read(asked.answer, Failed)))
    return Outcome(state, ENCODER.encode(_read(asked.answer, TimedOut)))


def _refused(composition: Composition, contract: str, answer: Raw) -> Outcome:
    refused = _read(answer, Refused)
    if refused.refusal not in {one.__name__ for one in composition.contracts[contract].refuses}:
        return _failed(refused.refusal, "a refusal that the contract does not declare")
    fields = Raw(written(composition.refusal(contract, refused.refusal).Fields, refused.fields))
    return Outcome(StepState.REFUSED, ENCODER.encode(Refused(refused.refusal, fields)))


class TimedOut(msgspec.Struct, frozen=True):
    """Be what a wait ends with whose time is over: the event that did not come."""

    timed_out: str


def _failed(error: str, place: str) -> Outcome:
    return Outcome(StepState.FAILED, ENCODER.encode(Failed(error, place)))


def _read[T](value: Raw, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(value, type=kind)
    except UNREADABLE as error:
        raise Unacceptable(400, f"the answer is no {kind.__name__}: {error}") from None


def seconds_until(due_us: int, now_us: int) -> int:
    """Return after how many whole seconds to ask again: 1 at least, since Workflows waits for no less."""
    return max(1, ceil((due_us - now_us) / MICROSECONDS))
