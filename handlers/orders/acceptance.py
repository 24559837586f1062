"""Tell that an order is accepted, and that it is taken back."""

from __future__ import annotations

from isthmus.contracts.orders import (
    Acceptance,
    Order,
    OrderAccepted,
    OrderTakenBack,
    accept_order,
    withdraw_order,
)
from isthmus.core import Publisher, Undo, handles


@handles(accept_order)
def tell_accepted(order: Order, accepted: Publisher[OrderAccepted]) -> Acceptance:
    """Publish OrderAccepted."""
    accepted.publish(
        OrderAccepted(
            order_id=order.id,
            account=order.account,
            instrument=order.instrument,
            side=order.side,
            quantity=order.quantity,
        )
    )
    return Acceptance(order_id=order.id)


@handles(withdraw_order)
def tell_taken_back(undo: Undo[Order, Acceptance], taken_back: Publisher[OrderTakenBack]) -> None:
    """Publish OrderTakenBack; an order that was never told to be accepted may be taken back all the same."""
    order = undo.input
    taken_back.publish(
        OrderTakenBack(
            order_id=order.id,
            account=order.account,
            instrument=order.instrument,
            side=order.side,
            quantity=order.quantity,
        )
    )
