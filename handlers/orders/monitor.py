"""Keep the view of every order, from messages that may come twice and in any order."""

from __future__ import annotations

from decimal import Decimal

from isthmus.contracts.audit import OrderStage, OrderView, track_accepted, track_executed, track_taken_back
from isthmus.contracts.execution import OrderExecuted
from isthmus.contracts.orders import OrderAccepted, OrderTakenBack
from isthmus.core import Records, handles

_ORDER = (OrderStage.ACCEPTED, OrderStage.EXECUTED, OrderStage.TAKEN_BACK)


@handles(track_accepted)
def view_accepted(message: OrderAccepted, views: Records[OrderView]) -> None:
    """Show the order as accepted, unless more is known."""
    _show(message, OrderStage.ACCEPTED, views)


@handles(track_executed)
def view_executed(message: OrderExecuted, views: Records[OrderView]) -> None:
    """Show what was filled, also of an order that is known to be taken back."""
    _show(message, OrderStage.EXECUTED, views, cum_qty=message.execution.cum_qty, avg_px=message.execution.avg_px)


@handles(track_taken_back)
def view_taken_back(message: OrderTakenBack, views: Records[OrderView]) -> None:
    """Show the order as taken back."""
    _show(message, OrderStage.TAKEN_BACK, views)


def _show(
    message: OrderAccepted | OrderExecuted | OrderTakenBack,
    stage: OrderStage,
    views: Records[OrderView],
    *,
    cum_qty: int = 0,
    avg_px: Decimal | None = None,
) -> None:
    known = views.get(message.order_id)
    view = OrderView(
        order_id=message.order_id,
        account=message.account,
        instrument=message.instrument,
        side=message.side,
        stage=stage if known is None else max(known.stage, stage, key=_ORDER.index),
        quantity=message.quantity,
        cum_qty=cum_qty if known is None else max(known.cum_qty, cum_qty),
        avg_px=avg_px if known is None or known.avg_px is None else known.avg_px,
    )
    if view != known:
        views.put(message.order_id, view)
