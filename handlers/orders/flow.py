"""Place orders: the flow from validation to booking."""

from __future__ import annotations

from isthmus.contracts.compliance import ComplianceRejected, PostTradeVerdict, VerdictStatus, check_compliance
from isthmus.contracts.execution import execute_order
from isthmus.contracts.orders import Order, accept_order, hold_funds, validate_order
from isthmus.contracts.placement import Booking, OrderOutcome, book_order, place_order
from isthmus.core import gather, minutes, wait_for, workflow


@workflow(place_order)
async def order_flow(order: Order) -> OrderOutcome:
    """Take an order through, or back: whatever is raised before the booking undoes what was done."""
    await validate_order(order)
    _clearance, hold = await gather(check_compliance(order), hold_funds(order))
    await accept_order(order)
    execution = await execute_order(order)
    verdict = await wait_for(PostTradeVerdict, key=order.id, within=minutes(30))
    if verdict.status == VerdictStatus.REJECTED:
        raise ComplianceRejected(rule=verdict.rule)
    await book_order(Booking(order=order, hold=hold, execution=execution))
    return OrderOutcome(order_id=order.id, status=execution.ord_status, execution=execution)
