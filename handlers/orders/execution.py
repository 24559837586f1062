"""Send orders to the venue, and have what it filled busted."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN

from isthmus.contracts.execution import (
    Execution,
    NotExecuted,
    OrderExecuted,
    Venue,
    VenueBust,
    VenueOrder,
    VenueReport,
    cancel_execution,
    execute_order,
)
from isthmus.contracts.orders import Order, OrdStatus
from isthmus.core import Money, Publisher, Reference, Undo, handles
from isthmus.core.ports import reference_of


@handles(execute_order)
def execute_at_venue(order: Order, venue: Venue, reference: Reference, executed: Publisher[OrderExecuted]) -> Execution:
    """Have the venue fill what it can, and publish OrderExecuted; refuse when it filled nothing."""
    report = venue.call(reference, _asked(order))
    if not report.last_qty:
        raise NotExecuted(reason=report.reason)
    execution = _execution(order, report)
    executed.publish(
        OrderExecuted(
            order_id=order.id,
            sender=order.sender,
            cl_ord_id=order.cl_ord_id,
            account=order.account,
            instrument=order.instrument,
            side=order.side,
            quantity=order.quantity,
            execution=execution,
        )
    )
    return execution


@handles(cancel_execution)
def bust_at_venue(undo: Undo[Order, Execution], venue: Venue, reference: Reference) -> None:
    """Bust what was filled under the execution's own reference, whether or not its answer ever arrived."""
    venue.call(reference, VenueBust(reference=reference_of(undo.key)))


def _asked(order: Order) -> VenueOrder:
    return VenueOrder(
        instrument=order.instrument,
        side=order.side,
        quantity=order.quantity,
        limit=None if order.limit is None else order.limit.decimal,
        currency=order.currency,
        trading_date=order.trading_date,
    )


def _execution(order: Order, report: VenueReport) -> Execution:
    filled = report.last_qty == order.quantity
    return Execution(
        order_id=order.id,
        ord_status=OrdStatus.FILLED if filled else OrdStatus.PARTIALLY_FILLED,
        last_qty=report.last_qty,
        cum_qty=report.last_qty,
        leaves_qty=0,
        avg_px=report.avg_px,
        gross_amount=Money.of(report.avg_px * report.last_qty, order.currency, rounding=ROUND_HALF_EVEN),
    )
