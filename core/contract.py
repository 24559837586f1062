"""Contracts: what is promised, never who does it.

@contract(reads=True, latency=CRITICAL, refuses=[ComplianceRejected])
def check_compliance(order: Order) -> Clearance:
    \"\"\"Decide whether the market-access rules let this order through.\"\"\"

await check_compliance(order)        in a workflow: a `Clearance`, for mypy and pyright as well
"""

from __future__ import annotations

import enum
import types
from collections.abc import Callable, Generator, Sequence
from datetime import timedelta
from typing import Any, Union, get_args, get_origin, overload

import msgspec

from isthmus.core.annotations import expect, expect_several, hints_of, named, place_of, place_of_call, shown
from isthmus.core.errors import SourceError
from isthmus.core.message import Message, Undo
from isthmus.core.refusal import Refusal


class Latency(enum.Enum):
    """Say how soon an answer must come, and so what is deployed and kept warm together."""

    CRITICAL = "critical"
    NORMAL = "normal"
    BATCH = "batch"


CRITICAL = Latency.CRITICAL
NORMAL = Latency.NORMAL
BATCH = Latency.BATCH


class Effect(enum.Enum):
    """Say what a contract does to the world, and so what taking it back means."""

    READS = "reads"
    UNDONE = "undone_by"
    FINAL = "final"
    UNDO = "undo"
    UNSTATED = "unstated"


class Retry(msgspec.Struct, frozen=True):
    """Say how often a failure is tried again, and how long to wait: first, first * factor, … up to `at_most`."""

    attempts: int = 3
    first: timedelta = timedelta(seconds=1)
    factor: int = 2
    at_most: timedelta = timedelta(minutes=1)

    def __post_init__(self) -> None:
        expect(self.attempts, int, "attempts of a Retry", "write a whole number, as in Retry(attempts=5)")
        expect(self.factor, int, "factor of a Retry", "write a whole number, as in Retry(factor=2)")
        expect(self.first, timedelta, "first of a Retry", "write a duration, as in Retry(first=seconds(1))")
        expect(self.at_most, timedelta, "at_most of a Retry", "write a duration, as in Retry(at_most=minutes(1))")

    def delay_after(self, attempts: int) -> timedelta:
        """Return how long to wait after so many failed attempts (1 or more)."""
        factor: int = self.factor ** (attempts - 1)
        return self.at_most if self.first and factor > self.at_most / self.first else self.first * factor


def seconds(count: int) -> timedelta:
    """Return a duration of so many seconds."""
    return _duration(count, "seconds")


def minutes(count: int) -> timedelta:
    """Return a duration of so many minutes."""
    return _duration(count, "minutes")


def hours(count: int) -> timedelta:
    """Return a duration of so many hours."""
    return _duration(count, "hours")


def days(count: int) -> timedelta:
    """Return a duration of so many days of 24 hours."""
    return _duration(count, "days")


def _duration(count: int, unit: str) -> timedelta:
    instead = f"write a whole number within 300 days, as in {unit}(5)"
    expect(count, int, unit, instead)
    try:
        return timedelta(**{unit: count})
    except OverflowError as error:
        raise SourceError(f"{unit} is {count}", place=place_of_call(), instead=instead) from error


class Call[O]:
    """Stand for one awaited contract: it yields itself, and whoever drives the workflow answers."""

    __slots__ = ("contract", "message")

    def __init__(self, contract: Contract[Any, O], message: Any) -> None:
        self.contract = contract
        self.message = message

    def __await__(self) -> Generator[Any, Any, O]:
        answer: O = yield self
        return answer


