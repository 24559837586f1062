"""From a FIX message to an order of the brokerage: nothing is guessed, and nothing raises."""

from __future__ import annotations

import io
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.adapters.venues.day_file import DayFileInvalid, TradingDay
from isthmus.adapters.venues.fix_intake import take_in
from isthmus.adapters.venues.fix_message import FixMessage, FixProblem, Mode
from isthmus.adapters.venues.fix_order import NewOrderSingle, Skipped
from isthmus.adapters.venues.fix_reader import read_fix
from isthmus.contracts.orders import Order
from isthmus.core import Money

DAY_FILES = {
    "accounts.csv": "account,client,client_name,currency,opening_cash\n007,c-1,Ada Example,USD,100.50\n",
    "positions.csv": "account,symbol,isin,opening_quantity\n007,IBM,US4592001014,30\n",
    "instruments.csv": "symbol,isin,currency,name\nIBM,US4592001014,USD,IBM\n",
}
FIELDS: dict[int, str] = {
    35: "D", 34: "1", 49: "DESK", 52: "20130301-14:30:00", 56: "ISTHMUS", 11: "A1", 1: "007", 21: "1", 55: "IBM",
    54: "1", 60: "20130301-14:30:00", 38: "10", 40: "2", 44: "201.50", 15: "USD",
}  # fmt: skip


def day_of(folder: Path, changed: Mapping[str, str] | None = None) -> TradingDay:
    for name, text in {**DAY_FILES, **(changed or {})}.items():
        (folder / name).write_text(text, "utf-8")
    return TradingDay.load(folder)


@pytest.fixture
def day(tmp_path: Path) -> TradingDay:
    return day_of(tmp_path)


def message(changed: Mapping[int, str | None] | None = None) -> FixMessage:
    fields = {tag: value for tag, value in {**FIELDS, **(changed or {})}.items() if value is not None}
    body = "".join(f"{tag}={value}\x01" for tag, value in fields.items()).encode()
    whole = b"8=FIX.4.2\x019=%d\x01" % len(body) + body
    whole += b"10=%03d\x01" % (sum(whole) % 256)
    [read] = read_fix(io.BytesIO(whole), mode=Mode.STRICT, source="orders.fix")
    assert isinstance(read, FixMessage), read
    return read


def taken(day: TradingDay, changed: Mapping[int, str | None] | None = None) -> Order:
    result = take_in(message(changed), day, mode=Mode.STRICT)
    assert isinstance(result, tuple), result
    return result[0]


def test_names_become_identifiers(day: TradingDay) -> None:
    order = taken(day)

    assert (order.id, order.sender, order.cl_ord_id) == ("DESK/A1/20130301", "DESK", "A1")
    assert (order.account, order.client, order.client_name) == ("007", "c-1", "Ada Example")
    assert (order.instrument, order.quantity, order.limit) == ("US4592001014", 10, Money.parse("201.50", "USD"))


def test_a_market_order_has_no_limit(day: TradingDay) -> None:
    assert taken(day, {40: "1", 44: None}).limit is None


def test_the_name_of_one_client_is_not_given_to_another(day: TradingDay) -> None:
    order = taken(day, {109: "c-2"})

    assert (order.client, order.client_name) == ("c-2", "")


def test_an_account_that_is_not_listed_is_for_validation_to_refuse(day: TradingDay) -> None:
    order = taken(day, {1: "999"})

    assert (order.account, order.client, order.client_name) == ("999", "DESK", "")


def test_a_currency_that_is_left_out_is_that_of_the_instrument(day: TradingDay) -> None:
    assert taken(day, {15: None}).currency == "USD"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({1: None}, "Account(1)"),
        ({55: "XYZ"}, "Symbol(55)"),
        ({15: "QQQ"}, "Currency(15)"),
        ({15: "QQQ", 40: "1", 44: None}, "Currency(15)"),
        ({44: "201.505"}, "Price(44)"),
        ({55: "XYZ", 48: "US0378331005", 22: "4", 15: None}, "Currency(15)"),
    ],
)
def test_what_cannot_be_an_order_is_a_problem_that_names_the_field(
    day: TradingDay, changed: dict[int, str | None], field: str
) -> None:
    result = take_in(message(changed), day, mode=Mode.STRICT)

    assert isinstance(result, FixProblem)
    assert (result.field, result.cl_ord_id, result.msg_type) == (field, "A1", "D")


def test_a_message_of_another_type_is_skipped(day: TradingDay) -> None:
    assert isinstance(take_in(message({35: "8"}), day, mode=Mode.STRICT), Skipped)


@given(
    price=st.decimals(min_value=Decimal("0.00000001"), max_value=Decimal(10**11), places=8),
    currency=st.sampled_from(["USD", "JPY", "BHD", "XXX", "ZZZ"]),
)
def test_a_limit_is_exact_or_a_problem(price: Decimal, currency: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    day = day_of(tmp_path_factory.mktemp("day"))
    result = take_in(message({44: f"{price:f}", 15: currency}), day, mode=Mode.STRICT)

    if isinstance(result, tuple):
        assert result[0].limit is not None
        assert result[0].limit.decimal == price
        assert isinstance(result[1], NewOrderSingle)
    else:
        assert isinstance(result, FixProblem)


def test_the_day_begins_with_what_its_files_say(day: TradingDay) -> None:
    [opening] = day.openings

    assert (opening.account, opening.cash) == ("007", Money.parse("100.50", "USD"))
    assert [(held.instrument, held.quantity) for held in opening.holdings] == [("US4592001014", 30)]


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("accounts.csv", "account,client\n", "accounts.csv, line 1"),
        ("accounts.csv", DAY_FILES["accounts.csv"].replace("100.50", "100.505"), "accounts.csv, line 2, opening_cash"),
        ("accounts.csv", DAY_FILES["accounts.csv"].replace("c-1", ""), "accounts.csv, line 2, client"),
        ("accounts.csv", DAY_FILES["accounts.csv"] + "007,c-1,A,USD,1\n", "accounts.csv, line 3, account"),
        ("positions.csv", DAY_FILES["positions.csv"].replace("30", "-3"), "positions.csv, line 2, opening_quantity"),
        ("positions.csv", DAY_FILES["positions.csv"].replace("007", "008"), "positions.csv, account"),
        ("instruments.csv", 'symbol,isin,currency\n"IBM', "instruments.csv"),
    ],
)
def test_a_file_that_breaks_a_rule_is_named_with_line_and_field(
    tmp_path: Path, name: str, text: str, place: str
) -> None:
    with pytest.raises(DayFileInvalid) as raised:
        day_of(tmp_path, {name: text})

    assert raised.value.place == place
    assert "rule" in raised.value.problem


def test_a_folder_without_files_says_what_it_should_hold(tmp_path: Path) -> None:
    with pytest.raises(DayFileInvalid, match="cannot be read"):
        TradingDay.load(tmp_path)
