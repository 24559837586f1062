"""What every App must keep: laws of its handlers, undos and workflows, whatever their contracts say.

Each is a function of a verification, a contract and one message, that raises AssertionError where the law does not
hold, and Failure or Unjudged when the message says nothing about it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from isthmus.adapters.local.testing import LocalWorld
from isthmus.adapters.runtime.asking import HandlerFailed
from isthmus.core.codec import MESSAGE_BYTES_MAX
from isthmus.core.contract import Contract, Effect
from isthmus.core.refusal import Refusal
from isthmus.core.testing import Crash, CrashAt

if TYPE_CHECKING:
    from isthmus.adapters.local.verification import Verification

type Law = Callable[[Verification, Contract[Any, Any], Any], None]

ENDED: Final = ("completed", "refused", "failed", "timed_out", "cancelled", "taken_back")
SAID_CHARACTERS_MAX: Final = 200
MARK: Final = "personal mark"

FOUND_BY_OTHER_LAWS: Final = "AnswerInvalid"
"""The error of an answer that is not of its type."""


class Unjudged(Exception):
    """Say that a message says nothing about a law."""


class Failure(Exception):
    """Tell a handler's failure: with which error, what that said, and where."""

    def __init__(self, contract: str, error: str, said: str, place: str) -> None:
        said = " ".join(said.split())[:SAID_CHARACTERS_MAX]
        super().__init__(f"it failed with {error}{f': {said}' if said else ''}{f', at {place}' if place else ''}")
        self.contract = contract
        self.error = error
        self.key = (contract, error, place)
        self._told = (contract, error, said, place)

    def anew(self) -> Failure:
        """Return the same without where it was raised before: what shrinks examples compares that."""
        return Failure(*self._told)


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what was seen when a message was asked twice under one key."""

    first: tuple[str, Any]
    again: tuple[str, Any]
    calls: Sequence[tuple[str, Any]]
    """How the handler ended, call by call, when it was asked first."""
    tables: tuple[Any, Any, Any]
    """What was kept before, after, and after the second time."""
    open_in: Sequence[str]
    """The tables in which personal data lies open."""
    failure: Failure | None

    @property
    def fails(self) -> Failure | None:
        """Return the failure, unless it is an answer or a refusal that another law finds wrong."""
        refused = bool(self.calls) and self.calls[-1][0] == "refused"
        return None if self.failure is None or refused or self.failure.error == FOUND_BY_OTHER_LAWS else self.failure


def asked(world: LocalWorld, contract: Contract[Any, Any], message: Any, key: str) -> tuple[str, Any]:
    """Return how a question ended: it was answered, refused, or it failed."""
    try:
        return "answered", world.ask(contract, message, key=key)
    except Refusal as refusal:
        return "refused", refusal
    except HandlerFailed as failed:
        return "failed", failed


def _judged(verification: Verification, contract: Contract[Any, Any], message: Any) -> Observation:
    """Return what is seen of a message. Raises Failure when the handler fails for it."""
    seen = verification.observe(contract, message)
    if seen.fails is not None:
        raise seen.fails
    return seen


# The laws of handlers


def _the_same_key_has_one_effect(verification: Verification, contract: Contract[Any, Any], message: Any) -> None:
    seen = _judged(verification, contract, message)
    assert seen.again == seen.first, (
        f"the same key was {seen.first[0]} first, and then {seen.again[0]}: {seen.again[1]!r}"
    )
    assert seen.tables[2] == seen.tables[1], "the same key changed something when it came again"


def _a_repeated_attempt_answers_the_same(
    verification: Verification, contract: Contract[Any, Any], message: Any
) -> None:
    _judged(verification, contract, message)
    died: list[str] = []

    def die_once(point: str, run_id: str, step: str) -> None:
        del run_id, step
        if point == "before_commit" and not died and verification.calls_of(contract):
            died.append(point)
            raise Crash(point)

    with verification.world(contract, die_once) as world:
        asked(world, contract, message, "one")
        settled = [call for call in verification.calls_of(contract) if call[0] != "failed"]
        assert all(call == settled[0] for call in settled), (
            f"an attempt whose commit was lost answered {settled[0][1]!r}, and the next one {settled[-1][1]!r}: "
            "what a handler decides must come from its message and its ports alone"
        )


def _answers_fit_their_type(verification: Verification, contract: Contract[Any, Any], message: Any) -> None:
    seen = _judged(verification, contract, message)
    for how, what in seen.calls:
        if how != "answered":
            continue
        wire = msgspec.json.encode(what)
        assert len(wire) <= MESSAGE_BYTES_MAX, f"an answer takes {len(wire)} bytes of {MESSAGE_BYTES_MAX}"
        try:
            read = msgspec.json.decode(wire, type=contract.output_type)
        except msgspec.ValidationError as error:
            raise AssertionError(f"an answer is not of its type: {error}") from error
        assert read == what, f"an answer is read back as {read!r}"
    assert seen.failure is None or seen.failure.error != FOUND_BY_OTHER_LAWS, "an answer is not of its type"


def _refusals_are_declared(verification: Verification, contract: Contract[Any, Any], message: Any) -> None:
    for how, what in _judged(verification, contract, message).calls:
        assert how != "refused" or isinstance(what, contract.refuses), (
            f"it refuses with {type(what).__name__}, which {contract.name} does not declare"
        )


def _reading_changes_nothing(verification: Verification, contract: Contract[Any, Any], message: Any) -> None:
    if contract.effect is not Effect.READS:
        return
    before, after, _ = _judged(verification, contract, message).tables
    assert after == before, "it says that it reads, and it changed something"


def _personal_values_stay_sealed(verification: Verification, contract: Contract[Any, Any], message: Any) -> None:
    if isinstance(message, tuple):
        with verification.world(contract) as world:
            verification.play(world, contract, message)
            found: Sequence[str] = world.find(MARK.encode())
    else:
        found = verification.observe(contract, message).open_in
    assert not found, f"personal data lies open in {', '.join(found)}"


HANDLER_LAWS: Final[Mapping[str, Law]] = {
    "the same key twice has one effect": _the_same_key_has_one_effect,
    "an attempt that is repeated answers the same": _a_repeated_attempt_answers_the_same,
    "answers fit their type and the limit on messages": _answers_fit_their_type,
    "refusals are declared": _refusals_are_declared,
    "what reads changes nothing": _reading_changes_nothing,
    "personal values never lie open": _personal_values_stay_sealed,
}


# The laws of undos


def _undo_restores(verification: Verification, contract: Contract[Any, Any], message: Any) -> None:
    if _judged(verification, contract, message).first[0] != "answered":
        return
    with verification.world(contract, heard=False) as world:
        before = world.state()
        how, answer = asked(world, contract, message, "one")
        if how != "answered":
            raise Unjudged
        world.undo(contract, message, key="one", result=answer)
        wrong = sorted({str(row) for row, _value in before.items() ^ world.state().items()})
        assert not wrong, f"after {contract.name} and its undo, this is not as it was: {', '.join(wrong[:4])}"


def _undo_of_nothing(verification: Verification, contract: Contract[Any, Any], message: Any) -> None:
    with verification.world(contract, heard=False) as world:
        before = world.state()
        world.undo(contract, message, key="never")
        assert world.state() == before, "undoing what never happened changed something"


UNDO_LAWS: Final[Mapping[str, Law]] = {
    "its undo restores what was there": _undo_restores,
    "undoing what never happened changes nothing": _undo_of_nothing,
}


# The laws of workflows


def _ends_well(verification: Verification, contract: Contract[Any, Any], message: Any) -> None:
    with verification.world(contract) as world:
        status, _what = verification.play(world, contract, message)
        assert status in ENDED or (status == "stuck" and world.dead_letters()), (
            f"a run is {status}, and nobody is asked"
        )


def _masked(world: LocalWorld) -> str:
    """Return what is kept, without the fingerprints: they are made with keys that each world has of its own."""
    return re.sub("sealed [0-9a-f]+", "sealed", repr(world.tables()))


def _crashes_do_not_show(verification: Verification, contract: Contract[Any, Any], message: Any) -> None:
    counted = CrashAt()
    with verification.world(contract, counted) as world:
        expected = (verification.play(world, contract, message), _masked(world))
    for number in range(1, len(counted.passed) + 1):
        with verification.world(contract, CrashAt(number)) as world:
            seen = (verification.play(world, contract, message), _masked(world))
        point, _run, step = counted.passed[number - 1]
        assert seen[0] == expected[0], (
            f"after a crash at {point} of {step or 'its start'} it was {seen[0]}, else {expected[0]}"
        )
        assert seen[1] == expected[1], f"after a crash at {point} of {step or 'its start'} other rows were kept"


WORKFLOW_LAWS: Final[Mapping[str, Law]] = {
    "a run ends done, taken back, or with a person asked": _ends_well,
    "a crash before or after any step does not show": _crashes_do_not_show,
    "personal values never lie open": _personal_values_stay_sealed,
}
