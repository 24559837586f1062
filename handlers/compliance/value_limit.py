"""The rule of the highest order value, judged before the trade. It is closed: what cannot be judged is rejected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from isthmus.contracts.compliance import (
    Clearance,
    ComplianceRejected,
    ValueLimit,
    check_compliance,
    set_value_limit,
)
from isthmus.contracts.market import Prices
from isthmus.contracts.orders import Order
from isthmus.core import Money, Records, handles
from isthmus.handlers.orders.valuation import value_of

FIRM_MAXIMA: Final[Mapping[str, Money]] = {
    currency: Money.of(1_000_000, currency) for currency in ("USD", "EUR", "GBP", "CHF")
}
"""What the firm lets one order be worth where its account has no limit of its own."""


@handles(check_compliance)
def check_order_value(order: Order, limits: Records[ValueLimit], prices: Prices) -> Clearance:
    """Refuse an order of a higher value than allowed, of no reference price, or in a currency without a limit."""
    value = value_of(order, prices.quote(order.instrument, order.trading_date))
    if value is None:
        raise ComplianceRejected(rule="reference_price")
    own = limits.get(order.account)
    maximum = FIRM_MAXIMA.get(order.currency) if own is None else own.maximum
    if maximum is None or maximum.currency != value.currency:
        raise ComplianceRejected(rule="limit_in_currency")
    if value > maximum:
        raise ComplianceRejected(rule="maximum_order_value")
    return Clearance(order_id=order.id, value=value)


@handles(set_value_limit)
def keep_value_limit(limit: ValueLimit, limits: Records[ValueLimit]) -> ValueLimit:
    """Keep the limit of an account, in place of what it had."""
    limits.put(limit.account, limit)
    return limit
