"""Reckon what an order is worth. Price times quantity is rounded once, by a mode that each use states."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal

from isthmus.contracts.market import Quote
from isthmus.contracts.orders import Order
from isthmus.core import Money
from isthmus.core.money import MINOR_MAX, minor_digits

MARKET_MARGIN = Decimal("1.05")
"""What is held for a market order above its reference price, because its price is not known yet."""


def value_of(order: Order, quote: Quote | None) -> Money | None:
    """Return an order's value at its limit or at the reference price, whichever is higher; None without a price."""
    if quote is None:
        return None
    at_reference = _amount(quote.price, order)
    if order.limit is None:
        return at_reference
    return max(at_reference, order.limit * order.quantity)


def cash_needed(order: Order, quote: Quote | None) -> Money | None:
    """Return what a buy can cost at most: by its limit, or by the reference price and a margin; None without one."""
    if order.limit is not None:
        return order.limit * order.quantity
    return None if quote is None else _amount(quote.price * MARKET_MARGIN, order)


def is_within_bounds(order: Order, quote: Quote | None) -> bool:
    """Say whether all that is ever reckoned of an order is an amount that Money can hold."""
    limit = Decimal(0) if order.limit is None else order.limit.decimal
    price = max(limit, Decimal(0) if quote is None else quote.price * MARKET_MARGIN)
    return (price * order.quantity).scaleb(minor_digits(order.currency)) < MINOR_MAX


def _amount(price: Decimal, order: Order) -> Money:
    return Money.of(price * order.quantity, order.currency, rounding=ROUND_UP)
