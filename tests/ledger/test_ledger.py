"""What the ledger promises: double entry, each transfer once, no client below zero, and books that balance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.ledger import SqlLedger, read_books
from isthmus.adapters.sql.schema import ACCOUNT
from isthmus.adapters.sql.statement import Statement
from isthmus.adapters.sql.transaction import Transaction
from isthmus.contracts.accounts import AccountId
from isthmus.contracts.ledger import (
    AMOUNT_MAX,
    OPENING,
    Balance,
    Commodity,
    LedgerAccount,
    Overdrawn,
    Transfer,
    TransferConflict,
    TransferInvalid,
    clearing_account,
    client_account,
)

ANN, BOB = client_account(AccountId("ann")), client_account(AccountId("bob"))
CLEARING = clearing_account(AccountId("ann"))
USD, SHARES = Commodity("USD"), Commodity("US4592001014")


@dataclass
class Unit:
    """Stand for a unit of work: a transaction, and a list for the journal."""

    transaction: Transaction
    run_id: str = "run"
    now_us: int = 1_362_150_000_000_000
    entries: list[tuple[str, str, Any, Any]] = field(default_factory=list)

    def journal(self, kind: str, subject: str, before: bytes, after: bytes) -> None:
        self.entries.append((kind, subject, msgspec.json.decode(before), msgspec.json.decode(after)))


@dataclass
class Books:
    """Hold a ledger on a database, within a transaction that is never committed."""

    ledger: SqlLedger
    unit: Unit

    def move(self, number: str, debit: LedgerAccount, credit: LedgerAccount, amount: int, of: Commodity = USD) -> None:
        self.ledger.transfer(Transfer(id=number, debit=debit, credit=credit, commodity=of, amount=amount))

    def hold(self, number: str, amount: int) -> None:
        self.ledger.hold(Transfer(id=number, debit=ANN, credit=CLEARING, commodity=USD, amount=amount))

    @property
    def balanced(self) -> bool:
        return read_books(self.unit.transaction).balanced


@pytest.fixture
def transaction(database_url: str) -> Iterator[Transaction]:
    database = Database.open(database_url, migrate=False)
    connection = database.connect()
    transaction = Transaction(connection, database.dialect)
    transaction.begin()
    yield transaction
    transaction.rollback()
    connection.close()
    database.close()


@pytest.fixture
def books(transaction: Transaction) -> Books:
    unit = Unit(transaction)
    books = Books(SqlLedger(cast(UnitOfWork, unit)), unit)
    books.move("opening", OPENING, ANN, 100)
    unit.entries.clear()
    return books


def test_a_transfer_moves_an_amount_from_one_account_to_another(books: Books) -> None:
    books.move("1", ANN, BOB, 30)

    assert books.ledger.balance(ANN, USD) == Balance(posted_debits=30, posted_credits=100)
    assert books.ledger.balance(BOB, USD) == Balance(posted_credits=30)
    assert books.ledger.balance(BOB, SHARES) == Balance()
    assert books.balanced


def test_a_repeated_transfer_moves_nothing_and_is_journaled_once(books: Books) -> None:
    books.move("1", ANN, BOB, 30)
    books.move("1", ANN, BOB, 30)

    assert books.ledger.balance(BOB, USD).posted == 30
    assert len(books.unit.entries) == 1


@pytest.mark.parametrize("other", [("1", ANN, BOB, 31), ("1", ANN, CLEARING, 30), ("1", ANN, BOB, 30, SHARES)])
def test_an_id_that_another_transfer_has_is_a_conflict(books: Books, other: Any) -> None:
    books.move("1", ANN, BOB, 30)

    with pytest.raises(TransferConflict):
        books.move(*other)
    assert books.balanced


def test_a_client_cannot_give_more_than_is_there_and_the_books_stay_as_they_were(books: Books) -> None:
    books.hold("h", 80)

    with pytest.raises(Overdrawn) as caught:
        books.move("1", ANN, BOB, 21)

    assert (caught.value.needed, caught.value.available) == (21, 20)
    assert books.ledger.balance(ANN, USD).available == 20
    books.move("1", ANN, BOB, 20)
    assert books.balanced


def test_a_client_who_has_nothing_at_all_cannot_give(books: Books) -> None:
    with pytest.raises(Overdrawn) as caught:
        books.move("1", ANN, BOB, 1, SHARES)

    assert caught.value.available == 0


def test_what_is_held_is_set_aside_but_not_gone(books: Books) -> None:
    books.hold("h", 80)

    balance = books.ledger.balance(ANN, USD)
    assert (balance.posted, balance.available) == (100, 20)
    assert books.ledger.balance(CLEARING, USD) == Balance(pending_credits=80)


def test_posting_a_part_releases_the_rest(books: Books) -> None:
    books.hold("h", 80)

    assert books.ledger.post("h", 50) == 30
    assert books.ledger.post("h", 50) == 30
    balance = books.ledger.balance(ANN, USD)
    assert (balance.posted, balance.available) == (50, 50)
    assert books.ledger.balance(CLEARING, USD).posted == 50
    assert books.balanced


@pytest.mark.parametrize("amount", [0, -1, 81, AMOUNT_MAX])
def test_no_more_is_posted_than_is_pending(books: Books, amount: int) -> None:
    books.hold("h", 80)

    with pytest.raises(TransferConflict):
        books.ledger.post("h", amount)


def test_what_is_not_pending_cannot_be_posted(books: Books) -> None:
    books.move("1", ANN, BOB, 10)

    for number in ("1", "unknown"):
        with pytest.raises(TransferConflict):
            books.ledger.post(number, 10)


def test_voiding_gives_everything_back_once(books: Books) -> None:
    books.hold("h", 80)

    assert books.ledger.void("h")
    assert not books.ledger.void("h")
    assert not books.ledger.void("unknown")
    assert books.ledger.balance(ANN, USD) == Balance(posted_credits=100)
    assert books.balanced


def test_a_pending_transfer_is_resolved_in_one_way(books: Books) -> None:
    books.hold("posted", 10)
    books.hold("voided", 10)
    books.ledger.post("posted", 10)
    books.ledger.void("voided")

    assert not books.ledger.void("posted")
    for number, amount in (("posted", 9), ("voided", 10)):
        with pytest.raises(TransferConflict):
            books.ledger.post(number, amount)


def test_every_transfer_is_journaled_with_both_balances_before_and_after(books: Books) -> None:
    books.hold("h", 80)
    books.ledger.post("h", 50)

    (_, _, first, held), (kind, subject, before, after) = books.unit.entries
    assert (kind, subject, after["kind"], after["transfer"]["amount"]) == (
        "transferred",
        "h/posted",
        "posted_pending",
        50,
    )
    assert first["debit"]["pending_debits"] == 0
    assert before == {"debit": held["debit"], "credit": held["credit"]}
    assert after["debit"] == {"posted_debits": 50, "posted_credits": 100, "pending_debits": 0, "pending_credits": 0}


@pytest.mark.parametrize("amount", [0, -1, AMOUNT_MAX + 1, 1.0, True])
def test_an_amount_is_whole_and_above_zero(amount: Any) -> None:
    with pytest.raises(TransferInvalid):
        Transfer(id="1", debit=ANN, credit=BOB, commodity=USD, amount=amount)


def test_an_account_does_not_pay_itself() -> None:
    with pytest.raises(TransferInvalid):
        Transfer(id="1", debit=ANN, credit=ANN, commodity=USD, amount=1)


def test_an_account_that_was_tampered_with_does_not_balance(books: Books) -> None:
    assert books.balanced

    books.unit.transaction.run(Statement(ACCOUNT.update().values(posted_credits=ACCOUNT.c.posted_credits + 1)))

    assert set(read_books(books.unit.transaction).faults) == {
        "client:ann USD is not the sum of its transfers",
        "opening USD is not the sum of its transfers",
        "USD does not balance",
    }


# Any sequence, against a dictionary

ACCOUNTS = (OPENING, CLEARING, ANN, BOB)
PAIRS = st.permutations(ACCOUNTS).map(lambda places: places[:2])
NUMBERS = st.integers(0, 7).map(str)


class LedgerMachine(RuleBasedStateMachine):
    """Do anything in any order, and expect what a dictionary of transfers says."""

    transaction: Transaction

    def __init__(self) -> None:
        super().__init__()
        self.transaction.mark()
        self.ledger = SqlLedger(cast(UnitOfWork, Unit(self.transaction)))
        self.made: dict[str, tuple[str, Transfer]] = {}
        self.resolved: dict[str, int] = {}

    def teardown(self) -> None:
        self.transaction.back_to_mark()

    def sums(self, account: str, commodity: str) -> Balance:
        found = [0, 0, 0, 0]
        for kind, made in self.made.values():
            pending = kind == "pending" and made.id not in self.resolved
            amount = self.resolved[made.id] if kind == "pending" and not pending else made.amount
            for side, place in enumerate((made.debit, made.credit)):
                if place == account and made.commodity == commodity:
                    found[side + 2 * pending] += amount
        return Balance(*found)

    def expect(self, kind: str, made: Transfer, act: Callable[[Transfer], None]) -> None:
        known = self.made.get(made.id)
        if known is not None:
            if known == (kind, made):
                act(made)
            else:
                with pytest.raises(TransferConflict):
                    act(made)
        elif made.debit in (ANN, BOB) and self.sums(made.debit, made.commodity).available < made.amount:
            with pytest.raises(Overdrawn):
                act(made)
        else:
            act(made)
            self.made[made.id] = kind, made

    @rule(number=NUMBERS, pair=PAIRS, amount=st.integers(1, 20), commodity=st.sampled_from((USD, SHARES)))
    def transfer(self, number: str, pair: list[LedgerAccount], amount: int, commodity: Commodity) -> None:
        made = Transfer(id=number, debit=pair[0], credit=pair[1], commodity=commodity, amount=amount)
        self.expect("posted", made, self.ledger.transfer)

    @rule(number=NUMBERS, pair=PAIRS, amount=st.integers(1, 20))
    def hold(self, number: str, pair: list[LedgerAccount], amount: int) -> None:
        made = Transfer(id=number, debit=pair[0], credit=pair[1], commodity=USD, amount=amount)
        self.expect("pending", made, self.ledger.hold)

    @rule(number=NUMBERS, amount=st.integers(0, 21))
    def post(self, number: str, amount: int) -> None:
        kind, made = self.made.get(number, ("none", None))
        fits = kind == "pending" and made is not None and 0 < amount <= made.amount
        if made is None or not fits or self.resolved.get(number, amount) != amount:
            with pytest.raises(TransferConflict):
                self.ledger.post(number, amount)
        else:
            assert self.ledger.post(number, amount) == made.amount - amount
            self.resolved[number] = amount

    @rule(number=NUMBERS)
    def void(self, number: str) -> None:
        is_open = self.made.get(number, ("", None))[0] == "pending" and number not in self.resolved

        assert self.ledger.void(number) == is_open
        if is_open:
            self.resolved[number] = 0

    @invariant()
    def accounts_are_the_sums_of_their_transfers(self) -> None:
        for account in ACCOUNTS:
            for commodity in (USD, SHARES):
                assert self.ledger.balance(account, commodity) == self.sums(account, commodity)

    @invariant()
    def the_books_balance(self) -> None:
        assert read_books(self.transaction).faults == ()


def test_the_books_balance_after_any_sequence(transaction: Transaction) -> None:
    class Machine(LedgerMachine):
        pass

    Machine.transaction = transaction
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Machine,
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
