"""Validate orders: whether fields, account and instrument make sense together."""

from __future__ import annotations

from isthmus.contracts.accounts import Account
from isthmus.contracts.market import Instrument, Prices
from isthmus.contracts.orders import QUANTITY_MAX, InvalidOrder, Order, ValidOrder, validate_order
from isthmus.core import Records, handles
from isthmus.handlers.orders.valuation import is_within_bounds


@handles(validate_order)
def validate_fields(order: Order, accounts: Records[Account], prices: Prices) -> ValidOrder:
    """Refuse the first field that breaks a rule, in the order in which a reader would look."""
    _check_amounts(order)
    _check_instrument(order, prices.instrument(order.instrument))
    _check_account(order, accounts.get(order.account))
    if not is_within_bounds(order, prices.quote(order.instrument, order.trading_date)):
        raise InvalidOrder(field="quantity", rule="value_in_range")
    return ValidOrder(order_id=order.id)


def _check_amounts(order: Order) -> None:
    if not 1 <= order.quantity <= QUANTITY_MAX:
        raise InvalidOrder(field="quantity", rule="quantity_in_range")
    if order.limit is not None and order.limit.minor <= 0:
        raise InvalidOrder(field="limit", rule="limit_above_zero")
    if order.limit is not None and order.limit.currency != order.currency:
        raise InvalidOrder(field="limit", rule="limit_in_currency_of_order")


def _check_instrument(order: Order, instrument: Instrument | None) -> None:
    if instrument is None:
        raise InvalidOrder(field="instrument", rule="known_instrument")
    if instrument.currency != order.currency:
        raise InvalidOrder(field="currency", rule="currency_of_instrument")


def _check_account(order: Order, account: Account | None) -> None:
    if account is None:
        raise InvalidOrder(field="account", rule="open_account")
    if account.client != order.client:
        raise InvalidOrder(field="client", rule="account_of_client")
    if account.currency != order.currency:
        raise InvalidOrder(field="currency", rule="currency_of_account")
