"""What a message is refused for tells its sender the field, the rule and what to send, with one code."""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from isthmus.core import PERSONAL, Event, Message, Money
from isthmus.core.bounds import INTEGER_MAX, check_of
from isthmus.core.codec import ENCODER, codec
from isthmus.core.errors import MessageInvalid
from isthmus.core.program import limits

sys.path.insert(0, str(Path(__file__).parent))
from people import Either, TransparentSealer

SEALER = TransparentSealer()


class Side(enum.StrEnum):
    BUY = "buy"
    SELL = "sell"


class Rank(enum.IntEnum):
    FIRST = 1
    SECOND = 2


class Leg(Message):
    side: Side
    price: Money


class Order(Message):
    legs: list[Leg]
    ranks: list[list[Rank]]
    wanted: Side | None = None


class Link(Message):
    number: int
    before: Link | None = None


class Chain(Message):
    text: str
    before: Chain | None = None


class Counted(Message, subject="person"):
    person: str
    number: int
    rate: Decimal
    more: list[int]
    maybe: Decimal | None
    secret: Annotated[int, PERSONAL]
    before: Link | None = None


class Cut(Message, tag="cut"):
    size: int


class Sewn(Message, tag="sewn"):
    size: Decimal


class Loose(Message):
    things: dict[str, Any]
    pair: tuple[int, Decimal]


def leg(**changes: Any) -> dict[str, Any]:
    return {"side": "buy", "price": {"minor": 1, "currency": "USD"}} | changes


def refusal_of(kind: Any, value: Any) -> MessageInvalid:
    with pytest.raises(MessageInvalid) as refused:
        codec(kind).decode_outer(msgspec.json.encode(value))
    return refused.value


@pytest.mark.parametrize(
    ("value", "path", "allowed"),
    [
        ({"legs": [leg(), leg(side="hold")], "ranks": []}, "$.legs[1].side", '"buy", "sell"'),
        ({"legs": [], "ranks": [[1], [2, 3]]}, "$.ranks[1][1]", "1, 2"),
        ({"legs": [], "ranks": [], "wanted": "none"}, "$.wanted", '"buy", "sell"'),
    ],
)
def test_a_value_that_an_enumeration_has_not_is_refused_with_those_that_it_has(
    value: Any, path: str, allowed: str
) -> None:
    refused = refusal_of(Order, value)

    assert f"`{path}`" in refused.problem
    assert refused.instead == f"send one of {allowed}"


def test_an_enumeration_within_a_union_is_found() -> None:
    assert refusal_of(Order | None, {"legs": [leg(side="x")], "ranks": []}).instead == 'send one of "buy", "sell"'


def test_money_that_is_none_is_told_once_with_its_field_and_one_code() -> None:
    refused = refusal_of(Order, {"legs": [leg(price={"minor": 1, "currency": "USX"})], "ranks": []})

    assert str(refused) == (
        "Order: 'USX' is no ISO 4217 currency - at `$.legs[0].price` (write USD, EUR, JPY, …) [ISTH201]"
    )


def counted(**changes: Any) -> Counted:
    fields: dict[str, Any] = {"number": 1, "rate": Decimal(1), "more": [1], "maybe": None, "secret": 1}
    return Counted(person="p", **(fields | changes))


BEYOND: list[tuple[Any, str]] = [
    (counted(number=2**53), "$.number"),
    (counted(number=-(2**53)), "$.number"),
    (counted(number=10**30), "$.number"),
    (counted(more=[0, 2**53]), "$.more[1]"),
    (counted(rate=Decimal("NaN")), "$.rate"),
    (counted(rate=Decimal("sNaN")), "$.rate"),
    (counted(maybe=Decimal("-Infinity")), "$.maybe"),
    (counted(before=Link(number=1, before=Link(number=2**53))), "$.before.before.number"),
    (counted(secret=2**53), "$.secret"),
]


@pytest.mark.parametrize(("value", "path"), BEYOND)
def test_a_number_that_not_every_reader_keeps_is_neither_written_nor_read(value: Counted, path: str) -> None:
    form = codec(Counted)
    wire = b'{"person":"p"}' if abs(value.number) > 2**63 else ENCODER.encode(value)
    actions: list[Callable[[], object]] = [lambda: form.encode(value, SEALER)]
    if abs(value.number) < 2**63:
        actions += [lambda: form.decode_outer(wire), lambda: form.decode(wire, SEALER)]

    for action in actions:
        with pytest.raises(MessageInvalid) as refused:
            action()
        assert f"- at `{path}`" in str(refused.value)
        assert refused.value.instead
        assert str(refused.value).endswith("[ISTH201]")


def test_what_a_workflow_sees_is_held_against_the_same_bounds() -> None:
    with pytest.raises(MessageInvalid, match="beyond"):
        codec(Cut).decode_opaque(b'{"type":"cut","size":9007199254740992}')


@pytest.mark.parametrize("value", [Cut(size=2**53), Sewn(size=Decimal("Infinity"))])
def test_the_parts_of_a_union_are_looked_into(value: Any) -> None:
    with pytest.raises(MessageInvalid, match=r"\$\.size"):
        codec(Cut | Sewn).encode(value, SEALER)


@pytest.mark.parametrize(
    "value",
    [
        Loose(things={"a": [1, {"b": 2**53}]}, pair=(1, Decimal(1))),
        Loose(things={"a": counted(number=2**53)}, pair=(1, Decimal(1))),
        Loose(things={}, pair=(2**53, Decimal(1))),
        Loose(things={}, pair=(1, Decimal("NaN"))),
    ],
)
def test_what_says_too_little_is_looked_into_as_it_is(value: Loose) -> None:
    with pytest.raises(MessageInvalid):
        codec(Loose).encode(value, SEALER)


@given(number=st.integers(-INTEGER_MAX, INTEGER_MAX), rate=st.decimals(allow_nan=False, allow_infinity=False))
@example(number=INTEGER_MAX, rate=Decimal("1E+50"))
@example(number=-INTEGER_MAX, rate=Decimal("-0"))
def test_every_number_within_the_bounds_travels(number: int, rate: Decimal) -> None:
    value = counted(number=number, rate=rate, more=[number], maybe=rate, secret=number)
    form = codec(Counted)

    assert form.decode(form.encode(value, SEALER), SEALER) == value
    assert codec(Loose).encode(Loose(things={"a": [number]}, pair=(number, rate)), SEALER)


def test_what_holds_no_numbers_is_not_looked_into() -> None:
    class Text(Message):
        text: str
        side: Side
        price: Money
        several: list[str] | None

    class Told(Event):
        flag: bool

    assert check_of(Text) is check_of(Told) is check_of(Text | Told | None) is None
    assert codec(Chain).encode(Chain(text="a", before=Chain(text="b")), SEALER)
    assert codec(Either) is codec(Either)


def test_the_bound_is_that_of_the_limits() -> None:
    assert INTEGER_MAX == limits.INTEGER
