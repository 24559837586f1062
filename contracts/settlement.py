"""Settlement: a trade's cash and securities change hands, days after it was made."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, NewType

from isthmus.contracts.accounts import AccountId
from isthmus.contracts.market import Isin
from isthmus.contracts.orders import Side
from isthmus.core import FINANCIAL, Event, Message, Money, Refusal, Undo, contract

TradeId = NewType("TradeId", str)
"""A trade, by the identity of the order that made it."""


class SettlementStatus(StrEnum):
    """Say how the attempt to settle ended."""

    SETTLED = "settled"
    FAILED = "failed"


class Trade(Message, identity="id"):
    """Ask for a booked trade to be settled."""

    id: TradeId
    account: AccountId
    instrument: Isin
    side: Side
    quantity: Annotated[int, FINANCIAL]
    gross_amount: Annotated[Money, FINANCIAL]
    settlement_date: date


class Instruction(Message):
    """Name what is set aside for a settlement, cash and securities."""

    trade_id: TradeId
    cash: str
    securities: str


class SettlementConfirmation(Event):
    """Tell that the depository settled a trade, or why it failed (an ISO 20022 reason code such as LACK)."""

    trade_id: TradeId
    status: SettlementStatus
    reason: str


class Settled(Message):
    """Say that a trade is settled."""

    trade_id: TradeId


class SettlementFailed(Refusal):
    """Pass on why the depository did not settle."""

    reason: str


class NothingOwed(Refusal):
    """Refuse to instruct what the books do not owe."""

    trade_id: TradeId


class Settlement(Message):
    """Ask for a settlement to be booked as it was instructed."""

    trade: Trade
    instruction: Instruction


@contract()
def cancel_instruction(undo: Undo[Trade, Instruction]) -> None:
    """Give back what was set aside for the settlement; nothing happens when nothing was."""


@contract(undone_by=cancel_instruction, refuses=[NothingOwed])
def instruct_settlement(trade: Trade) -> Instruction:
    """Set aside the cash and the securities that the trade owes."""


@contract(final=True)
def book_settlement(settlement: Settlement) -> Settled:
    """Book that cash and securities have changed hands. Past this nothing is taken back."""


@contract(refuses=(SettlementFailed, NothingOwed))
def settle_trade(trade: Trade) -> Settled:
    """Settle a trade, or take back its instruction when the depository does not confirm within five days."""
