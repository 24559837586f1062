"""The record of a step: the inbox row that holds its answer, which is returned whenever the same key comes again."""

from __future__ import annotations

import msgspec

from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.runs import INSERT_STEP, StepState
from isthmus.core.codec import ENCODER, MESSAGE_BYTES_MAX
from isthmus.core.errors import ReplayMismatch


class Refused(msgspec.Struct, frozen=True):
    """Be the recorded form of a refusal."""

    refusal: str
    fields: msgspec.Raw


class Failed(msgspec.Struct, frozen=True):
    """Be the recorded form of a failure: what kind of error, and where, never its message, which may be personal."""

    error: str
    place: str


class Outcome(msgspec.Struct, frozen=True):
    """Say what a unit of work made of a step."""

    state: StepState
    answer: bytes
    attempts: int = 0

    @property
    def settled(self) -> bool:
        """Say whether it stays so: not when it will be tried again, or a person is asked."""
        return self.state not in {StepState.FAILING, StepState.INTENT, StepState.UNKNOWN}


def input_too_large(wire: bytes) -> Outcome | None:
    """Return the failure of a step whose input is too large for a message: nothing was done, and nothing is recorded.

    What is asked again is too large again, so it is not tried again, and there is nothing to undo.
    """
    if len(wire) <= MESSAGE_BYTES_MAX:
        return None
    return Outcome(StepState.FAILED, ENCODER.encode(Failed("InputTooLarge", f"more than {MESSAGE_BYTES_MAX} bytes")))


def record_step(
    unit: UnitOfWork, run_id: str, step: str, contract: str, state: StepState, answer: bytes, input_hash: str
) -> None:
    """Record what ended a step that no handler does, and that nothing undoes: an event, a timeout, a sleep."""
    unit.transaction.run(INSERT_STEP, run_id, step, contract, b"", input_hash, state, answer, 0, 0, 1, unit.now_us)


def same_call(contract: str, input_hash: str, recorded: tuple[str, str], key: str) -> None:
    """Hold a call against what is recorded under its key.

    Raises ReplayMismatch (ISTH901): a recorded answer is never given to another call.
    """
    if (contract, input_hash) != recorded:
        raise ReplayMismatch(
            f"the record is of {recorded[0]} with other input, and {contract} is asked for"
            if contract == recorded[0]
            else f"the record is of {recorded[0]}, and {contract} is asked for",
            place=f"step {key}",
            instead="run the version of the workflow that made the record",
        )
