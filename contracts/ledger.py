"""The ledger: accounts in double entry, one commodity at a time, in whole units.

    client:101789675   USD            what the client has: cash in cents
    client:101789675   US0378331005   and shares
    clearing:…         the other side of the client's trades, until they settle
    depository         the outside of the books, once they have settled
    opening            where what clients bring comes from

A transfer takes from one account and gives to another. Its amount is pending until it is posted, wholly or in part,
or voided; both happen once. What an account may spend is what was posted to it, less what is pending from it.
"""

from __future__ import annotations

from typing import NewType, Protocol

import msgspec

from isthmus.contracts.accounts import AccountId
from isthmus.core import InputError, Table

LedgerAccount = NewType("LedgerAccount", str)
"""An account of the books."""

Commodity = NewType("Commodity", str)
"""What is counted: a currency, in minor units, or an instrument."""

AMOUNT_MAX = 2**53 - 1

DEPOSITORY = LedgerAccount("depository")
OPENING = LedgerAccount("opening")


def client_account(account: AccountId) -> LedgerAccount:
    """Return the account that holds what is a client's. It may not go below zero."""
    return LedgerAccount(f"client:{account}")


def clearing_account(account: AccountId) -> LedgerAccount:
    """Return the account that holds what a client's trades owe or are owed until they settle."""
    return LedgerAccount(f"clearing:{account}")


def may_go_below_zero(account: str) -> bool:
    """Say whether an account may give more than it has. Only those of clients may not."""
    return not account.startswith("client:")


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """Take an amount of a commodity from one account and give it to another. The id makes it happen once."""

    id: str
    debit: LedgerAccount
    credit: LedgerAccount
    commodity: Commodity
    amount: int

    def __post_init__(self) -> None:
        if type(self.amount) is not int or not 0 < self.amount <= AMOUNT_MAX:
            raise TransferInvalid(f"{self.amount!r} is no amount to transfer", instead=f"give 1 to {AMOUNT_MAX}")
        if self.debit == self.credit:
            raise TransferInvalid(f"{self.debit} would pay itself", instead="name two accounts")


class Balance(msgspec.Struct, frozen=True):
    """Hold what was ever taken from an account and given to it, posted and pending."""

    posted_debits: int = 0
    posted_credits: int = 0
    pending_debits: int = 0
    pending_credits: int = 0

    @property
    def posted(self) -> int:
        """Return what the account has."""
        return self.posted_credits - self.posted_debits

    @property
    def available(self) -> int:
        """Return what the account may spend: what it has, less what is pending from it."""
        return self.posted - self.pending_debits


class TransferInvalid(InputError, ValueError):
    """Report a transfer that no books can hold."""

    code = "ISTH240"


class Overdrawn(InputError):
    """Report a transfer for which an account has too little. The books are as they were."""

    code = "ISTH241"

    def __init__(self, account: str, commodity: str, *, needed: int, available: int) -> None:
        super().__init__(f"{account} has {available} of {commodity}, and {needed} are needed")
        self.needed = needed
        self.available = available


class TransferConflict(InputError):
    """Report a transfer whose id belongs to another, or that was resolved in another way."""

    code = "ISTH242"


class Ledger(Table, Protocol):
    """Post transfers, each once by its id, in the unit of work's transaction."""

    def transfer(self, transfer: Transfer) -> None:
        """Post a transfer at once. Raises Overdrawn, and TransferConflict."""
        ...

    def hold(self, transfer: Transfer) -> None:
        """Make a transfer pending: its amount is set aside. Raises Overdrawn, and TransferConflict."""
        ...

    def post(self, transfer_id: str, amount: int) -> int:
        """Post so much of a pending transfer, release the rest, and return what was released.

        Raises TransferConflict when there is no such transfer, less is pending, or it was resolved in another way.
        """
        ...

    def void(self, transfer_id: str) -> bool:
        """Release a pending transfer. False says that nothing is pending: it never was, or was resolved."""
        ...

    def balance(self, account: LedgerAccount, commodity: Commodity) -> Balance:
        """Return an account's balance of a commodity; zeroes when there never was any."""
        ...
