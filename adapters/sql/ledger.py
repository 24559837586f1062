"""The ledger on SQLite and PostgreSQL: accounts in double entry, each transfer once.

A transfer is a row that never changes. Posting or voiding a pending one is another row, which names it; the database
lets only one do so. Accounts keep the sums, so that a balance is one row and what may be spent is one condition.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.schema import ACCOUNT, TRANSFER
from isthmus.adapters.sql.statement import Statement, insertion_unless_there
from isthmus.adapters.sql.transaction import Transaction
from isthmus.contracts.ledger import (
    Balance,
    Commodity,
    LedgerAccount,
    Overdrawn,
    Transfer,
    TransferConflict,
    may_go_below_zero,
)

POSTED: Final = "posted"
PENDING: Final = "pending"
RESOLVED: Final = "posted_pending"
VOIDED: Final = "voided"

_SUMS: Final = (
    ACCOUNT.c.posted_debits,
    ACCOUNT.c.posted_credits,
    ACCOUNT.c.pending_debits,
    ACCOUNT.c.pending_credits,
)
_NAMES: Final = tuple(column.name for column in _SUMS)
_THIS: Final = (ACCOUNT.c.account == bindparam("account_")) & (ACCOUNT.c.commodity == bindparam("commodity_"))


def _change() -> Statement:
    """Return the change of an account's sums, which makes the account when it is not there."""
    clauses = {}
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql)):
        insert: Any = dialect.insert(ACCOUNT)
        insert = insert.values({column.name: bindparam(f"{column.name}_") for column in ACCOUNT.columns})
        clauses[name] = insert.on_conflict_do_update(
            index_elements=["account", "commodity"],
            set_={column.name: column + insert.excluded[column.name] for column in _SUMS},
        ).returning(*_SUMS)
    return Statement(clauses, *(f"{column.name}_" for column in ACCOUNT.columns))


_AVAILABLE: Final[ColumnElement[int]] = ACCOUNT.c.posted_credits - ACCOUNT.c.posted_debits - ACCOUNT.c.pending_debits
_CHANGE: Final = _change()
_SPEND: Final = Statement(
    update(ACCOUNT)
    .where(_THIS, bindparam("needed_") <= _AVAILABLE)
    .values({column.name: column + bindparam(f"{column.name}_") for column in _SUMS})
    .returning(*_SUMS),
    "account_",
    "commodity_",
    "needed_",
    *(f"{name}_" for name in _NAMES),
)
_BALANCE: Final = Statement(select(*_SUMS).where(_THIS), "account_", "commodity_")
_INSERT: Final = insertion_unless_there(TRANSFER)
_FORGET: Final = Statement(delete(TRANSFER).where(TRANSFER.c.transfer_id == bindparam("id_")), "id_")
_FIND: Final = Statement(
    select(
        TRANSFER.c.kind,
        TRANSFER.c.debit_account,
        TRANSFER.c.credit_account,
        TRANSFER.c.commodity,
        TRANSFER.c.amount,
    ).where(TRANSFER.c.transfer_id == bindparam("id_")),
    "id_",
)
_RESOLUTION: Final = Statement(
    select(TRANSFER.c.kind, TRANSFER.c.amount).where(TRANSFER.c.pending_id == bindparam("id_")), "id_"
)


class SqlLedger:
    """Fulfil the port Ledger in a unit of work's transaction, and journal every transfer with both balances."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit
        self._transaction = unit.transaction

    def transfer(self, transfer: Transfer) -> None:
        """Post a transfer at once."""
        if self._is_new(transfer, POSTED):
            self._move(transfer, Balance(posted_debits=transfer.amount), POSTED)

    def hold(self, transfer: Transfer) -> None:
        """Make a transfer pending."""
        if self._is_new(transfer, PENDING):
            self._move(transfer, Balance(pending_debits=transfer.amount), PENDING)

    def post(self, transfer_id: str, amount: int) -> int:
        """Post so much of a pending transfer, and release the rest."""
        pending = self._pending(transfer_id)
        if pending is None or not 0 < amount <= pending.amount:
            raise TransferConflict(
                f"{amount} cannot be posted of transfer {transfer_id}, "
                f"of which {pending.amount if pending else 'nothing'} is pending",
                instead="post between 1 and what is pending",
            )
        posting = msgspec.structs.replace(pending, id=f"{transfer_id}/posted", amount=amount)
        if self._insert(posting, RESOLVED, transfer_id):
            self._move(posting, Balance(posted_debits=amount, pending_debits=-pending.amount), RESOLVED)
        elif self._transaction.row(_RESOLUTION, transfer_id) != (RESOLVED, amount):
            raise TransferConflict(f"transfer {transfer_id} was resolved in another way")
        return pending.amount - amount

    def void(self, transfer_id: str) -> bool:
        """Release a pending transfer."""
        pending = self._pending(transfer_id)
        if pending is None:
            return False
        voiding = msgspec.structs.replace(pending, id=f"{transfer_id}/voided")
        if not self._insert(voiding, VOIDED, transfer_id):
            return False
        self._move(voiding, Balance(pending_debits=-pending.amount), VOIDED)
        return True

    def balance(self, account: LedgerAccount, commodity: Commodity) -> Balance:
        """Return an account's balance of a commodity."""
        row = self._transaction.row(_BALANCE, account, commodity)
        return Balance() if row is None else Balance(*row)

    def _is_new(self, transfer: Transfer, kind: str) -> bool:
        if self._insert(transfer, kind, None):
            return True
        if self._transaction.row(_FIND, transfer.id) != (kind, *_legs(transfer)):
            raise TransferConflict(f"transfer {transfer.id} was made before with other content")
        return False

    def _insert(self, transfer: Transfer, kind: str, pending_id: str | None) -> bool:
        row = (transfer.id, kind, pending_id, *_legs(transfer), self._unit.run_id, self._unit.now_us)
        return self._transaction.run(_INSERT, *row) == 1

    def _pending(self, transfer_id: str) -> Transfer | None:
        row = self._transaction.row(_FIND, transfer_id)
        if row is None or row[0] != PENDING:
            return None
        _, debit, credit, commodity, amount = row
        return Transfer(id=transfer_id, debit=debit, credit=credit, commodity=commodity, amount=amount)

    def _move(self, transfer: Transfer, delta: Balance, kind: str) -> None:
        """Change both accounts by the same amounts, one as debits and one as credits."""
        given = Balance(delta.posted_debits, 0, delta.pending_debits, 0)
        received = Balance(0, delta.posted_debits, 0, delta.pending_debits)
        needed = delta.posted_debits + delta.pending_debits
        if needed > 0 and not may_go_below_zero(transfer.debit):
            debited = self._spend(transfer, given, needed)
        else:
            debited = self._change(transfer.debit, transfer.commodity, given)
        credited = self._change(transfer.credit, transfer.commodity, received)
        before = {"debit": _less(debited, given), "credit": _less(credited, received)}
        after = {"kind": kind, "transfer": transfer, "debit": debited, "credit": credited}
        self._unit.journal("transferred", transfer.id, msgspec.json.encode(before), msgspec.json.encode(after))

    def _change(self, account: str, commodity: str, delta: Balance) -> Balance:
        rows = self._transaction.rows(_CHANGE, account, commodity, *_values(delta))
        return Balance(*rows[0])

    def _spend(self, transfer: Transfer, delta: Balance, needed: int) -> Balance:
        rows = self._transaction.rows(_SPEND, transfer.debit, transfer.commodity, needed, *_values(delta))
        if rows:
            return Balance(*rows[0])
        self._transaction.run(_FORGET, transfer.id)
        available = self.balance(transfer.debit, transfer.commodity).available
        raise Overdrawn(transfer.debit, transfer.commodity, needed=needed, available=available)


