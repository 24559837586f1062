"""The files of the trading day are what their README says, and are made again byte by byte."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from datetime import date
from decimal import Decimal
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import pytest

from isthmus.adapters.venues.fix_message import FixMessage, Mode
from isthmus.adapters.venues.fix_order import NewOrderSingle, OrderType, Side, has_isin_check_digit, read_order
from isthmus.adapters.venues.fix_reader import read_fix
from isthmus.adapters.venues.price_file import PriceBook

DAY = date(2013, 3, 1)
VERBATIM = {
    "orders-fix42.fix": "41e52f84db1ecc3c58adff3ec1015b962cf9197357df4030f615f91fa97a4d77",
    "orders-fix44.fix": "4a0410823a008031504623615da6e904cad53f28f07ae8b4452a1d527bd9d7d5",
}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def orders(trading_day: Path) -> list[NewOrderSingle]:
    items = read_fix(trading_day / "orders-priced.fix", mode=Mode.STRICT, source="orders-priced.fix")
    found = [read_order(item, mode=Mode.STRICT) for item in items if isinstance(item, FixMessage)]
    assert all(isinstance(order, NewOrderSingle) for order in found)
    return [order for order in found if isinstance(order, NewOrderSingle)]


@pytest.mark.parametrize("name", VERBATIM)
def test_what_others_wrote_is_as_they_wrote_it(name: str, trading_day: Path) -> None:
    content = (trading_day / name).read_bytes()

    assert hashlib.sha256(content).hexdigest() == VERBATIM[name]
    assert VERBATIM[name] in (trading_day / "README.md").read_text("utf-8")


def test_what_was_derived_is_derived_again_byte_by_byte(trading_day: Path) -> None:
    derive = import_module("isthmus.trading_day.derive")

    made: dict[str, bytes] = derive.trading_day(trading_day)

    assert {name: (trading_day / name).read_bytes() for name in made} == made


def test_the_day_is_read_strictly_and_has_a_bit_of_everything(orders: list[NewOrderSingle]) -> None:
    assert len(orders) == len({order.identity for order in orders}) == 200
    assert Counter(order.version for order in orders) == {"FIX.4.2": 100, "FIX.4.4": 100}
    assert {order.side for order in orders} == set(Side)
    assert {order.order_type for order in orders} == set(OrderType)
    assert {order.trading_date for order in orders} == {DAY}
    assert [order.transact_time for order in orders] == sorted(order.transact_time for order in orders)
    assert not any(order.leniencies for order in orders)


def test_orders_are_of_accounts_clients_and_instruments_that_are_there(
    orders: list[NewOrderSingle], trading_day: Path
) -> None:
    accounts = {row["account"]: row["client"] for row in rows(trading_day / "accounts.csv")}
    instruments = {row["symbol"]: row["isin"] for row in rows(trading_day / "instruments.csv")}

    assert all(accounts[order.account or ""] == order.client_id for order in orders)
    assert all(instruments[order.symbol] == order.isin for order in orders)
    assert all(has_isin_check_digit(isin) for isin in instruments.values())
    known = {(order.sender, order.cl_ord_id) for order in orders}
    assert {(row["sender"], row["cl_ord_id"]) for row in rows(trading_day / "verdicts.csv")} <= known


def test_sizes_make_a_sensible_day_with_every_reason_to_refuse(orders: list[NewOrderSingle], trading_day: Path) -> None:
    book = PriceBook.load(trading_day / "prices.csv")
    cash = {row["account"]: Decimal(row["opening_cash"]) for row in rows(trading_day / "accounts.csv")}
    held = {
        (row["account"], row["symbol"]): int(row["opening_quantity"]) for row in rows(trading_day / "positions.csv")
    }
    values = {order.identity: order.quantity * (book.close(order.symbol, DAY) or 0) for order in orders}

    assert 4_000 <= min(values.values()) <= max(values.values()) <= 2_000_000
    assert 10 <= sum(1 for value in values.values() if value > 1_000_000) <= 40
    bought: Counter[str] = Counter()
    sold: Counter[tuple[str, str]] = Counter()
    for order in orders:
        if order.side is Side.BUY:
            bought[order.account or ""] += int(values[order.identity])
        else:
            sold[order.account or "", order.symbol] += order.quantity
    assert any(value > cash[account] for account, value in bought.items())
    assert any(value < cash[account] for account, value in bought.items())
    assert any(quantity > held.get(key, 0) for key, quantity in sold.items())


def test_prices_are_the_last_sixty_trading_days(trading_day: Path) -> None:
    found = rows(trading_day / "prices.csv")

    assert Counter(row["Ticker"] for row in found) == dict.fromkeys(("AAPL", "FB", "GOOG", "IBM", "MSFT"), 60)
    assert max(row["Date"] for row in found) == DAY.isoformat()


def test_an_installed_product_has_the_day_with_it(trading_day: Path) -> None:
    shipped = {file.name for file in files("isthmus.trading_day").iterdir()}

    assert {
        "orders-priced.fix",
        "prices.csv",
        "instruments.csv",
        "accounts.csv",
        "positions.csv",
        "verdicts.csv",
    } <= shipped
