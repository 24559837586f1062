"""Verification: what every App must keep, checked with drawn messages, repetitions, crashes and the clock.

    report = verify(app.load(), examples=25)
    report.kept                        False, when one law was broken
    report.breaches[0].problem         what was seen, with the smallest message for which it is

Each law runs in worlds of its own: an embedded engine on a temporary database, with the ports that the App binds for
the laptop. The laws that stand beside the contracts are checked as well.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from types import GenericAlias, MappingProxyType
from typing import Any, Final, get_args

import msgspec

from isthmus.adapters.local.testing import LocalWorld
from isthmus.core.annotations import unfolded
from isthmus.core.codec import MESSAGE_BYTES_MAX
from isthmus.core.composition import Composition
from isthmus.core.contract import Contract, Effect
from isthmus.core.handler import Handler
from isthmus.core.law import laws_of, preparations_of
from isthmus.core.message import field_types, is_personal
from isthmus.core.refusal import Refusal
from isthmus.core.testing import Crash, CrashAt, falsify, values

ENDED: Final = ("completed", "refused", "failed", "timed_out", "cancelled", "taken_back")
TURNS_MAX: Final = 50
PATIENCE: Final = timedelta(days=30)
MARK: Final = "personal mark"

type Faults = Callable[[str, str, str], None]
type LawCheck = Callable[[Any], None]


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """Say which law of which contract was broken, how, and for which message."""

    contract: str
    law: str
    problem: str
    example: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Say which laws were checked, and which were broken."""

    app: str
    examples: int
    checked: tuple[tuple[str, str], ...]
    breaches: tuple[Breach, ...]

    @property
    def kept(self) -> bool:
        """Say whether every law was kept."""
        return not self.breaches


class Calls:
    """Remember what the handlers of a composition answered."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str, Any]] = []

    def of(self, contract: Contract[Any, Any]) -> list[tuple[str, Any]]:
        """Return how a contract's handler ended, call by call: what it answered, refused or failed with."""
        return [(how, what) for name, how, what in self.made if name == contract.name]

    def watch(self, composition: Composition) -> Composition:
        """Return the composition with handlers that are watched."""
        watched = {name: self._watched(handler) for name, handler in composition.handlers.items()}
        return msgspec.structs.replace(composition, handlers=MappingProxyType(watched))

    def _watched(self, handler: Handler[..., Any]) -> Handler[..., Any]:
        name = handler.contract.name

        def call(*message: Any, **ports: Any) -> Any:
            try:
                answer = handler.function(*message, **ports)
            except Refusal as refusal:
                self.made.append((name, "refused", refusal))
                raise
            except Exception as error:
                self.made.append((name, "failed", (type(error).__name__, str(error))))
                raise
            self.made.append((name, "answered", answer))
            return answer

        other = copy.copy(handler)
        other.function = call
        return other