def _legs(transfer: Transfer) -> tuple[str, str, str, int]:
    return transfer.debit, transfer.credit, transfer.commodity, transfer.amount


def _values(balance: Balance) -> tuple[int, int, int, int]:
    return balance.posted_debits, balance.posted_credits, balance.pending_debits, balance.pending_credits


def _less(balance: Balance, delta: Balance) -> Balance:
    return Balance(*(have - change for have, change in zip(_values(balance), _values(delta), strict=True)))


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """Say how the books stand; `faults` names every account or commodity that does not add up."""

    accounts: int
    transfers: int
    faults: tuple[str, ...]

    @property
    def balanced(self) -> bool:
        """Say whether debits equal credits in every commodity, and every account is the sum of its transfers."""
        return not self.faults


def _summed(account: ColumnElement[str]) -> Statement:
    """Return what the transfers say of one side of every account: the sums posted, and pending."""
    resolution = TRANSFER.alias("resolution")
    resolved = TRANSFER.outerjoin(resolution, resolution.c.pending_id == TRANSFER.c.transfer_id)
    state = func.coalesce(resolution.c.kind, TRANSFER.c.kind)
    return Statement(
        select(account, TRANSFER.c.commodity, TRANSFER.c.kind, state, func.sum(TRANSFER.c.amount))
        .select_from(resolved)
        .group_by(account, TRANSFER.c.commodity, TRANSFER.c.kind, state)
    )


_ACCOUNTS: Final = Statement(select(ACCOUNT))
_TRANSFERS: Final = Statement(select(func.count()).select_from(TRANSFER))
_DEBITS: Final = _summed(TRANSFER.c.debit_account)
_CREDITS: Final = _summed(TRANSFER.c.credit_account)


def read_books(transaction: Transaction) -> Books:
    """Add up every transfer again, and compare with what the accounts say."""
    accounts = {(row[0], row[1]): Balance(*row[2:]) for row in transaction.rows(_ACCOUNTS)}
    count = transaction.rows(_TRANSFERS)[0][0]
    summed: dict[tuple[str, str], list[int]] = {}
    for side, statement in enumerate((_DEBITS, _CREDITS)):
        for account, commodity, kind, state, amount in transaction.rows(statement):
            sums = summed.setdefault((account, commodity), [0, 0, 0, 0])
            if kind in {POSTED, RESOLVED}:
                sums[side] += int(amount)
            elif kind == PENDING and state == PENDING:
                sums[2 + side] += int(amount)
    return Books(accounts=len(accounts), transfers=count, faults=tuple(_faults(accounts, summed)))


def _faults(accounts: Mapping[tuple[str, str], Balance], summed: Mapping[tuple[str, str], list[int]]) -> list[str]:
    faults = []
    for place in sorted({*accounts, *summed}):
        balance = accounts.get(place, Balance())
        name = " ".join(place)
        if list(_values(balance)) != summed.get(place, [0, 0, 0, 0]):
            faults.append(f"{name} is not the sum of its transfers")
        if not may_go_below_zero(place[0]) and (balance.available < 0 or balance.posted < 0):
            faults.append(f"{name} is below zero")
    for commodity in sorted({commodity for _, commodity in accounts}):
        balances = [balance for (_, held), balance in accounts.items() if held == commodity]
        if sum(b.posted for b in balances) or sum(b.pending_debits - b.pending_credits for b in balances):
            faults.append(f"{commodity} does not balance")
    return faults
