"""Book executions: cash against position, between the client and the clearing of the client's trades."""

from __future__ import annotations

from isthmus.contracts.ledger import Commodity, Ledger, Transfer, clearing_account, client_account
from isthmus.contracts.orders import Side
from isthmus.contracts.placement import Booked, Booking, book_order
from isthmus.core import handles


@handles(book_order)
def book_against_hold(booking: Booking, ledger: Ledger) -> Booked:
    """Post what was held as far as it was used, release the rest, and give the client the other side."""
    given, received = _sides(booking)
    released = ledger.post(booking.hold.transfer_id, given)
    commodity, amount = received
    if amount:
        ledger.transfer(
            Transfer(
                id=f"book/{booking.order.id}",
                debit=clearing_account(booking.order.account),
                credit=client_account(booking.order.account),
                commodity=commodity,
                amount=amount,
            )
        )
    return Booked(order_id=booking.order.id, released=released)


def _sides(booking: Booking) -> tuple[int, tuple[Commodity, int]]:
    """Return how much of what was held is given away, and what is received for it."""
    execution, order = booking.execution, booking.order
    cash = execution.gross_amount
    if order.side is Side.BUY:
        return cash.minor, (Commodity(order.instrument), execution.cum_qty)
    return execution.cum_qty, (Commodity(cash.currency), cash.minor)
