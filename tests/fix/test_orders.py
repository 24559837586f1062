"""What of a NewOrderSingle becomes an order, and which field and rule refuse it otherwise."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from isthmus.adapters.venues.fix_dictionary import HEADER_TAGS
from isthmus.adapters.venues.fix_message import FixMessage, FixProblem, FixRule, Leniency, Mode, encoded
from isthmus.adapters.venues.fix_order import (
    NewOrderSingle,
    OrderType,
    Side,
    Skipped,
    TimeInForce,
    has_isin_check_digit,
    read_order,
)
from isthmus.adapters.venues.fix_reader import read_fix

LIMIT_ORDER: dict[int, bytes] = {
    35: b"D",
    49: b"CLIENT",
    56: b"BROKER",
    34: b"7",
    52: b"20130301-15:00:00",
    115: b"DESK",
    11: b"A1",
    109: b"830199",
    1: b"909646300",
    21: b"1",
    55: b"IBM",
    48: b"US4592001014",
    22: b"4",
    54: b"1",
    60: b"20130301-15:00:00.250",
    38: b"1397",
    40: b"2",
    44: b"203.32",
    15: b"USD",
    59: b"0",
}


def message(
    fields: dict[int, bytes | None], version: str = "FIX.4.4", more: tuple[tuple[int, bytes], ...] = ()
) -> FixMessage:
    written = {**LIMIT_ORDER, **fields}
    sent = [(tag, value) for tag, value in written.items() if value is not None]
    content = encoded(version, [*sorted(sent, key=lambda field: field[0] not in HEADER_TAGS), *more])
    (item,) = read_fix(io.BytesIO(content), mode=Mode.STRICT, source="orders.fix")
    assert isinstance(item, FixMessage), item
    return item


def order(fields: dict[int, bytes | None], mode: Mode = Mode.STRICT, version: str = "FIX.4.4") -> NewOrderSingle:
    found = read_order(message(fields, version), mode=mode)
    assert isinstance(found, NewOrderSingle), found
    return found


def problem(fields: dict[int, bytes | None], mode: Mode = Mode.STRICT, version: str = "FIX.4.4") -> FixProblem:
    found = read_order(message(fields, version), mode=mode)
    assert isinstance(found, FixProblem), found
    return found


def test_an_order_says_who_wants_what_and_for_whom() -> None:
    found = order({})

    assert found == NewOrderSingle(
        source="orders.fix",
        number=1,
        version="FIX.4.4",
        sender="CLIENT",
        target="BROKER",
        on_behalf_of="DESK",
        client_id="830199",
        cl_ord_id="A1",
        account="909646300",
        symbol="IBM",
        security_id="US4592001014",
        security_id_source="4",
        isin="US4592001014",
        side=Side.BUY,
        quantity=1397,
        order_type=OrderType.LIMIT,
        limit=Decimal("203.32"),
        currency="USD",
        time_in_force=TimeInForce.DAY,
        transact_time=datetime(2013, 3, 1, 15, 0, 0, 250_000, tzinfo=UTC),
        trading_date=date(2013, 3, 1),
        possible_duplicate=False,
    )


def test_an_order_is_known_by_sender_cl_ord_id_and_trading_date() -> None:
    assert order({}).identity == "CLIENT/A1/20130301"
    assert order({43: b"Y"}).identity == order({}).identity
    assert order({75: b"20130304"}).identity == "CLIENT/A1/20130304"


@example(("A/", "A", "A", "/A"))
@example(("A/A", "A", "A%2FA", "A"))
@given(st.tuples(*[st.sampled_from(["A", "A/", "/A", "A/A", "A%2FA", "%2F", "%"])] * 4))
def test_two_orders_have_one_identity_only_if_sender_and_cl_ord_id_are_the_same(
    names: tuple[str, str, str, str],
) -> None:
    one = order({49: names[0].encode(), 11: names[1].encode()})
    other = order({49: names[2].encode(), 11: names[3].encode()})

    assert (one.identity == other.identity) == (names[:2] == names[2:])


def test_a_client_may_be_a_party_as_fix_44_has_it() -> None:
    parties = ((453, b"2"), (448, b"BROKER"), (447, b"D"), (452, b"1"), (448, b"830199"), (447, b"D"), (452, b"3"))

    found = read_order(message({109: None}, more=parties), mode=Mode.STRICT)

    assert isinstance(found, NewOrderSingle)
    assert found.client_id == "830199"


def test_a_market_order_for_the_day_is_what_an_order_is_when_it_says_least() -> None:
    found = order({44: None, 40: b"1", 59: None, 15: None, 48: None, 22: None, 1: None, 109: None, 115: None})

    assert (found.order_type, found.limit, found.time_in_force) == (OrderType.MARKET, None, TimeInForce.DAY)
    assert (found.currency, found.isin, found.account, found.client_id, found.on_behalf_of) == (None,) * 5


REFUSED: dict[str, tuple[dict[int, bytes | None], FixRule, int]] = {
    "no ClOrdID": ({11: None}, FixRule.REQUIRED_FIELD, 11),
    "no symbol": ({55: None}, FixRule.REQUIRED_FIELD, 55),
    "no side": ({54: None}, FixRule.REQUIRED_FIELD, 54),
    "no time": ({60: None}, FixRule.REQUIRED_FIELD, 60),
    "no type": ({40: None}, FixRule.REQUIRED_FIELD, 40),
    "no quantity": ({38: None}, FixRule.REQUIRED_FIELD, 38),
    "limit without price": ({44: None}, FixRule.REQUIRED_FIELD, 44),
    "market with price": ({40: b"1"}, FixRule.CONTRADICTION, 44),
    "limit with stop price": ({99: b"200"}, FixRule.CONTRADICTION, 99),
    "stop order": ({40: b"3", 99: b"200", 44: None}, FixRule.UNSUPPORTED, 40),
    "type of no dictionary": ({40: b"w"}, FixRule.VALUE, 40),
    "sell short": ({54: b"5"}, FixRule.UNSUPPORTED, 54),
    "side of no dictionary": ({54: b"Z"}, FixRule.VALUE, 54),
    "good till date": ({59: b"6", 432: b"20130401"}, FixRule.UNSUPPORTED, 59),
    "zero": ({38: b"0"}, FixRule.RANGE, 38),
    "zero with decimals": ({38: b"000.000"}, FixRule.RANGE, 38),
    "negative": ({38: b"-5"}, FixRule.FORMAT, 38),
    "with a sign": ({38: b"+200.00"}, FixRule.FORMAT, 38),
    "exponent": ({38: b"1e3"}, FixRule.FORMAT, 38),
    "fraction": ({38: b"10.5"}, FixRule.UNSUPPORTED, 38),
    "more than reason": ({38: b"1000000001"}, FixRule.RANGE, 38),
    "huge": ({38: b"9" * 60}, FixRule.FORMAT, 38),
    "longer than a field": ({38: b"9" * 600}, FixRule.TOO_LONG, 38),
    "by cash": ({38: None, 152: b"5000"}, FixRule.UNSUPPORTED, 152),
    "by cash and shares": ({152: b"5000"}, FixRule.CONTRADICTION, 152),
    "price zero": ({44: b"0.00"}, FixRule.RANGE, 44),
    "price negative": ({44: b"-0.8"}, FixRule.RANGE, 44),
    "price no number": ({44: b"NaN"}, FixRule.FORMAT, 44),
    "price infinite": ({44: b"Infinity"}, FixRule.FORMAT, 44),
    "price of too many digits": ({44: b"1." + b"1" * 40}, FixRule.FORMAT, 44),
    "price in percent": ({423: b"1"}, FixRule.UNSUPPORTED, 423),
    "currency": ({15: b"dollars"}, FixRule.FORMAT, 15),
    "ISIN of the wrong form": ({48: b"US459200101"}, FixRule.FORMAT, 48),
    "ISIN with a wrong digit": ({48: b"US4592001015"}, FixRule.CHECK_DIGIT, 48),
    "identifier without its source": ({22: None}, FixRule.CONTRADICTION, 22),
    "source without identifier": ({48: None}, FixRule.CONTRADICTION, 48),
    "time of another form": ({60: b"2013-03-01T15:00:00Z"}, FixRule.FORMAT, 60),
    "day that does not exist": ({60: b"20130230-15:00:00"}, FixRule.RANGE, 60),
    "hour that does not exist": ({60: b"20130301-25:00:00"}, FixRule.RANGE, 60),
    "trade date": ({75: b"01/03/2013"}, FixRule.FORMAT, 75),
    "handling": ({21: b"4"}, FixRule.VALUE, 21),
    "kind of security": ({167: b"BOO"}, FixRule.VALUE, 167),
    "one of several instructions": ({18: b"A @ D"}, FixRule.VALUE, 18),
    "ClOrdID too long": ({11: b"x" * 65}, FixRule.TOO_LONG, 11),
}


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("name", REFUSED)
def test_an_order_that_breaks_a_rule_is_refused_by_field_and_rule(name: str, mode: Mode) -> None:
    fields, rule, tag = REFUSED[name]

    found = problem(fields, mode)

    assert (found.rule, found.tag) == (rule, tag)
    assert found.instead
    assert found.cl_ord_id == (None if fields.get(11, b"") is None else message(fields).text(11))


@pytest.mark.parametrize("text", [b"200", b"200.", b"200.00", b"00200", b"002000.0"])
def test_a_whole_quantity_may_be_written_with_zeros(text: bytes) -> None:
    assert order({38: text}).quantity == int(float(text))


@given(st.decimals(min_value="0.0001", max_value=1_000_000, places=4))
def test_a_limit_is_exactly_what_was_sent(limit: Decimal) -> None:
    assert order({44: str(limit).encode()}).limit == limit


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2090, 1, 1)))  # noqa: DTZ001
def test_a_time_is_exactly_what_was_sent_in_utc(moment: datetime) -> None:
    found = order({60: f"{moment:%Y%m%d-%H:%M:%S.%f}".encode()}).transact_time

    assert found == moment.replace(tzinfo=UTC)
    assert found.utcoffset() is not None


def test_pence_are_refused_strictly_and_made_pounds_leniently() -> None:
    pence: dict[int, bytes | None] = {15: b"GBp", 44: b"95"}

    assert (problem(pence).rule, problem(pence).tag) == (FixRule.VALUE, 15)
    found = order(pence, Mode.LENIENT)
    assert (found.limit, found.currency, found.leniencies) == (Decimal("0.95"), "GBP", (Leniency.MINOR_CURRENCY,))


def test_time_finer_than_a_microsecond_is_cut_off_leniently_only() -> None:
    fine: dict[int, bytes | None] = {60: b"20130301-15:00:00.123456789"}

    assert problem(fine).rule == FixRule.FORMAT
    found = order(fine, Mode.LENIENT)
    assert (found.transact_time.microsecond, found.leniencies) == (123_456, (Leniency.TIME_PRECISION,))
    assert order({60: b"20130301-15:00:00.123456000"}).leniencies == ()


def test_fix_42_requires_handling_and_fix_44_does_not() -> None:
    assert problem({21: None}, version="FIX.4.2").tag == 21
    assert order({21: None}, Mode.LENIENT, version="FIX.4.2").leniencies == (Leniency.HANDLING_MISSING,)
    assert order({21: None}).leniencies == ()


def test_messages_of_other_types_are_skipped_by_name(trading_day: Path) -> None:
    items = list(read_fix(trading_day / "orders-fix42.fix", mode=Mode.LENIENT, source="orders"))
    found = [read_order(item, mode=Mode.LENIENT) for item in items if isinstance(item, FixMessage)]

    assert [item.label for item in found if isinstance(item, Skipped)] == ["ExecutionReport"] * 25
    zero = [item for item in found if isinstance(item, FixProblem)]
    assert [(item.rule, item.tag) for item in zero] == [(FixRule.RANGE, 38)] * 3
    orders = [item for item in found if isinstance(item, NewOrderSingle)]
    assert len(orders) == 72
    assert all(Leniency.HANDLING_MISSING in item.leniencies for item in orders)


@pytest.mark.parametrize("isin", ["US0378331005", "AU0000XVGZA3", "GB0002634946", "US38259P5089", "IE00B4BNMY34"])
def test_the_check_digit_of_an_isin_is_the_only_right_one(isin: str) -> None:
    right = [digit for digit in "0123456789" if has_isin_check_digit(isin[:-1] + digit)]

    assert right == [isin[-1]]
