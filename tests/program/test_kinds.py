"""The types of messages become the kinds that workflows know."""

import enum
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal, NewType

import msgspec
import pytest

from isthmus.core import PERSONAL, Message, Money, Undo
from isthmus.core.program.kinds import UNKNOWN, Shape, either, fields_of, fits, kind_of, one

Isin = NewType("Isin", str)
type Ticker = Annotated[Isin, msgspec.Meta(max_length=12)]


class Day(enum.Enum):
    MONDAY = "monday"


class Note(Message):
    text: str


class Box[T](Message):
    it: T
    other: T | None
    number: int


@pytest.mark.parametrize(
    ("annotation", "shown"),
    [
        (str, "str"),
        (bool, "bool"),
        (Isin, "str"),
        (Ticker, "str"),
        (Annotated[int, msgspec.Meta(ge=0)], "int"),
        (Literal["a", "b"], "str"),
        (Literal[1, "b"], "int | str"),
        (Note | None, "Note | None"),
        (Day, "Day"),
        (list[Isin], "list[str]"),
        (Sequence[Note], "list[Note]"),
        (tuple[int, ...], "list[int]"),
        (tuple[int, str], "tuple[int, str]"),
        (dict[str, int], "dict[str, int]"),
        (Decimal, "Decimal"),
        (Money, "Money"),
    ],
)
def test_an_annotation_is_shown_as_its_kind(annotation, shown):
    assert sorted(str(kind_of(annotation)).split(" | ")) == sorted(shown.split(" | "))


def test_personal_stays_personal_through_aliases_and_unions():
    assert kind_of(Annotated[str, PERSONAL]).personal
    assert kind_of(Annotated[str, PERSONAL] | None).personal
    assert kind_of(Annotated[str | None, PERSONAL]).personal
    type Name = Annotated[str, PERSONAL]
    assert kind_of(Name).personal
    assert not kind_of(str).personal


def test_a_list_of_personal_values_fits_only_its_like():
    sealed, plain = kind_of(list[Annotated[str, PERSONAL]]), kind_of(list[str])
    assert fits(sealed, sealed)
    assert not fits(sealed, plain)
    assert not fits(plain, sealed)
    assert fits(one("list", UNKNOWN), plain)


def test_the_fields_of_a_generic_message_are_filled_in():
    fields = fields_of(Shape("message", Box[Note]))
    assert {name: str(kind) for name, kind in fields.items()} == {"it": "Note", "other": "Note | None", "number": "int"}
    assert str(fields_of(Shape("message", Undo[Note, Note]))["result"]) == "Note | None"


def test_what_is_unknown_fits_anywhere_and_makes_everything_unknown():
    assert fits(UNKNOWN, kind_of(str))
    assert either(kind_of(str), UNKNOWN) == UNKNOWN
    assert str(UNKNOWN) == "unknown"
    assert str(one("answers", (kind_of(str), kind_of(int)))) == "tuple[str, int]"
    assert kind_of(timedelta).only == "opaque"
