"""Audit: where every order stands, and what came when nobody waited for it."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from isthmus.contracts.accounts import AccountId
from isthmus.contracts.compliance import PostTradeVerdict
from isthmus.contracts.execution import OrderExecuted
from isthmus.contracts.market import Isin
from isthmus.contracts.orders import OrderAccepted, OrderId, OrderTakenBack, Side
from isthmus.contracts.settlement import SettlementConfirmation
from isthmus.core import FINANCIAL, Message, Refusal, contract


class OrderStage(StrEnum):
    """Say how far an order has come. A later stage is never left for an earlier one."""

    ACCEPTED = "accepted"
    EXECUTED = "executed"
    TAKEN_BACK = "taken_back"


class OrderView(Message):
    """Show an order as its messages told of it, in whatever order they came."""

    order_id: OrderId
    account: AccountId
    instrument: Isin
    side: Side
    stage: OrderStage
    quantity: Annotated[int, FINANCIAL]
    cum_qty: Annotated[int, FINANCIAL]
    avg_px: Annotated[Decimal | None, FINANCIAL]


class LateVerdict(Message):
    """Keep a verdict that came when nobody waited for it."""

    verdict: PostTradeVerdict


class LateConfirmation(Message):
    """Keep a confirmation that came when nobody waited for it."""

    confirmation: SettlementConfirmation


class OrderQuery(Message):
    """Ask for an order."""

    order_id: OrderId


class UnknownOrder(Refusal):
    """Refuse to tell of an order that was never accepted."""

    order_id: OrderId


@contract(reads=True, refuses=[UnknownOrder])
def order_status(query: OrderQuery) -> OrderView:
    """Return where an order stands."""


@contract()
def track_accepted(message: OrderAccepted) -> None:
    """Keep in view that the order was accepted."""


@contract()
def track_executed(message: OrderExecuted) -> None:
    """Keep in view what was filled of the order."""


@contract()
def track_taken_back(message: OrderTakenBack) -> None:
    """Keep in view that the order was taken back."""


@contract(final=True)
def file_late_verdict(verdict: PostTradeVerdict) -> None:
    """Keep a verdict that came too late, for a person to look at."""


@contract(final=True)
def file_late_confirmation(confirmation: SettlementConfirmation) -> None:
    """Keep a confirmation that came too late, for a person to look at."""
