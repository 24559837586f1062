"""What may travel: an App is refused whose messages hold floats, or whose identities are personal."""

from __future__ import annotations

from typing import Annotated

import pytest

from isthmus.core import PERSONAL, App, AppRefused, Message, contract, handles, workflow


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