class Verification:
    """Check the laws of one composition."""

    def __init__(self, composition: Composition, examples: int) -> None:
        self._composition = composition
        self._examples = examples
        self._calls = Calls()
        self._watched = self._calls.watch(composition)

    def report(self, only: Collection[str]) -> Report:
        """Check every law of the contracts named that a handler or workflow fulfils."""
        checked: list[tuple[str, str]] = []
        breaches: list[Breach] = []
        for contract, sentence, check in self._laws():
            if contract.name not in only:
                continue
            checked.append((contract.name, sentence))
            found = falsify(self._examples_of(contract), check, count=self._examples)
            if found is not None:
                breaches.append(
                    Breach(
                        contract=contract.name,
                        law=sentence,
                        problem=str(found.error) or type(found.error).__name__,
                        example=repr(found.example),
                    )
                )
        return Report(
            app=self._composition.name, examples=self._examples, checked=tuple(checked), breaches=tuple(breaches)
        )

    def _examples_of(self, contract: Contract[Any, Any]) -> Any:
        """Return the strategy for what a law of a contract looks at: a message, for a workflow with events to come."""
        if contract.name not in self._composition.workflows:
            return values(contract.input_type).map(_marked)
        events = [GenericAlias(list, (event,)) for event in self._composition.events.values()]
        drawn = values(GenericAlias(tuple, (contract.input_type, *events)))
        return drawn.map(lambda example: (_marked(example[0]), *example[1:]))

    def _laws(self) -> Iterator[tuple[Contract[Any, Any], str, LawCheck]]:
        for name in self._composition.handlers:
            contract = self._composition.contract(name)
            if contract.effect is Effect.UNDO:
                continue  # an undo is checked with what it takes back
            for sentence, law in HANDLER_LAWS.items():
                yield contract, sentence, self._bound(law, contract)
            if contract.undone_by is not None and contract.undone_by.name in self._composition.handlers:
                for sentence, law in UNDO_LAWS.items():
                    yield contract, sentence, self._bound(law, contract)
        for name in self._composition.workflows:
            contract = self._composition.contract(name)
            for sentence, law in WORKFLOW_LAWS.items():
                yield contract, sentence, self._bound(law, contract)
        for contract in self._composition.contracts.values():
            for own in laws_of(contract):
                yield contract, own.sentence, self._own(own, contract)

    def _bound(self, law: Law, contract: Contract[Any, Any]) -> LawCheck:
        return lambda message: law(self, contract, message)

    def _own(self, law: Callable[[Any, Any], None], contract: Contract[Any, Any]) -> LawCheck:
        def check(example: Any) -> None:
            with self.world(contract) as world:
                law(world, example[0] if contract.name in self._composition.workflows else example)

        return check

    @contextmanager
    def world(
        self, contract: Contract[Any, Any], faults: Faults | None = None, *, heard: bool = True
    ) -> Iterator[LocalWorld]:
        """Give a fresh world that is ready for a contract; no handler was called in it yet.

        Unless it is heard, nobody subscribes to what is published.
        """
        armed: list[Faults] = []
        composition = self._watched if heard else _without_subscribers(self._watched)
        with LocalWorld(composition, faults=lambda *point: armed[0](*point) if armed else None) as world:
            for prepare in preparations_of(contract):
                prepare(world)
            self._calls.made.clear()
            if faults is not None:
                armed.append(faults)
            yield world

    def calls_of(self, contract: Contract[Any, Any]) -> list[tuple[str, Any]]:
        """Return how a contract's handler ended in the world that was last given, call by call."""
        return self._calls.of(contract)

    def play(self, world: LocalWorld, contract: Contract[Any, Any], example: Any) -> tuple[str, Any]:
        """Start a workflow, give it the events it waits for while there are any, and return how it ended."""
        message, *events = example
        queues = dict(zip(self._composition.events, map(list, events), strict=True))
        run_id = world.start(contract, message)
        for turn in range(TURNS_MAX):
            ended = world.ended(run_id)
            if ended.status in ENDED or ended.status == "stuck":
                break
            wait = next(((event, key) for event, key in world.waits() if queues[event]), None)
            if wait is None:
                world.move(PATIENCE)
            else:
                world.send(queues[wait[0]].pop(0), key=wait[1], event_id=f"event {turn}")
        return ended.status, ended.answer or ended.refusal


type Law = Callable[[Verification, Contract[Any, Any], Any], None]


def verify(composition: Composition, *, examples: int = 25, only: Collection[str] = ()) -> Report:
    """Check what every App must keep, and the laws of its contracts, with so many messages each.

    The same App is always given the same messages. `only` names the contracts to look at; all when it names none.
    """
    return Verification(composition, examples).report(only or composition.contracts)


def _without_subscribers(composition: Composition) -> Composition:
    topics = {name: msgspec.structs.replace(topic, subscribers=()) for name, topic in composition.topics.items()}
    return msgspec.structs.replace(composition, topics=MappingProxyType(topics))


