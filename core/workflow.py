"""Workflows: async functions that fulfil a contract by awaiting others, and the whole vocabulary they have.

    @workflow(place_order)
    async def order_flow(order: Order) -> OrderOutcome:
        clearance, hold = await gather(check_compliance(order), hold_funds(order))
        verdict = await wait_for(PostTradeVerdict, key=order.id, within=minutes(30))

Each awaitable yields itself to whoever drives the workflow, and returns what the driver sends.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Generator, Sequence
from datetime import timedelta
from typing import Any, overload

from isthmus.core.annotations import expect, place_of, place_of_call, shown
from isthmus.core.contract import Call, Contract, contract_of, of_a_contract
from isthmus.core.errors import SourceError
from isthmus.core.message import Event


class Workflow[I, O]:
    """Bind an async function to the contract that it fulfils."""

    def __init__(self, contract: Contract[I, O], function: Callable[[I], Coroutine[Any, Any, O]]) -> None:
        self.contract = contract
        self.function = function
        self.place = place_of(function, "@workflow")
        functools.update_wrapper(self, function)

    def __call__(self, message: I) -> Coroutine[Any, Any, O]:
        """Make the coroutine that a driver runs."""
        return self.function(message)

    def __repr__(self) -> str:
        return f"<workflow {self.function.__qualname__} of {self.contract.name}>"


def workflow[I, O](
    contract: Contract[I, O],
) -> Callable[[Callable[[I], Coroutine[Any, Any, O]]], Workflow[I, O]]:
    """Declare that an async function fulfils a contract. Its source is read when the App is loaded."""
    of_a_contract(contract, "@workflow")

    def declare(function: Callable[[I], Coroutine[Any, Any, O]]) -> Workflow[I, O]:
        place = place_of(function, "@workflow")
        if not function.__code__.co_flags & inspect.CO_COROUTINE:
            raise SourceError(
                f"workflow {function.__name__} is not async",
                place=place,
                instead=f"write: async def {function.__name__}(…)",
            )
        return Workflow(contract, function)

    return declare


class Gather[T]:
    """Stand for awaiting several contracts side by side."""

    __slots__ = ("calls",)

    def __init__(self, calls: tuple[Call[Any], ...]) -> None:
        self.calls = calls

    def __await__(self) -> Generator[Any, Any, T]:
        answer: T = yield self
        return answer


class Each[O]:
    """Stand for awaiting one contract for every item of a list, at most so many at a time."""

    __slots__ = ("at_most", "contract", "items")

    def __init__(self, contract: Contract[Any, O], items: Sequence[Any], at_most: int) -> None:
        self.contract = contract
        self.items = items
        self.at_most = at_most

    def __await__(self) -> Generator[Any, Any, list[O]]:
        answer: list[O] = yield self
        return answer


class Sleep:
    """Stand for letting time pass."""

    __slots__ = ("duration",)

    def __init__(self, duration: timedelta) -> None:
        self.duration = duration

    def __await__(self) -> Generator[Any, Any]:
        yield self


class WaitFor[E: Event]:
    """Stand for waiting until an event comes, or its time is over."""

    __slots__ = ("event", "key", "within")

    def __init__(self, event: type[E], key: str, within: timedelta) -> None:
        self.event = event
        self.key = key
        self.within = within

    def __await__(self) -> Generator[Any, Any, E]:
        answer: E = yield self
        return answer


type Command = Call[Any] | Gather[Any] | Each[Any] | Sleep | WaitFor[Any]


@overload
def gather[A, B](a: Call[A], b: Call[B], /) -> Gather[tuple[A, B]]: ...
@overload
def gather[A, B, C](a: Call[A], b: Call[B], c: Call[C], /) -> Gather[tuple[A, B, C]]: ...
@overload
def gather[A, B, C, D](a: Call[A], b: Call[B], c: Call[C], d: Call[D], /) -> Gather[tuple[A, B, C, D]]: ...
@overload
def gather[A, B, C, D, E](
    a: Call[A], b: Call[B], c: Call[C], d: Call[D], e: Call[E], /
) -> Gather[tuple[A, B, C, D, E]]: ...
@overload
def gather[A, B, C, D, E, F](
    a: Call[A], b: Call[B], c: Call[C], d: Call[D], e: Call[E], f: Call[F], /
) -> Gather[tuple[A, B, C, D, E, F]]: ...
@overload
def gather[T](*calls: Call[T]) -> Gather[tuple[T, ...]]: ...


def gather(*calls: Call[Any]) -> Gather[Any]:
    """Await 2 to 10 contracts side by side; their answers come in the order written.

    All settle. Then a failure outranks a refusal, and the order written decides among equals.
    """
    for call in calls:
        if not isinstance(call, Call):
            raise SourceError(
                f"gather is given {shown(call)}",
                place=place_of_call(),
                instead="give contracts with their messages, as in gather(price(order), fill(order))",
            )
    return Gather(calls)


def each[I, O](contract: Contract[I, O], items: Sequence[I], *, at_most: int) -> Each[O]:
    """Await one contract for every item of a list, `at_most` at a time; the answers come in the items' order."""
    contract_of(contract, "each")
    expect(items, (list, tuple), "items of each", "give a list of messages, as in each(price, orders, at_most=5)")
    expect(at_most, int, "at_most of each", "write a whole number, as in at_most=5")
    return Each(contract, items, at_most)


def sleep(duration: timedelta) -> Sleep:
    """Let a duration pass; it survives restarts."""
    expect(duration, timedelta, "the duration of sleep", "write sleep(seconds(5)), or minutes, hours, days")
    return Sleep(duration)


def wait_for[E: Event](event: type[E], *, key: str, within: timedelta) -> WaitFor[E]:
    """Wait for the oldest event of this type and key.

    It may have come before the wait. Raises TimedOut when none came within the duration.
    """
    if not (isinstance(event, type) and issubclass(event, Event)):
        raise SourceError(
            f"wait_for is given {shown(event)}", place=place_of_call(), instead="name a class derived from Event"
        )
    expect(key, str, "key of wait_for", "give a text, as in key=order.id")
    expect(within, timedelta, "within of wait_for", "write a duration, as in within=hours(4)")
    return WaitFor(event, key, within)
