"""Settle trades: instruct, wait for the depository for days, then book."""

from __future__ import annotations

from isthmus.contracts.settlement import (
    Settled,
    Settlement,
    SettlementConfirmation,
    SettlementFailed,
    SettlementStatus,
    Trade,
    book_settlement,
    instruct_settlement,
    settle_trade,
)
from isthmus.core import days, wait_for, workflow


@workflow(settle_trade)
async def settlement_flow(trade: Trade) -> Settled:
    """Book what was instructed once it is confirmed; a failure, or no word in five days, takes it back."""
    instruction = await instruct_settlement(trade)
    confirmation = await wait_for(SettlementConfirmation, key=trade.id, within=days(5))
    if confirmation.status == SettlementStatus.FAILED:
        raise SettlementFailed(reason=confirmation.reason)
    return await book_settlement(Settlement(trade=trade, instruction=instruction))