def _marked(message: Any) -> Any:
    hints = {name: unfolded(hint) for name, hint in field_types(type(message)).items()}
    marks = {
        name: f"{MARK} {name}"
        for name, hint in hints.items()
        if is_personal(hint)
        and get_args(hint)[0] is str
        and not any(isinstance(m, msgspec.Meta) for m in get_args(hint))
    }
    return msgspec.structs.replace(message, **marks) if marks else message


def _ask(world: LocalWorld, contract: Contract[Any, Any], message: Any, key: str) -> tuple[str, Any]:
    """Return how a question ended: it was answered, refused, or it failed."""
    try:
        return "answered", world.ask(contract, message, key=key)
    except Refusal as refusal:
        return "refused", refusal
    except Exception as error:  # noqa: BLE001  # whatever a handler raises is a failure
        return "failed", type(error).__name__


# The laws of handlers


def _the_same_key_has_one_effect(verification: Verification, contract: Contract[Any, Any], message: Any) -> None:
    with verification.world(contract) as world:
        first = _ask(world, contract, message, "one")
        tables = world.tables()
        again = _ask(world, contract, message, "one")
        assert again == first, f"the same key was {first[0]} first, and then {again[0]}: {again[1]!r}"
        assert world.tables() == tables, "the same key changed something when it came again"


def _a_repeated_attempt_answers_the_same(
    verification: Verification, contract: Contract[Any, Any], message: Any
) -> None:
    died: list[str] = []

    def die_once(point: str, run_id: str, step: str) -> None:
        del run_id, step
        if point == "before_commit" and not died and verification.calls_of(contract):
            died.append(point)
            raise Crash(point)

    with verification.world(contract, die_once) as world:
        _ask(world, contract, message, "one")
        calls = verification.calls_of(contract)
        settled = [call for call in calls if call[0] != "failed"]
        assert all(call == settled[0] for call in settled), (
            f"an attempt whose commit was lost answered {settled[0][1]!r}, and the next one {settled[-1][1]!r}: "
            "what a handler decides must come from its message and its ports alone"
        )


def _answers_fit_their_type(verification: Verification, contract: Contract[Any, Any], message: Any) -> None:
    with verification.world(contract) as world:
        _ask(world, contract, message, "one")
        for how, what in verification.calls_of(contract):
            if how != "answered":
                continue
            wire = msgspec.json.encode(what)
            assert len(wire) <= MESSAGE_BYTES_MAX, f"an answer takes {len(wire)} bytes of {MESSAGE_BYTES_MAX}"
            try:
                read = msgspec.json.decode(wire, type=contract.output_type)
            except msgspec.ValidationError as error:
                raise AssertionError(f"an answer is not of its type: {error}") from error
            assert read == what, f"an answer is read back as {read!r}"


def _refusals_are_declared(verification: Verification, contract: Contract[Any, Any], message: Any) -> None:
    with verification.world(contract) as world:
        _ask(world, contract, message, "one")
        for how, what in verification.calls_of(contract):
            assert how != "refused" or isinstance(what, contract.refuses), (
                f"it refuses with {type(what).__name__}, which {contract.name} does not declare"
            )


def _reading_changes_nothing(verification: Verification, contract: Contract[Any, Any], message: Any) -> None:
    if contract.effect is not Effect.READS:
        return
    with verification.world(contract) as world:
        tables = world.tables()
        _ask(world, contract, message, "one")
        assert world.tables() == tables, "it says that it reads, and it changed something"


def _personal_values_stay_sealed(verification: Verification, contract: Contract[Any, Any], message: Any) -> None:
    with verification.world(contract) as world:
        if isinstance(message, tuple):
            verification.play(world, contract, message)
        else:
            _ask(world, contract, message, "one")
        found = world.find(MARK.encode())
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
    with verification.world(contract, heard=False) as world:
        before = world.state()
        how, answer = _ask(world, contract, message, "one")
        if how != "answered":
            return
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
