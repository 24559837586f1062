"""Compliance: what may be traded, decided before the trade and reviewed after it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Protocol

from isthmus.contracts.execution import OrderExecuted
from isthmus.contracts.orders import ClOrdId, Order, OrderId
from isthmus.core import CONFIDENTIAL, CRITICAL, FINANCIAL, Event, Message, Money, Refusal, contract


class VerdictStatus(StrEnum):
    """Say how a review of a trade ended."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Clearance(Message):
    """Say that the rules let an order through, and the value they judged."""

    order_id: OrderId
    value: Annotated[Money, FINANCIAL]


class ValueLimit(Message):
    """Keep the highest value that one order of an account may have."""

    account: str
    maximum: Annotated[Money, CONFIDENTIAL]


class PostTradeVerdict(Event):
    """Tell how the review of a trade ended, and which rule decided."""

    order_id: OrderId
    status: VerdictStatus
    rule: str


class ComplianceRejected(Refusal):
    """Refuse an order by the name of the rule that it breaks."""

    rule: str


class Surveillance(Protocol):
    """Answer for what the surveillance of the market has found."""

    def finding(self, sender: str, cl_ord_id: ClOrdId) -> str | None:
        """Return the rule that a trade broke, or None when nothing was found."""
        ...


@contract(reads=True, latency=CRITICAL, refuses=[ComplianceRejected])
def check_compliance(order: Order) -> Clearance:
    """Decide whether the market-access rules let this order through."""


@contract(final=True)
def set_value_limit(limit: ValueLimit) -> ValueLimit:
    """Set the highest value that one order of an account may have, in place of the firm's."""


@contract()
def review_trade(executed: OrderExecuted) -> None:
    """Review a trade after it was made, and send the verdict to the order that waits for it."""
