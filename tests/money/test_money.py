"""What money promises: exact amounts, one currency at a time, and no floats."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.core import InputError, Message, Money
from isthmus.core.currency import MINOR_DIGITS
from isthmus.core.money import MINOR_MAX, CurrencyMismatch, MoneyInvalid, minor_digits

CURRENCIES = st.sampled_from(("USD", "JPY", "BHD", "CLF", "EUR"))
MINORS = st.integers(-MINOR_MAX, MINOR_MAX)
SMALL = st.integers(-(10**12), 10**12)
AMOUNTS = st.builds(Money, MINORS, CURRENCIES)
NO_MONEY: list[Any] = [1.5, 0.0, float("nan"), True, "12", None, Decimal(1)]


@given(AMOUNTS)
def test_an_amount_reads_back_from_its_text_and_from_its_json(amount: Money) -> None:
    text, _, currency = str(amount).partition(" ")

    assert Money.parse(text, currency) == amount
    assert Money.of(amount.decimal, currency) == amount
    assert msgspec.json.decode(msgspec.json.encode(amount), type=Money) == amount


@given(SMALL, SMALL, CURRENCIES)
def test_sums_and_differences_are_those_of_the_minor_units(left: int, right: int, currency: str) -> None:
    a, b = Money(left, currency), Money(right, currency)

    assert (a + b).minor == left + right
    assert a + b - b == a
    assert (a < b, a <= b, a > b, a >= b) == (left < right, left <= right, left > right, left >= right)
    assert -a + a == Money.zero(currency)
    assert abs(a).minor == abs(left)
    assert bool(a) == bool(left)


@given(SMALL, st.integers(-9, 9), CURRENCIES)
def test_a_multiple_is_a_repeated_sum(minor: int, times: int, currency: str) -> None:
    amount = Money(minor, currency)

    assert amount * times == times * amount == Money(minor * times, currency)


@given(SMALL, st.decimals(-1000, 1000, allow_nan=False, places=6), CURRENCIES)
def test_a_product_is_rounded_once_by_the_rounding_that_is_named(minor: int, quantity: Decimal, currency: str) -> None:
    exact = minor * Fraction(quantity)

    assert Money(minor, currency).times(quantity, rounding=ROUND_HALF_EVEN).minor == round(exact)
    assert Money(minor, currency).times(quantity, rounding=ROUND_CEILING).minor == -(
        -exact.numerator // exact.denominator
    )
    assert Money(minor, currency).times(quantity, rounding=ROUND_DOWN).minor == int(exact)


@given(AMOUNTS, st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any))
def test_parts_sum_to_the_whole_and_nothing_goes_to_a_weight_of_zero(amount: Money, weights: list[int]) -> None:
    parts = amount.allocate(weights)

    assert sum(part.minor for part in parts) == amount.minor
    assert len(parts) == len(weights)
    assert not any(part for part, weight in zip(parts, weights, strict=True) if not weight)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(abs(part.minor) - Fraction(abs(amount.minor) * weight, sum(weights))) <= 1


@given(AMOUNTS, st.integers(1, 30))
def test_a_split_differs_by_one_minor_unit_at_most(amount: Money, parts: int) -> None:
    minors = [part.minor for part in amount.split(parts)]

    assert sum(minors) == amount.minor
    assert max(minors) - min(minors) <= 1


@pytest.mark.parametrize("verb", [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b, lambda a, b: a >= b])
def test_two_currencies_do_not_mix(verb: Any) -> None:
    with pytest.raises(CurrencyMismatch, match=r"USD and EUR.*ISTH251"):
        verb(Money(1, "USD"), Money(1, "EUR"))
    assert Money(1, "USD") != Money(1, "EUR")


@pytest.mark.parametrize("wrong", NO_MONEY)
def test_what_is_no_money_does_not_mix_with_it(wrong: Any) -> None:
    with pytest.raises(MoneyInvalid):
        Money(wrong, "USD")
    with pytest.raises(MoneyInvalid):
        Money(1, "USD") + wrong
    with pytest.raises(MoneyInvalid):
        assert Money(1, "USD") < wrong
    with pytest.raises(MoneyInvalid):
        Money(1, "USD") * wrong


@pytest.mark.parametrize("wrong", [1.5, True, "12", None, Decimal("NaN"), Decimal("Infinity"), Decimal("1e60")])
def test_quantities_and_amounts_are_decimals_or_integers_never_floats(wrong: Any) -> None:
    with pytest.raises(MoneyInvalid):
        Money.of(wrong, "USD")
    with pytest.raises(MoneyInvalid):
        Money(1, "USD").times(wrong, rounding=ROUND_UP)


@pytest.mark.parametrize(
    "text", ["", ".", "1.", ".5", "1,5", "1e3", " 1", "1 ", "--1", "NaN", "0x1", "1_000", "\u0661"]
)
def test_text_that_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(MoneyInvalid, match="is no amount"):
        Money.parse(text, "USD")


@pytest.mark.parametrize(
    ("text", "currency"), [("0.001", "USD"), ("0.1", "JPY"), ("0.0001", "BHD"), ("1.00001", "CLF")]
)
def test_what_is_finer_than_the_minor_unit_is_refused_unless_a_rounding_is_named(text: str, currency: str) -> None:
    with pytest.raises(MoneyInvalid, match="finer"):
        Money.parse(text, currency)

    assert (
        Money.of(Decimal(text), currency, rounding=ROUND_UP).minor
        == Money.of(Decimal(text), currency, rounding=ROUND_DOWN).minor + 1
    )


def test_zeros_beyond_the_minor_unit_are_no_harm() -> None:
    assert Money.parse("1.5000", "USD") == Money(150, "USD")
    assert Money.parse("7.0", "JPY") == Money(7, "JPY")


@pytest.mark.parametrize("minor", [MINOR_MAX + 1, -MINOR_MAX - 1, 10**30])
def test_amounts_stay_within_what_every_json_reader_keeps(minor: int) -> None:
    assert int(float(MINOR_MAX)) == MINOR_MAX
    with pytest.raises(MoneyInvalid, match="beyond"):
        Money(minor, "USD")


def test_sums_beyond_the_bounds_are_refused() -> None:
    with pytest.raises(MoneyInvalid, match="beyond"):
        Money(MINOR_MAX, "USD") + Money(1, "USD")


@pytest.mark.parametrize("currency", ["usd", "XAU", "XXX", "", "US", "BTC"])
def test_only_currencies_with_minor_units_are_money(currency: str) -> None:
    with pytest.raises(MoneyInvalid, match="no ISO 4217 currency"):
        Money(1, currency)
    with pytest.raises(MoneyInvalid):
        minor_digits(currency)


@pytest.mark.parametrize("weights", [[], [0, 0], [-1, 2], [1.5], [True]])
def test_weights_are_whole_and_one_is_above_zero(weights: list[Any]) -> None:
    with pytest.raises(MoneyInvalid, match="no weights"):
        Money(1, "USD").allocate(weights)


class Payment(Message):
    amount: Money


@pytest.mark.parametrize(
    "body",
    ['{"minor":1.5,"currency":"USD"}', '{"minor":9007199254740992,"currency":"USD"}', '{"minor":1,"currency":"?"}'],
)
def test_money_in_a_message_is_checked_where_it_is_read(body: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.amount"):
        msgspec.json.decode(f'{{"amount":{body}}}', type=Payment)


def test_errors_of_money_are_input_errors() -> None:
    assert issubclass(MoneyInvalid, InputError)
    assert issubclass(CurrencyMismatch, InputError)


def test_minor_units_are_those_of_iso_4217() -> None:
    """Check the table against the list that ISO publishes (tests/data/PROVENANCE.md)."""
    table = ElementTree.parse(Path(__file__).parents[1] / "data" / "iso4217-table-a1.xml")
    entries = {entry.findtext("Ccy"): entry.findtext("CcyMnrUnts") for entry in table.iter("CcyNtry")}
    published = {code: int(units) for code, units in entries.items() if code and units and units.isdigit()}

    assert dict(MINOR_DIGITS) == published
    assert [minor_digits(code) for code in ("USD", "JPY", "BHD", "CLF")] == [2, 0, 3, 4]
