"""One run in memory: its coroutine, driven from answer to answer, each await named by its place in the program.

    coroutine.send(answer)  →  the command it awaits next  →  one branch for each thing to be done  →  …

The place of an await is read from the instruction at which the coroutine stands (`co_positions`), so it is the same
however the source is laid out. Inside a loop, the number of earlier visits of the place is added: `4.body.1[7]`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from types import CodeType
from typing import Any

import msgspec

from isthmus.adapters.runtime.record import Failed, Outcome, Refused, same_call
from isthmus.adapters.runtime.runs import Run
from isthmus.adapters.sql.runs import StepState
from isthmus.core.codec import ENCODER, MESSAGE_BYTES_MAX, codec
from isthmus.core.composition import Composition
from isthmus.core.contract import Call, Contract
from isthmus.core.errors import InternalError, ReplayMismatch
from isthmus.core.program import Program
from isthmus.core.refusal import Refusal, TimedOut
from isthmus.core.workflow import Each, Gather, Sleep, WaitFor

STEPS_MAX = 2_000
"""How many awaits one run may make: below what the histories of both clouds can hold."""

COMMAND_BYTES_MAX = 200 * 1024
"""What all the answers of one `gather` or `each` may take together."""


class Branch(msgspec.Struct):
    """Be one thing that a command waits for: a call of a contract, an event, or time."""

    step: str
    ordinal: int
    index: int
    contract: str
    input: bytes
    duration: timedelta | None = None
    outcome: Outcome | None = None

    @property
    def is_wait(self) -> bool:
        """Say whether it waits for an event: `contract` is then the event, `input` the key."""
        return self.duration is not None and self.contract != ""


class Finished(msgspec.Struct, frozen=True):
    """Say how the coroutine ended, and at which step."""

    outcome: Outcome
    step: str


class Command(msgspec.Struct):
    """Be what the coroutine awaits: its branches, and how many may go at once."""

    branches: list[Branch]
    at_most: int
    begun: int = 0
    settled: int = 0

    def next_branches(self) -> list[Branch]:
        """Return the branches that may begin now."""
        end = min(len(self.branches), self.settled + self.at_most)
        begun, self.begun = self.branches[self.begun : end], max(end, self.begun)
        return begun


class Execution:
    """Drive one run by the version that it began with; it is told outcomes, and says what to do next.

    Raises ReplayMismatch (ISTH901) when that version is not carried.
    """

    __slots__ = (
        "_awaited",
        "_composition",
        "_coroutine",
        "_ordinal",
        "_places",
        "_record",
        "_visits",
        "command",
        "dropped",
        "run",
        "step",
        "timer",
    )

    def __init__(self, composition: Composition, run: Run, record: Mapping[str, tuple[str, str, Outcome]]) -> None:
        carried = composition.versions.get((run.contract, run.version))
        if carried is None:
            raise ReplayMismatch(
                f"version {run.version} of {run.contract} is not carried",
                place=f"run {run.run_id}",
                instead="put it back into workflows.lock with its kept source, deploy that, and replay the dead letter",
            )
        workflow, program = carried
        message = codec(workflow.contract.input_type).decode_opaque(run.input)
        self.run = run
        self.command: Command | None = None
        self.step = ""
        self.dropped = False
        self.timer: int | None = None
        """The timer of the wait that the run stands at."""
        self._composition = composition
        self._record = dict(record)
        self._coroutine: Any = workflow.function(message)
        self._places = places_of(workflow.function.__code__, program)
        self._visits: dict[str, int] = {}
        self._ordinal = 0
        self._awaited: Any = None

    def drop(self) -> None:
        """Give the coroutine up; whatever is still told is ignored."""
        self.dropped = True
        self._coroutine.close()

    def begin(self) -> Command | Finished:
        """Start the coroutine."""
        return self._resume(None, None)

    def settle(self, branch: Branch, outcome: Outcome) -> bool:
        """Tell the outcome of a branch; say whether all branches of the command are settled."""
        assert self.command is not None
        if branch.outcome is None:
            branch.outcome = outcome
            self.command.settled += 1
        return self.command.settled == len(self.command.branches)

    def recorded(self, branch: Branch) -> Outcome | None:
        """Return what is recorded of a branch, held against what is asked now. Raises ReplayMismatch."""
        found = self._record.get(branch.step)
        if found is None:
            return None
        contract, input_hash, outcome = found
        same_call(branch.contract, self._hash(branch), (contract, input_hash), f"{self.run.run_id}/{branch.step}")
        return outcome

    def resume(self) -> Command | Finished:
        """Go on with the answers of the command, which is settled: a failure outranks a refusal, then order decides."""
        assert self.command is not None
        outcomes = [branch.outcome for branch in self.command.branches if branch.outcome is not None]
        for state in (StepState.FAILED, StepState.REFUSED, StepState.TIMED_OUT):
            for branch, outcome in zip(self.command.branches, outcomes, strict=True):
                if outcome.state is state:
                    self.step = branch.step
                    return self._go_on_with(branch, outcome)
        if sum(len(outcome.answer) for outcome in outcomes) > COMMAND_BYTES_MAX:
            return self._failed("AnswersTooLarge", f"more than {COMMAND_BYTES_MAX} bytes")
        return self._resume(self._answer(outcomes), None)

    def _go_on_with(self, branch: Branch, outcome: Outcome) -> Command | Finished:
        if outcome.state is StepState.FAILED:
            return Finished(outcome, branch.step)
        if outcome.state is StepState.TIMED_OUT:
            return self._resume(None, TimedOut(branch.contract))
        refused = msgspec.json.decode(outcome.answer, type=Refused)
        refusal = self._composition.refusal(branch.contract, refused.refusal)
        fields = msgspec.json.decode(refused.fields, type=refusal.Fields)
        return self._resume(None, refusal(**{name: getattr(fields, name) for name in fields.__struct_fields__}))

    def _answer(self, outcomes: Sequence[Outcome]) -> Any:
        command = self._awaited
        if isinstance(command, Call):
            return codec(command.contract.output_type).decode_opaque(outcomes[0].answer)
        if isinstance(command, WaitFor):
            event: Any = command.event
            return codec(event).decode_opaque(outcomes[0].answer)
        if isinstance(command, Sleep):
            return None
        if isinstance(command, Gather):
            return tuple(
                codec(call.contract.output_type).decode_opaque(outcome.answer)
                for call, outcome in zip(command.calls, outcomes, strict=True)
            )
        decode = codec(command.contract.output_type).decode_opaque
        return [decode(outcome.answer) for outcome in outcomes]

    def _resume(self, answer: Any, error: BaseException | None) -> Command | Finished:
        self.command = None
        try:
            awaited = self._coroutine.send(answer) if error is None else self._coroutine.throw(error)
        except StopIteration as finished:
            return self._answered(finished.value)
        except Refusal as refusal:
            return self._refused(refusal)
        except TimedOut as timed_out:
            name = str(timed_out.args[0]) if timed_out.args else ""
            return Finished(Outcome(StepState.TIMED_OUT, ENCODER.encode({"timed_out": name})), self.step)
        except Exception as failure:  # noqa: BLE001  # the checker lets none through, so this is a fault of somebody's
            return self._failed(type(failure).__name__, self.run.contract)
        if self._ordinal >= STEPS_MAX:
            return self._failed("TooManySteps", f"more than {STEPS_MAX}")
        self._awaited = awaited
        self.command = self._command(awaited)
        return self.command

    def _answered(self, value: Any) -> Finished:
        answer = ENCODER.encode(value)
        if len(answer) > MESSAGE_BYTES_MAX:
            return self._failed("AnswerTooLarge", f"more than {MESSAGE_BYTES_MAX} bytes")
        return Finished(Outcome(StepState.ANSWERED, answer), "")

    def _refused(self, refusal: Refusal) -> Finished:
        name = type(refusal).__name__
        if type(refusal) not in self._composition.contracts[self.run.contract].refuses:
            return self._failed(name, "a refusal that the contract does not declare")
        fields = msgspec.Raw(ENCODER.encode(refusal.fields))
        return Finished(Outcome(StepState.REFUSED, ENCODER.encode(Refused(name, fields))), self.step)

    def _failed(self, error: str, place: str) -> Finished:
        return Finished(Outcome(StepState.FAILED, ENCODER.encode(Failed(error, place))), self.step)

    def _command(self, awaited: Any) -> Command:
        step = self._next_step()
        ordinal, self._ordinal = self._ordinal, self._ordinal + 1
        if isinstance(awaited, Call):
            return Command([self._branch(step, ordinal, 0, awaited.contract, awaited.message)], 1)
        if isinstance(awaited, WaitFor):
            key = awaited.key.encode()
            return Command([Branch(step, ordinal, 0, awaited.event.__name__, key, awaited.within)], 1)
        if isinstance(awaited, Sleep):
            return Command([Branch(step, ordinal, 0, "", b"", awaited.duration)], 1)
        if isinstance(awaited, Gather):
            calls: Sequence[tuple[Contract[Any, Any], Any]] = [(call.contract, call.message) for call in awaited.calls]
            at_most = max(1, len(calls))
        elif isinstance(awaited, Each):
            calls, at_most = [(awaited.contract, item) for item in awaited.items], awaited.at_most
        else:
            raise InternalError(f"{awaited!r} is no command", place=self.run.contract)
        branches = [self._branch(f"{step}/{i}", ordinal, i, *call) for i, call in enumerate(calls)]
        return Command(branches, at_most)

    def _branch(self, step: str, ordinal: int, index: int, contract: Contract[Any, Any], message: Any) -> Branch:
        return Branch(step, ordinal, index, contract.name, ENCODER.encode(message))

    def _next_step(self) -> str:
        place = self._places.get(self._coroutine.cr_frame.f_lasti)
        if place is None:
            raise InternalError("an await stands where the checker saw none", place=self.run.contract)
        if ".body." not in place:
            return place
        visits = self._visits.get(place, 0)
        self._visits[place] = visits + 1
        return f"{place}[{visits}]"

    def _hash(self, branch: Branch) -> str:
        """Return the hash of what a branch asks; of an event its key, of a sleep nothing."""
        if branch.duration is not None:
            return branch.input.decode()
        return codec(self._composition.contracts[branch.contract].input_type).fingerprint(branch.input)


@lru_cache(maxsize=1024)
def places_of(code: CodeType, program: Program) -> Mapping[int, str]:
    """Return the place of each await by the instruction at which a coroutine stands while it waits there."""
    places = {(span.line, span.column, span.end_line, span.end_column): place for span, place in program.places}
    found: dict[int, str] = {}
    for number, (line, end_line, column, end_column) in enumerate(code.co_positions()):
        place = places.get((line or 0, column or 0, end_line or 0, end_column or 0))
        if place is not None:
            found[number * 2] = place
    return found