class Contract[I, O]:
    """Hold what is promised: a name, input, output, refusals, retry, timeout, latency class and effect."""

    __slots__ = (
        "__weakref__",
        "description",
        "effect",
        "input_type",
        "latency",
        "module",
        "name",
        "output_type",
        "place",
        "refuses",
        "retry",
        "timeout",
        "undone_by",
        "unit",
    )

    def __init__(
        self,
        function: Callable[[I], O],
        *,
        effect: Effect,
        undone_by: Contract[Any, Any] | None,
        refuses: Sequence[type[Refusal]],
        retry: Retry,
        timeout: timedelta,
        latency: Latency,
        unit: str | None,
    ) -> None:
        self.place = place_of(function, "@contract")
        self.name = function.__name__
        self.module = function.__module__
        self.description = (function.__doc__ or "").strip()
        self.input_type, self.output_type = _signature(function, self.place)
        self.effect = Effect.UNDO if get_origin(self.input_type) is Undo else effect
        self.undone_by = undone_by
        self.refuses = tuple(refuses)
        self.retry = retry
        self.timeout = timeout
        self.latency = latency
        self.unit = unit or latency.value
        _check(self)

    def __call__(self, message: I) -> Call[O]:
        """Ask for this contract to be fulfilled; only a workflow awaits what this returns."""
        return Call(self, message)

    def __repr__(self) -> str:
        return f"<contract {self.name}>"


def contract_of(value: object, what: str) -> None:
    """Refuse what stands where a contract must: `what` says where that is."""
    if not isinstance(value, Contract):
        given = getattr(value, "contract", None)
        instead = f"name the contract itself: {given.name}" if isinstance(given, Contract) else "name a contract"
        raise SourceError(f"{what}: {shown(value)} is no contract", place=place_of_call(), instead=instead)


def of_a_contract(value: object, decorator: str) -> None:
    """Refuse what stands in the parentheses of a decorator, or the function itself where there are none."""
    if isinstance(value, types.FunctionType):
        raise SourceError(
            f"{decorator} of {value.__name__} names no contract",
            place=place_of(value, decorator),
            instead=f"write {decorator}(contract) above it, with the contract that it fulfils",
        )
    contract_of(value, decorator)


def _signature(function: Callable[..., Any], place: str) -> tuple[Any, Any]:
    code = function.__code__
    hints = hints_of(function, place=place)
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    if code.co_argcount != 1 or code.co_kwonlyargcount or names[0] not in hints or "return" not in hints:
        raise SourceError(
            f"contract {function.__name__} must take one annotated message and return one",
            place=place,
            instead=f"write: def {function.__name__}(order: Order) -> Clearance",
        )
    return hints[names[0]], hints["return"]


def _is_message(annotation: Any) -> bool:
    origin = get_origin(annotation) or annotation
    return isinstance(origin, type) and issubclass(origin, Message)


def _is_answer(annotation: Any) -> bool:
    if isinstance(annotation, types.UnionType) or get_origin(annotation) is Union:
        return all(_is_answer(part) for part in get_args(annotation))
    return annotation is type(None) or _is_message(annotation)


def _check(contract: Contract[Any, Any]) -> None:
    def refuse(problem: str, instead: str) -> None:
        raise SourceError(f"contract {contract.name} {problem}", place=contract.place, instead=instead)

    if not contract.description:
        refuse("has no docstring", "promise in one sentence what it does")
    if not _is_message(contract.input_type):
        refuse(f"takes {named(contract.input_type)}", "take a class derived from Message")
    if not _is_answer(contract.output_type):
        refuse(f"returns {named(contract.output_type)}", "return a class derived from Message, or None")
    for refusal in contract.refuses:
        if not (isinstance(refusal, type) and issubclass(refusal, Refusal)):
            refuse(f"refuses {shown(refusal)}", "list classes derived from Refusal")
    names = [refusal.__name__ for refusal in contract.refuses]
    if len(set(names)) < len(names):
        refuse(f"refuses {', '.join(names)}", "list each once: refusals are told apart by their names")
    if contract.effect is Effect.UNDO and contract.undone_by is not None:
        refuse("is an undo and undone_by another", "an undo is not undone: a person is asked when it fails")
    if contract.retry.attempts < 1 or contract.retry.factor < 1 or contract.retry.first < timedelta(0):
        refuse("has a retry that never tries", "use attempts >= 1, factor >= 1 and a first delay >= 0")
    if contract.timeout <= timedelta(0):
        refuse("has no time to answer", "give a timeout above zero")


