"""Instruct settlements: set aside in clearing what the trade owes, book it when it has settled."""

from __future__ import annotations

from collections.abc import Iterator

from isthmus.contracts.ledger import DEPOSITORY, Commodity, Ledger, Transfer, clearing_account
from isthmus.contracts.orders import Side
from isthmus.contracts.settlement import (
    Instruction,
    NothingOwed,
    Settled,
    Settlement,
    Trade,
    book_settlement,
    cancel_instruction,
    instruct_settlement,
)
from isthmus.core import Undo, handles


@handles(instruct_settlement)
def set_aside(trade: Trade, ledger: Ledger) -> Instruction:
    """Make both sides pending between clearing and the depository."""
    if trade.quantity <= 0 or trade.gross_amount.minor <= 0:
        raise NothingOwed(trade_id=trade.id)
    cash, securities = _legs(trade)
    ledger.hold(cash)
    ledger.hold(securities)
    return Instruction(trade_id=trade.id, cash=cash.id, securities=securities.id)


@handles(cancel_instruction)
def give_back(undo: Undo[Trade, Instruction], ledger: Ledger) -> None:
    """Void both sides, whether or not the instruction's answer is known: their ids follow from the trade."""
    for leg in _leg_ids(undo.input):
        ledger.void(leg)


@handles(book_settlement)
def book_both_sides(settlement: Settlement, ledger: Ledger) -> Settled:
    """Post both sides as they were instructed."""
    ledger.post(settlement.instruction.cash, settlement.trade.gross_amount.minor)
    ledger.post(settlement.instruction.securities, settlement.trade.quantity)
    return Settled(trade_id=settlement.trade.id)


def _leg_ids(trade: Trade) -> tuple[str, str]:
    return f"settle/{trade.id}/cash", f"settle/{trade.id}/securities"


def _legs(trade: Trade) -> Iterator[Transfer]:
    """Yield cash and securities: a buy's cash leaves clearing for the depository, and its securities come from it."""
    clearing = clearing_account(trade.account)
    cash_id, securities_id = _leg_ids(trade)
    buys = trade.side is Side.BUY
    yield Transfer(
        id=cash_id,
        debit=clearing if buys else DEPOSITORY,
        credit=DEPOSITORY if buys else clearing,
        commodity=Commodity(trade.gross_amount.currency),
        amount=trade.gross_amount.minor,
    )
    yield Transfer(
        id=securities_id,
        debit=DEPOSITORY if buys else clearing,
        credit=clearing if buys else DEPOSITORY,
        commodity=Commodity(trade.instrument),
        amount=trade.quantity,
    )
