"""Messages that are drawn from their types are messages that the wire takes."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal, NewType

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isthmus.core import PERSONAL, Message, Money, Refusal, SourceError, Undo, contract
from isthmus.core.testing import Lost, LostForGood, ScriptedGateway, messages, samples, script, values

Isin = NewType("Isin", str)
type Lots = Annotated[int, msgspec.Meta(ge=1, le=50)]


class Side(enum.StrEnum):
    BUY = "buy"
    SELL = "sell"


class Leg(Message):
    quantity: Annotated[int, msgspec.Meta(gt=0, lt=1000, multiple_of=5)]
    price: Money | None


class Tree(Message):
    name: str
    below: list[Tree]


class Ticket(Message, identity="id", subject="client"):
    id: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}[0-9]{3}$")]
    client: Annotated[str, msgspec.Meta(min_length=1, max_length=8)]
    name: Annotated[str, PERSONAL]
    isin: Isin
    side: Side
    venue: Literal["XNAS", "XLON"]
    legs: Annotated[list[Leg], msgspec.Meta(min_length=1, max_length=3)]
    lots: Lots
    rate: Decimal
    placed_at: Annotated[datetime, msgspec.Meta(tz=True)]
    within: timedelta
    tags: dict[str, int]
    pair: tuple[int, str]
    undo: Undo[Leg, Leg]
    note: str | None = None


class NoStock(Refusal):
    item: str


@contract(reads=True, refuses=[NoStock])
def look(leg: Leg) -> Leg:
    """Look at a leg."""


@given(messages(Ticket))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_a_drawn_message_is_what_the_wire_reads_back(ticket: Ticket) -> None:
    assert msgspec.json.decode(msgspec.json.encode(ticket), type=Ticket) == ticket


@given(messages(Ticket, isin=st.just("US0378331005"), side=st.just(Side.BUY)))
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_a_field_given_by_name_is_drawn_from_what_was_given(ticket: Ticket) -> None:
    assert (ticket.isin, ticket.side) == ("US0378331005", Side.BUY)


@given(messages(Tree))
@settings(max_examples=20)
def test_a_message_may_hold_messages_of_its_own_type(tree: Tree) -> None:
    assert all(isinstance(below, Tree) for below in tree.below)


def test_a_field_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(SourceError, match=r"no field 'prise'.*name one of: quantity, price"):
        messages(Leg, prise=st.none())


def test_a_type_without_values_is_refused() -> None:
    with pytest.raises(SourceError, match="no values are known for"):
        values(object).example()


@given(st.data())
@settings(max_examples=20)
def test_samples_are_drawn_where_a_type_has_them(data: st.DataObject) -> None:
    samples(Isin, "US5949181045")

    drawn = {data.draw(values(Isin)) for _ in range(20)}

    assert "US5949181045" in drawn


def test_a_scripted_handler_answers_refuses_and_fails_in_order() -> None:
    answer, leg = Leg(quantity=5, price=None), Leg(quantity=10, price=None)
    handler = script(look, answer, NoStock(item="hat"), ConnectionError("down"))

    assert handler(leg) == answer
    with pytest.raises(NoStock):
        handler(leg)
    for _again in range(2):
        with pytest.raises(ConnectionError):
            handler(leg)
    assert handler.asked == [leg] * 4


def test_a_lost_answer_is_found_by_an_inquiry() -> None:
    gateway = ScriptedGateway(ConnectionError("down"), Lost("filled"))
    with pytest.raises(ConnectionError):
        gateway.call("a", "buy")
    assert gateway.inquire("a", "buy") is None
    with pytest.raises(ConnectionError):
        gateway.call("a", "buy")

    assert gateway.inquire("a", "buy") == "filled"


def test_an_answer_that_is_lost_for_good_is_unknown() -> None:
    gateway = ScriptedGateway(LostForGood())
    with pytest.raises(ConnectionError):
        gateway.call("a", "buy")

    with pytest.raises(Exception, match="does not say"):
        gateway.inquire("a", "buy")
