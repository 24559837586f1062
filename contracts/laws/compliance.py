"""Laws of compliance."""

from __future__ import annotations

from isthmus.contracts.compliance import ComplianceRejected, ValueLimit, check_compliance, set_value_limit
from isthmus.contracts.laws.books import open_for_trading
from isthmus.contracts.orders import InvalidOrder, Order, validate_order
from isthmus.core import Money
from isthmus.core.law import World, law, prepares

LIMIT = Money.parse("15000.00", "USD")

prepares(check_compliance)(open_for_trading)


@law(check_compliance)
def nothing_is_cleared_above_the_limit_of_its_account(world: World, order: Order) -> None:
    """Find the value of every clearance within the account's limit, and no lower than the order's own."""
    world.ask(set_value_limit, ValueLimit(account=order.account, maximum=LIMIT), key="limit")
    try:
        world.ask(validate_order, order)
        clearance = world.ask(check_compliance, order)
    except (InvalidOrder, ComplianceRejected):
        return

    assert clearance.value <= LIMIT
    assert order.limit is None or order.limit * order.quantity <= clearance.value
