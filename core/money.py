"""Money: exact amounts in integer minor units with an ISO 4217 currency.

    price = Money.parse("178.25", "USD")        17825 cents
    price * 3                                   Money 534.75 USD
    price.times(Decimal("0.015"), rounding=ROUND_HALF_EVEN)
    sum(price.split(3), Money.zero("USD"))      the parts give the whole

There are no floats here, not even to be refused late: they raise at once. Amounts stay within ±(2^53 - 1) minor units,
which every JSON reader keeps exactly.
"""

from __future__ import annotations

import decimal
import re
from collections.abc import Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import Final

import msgspec

from isthmus.core.currency import MINOR_DIGITS
from isthmus.core.errors import InputError

MINOR_MAX: Final = 2**53 - 1
ROUNDINGS: Final = frozenset(getattr(decimal, name) for name in dir(decimal) if name.startswith("ROUND_"))

_AMOUNT: Final = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)
_EXACT: Final = Context(prec=120, traps=[InvalidOperation, Overflow, Inexact])
_ROUNDED: Final = Context(prec=120, traps=[InvalidOperation, Overflow])


class MoneyInvalid(InputError, ValueError):  # msgspec names the field for a ValueError
    """Report an amount or currency that is not money."""

    code = "ISTH250"

    def __init__(self, problem: str, *, place: str = "Money", instead: str = "") -> None:
        super().__init__(problem, place=place, instead=instead)


class CurrencyMismatch(InputError, ValueError):
    """Report two currencies where one is needed."""

    code = "ISTH251"

    def __init__(self, problem: str, *, place: str = "Money", instead: str = "") -> None:
        super().__init__(problem, place=place, instead=instead)


class Money(msgspec.Struct, frozen=True):
    """Hold an exact amount: minor units (cents, fils, yen) and the currency they are of."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise MoneyInvalid(
                f"minor units are a whole number, not {self.minor!r}",
                instead='write Money(minor=1234, currency="USD") or Money.parse("12.34", "USD")',
            )
        if not -MINOR_MAX <= self.minor <= MINOR_MAX:
            raise MoneyInvalid(f"{self.minor} minor units are beyond ±{MINOR_MAX}", instead="split the amount")
        if not isinstance(self.currency, str) or self.currency not in MINOR_DIGITS:
            raise MoneyInvalid(f"{self.currency!r} is no ISO 4217 currency", instead="write USD, EUR, JPY, …")

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Return nothing of a currency."""
        return cls(0, currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Read an amount such as "12.34". Digits beyond the currency's minor unit are refused, not rounded."""
        if not isinstance(text, str) or not _AMOUNT.fullmatch(text):
            raise MoneyInvalid(f"{text!r} is no amount", instead='write digits and at most one point, as in "12.34"')
        return cls.of(Decimal(text), currency)

    @classmethod
    def of(cls, amount: Decimal | int, currency: str, *, rounding: str | None = None) -> Money:
        """Return an amount in major units. What is finer than the minor unit is refused unless a rounding is named."""
        number = _number(amount, "an amount")
        minor = _whole(_scaled(number, minor_digits(currency)), rounding)
        if minor is None:
            raise MoneyInvalid(
                f"{amount} {currency} is finer than the currency's {minor_digits(currency)} decimal places",
                instead="name a rounding, or correct the amount",
            )
        return cls(minor, currency)

    @property
    def decimal(self) -> Decimal:
        """Return the amount in major units, with as many places as the currency has."""
        return _scaled(Decimal(self.minor), -minor_digits(self.currency))

    def times(self, quantity: Decimal | int, *, rounding: str) -> Money:
        """Multiply by a quantity or rate, rounded once to the minor unit by a rounding of `decimal`."""
        product = _EXACT.multiply(Decimal(self.minor), _number(quantity, "a quantity"))
        minor = _whole(product, rounding)
        assert minor is not None, "a rounding was named"
        return Money(minor, self.currency)

    def allocate(self, weights: Sequence[int]) -> list[Money]:
        """Share the amount by weights; the parts sum to the whole, and what cannot be shared goes to the first ones."""
        right = isinstance(weights, list | tuple) and all(type(one) is int and one >= 0 for one in weights)
        if not right or not any(weights):
            raise MoneyInvalid(f"{weights!r} are no weights", instead="give whole numbers >= 0, one above 0")
        total, sign = sum(weights), -1 if self.minor < 0 else 1
        shares = [abs(self.minor) * weight // total for weight in weights]
        left = abs(self.minor) - sum(shares)
        for place in [place for place, weight in enumerate(weights) if weight][:left]:
            shares[place] += 1
        return [Money(sign * share, self.currency) for share in shares]

    def split(self, parts: int) -> list[Money]:
        """Share the amount into so many parts that differ by one minor unit at most."""
        if type(parts) is not int or parts < 1:
            raise MoneyInvalid(f"{parts!r} is no number of parts", instead="give a whole number above 0")
        return self.allocate([1] * parts)

    def _with(self, other: Money, verb: str) -> int:
        if not isinstance(other, Money):
            raise MoneyInvalid(f"cannot {verb} {other!r} and money", instead="make it Money of the same currency")
        if other.currency != self.currency:
            raise CurrencyMismatch(
                f"cannot {verb} {self.currency} and {other.currency}", instead="convert one at a stated rate first"
            )
        return other.minor

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._with(other, "add"), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._with(other, "subtract"), self.currency)

    def __mul__(self, times: int) -> Money:
        if type(times) is not int:
            raise MoneyInvalid(f"cannot multiply money by {times!r}", instead="use an int, or times(…, rounding=…)")
        return Money(self.minor * times, self.currency)

    __rmul__ = __mul__

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.minor), self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._with(other, "compare")

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._with(other, "compare")

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._with(other, "compare")

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._with(other, "compare")

    def __str__(self) -> str:
        return f"{self.decimal:f} {self.currency}"


def minor_digits(currency: str) -> int:
    """Return how many decimal places a currency has: USD 2, JPY 0, BHD 3, CLF 4."""
    try:
        return MINOR_DIGITS[currency]
    except (KeyError, TypeError):
        raise MoneyInvalid(f"{currency!r} is no ISO 4217 currency", instead="write USD, EUR, JPY, …") from None


def _number(value: Decimal | int, what: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise MoneyInvalid(f"{value!r} is not {what}", instead="use a Decimal or an int, never a float")
    number = Decimal(value)
    if not number.is_finite() or abs(number.adjusted()) > 50 or len(number.as_tuple().digits) > 60:
        raise MoneyInvalid(f"{what} of {str(number)[:20]} is out of bounds", instead="stay within 50 digits")
    return number


def _scaled(number: Decimal, digits: int) -> Decimal:
    return number.scaleb(digits, context=_EXACT)


def _whole(number: Decimal, rounding: str | None) -> int | None:
    """Return a whole number, rounded if a rounding is named, else None when it is not whole."""
    if rounding is not None and not (isinstance(rounding, str) and rounding in ROUNDINGS):
        raise MoneyInvalid(f"{rounding!r} is no rounding", instead="name one of `decimal`, as ROUND_HALF_EVEN")
    if rounding is not None:
        return int(number.quantize(Decimal(1), rounding=rounding, context=_ROUNDED))
    return int(number) if number == number.to_integral_value() else None
