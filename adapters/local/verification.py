"""Verification: what every App must keep, checked with drawn messages, repetitions, crashes and the clock.

    report = verify(app.load(), examples=10)
    report.kept                        False, when one law was broken
    report.breaches[0].problem         what was seen, with the smallest message for which it is
    report.unjudged                    the laws that no message said anything about, and why

A handler that fails is told as that, once, with its error and place: a message for which it fails says nothing about
other laws. Each law runs in worlds of its own, or shares what was seen in one: an embedded engine on a temporary
database, with the ports that the App binds for the laptop. The laws that stand beside the contracts are checked, too.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import GenericAlias, MappingProxyType
from typing import Any, Final, get_args

import msgspec

from isthmus.adapters.local.laws import (
    ENDED,
    HANDLER_LAWS,
    MARK,
    UNDO_LAWS,
    WORKFLOW_LAWS,
    Failure,
    Law,
    Observation,
    Unjudged,
    asked,
)
from isthmus.adapters.local.testing import LocalWorld
from isthmus.adapters.runtime.asking import HandlerFailed
from isthmus.core.annotations import unfolded
from isthmus.core.composition import Composition
from isthmus.core.contract import Contract, Effect
from isthmus.core.errors import MessageInvalid
from isthmus.core.handler import Handler
from isthmus.core.law import laws_of, preparations_of
from isthmus.core.message import field_types, is_personal
from isthmus.core.refusal import Refusal
from isthmus.core.testing import falsify, values

EXAMPLES: Final = 10
TURNS_MAX: Final = 50
PATIENCE: Final = timedelta(days=30)

type Faults = Callable[[str, str, str], None]
type LawCheck = Callable[[Any], None]


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """Say which law of which contract was broken, how, and for which message."""

    contract: str
    law: str
    problem: str
    example: str


class Failing(msgspec.Struct, frozen=True, kw_only=True):
    """Say which contract's handler fails, how and where, and for which message."""

    contract: str
    problem: str
    example: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Say which laws were checked, and which were broken."""

    app: str
    examples: int
    checked: tuple[tuple[str, str], ...]
    breaches: tuple[Breach, ...]
    unjudged: tuple[tuple[str, str, str], ...] = ()
    """Contract, law, and why no message could say whether it is kept."""
    failures: tuple[Failing, ...] = ()
    """Handlers that fail for a message. That breaks no law: what the message presupposes may not be there."""

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
        self._breaches: list[Breach] = []
        self._unjudged: list[tuple[str, str, str]] = []
        self._failures: dict[tuple[str, str, str], Failing] = {}
        self._observed: tuple[str, dict[str, Observation]] = ("", {})

    def report(self, only: Collection[str]) -> Report:
        """Check every law of the contracts named that a handler or workflow fulfils."""
        checked: list[tuple[str, str]] = []
        for contract, sentence, check in self._laws():
            if contract.name in only:
                checked.append((contract.name, sentence))
                self._judge(contract, sentence, check)
        return Report(
            app=self._composition.name,
            examples=self._examples,
            checked=tuple(checked),
            breaches=tuple(self._breaches),
            unjudged=tuple(self._unjudged),
            failures=tuple(self._failures.values()),
        )

    def _judge(self, contract: Contract[Any, Any], sentence: str, check: LawCheck) -> None:
        """Look for a message that breaks a law, then for one of a failure that was not told yet."""
        judged = 0
        failures: set[tuple[str, str, str]] = set()

        def keep(example: Any) -> None:
            nonlocal judged
            try:
                check(example)
            except (HandlerFailed, Failure) as fault:
                failures.add(self._failure(fault).key)
            except (Unjudged, MessageInvalid):
                return
            else:
                judged += 1

        found = falsify(self._examples_of(contract), keep, count=self._examples)
        if found is not None:
            problem = str(found.error) or type(found.error).__name__
            self._breaches.append(
                Breach(contract=contract.name, law=sentence, problem=problem, example=repr(found.example))
            )
        if not failures <= self._failures.keys():
            self._tell_failure(contract, check)
        if found is None and not judged:
            failing = " and ".join(sorted({name for name, _, _ in failures}))
            why = f"{failing} failed for every message" if failing else "no message reached it"
            self._unjudged.append((contract.name, sentence, why))

    def _tell_failure(self, contract: Contract[Any, Any], check: LawCheck) -> None:
        """Find the smallest message for which a handler fails as was not told yet."""

        def fails(example: Any) -> None:
            failure = None
            try:
                check(example)
            except (HandlerFailed, Failure) as fault:
                failure = self._failure(fault)
            except Exception:  # noqa: BLE001  # another law's, or no example
                return
            if failure is not None and failure.key not in self._failures:
                raise failure.anew()

        found = falsify(self._examples_of(contract), fails, count=self._examples)
        if found is not None and isinstance(found.error, Failure):
            self._failures[found.error.key] = Failing(
                contract=found.error.contract, problem=str(found.error), example=repr(found.example)
            )

    def _failure(self, fault: HandlerFailed | Failure) -> Failure:
        """Return a failure with what the handler said, which the engine keeps nowhere."""
        if isinstance(fault, Failure):
            return fault
        ended = [what for name, how, what in self._calls.made if name == fault.contract and how == "failed"]
        said = ended[-1][1] if ended and ended[-1][0] == fault.error else ""
        return Failure(fault.contract, fault.error, said, fault.place)

    def observe(self, contract: Contract[Any, Any], message: Any) -> Observation:
        """Return what is seen when a message is asked twice under one key; laws that need no more share it."""
        name, known = self._observed
        if name != contract.name:
            name, known = self._observed = (contract.name, {})
        if repr(message) not in known:
            known[repr(message)] = self._observe(contract, message)
        return known[repr(message)]

    def _observe(self, contract: Contract[Any, Any], message: Any) -> Observation:
        with self.world(contract) as world:
            before = world.tables()
            first = asked(world, contract, message, "one")
            calls, after = self.calls_of(contract), world.tables()
            failure = None
            if isinstance(first[1], HandlerFailed):
                failure = self._failure(first[1])
                first = (first[0], failure.error)
            again = asked(world, contract, message, "one")
            return Observation(
                first=first,
                again=(again[0], again[1].error) if isinstance(again[1], HandlerFailed) else again,
                calls=calls,
                tables=(before, after, world.tables()),
                open_in=world.find(MARK.encode()),
                failure=failure,
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
        if contract.name not in composition.workflows:
            composition = _without_schedules(composition)  # time passes between attempts
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


def verify(composition: Composition, *, examples: int = EXAMPLES, only: Collection[str] = ()) -> Report:
    """Check what every App must keep, and the laws of its contracts, with so many messages each.

    The same App is always given the same messages. `only` names the contracts to look at; all when it names none.
    """
    return Verification(composition, examples).report(only or composition.contracts)


def _without_subscribers(composition: Composition) -> Composition:
    topics = {name: msgspec.structs.replace(topic, subscribers=()) for name, topic in composition.topics.items()}
    return msgspec.structs.replace(composition, topics=MappingProxyType(topics))


def _without_schedules(composition: Composition) -> Composition:
    app = copy.copy(composition.app)
    app.schedules = ()
    return msgspec.structs.replace(composition, app=app)


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
