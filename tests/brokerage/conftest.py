"""Ports for handlers' stories: records, topics and mailboxes in memory, the real ledger, the trading day's prices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.ledger import SqlLedger, read_books
from isthmus.adapters.venues.paper import PaperVenue
from isthmus.adapters.venues.reference_data import FilePrices
from isthmus.contracts.accounts import Account, AccountId, ClientId, Holding, Opening
from isthmus.contracts.ledger import Commodity, client_account
from isthmus.contracts.market import Currency, Isin
from isthmus.contracts.orders import ClOrdId, Order, OrderId, Side
from isthmus.core import Message, Money
from isthmus.handlers.accounts.opening import open_with_what_is_brought

IBM = Isin("US4592001014")
DAY = date(2013, 3, 1)


class RecordsInMemory:
    """Keep messages in a dictionary, and count the changes."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.changes = 0

    def get(self, key: str) -> Any:
        return self.kept.get(key)

    def put(self, key: str, message: Message) -> None:
        self.kept[key] = message
        self.changes += 1

    def remove(self, key: str) -> None:
        self.kept.pop(key, None)


class Outgoing:
    """Keep what was published or sent."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.keys: list[str] = []

    def publish(self, message: Message) -> None:
        self.messages.append(message)

    def send(self, event: Message, *, key: str) -> None:
        self.messages.append(event)
        self.keys.append(key)


@dataclass
class Unit:
    """Stand for a unit of work that is never committed."""

    transaction: Any
    run_id: str = "run"
    now_us: int = 0
    entries: list[str] = field(default_factory=list)

    def journal(self, kind: str, subject: str, before: bytes, after: bytes) -> None:
        self.entries.append(subject)


@dataclass
class Configured:
    """Be a configuration with a folder and no secrets."""

    folder: str

    def secret(self, name: str) -> str:
        raise KeyError(name)


class House:
    """Hold a brokerage's books and what its handlers ask for."""

    def __init__(self, ledger: SqlLedger, unit: Unit, prices: FilePrices) -> None:
        self.ledger = ledger
        self.unit = unit
        self.prices = prices
        self.accounts = RecordsInMemory()
        self.limits = RecordsInMemory()

    def open(self, account: str = "101", cash: str = "100000", shares: int = 500) -> Account:
        opening = Opening(
            account=AccountId(account),
            client=ClientId("ann"),
            cash=Money.parse(cash, "USD"),
            holdings=[Holding(instrument=IBM, quantity=shares)],
        )
        return open_with_what_is_brought(opening, self.accounts, self.ledger)

    def available(self, commodity: str, account: str = "101") -> int:
        return self.ledger.balance(client_account(AccountId(account)), Commodity(commodity)).available

    @property
    def faults(self) -> tuple[str, ...]:
        return read_books(self.unit.transaction).faults


@pytest.fixture
def house(sqlite_template: Path, tmp_path: Path) -> Iterator[House]:
    file = tmp_path / "house.db"
    file.write_bytes(sqlite_template.read_bytes())
    database = Database.open(f"sqlite:///{file}", migrate=False)
    with database.transaction() as transaction:
        unit = Unit(transaction)
        yield House(SqlLedger(cast(UnitOfWork, unit)), unit, FilePrices(Configured(str(tmp_path / "prices"))))
    database.close()


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[PaperVenue]:
    venue = PaperVenue(Configured(str(tmp_path / "venue")))
    yield venue
    venue.close()


@pytest.fixture
def reopened(tmp_path: Path) -> Callable[[], PaperVenue]:
    """Open the same venue again, as another process would."""
    return lambda: PaperVenue(Configured(str(tmp_path / "venue")))


@pytest.fixture
def outgoing() -> Outgoing:
    return Outgoing()


@pytest.fixture
def records() -> RecordsInMemory:
    return RecordsInMemory()


@pytest.fixture
def order_of() -> Callable[..., Order]:
    """Make an order for 100 IBM at 201.00, but for what is given. IBM closed at 202.91 that day."""

    def make(**fields: Any) -> Order:
        made: dict[str, Any] = {
            "id": OrderId("S/1/20130301"),
            "sender": "S",
            "cl_ord_id": ClOrdId("1"),
            "account": AccountId("101"),
            "client": ClientId("ann"),
            "client_name": "Ann Example",
            "instrument": IBM,
            "side": Side.BUY,
            "quantity": 100,
            "limit": Money.parse("205.00", "USD"),
            "currency": Currency("USD"),
            "trading_date": DAY,
            "transact_time": datetime(2013, 3, 1, 15, tzinfo=UTC),
        }
        return Order(**{**made, **fields})

    return make
