"""Laws of an order from its validation to its booking."""

from __future__ import annotations

from datetime import timedelta

from isthmus.contracts.laws.books import assert_balanced, balances, open_for_trading, pending
from isthmus.contracts.orders import Order
from isthmus.contracts.placement import OrderOutcome, book_order, place_order
from isthmus.core.law import World, law, prepares

prepares(place_order, book_order)(open_for_trading)


@law(place_order)
def the_books_balance_and_nothing_is_held_once_an_order_has_ended(world: World, order: Order) -> None:
    """Find nothing pending however an order ended, and nothing changed unless it completed."""
    before = balances(world)
    run_id = world.start(place_order, order)
    world.move(timedelta(hours=1))
    ended = world.ended(run_id)

    assert_balanced(world)
    assert not pending(world), f"pending after the order ended as {ended.status}"
    if ended.status != "completed":
        assert balances(world) == before


@law(place_order)
def what_is_booked_is_what_was_executed(world: World, order: Order) -> None:
    """Compare what a completed order moved with its outcome and its own quantity."""
    before = balances(world)
    run_id = world.start(place_order, order)
    world.move(timedelta(hours=1))
    outcome = world.ended(run_id).answer
    if not isinstance(outcome, OrderOutcome):
        return

    place = (f"client:{order.account}", order.instrument)
    moved = balances(world).get(place, (0,))[0] - before.get(place, (0,))[0]
    assert abs(moved) == outcome.execution.cum_qty <= order.quantity
