"""Hold what an order may take from its account, and give it back."""

from __future__ import annotations

from isthmus.contracts.ledger import (
    Commodity,
    Ledger,
    Overdrawn,
    Transfer,
    clearing_account,
    client_account,
)
from isthmus.contracts.market import Prices
from isthmus.contracts.orders import (
    Hold,
    InsufficientFunds,
    InsufficientPosition,
    NotPriced,
    Order,
    Side,
    hold_funds,
    release_hold,
)
from isthmus.core import Money, Refusal, Undo, handles
from isthmus.handlers.orders.valuation import cash_needed


@handles(hold_funds)
def hold_cash_or_position(order: Order, ledger: Ledger, prices: Prices) -> Hold:
    """Hold the most that a buy can cost, or what a sell gives away."""
    commodity, amount = _given_away(order, prices)
    transfer = Transfer(
        id=_hold_id(order),
        debit=client_account(order.account),
        credit=clearing_account(order.account),
        commodity=commodity,
        amount=amount,
    )
    try:
        ledger.hold(transfer)
    except Overdrawn as fault:
        raise _insufficient(order, fault) from None
    return Hold(transfer_id=transfer.id, account=order.account, commodity=commodity, amount=amount)


@handles(release_hold)
def release_cash_or_position(undo: Undo[Order, Hold], ledger: Ledger) -> None:
    """Void the hold, whether or not its answer is known: its id follows from the order."""
    ledger.void(_hold_id(undo.input))


def _hold_id(order: Order) -> str:
    return f"hold/{order.id}"


def _given_away(order: Order, prices: Prices) -> tuple[Commodity, int]:
    if order.side is Side.SELL:
        return Commodity(order.instrument), order.quantity
    cash = cash_needed(order, prices.quote(order.instrument, order.trading_date))
    if cash is None:
        raise NotPriced(instrument=order.instrument)
    return Commodity(cash.currency), cash.minor


def _insufficient(order: Order, fault: Overdrawn) -> Refusal:
    if order.side is Side.SELL:
        return InsufficientPosition(
            account=order.account, instrument=order.instrument, needed=fault.needed, available=fault.available
        )
    return InsufficientFunds(
        account=order.account,
        needed=Money(fault.needed, order.currency),
        available=Money(fault.available, order.currency),
    )
