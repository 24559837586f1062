"""What may travel: an App is refused whose messages hold what is not listed, or whose identities are personal."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, NewType
from uuid import UUID

import pytest

from isthmus.core import (
    FINANCIAL,
    PERSONAL,
    App,
    AppRefused,
    Message,
    Money,
    Records,
    Refusal,
    contract,
    handles,
    workflow,
)


class Reading(Message):
    level: float


class Batch(Message):
    readings: list[Reading]
    spread: float | None


class Done(Message):
    number: int


class Person(Message, identity="name", subject="number"):
    number: str
    name: Annotated[str, PERSONAL]


@contract(reads=True)
def measure(batch: Batch) -> Done:
    """Measure what a batch of readings shows."""


@handles(measure)
def measure_all(batch: Batch) -> Done:
    return Done(number=len(batch.readings))


@contract()
def greet(person: Person) -> Done:
    """Greet a person."""


@workflow(greet)
async def greeting(person: Person) -> Done:
    return Done(number=1)


def test_floats_are_refused_however_deep_and_each_once() -> None:
    with pytest.raises(AppRefused) as refused:
        App("floats", fulfils=[measure_all]).load()

    fields = [problem.split(" holds")[0].rpartition(".")[2] for problem in refused.value.problems]
    assert sorted(fields) == ["Batch: field spread", "Reading: field level"]
    assert all("use Money, Decimal or int" in problem for problem in refused.value.problems)


def test_an_identity_that_is_personal_is_refused() -> None:
    with pytest.raises(AppRefused, match=r"Person: the identity name is PERSONAL \(name a pseudonym"):
        App("persons", fulfils=[greeting]).load()


class Side(enum.Enum):
    BUY = "buy"


class Left(Message, tag="left"):
    number: int


class Right(Message, tag="right"):
    number: int


type Several[T] = list[T]
Key = NewType("Key", str)


def problems_of(annotation: Any) -> list[str]:
    """Load an App whose message has one field of the annotation, and return what is wrong with it."""
    kind: Any = type(
        "Carrier", (Message,), {"__annotations__": {"thing": annotation}, "__module__": __name__, "__qualname__": "C"}
    )

    def carry(message: Any) -> Any:
        """Carry a thing."""

    carry.__annotations__ = {"message": kind, "return": kind}
    carried = contract(reads=True)(carry)

    def carry_it(message: Any) -> Any:
        return message

    carry_it.__annotations__ = {"message": kind, "return": kind}
    try:
        App("carriers", fulfils=[handles(carried)(carry_it)]).load()
    except AppRefused as refused:
        return list(refused.problems)
    return []


NOT_LISTED: list[tuple[Any, str]] = [
    (dict, "dict"),
    (dict[str, int], "dict[str, int]"),
    (list[dict[str, int]], "dict[str, int]"),
    (Mapping[str, str] | None, "Mapping[str, str]"),
    (Any, "Any"),
    (list, "list"),
    (list[Any], "Any"),
    (set[str], "set[str]"),
    (frozenset[int], "frozenset[int]"),
    (bytes, "bytes"),
    (Annotated[bytes, FINANCIAL], "bytes"),
    (tuple[int, str], "tuple[int, str]"),
    (tuple[int, ...], "tuple[int, Ellipsis]"),
    (Sequence[int], "Sequence[int]"),
    (str | int, "str | int"),
    (str | int | None, "str | int | None"),
    (Money | str, "Money | str"),
    (timedelta, "timedelta"),
    (time, "time"),
    (UUID, "UUID"),
    (Literal["a", "b"], "Literal[a, b]"),
]


@pytest.mark.parametrize(("annotation", "name"), NOT_LISTED)
def test_a_field_of_what_is_not_listed_is_refused(annotation: Any, name: str) -> None:
    (problem,) = problems_of(annotation)

    assert f".C: field thing holds {name} (use str, int, bool, Decimal, date, datetime, Money, an Enum" in problem
    assert problem.endswith("[ISTH100]")


LISTED: list[Any] = [
    *(str, int, bool, Decimal, date, datetime, Money, Side, Done, Key),
    *(str | None, Money | None, list[Done], list[list[Side]] | None, Several[Key], Left | Right, Left | Right | None),
    *(Annotated[Decimal, FINANCIAL], Annotated[str | None, FINANCIAL]),
]


@pytest.mark.parametrize("annotation", LISTED)
def test_a_field_of_what_is_listed_is_loaded(annotation: Any) -> None:
    assert problems_of(annotation) == []


class Wide(Refusal):
    limits: dict[str, int]


class Kept(Message):
    notes: set[str]


@contract(reads=True, refuses=[Wide])
def look(done: Done) -> Done:
    """Look."""


@handles(look)
def look_at(done: Done, kept: Records[Kept]) -> Done:
    return done


def test_refusals_and_records_hold_only_what_is_listed_too() -> None:
    with pytest.raises(AppRefused) as refused:
        App("wide", fulfils=[look_at]).load()

    told = sorted(problem.split(" (")[0].rpartition(".")[2] for problem in refused.value.problems)
    assert told == ["Kept: field notes holds set[str]", "Wide: field limits holds dict[str, int]"]
