"""Placement: an order from its validation to its booking."""

from __future__ import annotations

from typing import Annotated

from isthmus.contracts.compliance import ComplianceRejected
from isthmus.contracts.execution import Execution, NotExecuted
from isthmus.contracts.orders import (
    Hold,
    InsufficientFunds,
    InsufficientPosition,
    InvalidOrder,
    NotPriced,
    Order,
    OrderId,
    OrdStatus,
)
from isthmus.core import CRITICAL, FINANCIAL, Message, contract


class Booking(Message):
    """Ask for an execution to be booked against what was held for it."""

    order: Order
    hold: Hold
    execution: Execution


class Booked(Message):
    """Say what was booked, and what was set aside and not used."""

    order_id: OrderId
    released: Annotated[int, FINANCIAL]


class OrderOutcome(Message):
    """Say what came of an order."""

    order_id: OrderId
    status: OrdStatus
    execution: Execution


@contract(final=True, latency=CRITICAL)
def book_order(booking: Booking) -> Booked:
    """Book cash against position, and release what was set aside and not used. Past this nothing is taken back."""


@contract(
    latency=CRITICAL,
    refuses=[InvalidOrder, ComplianceRejected, InsufficientFunds, InsufficientPosition, NotPriced, NotExecuted],
)
def place_order(order: Order) -> OrderOutcome:
    """Work on an order from its validation to its booking, or take back whatever was done for it."""
