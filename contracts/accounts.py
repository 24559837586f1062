"""Accounts: who may trade, and what an account holds at its opening."""

from __future__ import annotations

from typing import Annotated, NewType

from isthmus.contracts.market import Currency, Isin
from isthmus.core import FINANCIAL, Message, Money, Refusal, contract

AccountId = NewType("AccountId", str)
"""A client's account, by its number: a pseudonym, so it may be compared and looked up."""

ClientId = NewType("ClientId", str)
"""A client, by a pseudonym: the person whose key seals what is personal."""


class Holding(Message):
    """Say how many of an instrument an account holds."""

    instrument: Isin
    quantity: Annotated[int, FINANCIAL]


class Opening(Message):
    """Open an account with what its owner brings."""

    account: AccountId
    client: ClientId
    cash: Annotated[Money, FINANCIAL]
    holdings: list[Holding]


class Account(Message):
    """Keep whose an account is, and the currency of its cash."""

    id: AccountId
    client: ClientId
    currency: Currency


class AccountConflict(Refusal):
    """Refuse to open an account again for another client or in another currency."""

    account: AccountId


class NothingBrought(Refusal):
    """Refuse an opening with less than nothing of something."""

    account: AccountId


@contract(final=True, refuses=(AccountConflict, NothingBrought))
def open_account(opening: Opening) -> Account:
    """Open an account and book what its owner brings; an account that is open stays as it is."""