@overload
def contract[I: Message, O](
    *,
    undone_by: Contract[Undo[I, O], None],
    refuses: Sequence[type[Refusal]] = (),
    retry: Retry = ...,
    timeout: timedelta = ...,
    latency: Latency = ...,
    unit: str | None = None,
) -> Callable[[Callable[[I], O]], Contract[I, O]]: ...


@overload
def contract[I, O](
    *,
    reads: bool = False,
    final: bool = False,
    refuses: Sequence[type[Refusal]] = (),
    retry: Retry = ...,
    timeout: timedelta = ...,
    latency: Latency = ...,
    unit: str | None = None,
) -> Callable[[Callable[[I], O]], Contract[I, O]]: ...


def contract(
    *misplaced: Any,
    reads: bool = False,
    final: bool = False,
    undone_by: Contract[Any, Any] | None = None,
    refuses: Sequence[type[Refusal]] = (),
    retry: Retry = Retry(),  # noqa: B008  # frozen
    timeout: timedelta = timedelta(seconds=30),
    latency: Latency = Latency.NORMAL,
    unit: str | None = None,
) -> Callable[[Callable[[Any], Any]], Contract[Any, Any]]:
    """Declare what is promised, as the signature and docstring of a function without a body.

    Give one of `reads` (changes nothing), `undone_by` (what takes it back) or `final` (past it nothing is taken
    back). An undo takes an `Undo[Input, Result]` and needs none; a contract that a workflow fulfils may leave it
    out, and is then undone step by step. `timeout` is per attempt. `unit` names what is deployed and scaled
    together; by default the latency class.

    Raises SourceError (ISTH100) when the declaration cannot be.
    """
    _check_options(misplaced, reads=reads, final=final, refuses=refuses, retry=retry, timeout=timeout)
    expect(latency, Latency, "latency of a contract", "write CRITICAL, NORMAL or BATCH")
    expect(unit, (str, type(None)), "unit of a contract", 'write its name, as in unit="pricing"')
    if undone_by is not None:
        contract_of(undone_by, "undone_by of a contract")
    stated = [e for e, given in ((Effect.READS, reads), (Effect.FINAL, final), (Effect.UNDONE, undone_by)) if given]

    def declare(function: Callable[[Any], Any]) -> Contract[Any, Any]:
        place = place_of(function, "@contract")
        if len(stated) > 1:
            raise SourceError(
                f"contract {function.__name__} is {' and '.join(e.value for e in stated)} at once",
                place=place,
                instead="give one of reads, undone_by, final",
            )
        return Contract(
            function,
            effect=stated[0] if stated else Effect.UNSTATED,
            undone_by=undone_by,
            refuses=refuses,
            retry=retry,
            timeout=timeout,
            latency=latency,
            unit=unit,
        )

    return declare


def _check_options(
    misplaced: tuple[object, ...], *, reads: object, final: object, refuses: object, retry: object, timeout: object
) -> None:
    if misplaced:
        first = misplaced[0]
        if isinstance(first, types.FunctionType):
            rule, place = f"@contract of {first.__name__} has no parentheses", place_of(first, "@contract")
        else:
            rule, place = f"@contract is given {shown(first)}", place_of_call()
        raise SourceError(
            rule,
            place=place,
            instead="write @contract(reads=True), @contract(undone_by=…), @contract(final=True) or @contract()",
        )
    expect(reads, bool, "reads of a contract", "write reads=True")
    expect(final, bool, "final of a contract", "write final=True")
    expect_several(refuses, type, "refuses of a contract", "list classes derived from Refusal, as in refuses=[Closed]")
    expect(retry, Retry, "retry of a contract", "write retry=Retry(attempts=5, first=seconds(1))")
    expect(timeout, timedelta, "timeout of a contract", "write a duration, as in timeout=seconds(10)")
