"""Laws of settlement."""

from __future__ import annotations

from datetime import timedelta

from isthmus.contracts.laws.books import assert_balanced, balances, pending
from isthmus.contracts.settlement import SettlementConfirmation, SettlementStatus, Trade, settle_trade
from isthmus.core.law import World, law


@law(settle_trade)
def a_settlement_that_nobody_confirms_is_taken_back(world: World, trade: Trade) -> None:
    """Wait for more than five days, and find the books as they were."""
    before = balances(world)
    world.start(settle_trade, trade)
    world.move(timedelta(days=6))

    assert balances(world) == before


@law(settle_trade)
def a_confirmed_settlement_moves_both_sides_or_none(world: World, trade: Trade) -> None:
    """Find that cash and securities changed hands together, and that nothing stays pending."""
    before = balances(world)
    run_id = world.start(settle_trade, trade)
    confirmation = SettlementConfirmation(trade_id=trade.id, status=SettlementStatus.SETTLED, reason="")
    world.send(confirmation, key=trade.id)

    assert_balanced(world)
    assert not pending(world)
    moved = {commodity for _, commodity in set(balances(world)) - set(before)}
    owed = {trade.instrument, trade.gross_amount.currency}
    assert moved == (owed if world.ended(run_id).status == "completed" else set())
