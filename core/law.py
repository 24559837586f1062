"""Laws: the properties that every fulfilment of a contract must satisfy, whoever wrote the handler.

    @law(hold_funds)
    def a_hold_that_is_released_leaves_the_account_as_it_was(world: World, order: Order) -> None:
        before = world.tables()
        hold = world.ask(hold_funds, order, key="hold")
        world.undo(hold_funds, order, key="hold", result=hold)
        assert world.tables()["account"] == before["account"]

Laws of the contracts in `shop.contracts` are found in `shop.laws` (those of `shop.contracts.orders` in
`shop.contracts.laws.orders`, or in `shop.contracts.laws`). Messages are drawn from the contract's input type;
`samples(Isin, "US0378331005")` says which values of a type mean something, and `@prepares(hold_funds)` what must be
there before its handler has anything to do. A law that a message is no example of returns without a word.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

import msgspec

from isthmus.core.contract import Contract
from isthmus.core.message import Event, Message
from isthmus.core.refusal import Refusal


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """Say how a run stands: its status, and its answer or the refusal that ended it."""

    status: str
    answer: Message | None = None
    refusal: Refusal | None = None


class World(Protocol):
    """Be a whole App on a database of its own, with a clock that moves when it is told to."""

    def ask[I, O](self, contract: Contract[I, O], message: I, *, key: str | None = None) -> O:
        """Return a handler's answer; the same key again returns the recorded one. Raises the Refusal."""
        ...

    def undo[I, O](self, contract: Contract[I, O], message: I, *, key: str, result: O | None = None) -> None:
        """Ask the contract's undo to take back what was asked with the key."""
        ...

    def start(self, contract: Contract[Any, Any], message: Message) -> str:
        """Start a workflow, let it go as far as it can, and return its run's id."""
        ...

    def send(self, event: Event, *, key: str, event_id: str | None = None) -> None:
        """Send an event to whoever waits for it, and let the runs go as far as they can. The same id counts once."""
        ...

    def move(self, duration: timedelta) -> None:
        """Let time pass, and the runs go as far as they can."""
        ...

    def ended(self, run_id: str) -> Ended:
        """Return how a run stands."""
        ...

    def tables(self) -> Mapping[str, Sequence[tuple[Any, ...]]]:
        """Return the rows that handlers keep: `record`, `account`, `transfer` and `outbox`, in order of their keys."""
        ...


class Law[I: Message](msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """State a property of a contract; `check` raises AssertionError where it does not hold."""

    name: str
    contract: Contract[I, Any]
    check: Callable[[World, I], None]

    def __call__(self, world: World, message: I) -> None:
        """Check the law for one message."""
        self.check(world, message)

    @property
    def sentence(self) -> str:
        """Return the name as it is read aloud."""
        return self.name.replace("_", " ")


_LAWS: dict[Contract[Any, Any], list[Law[Any]]] = {}
_PREPARATIONS: dict[Contract[Any, Any], list[Callable[[World], None]]] = {}
_SAMPLES: dict[Any, tuple[Any, ...]] = {}


def law[I: Message](contract: Contract[I, Any]) -> Callable[[Callable[[World, I], None]], Law[I]]:
    """Declare a law of a contract: a function whose name is the sentence, of a world and one message."""

    def declare(check: Callable[[World, I], None]) -> Law[I]:
        found = Law(name=check.__name__, contract=contract, check=check)
        _LAWS.setdefault(contract, []).append(found)
        return found

    return declare


def laws_of(contract: Contract[Any, Any]) -> tuple[Law[Any], ...]:
    """Return the laws of a contract, from the modules beside it and from whatever else was imported."""
    for name in _beside(contract.module):
        importlib.import_module(name)
    return tuple(_LAWS.get(contract, ()))


def prepares(*contracts: Contract[Any, Any]) -> Callable[[Callable[[World], None]], Callable[[World], None]]:
    """Declare what makes a world ready for some contracts: that accounts are open, that prices are known."""

    def declare(prepare: Callable[[World], None]) -> Callable[[World], None]:
        for contract in contracts:
            _PREPARATIONS.setdefault(contract, []).append(prepare)
        return prepare

    return declare


def preparations_of(contract: Contract[Any, Any]) -> tuple[Callable[[World], None], ...]:
    """Return what makes a world ready for a contract."""
    laws_of(contract)
    return tuple(_PREPARATIONS.get(contract, ()))


def samples(kind: Any, *values: Any) -> None:
    """Say which values of a type (a NewType, an alias, a message) mean something to the handlers of an App."""
    _SAMPLES[kind] = values


def samples_of(kind: Any) -> tuple[Any, ...]:
    """Return the values that were given for a type; none where none were."""
    try:
        return _SAMPLES.get(kind, ())
    except TypeError:  # an annotation that cannot be hashed has no samples
        return ()


def _beside(module: str) -> Iterator[str]:
    """Yield the modules that exist among those where the laws of a module's contracts may stand."""
    parent, _, last = module.rpartition(".")
    prefix = f"{parent}." if parent else ""
    for name in (f"{prefix}laws.{last}", f"{prefix}laws"):
        try:
            if importlib.util.find_spec(name) is not None:
                yield name
        except ModuleNotFoundError:  # `laws` itself is missing, or is no package
            continue
