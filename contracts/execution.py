"""Execution: what goes to the venue, and what comes back.

The venue is a gateway: it is called outside our transaction, by a reference, and refuses a reference that it knows.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Protocol

from isthmus.contracts.accounts import AccountId
from isthmus.contracts.market import Currency, Isin
from isthmus.contracts.orders import ClOrdId, Order, OrderId, OrdStatus, Side
from isthmus.core import CRITICAL, FINANCIAL, Gateway, Message, Money, Refusal, Retry, Undo, contract

VENUE_RETRY = Retry(attempts=6, first=timedelta(milliseconds=100), factor=4)
"""A venue that is silent is asked again soon, then ever more patiently, for half a minute in all."""


class Execution(Message):
    """Say what the venue filled. What it did not fill is cancelled: an order does not rest there."""

    order_id: OrderId
    ord_status: OrdStatus
    last_qty: Annotated[int, FINANCIAL]
    cum_qty: Annotated[int, FINANCIAL]
    leaves_qty: Annotated[int, FINANCIAL]
    avg_px: Annotated[Decimal, FINANCIAL]
    gross_amount: Annotated[Money, FINANCIAL]


class VenueOrder(Message):
    """Ask the venue to fill an order at once, as far as it can."""

    instrument: Isin
    side: Side
    quantity: Annotated[int, FINANCIAL]
    limit: Annotated[Decimal | None, FINANCIAL]
    currency: Currency
    trading_date: date


class VenueBust(Message):
    """Ask the venue to bust whatever it filled under another reference."""

    reference: str


class VenueReport(Message):
    """Report what the venue did: the quantity and average price it filled, or why it filled nothing."""

    last_qty: Annotated[int, FINANCIAL]
    avg_px: Annotated[Decimal, FINANCIAL]
    reason: str


class Venue(Gateway[VenueOrder | VenueBust, VenueReport], Protocol):
    """Fill orders, and bust what was filled."""


class OrderExecuted(Message):
    """Tell what the venue filled of an order."""

    order_id: OrderId
    sender: str
    cl_ord_id: ClOrdId
    account: AccountId
    instrument: Isin
    side: Side
    quantity: Annotated[int, FINANCIAL]
    execution: Execution


class NotExecuted(Refusal):
    """Pass on that the venue filled nothing, and why."""

    reason: str


@contract(latency=CRITICAL, retry=VENUE_RETRY)
def cancel_execution(undo: Undo[Order, Execution]) -> None:
    """Have the venue bust what it filled, if it filled anything."""


@contract(
    undone_by=cancel_execution,
    latency=CRITICAL,
    retry=VENUE_RETRY,
    refuses=[NotExecuted],
)
def execute_order(order: Order) -> Execution:
    """Send the order to the venue and return what was filled."""
