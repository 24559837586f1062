"""Laws of what is done before an order goes to the venue."""

from __future__ import annotations

import msgspec

from isthmus.contracts.laws.books import assert_balanced, balances, open_for_trading
from isthmus.contracts.orders import Hold, InvalidOrder, Order, Side, accept_order, hold_funds, validate_order
from isthmus.core import Refusal
from isthmus.core.law import World, law, prepares

prepares(validate_order, hold_funds, accept_order)(open_for_trading)


@law(validate_order)
def an_order_for_nothing_is_never_valid(world: World, order: Order) -> None:
    """Expect a quantity of zero to be refused."""
    try:
        world.ask(validate_order, msgspec.structs.replace(order, quantity=0))
    except InvalidOrder:
        return
    raise AssertionError("an order for nothing was valid")


@law(hold_funds)
def a_hold_that_is_released_leaves_the_books_as_they_were(world: World, order: Order) -> None:
    """Hold, release, and compare."""
    before = balances(world)
    if (hold := _valid_hold(world, order)) is None:
        return

    assert balances(world) != before
    world.undo(hold_funds, order, key="hold", result=hold)
    assert balances(world) == before


@law(hold_funds)
def a_hold_that_is_released_without_its_answer_leaves_the_books_as_they_were(world: World, order: Order) -> None:
    """Undo without the answer, which may have been lost."""
    before = balances(world)
    if _valid_hold(world, order) is not None:
        world.undo(hold_funds, order, key="hold")
    assert balances(world) == before


@law(hold_funds)
def a_hold_is_of_what_the_order_gives_away_and_never_more_than_is_there(world: World, order: Order) -> None:
    """Find a buy to hold cash, a sell its quantity, and nobody overdrawn."""
    hold = _valid_hold(world, order)
    assert_balanced(world)
    if hold is not None and order.side is Side.SELL:
        assert (hold.commodity, hold.amount) == (order.instrument, order.quantity)
    if hold is not None and order.side is Side.BUY:
        assert hold.commodity == order.currency


def _valid_hold(world: World, order: Order) -> Hold | None:
    try:
        world.ask(validate_order, order)
        return world.ask(hold_funds, order, key="hold")
    except Refusal:
        return None
