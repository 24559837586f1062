"""Orders: what a client asks for, and what is done before it goes to the venue.

Fields are called as FIX calls them: ClOrdID, Side, OrdStatus, LastQty, CumQty, LeavesQty, AvgPx.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, NewType

from isthmus.contracts.accounts import AccountId, ClientId
from isthmus.contracts.market import Currency, Isin
from isthmus.core import CRITICAL, FINANCIAL, PERSONAL, Message, Money, Refusal, Undo, contract

OrderId = NewType("OrderId", str)
"""An order among all: a ClOrdID is unique for its sender and trading date, and for no longer."""

ClOrdId = NewType("ClOrdId", str)
"""An order as its sender calls it."""

type Quantity = int
"""How many of an instrument: whole ones."""

QUANTITY_MAX = 1_000_000_000


class Side(StrEnum):
    """Say whether an order buys or sells."""

    BUY = "buy"
    SELL = "sell"


class OrdStatus(StrEnum):
    """Say how far an order was filled."""

    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"


class Order(Message, identity="id", subject="client"):
    """Ask to buy or sell a quantity of an instrument, at any price or at a limit."""

    id: OrderId
    sender: str
    cl_ord_id: ClOrdId
    account: AccountId
    client: ClientId
    client_name: Annotated[str, PERSONAL]
    instrument: Isin
    side: Side
    quantity: Annotated[Quantity, FINANCIAL]
    limit: Annotated[Money | None, FINANCIAL]
    currency: Currency
    trading_date: date
    transact_time: datetime


class ValidOrder(Message):
    """Say that an order can be worked on."""

    order_id: OrderId


class Hold(Message):
    """Say what is set aside for an order: cash in minor units, or a position."""

    transfer_id: str
    account: AccountId
    commodity: str
    amount: Annotated[int, FINANCIAL]


class Acceptance(Message):
    """Say that an order was accepted."""

    order_id: OrderId


class OrderAccepted(Message):
    """Tell that an order passed validation and compliance, and that its means are held."""

    order_id: OrderId
    account: AccountId
    instrument: Isin
    side: Side
    quantity: Annotated[int, FINANCIAL]


class OrderTakenBack(Message):
    """Tell that an accepted order was taken back, with whatever the venue had filled."""

    order_id: OrderId
    account: AccountId
    instrument: Isin
    side: Side
    quantity: Annotated[int, FINANCIAL]


class InvalidOrder(Refusal):
    """Refuse an order that cannot be worked on, by the field and the rule it breaks."""

    field: str
    rule: str


class InsufficientFunds(Refusal):
    """Refuse a buy for more than the account's cash."""

    account: AccountId
    needed: Money
    available: Money


class InsufficientPosition(Refusal):
    """Refuse a sell of more than the account's position."""

    account: AccountId
    instrument: Isin
    needed: int
    available: int


class NotPriced(Refusal):
    """Refuse a market order whose instrument has no price to reckon with."""

    instrument: Isin


@contract(reads=True, latency=CRITICAL, refuses=[InvalidOrder])
def validate_order(order: Order) -> ValidOrder:
    """Decide whether the order's fields, account and instrument make sense together."""


@contract(latency=CRITICAL)
def release_hold(undo: Undo[Order, Hold]) -> None:
    """Give back what was set aside for the order; nothing happens when nothing was, or when it was used."""


@contract(undone_by=release_hold, latency=CRITICAL, refuses=[InsufficientFunds, InsufficientPosition, NotPriced])
def hold_funds(order: Order) -> Hold:
    """Set aside the cash that a buy may cost, or the position that a sell gives away."""


@contract(latency=CRITICAL)
def withdraw_order(undo: Undo[Order, Acceptance]) -> None:
    """Tell everyone that the order is taken back."""


@contract(undone_by=withdraw_order, latency=CRITICAL)
def accept_order(order: Order) -> Acceptance:
    """Tell everyone that the order is accepted."""
