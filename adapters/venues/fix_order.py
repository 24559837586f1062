"""Make a neutral order of a NewOrderSingle, or say which field breaks which rule.

    35=D|49=CLIENT|11=A1|1=ACC|55=IBM|54=1|38=100|40=2|44=201.5|15=USD|60=20130301-15:00:00|...
        -> NewOrderSingle(sender="CLIENT", cl_ord_id="A1", side=Side.BUY, quantity=100, limit=Decimal("201.5"), ...)

What is taken: whole quantities, market and limit orders, buys and sells, for the day, until cancelled, or at once. What
FIX 4.4 defines and this does not take is refused as unsupported; what it does not define is refused as a wrong value.
A price in a minor currency (GBp, 95 = 0.95 GBP) is refused in strict mode, since ISO 4217 does not have it, and turned
into the major one in lenient mode, written down with the order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Final

from isthmus.adapters.venues.fix_dictionary import (
    NEW_ORDER_SINGLE,
    ORDER_MULTIPLE_VALUES,
    ORDER_VALUES,
    message_label,
)
from isthmus.adapters.venues.fix_message import (
    Fault,
    Finding,
    FixMessage,
    FixProblem,
    FixRule,
    Leniency,
    Mode,
    in_order,
    shown,
)
from isthmus.adapters.venues.fix_parse import Judge

QUANTITY_MAX: Final = 1_000_000_000
TEXT_MAX: Final = 64
ISIN_SOURCE: Final = "4"
CLIENT_ROLE: Final = b"3"
MINOR_UNITS: Final = Decimal("0.01")
PRICE_PER_UNIT: Final = "2"

DECIMAL: Final = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{0,8})?")
QUANTITY: Final = re.compile(r"[0-9]{1,15}(?:\.([0-9]{0,15}))?")
CURRENCY: Final = re.compile(r"[A-Z]{3}")
ISIN: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")
TIMESTAMP: Final = re.compile(r"([0-9]{8})-([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?")
DATE: Final = re.compile(r"[0-9]{8}")

MAJOR_OF_MINOR: Final = {"GBp": "GBP", "GBX": "GBP", "ZAc": "ZAR", "ILA": "ILS"}
OTHER_QUANTITIES: Final = (152, 516)


class Side(StrEnum):
    """Say whether an order buys or sells."""

    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    """Say whether an order names the worst price it takes."""

    MARKET = "market"
    LIMIT = "limit"


class TimeInForce(StrEnum):
    """Say how long an order lives."""

    DAY = "day"
    GOOD_TILL_CANCEL = "good_till_cancel"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    FILL_OR_KILL = "fill_or_kill"


SIDES: Final = {"1": Side.BUY, "2": Side.SELL}
ORDER_TYPES: Final = {"1": OrderType.MARKET, "2": OrderType.LIMIT}
TIMES_IN_FORCE: Final = {
    "0": TimeInForce.DAY,
    "1": TimeInForce.GOOD_TILL_CANCEL,
    "3": TimeInForce.IMMEDIATE_OR_CANCEL,
    "4": TimeInForce.FILL_OR_KILL,
}


@dataclass(frozen=True, slots=True)
class NewOrderSingle:
    """Hold what a NewOrderSingle asks for, in neutral terms.

    `limit` is in the major unit of `currency`. `transact_time` is in UTC. `isin` is known when the order says so.
    """

    source: str
    number: int
    version: str
    sender: str
    target: str | None
    on_behalf_of: str | None
    client_id: str | None
    cl_ord_id: str
    account: str | None
    symbol: str
    security_id: str | None
    security_id_source: str | None
    isin: str | None
    side: Side
    quantity: int
    order_type: OrderType
    limit: Decimal | None
    currency: str | None
    time_in_force: TimeInForce
    transact_time: datetime
    trading_date: date
    possible_duplicate: bool
    leniencies: tuple[Leniency, ...] = ()

    @property
    def identity(self) -> str:
        """Name the order among all: a ClOrdID is unique for its sender and trading date, and for no longer."""
        return f"{_escaped(self.sender)}/{_escaped(self.cl_ord_id)}/{self.trading_date:%Y%m%d}"


@dataclass(frozen=True, slots=True)
class Skipped:
    """Name a message that is not a new order, and so is none of the intake's business."""

    source: str
    number: int
    msg_type: str
    label: str


def read_order(message: FixMessage, *, mode: Mode) -> NewOrderSingle | FixProblem | Skipped:
    """Return the order that a message places, what is wrong with it, or that it is a message of another type."""
    if message.msg_type != NEW_ORDER_SINGLE:
        return Skipped(message.source, message.number, message.msg_type, message_label(message.msg_type))
    judge = Judge(mode)
    try:
        return _order(message, _Fields(message), judge)
    except Fault as fault:
        finding = fault.finding
        return message.problem(finding.tag, finding.rule, finding.problem, finding.instead)


class _Fields:
    """Give the fields of an order by tag, as text."""

    def __init__(self, message: FixMessage) -> None:
        self._values = dict(reversed(message.fields))

    def __contains__(self, tag: int) -> bool:
        return tag in self._values

    def text(self, tag: int) -> str | None:
        """Return a field, or None when the order does not have it."""
        value = self._values.get(tag)
        if value is None:
            return None
        if len(value) > TEXT_MAX:
            raise _fault(FixRule.TOO_LONG, tag, f"{shown(value)} is too long", f"send at most {TEXT_MAX} characters")
        return value.decode("ascii")

    def required(self, tag: int) -> str:
        """Return a field that every order has."""
        value = self.text(tag)
        if value is None:
            raise _fault(FixRule.REQUIRED_FIELD, tag, "the order does not have this field", "send it")
        return value


def _order(message: FixMessage, fields: _Fields, judge: Judge) -> NewOrderSingle:
    cl_ord_id = fields.required(11)
    sender = fields.required(49)
    side = _supported(fields.required(54), 54, SIDES)
    order_type = _supported(fields.required(40), 40, ORDER_TYPES)
    time_in_force = _supported(fields.text(59) or "0", 59, TIMES_IN_FORCE)
    _check_values(fields)
    _check_handling(message, fields, judge)
    transact_time = _timestamp(fields.required(60), 60, judge)
    trade_date = fields.text(75)
    limit, currency = _price(fields, order_type, judge)
    security_id, id_source = _security(fields)
    return NewOrderSingle(
        source=message.source,
        number=message.number,
        version=message.version,
        sender=sender,
        target=fields.text(56),
        on_behalf_of=fields.text(115),
        client_id=fields.text(109) or _client_party(message),
        cl_ord_id=cl_ord_id,
        account=fields.text(1),
        symbol=fields.required(55),
        security_id=security_id,
        security_id_source=id_source,
        isin=security_id if id_source == ISIN_SOURCE else None,
        side=side,
        quantity=_quantity(fields),
        order_type=order_type,
        limit=limit,
        currency=currency,
        time_in_force=time_in_force,
        transact_time=transact_time,
        trading_date=_date(trade_date, 75) if trade_date else transact_time.date(),
        possible_duplicate="Y" in (fields.text(43), fields.text(97)),
        leniencies=in_order((*message.leniencies, *judge.forgiven)),
    )


def _supported[T](value: str, tag: int, taken: dict[str, T]) -> T:
    """Return what a value stands for, if FIX 4.4 has it and it is taken here."""
    if value in taken:
        return taken[value]
    _check_value(value, tag)
    problem = f"{value!r} is not supported"
    raise _fault(FixRule.UNSUPPORTED, tag, problem, f"send one of {', '.join(sorted(taken))}")


def _check_values(fields: _Fields) -> None:
    """Refuse a value that the dictionary does not have in a field that lists its values."""
    for tag in ORDER_VALUES:
        value = fields.text(tag) if tag in fields else None
        if value is not None:
            _check_value(value, tag)
    for tag, allowed in ORDER_MULTIPLE_VALUES.items():
        listed = fields.text(tag) if tag in fields else None
        for value in listed.split(" ") if listed is not None else ():
            if value not in allowed:
                raise _wrong_value(value, tag, allowed)


def _check_value(value: str, tag: int) -> None:
    allowed = ORDER_VALUES[tag]
    if value not in allowed:
        raise _wrong_value(value, tag, allowed)


def _wrong_value(value: str, tag: int, allowed: frozenset[str]) -> Fault:
    listed = ", ".join(sorted(allowed, key=lambda name: (len(name), name)))
    return _fault(
        FixRule.VALUE, tag, f"{shown(value.encode('ascii'))} is not a value of this field", f"send one of {listed}"
    )


def _check_handling(message: FixMessage, fields: _Fields, judge: Judge) -> None:
    """Ask for HandlInst where FIX 4.2 asks for it."""
    if message.version == "FIX.4.2" and 21 not in fields:
        problem = "FIX 4.2 requires this field of an order"
        judge.hear(Finding(FixRule.REQUIRED_FIELD, 21, problem, "send 1, 2 or 3", Leniency.HANDLING_MISSING))


def _quantity(fields: _Fields) -> int:
    """Return the quantity: whole, more than nothing, and within reason."""
    for tag in OTHER_QUANTITIES:
        if tag in fields:
            rule = FixRule.CONTRADICTION if 38 in fields else FixRule.UNSUPPORTED
            raise _fault(rule, tag, "a quantity is given in shares only", "send OrderQty(38) alone")
    text = fields.required(38)
    match = QUANTITY.fullmatch(text)
    if match is None:
        raise _fault(FixRule.FORMAT, 38, f"{shown(text.encode())} is not a quantity", "send digits, without a sign")
    if (match[1] or "").strip("0"):
        raise _fault(FixRule.UNSUPPORTED, 38, f"{text} is a fraction", "send a whole number of shares")
    quantity = int(text.partition(".")[0])
    if not 1 <= quantity <= QUANTITY_MAX:
        raise _fault(FixRule.RANGE, 38, f"{quantity} is out of range", f"send 1 to {QUANTITY_MAX}")
    return quantity


def _price(fields: _Fields, order_type: OrderType, judge: Judge) -> tuple[Decimal | None, str | None]:
    """Return limit and currency, both in major units."""
    currency, scale = _currency(fields, judge)
    if 99 in fields:
        raise _fault(FixRule.CONTRADICTION, 99, f"a {order_type} order has no stop price", "send it without StopPx(99)")
    text = fields.text(44)
    if order_type is OrderType.MARKET:
        if text is not None:
            raise _fault(
                FixRule.CONTRADICTION, 44, "a market order has no price", "leave it out, or send a limit order"
            )
        return None, currency
    if text is None:
        raise _fault(FixRule.REQUIRED_FIELD, 44, "a limit order needs its price", "send it, or send a market order")
    if fields.text(423) not in (None, PRICE_PER_UNIT):
        raise _fault(FixRule.UNSUPPORTED, 423, "a price is per share only", f"send {PRICE_PER_UNIT}, or nothing")
    if not DECIMAL.fullmatch(text):
        raise _fault(FixRule.FORMAT, 44, f"{shown(text.encode())} is not a price", "send digits and a decimal point")
    price = Decimal(text)
    if price <= 0:
        raise _fault(FixRule.RANGE, 44, f"{text} is out of range", "send a price above zero")
    return price * scale if scale else price, currency


def _currency(fields: _Fields, judge: Judge) -> tuple[str | None, Decimal | None]:
    """Return the currency, and what prices have to be multiplied by if they came in its minor unit."""
    text = fields.text(15)
    if text is None:
        return None, None
    if text in MAJOR_OF_MINOR:
        major = MAJOR_OF_MINOR[text]
        problem = f"{text} is not a currency of ISO 4217, but a hundredth of {major}"
        judge.hear(Finding(FixRule.VALUE, 15, problem, f"send the price in {major}", Leniency.MINOR_CURRENCY))
        return major, MINOR_UNITS
    if not CURRENCY.fullmatch(text):
        raise _fault(FixRule.FORMAT, 15, f"{shown(text.encode())} is not a currency code", "send three capital letters")
    return text, None


def _security(fields: _Fields) -> tuple[str | None, str | None]:
    """Return SecurityID and the kind of it; an ISIN has to have its right check digit."""
    identifier, source = fields.text(48), fields.text(22)
    if (identifier is None) != (source is None):
        missing = 48 if identifier is None else 22
        problem = "SecurityID(48) and SecurityIDSource(22) go together"
        raise _fault(FixRule.CONTRADICTION, missing, problem, "send both, or neither")
    if identifier is not None and source == ISIN_SOURCE:
        if not ISIN.fullmatch(identifier):
            raise _fault(
                FixRule.FORMAT, 48, f"{shown(identifier.encode())} is not an ISIN", "send its twelve characters"
            )
        if not has_isin_check_digit(identifier):
            raise _fault(FixRule.CHECK_DIGIT, 48, f"the check digit of {identifier} is wrong", "send the right ISIN")
    return identifier, source


def has_isin_check_digit(isin: str) -> bool:
    """Say whether the last digit of an ISIN follows from the rest (Luhn, over letters as two digits)."""
    digits = [int(digit) for character in isin for digit in str(int(character, 36))]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _client_party(message: FixMessage) -> str | None:
    """Return the party with the role of client, which FIX 4.4 has instead of ClientID."""
    party: bytes | None = None
    for tag, value in message.fields:
        if tag == 448:
            party = value
        elif tag == 452 and value == CLIENT_ROLE and party is not None:
            return party.decode("ascii")
    return None


def _timestamp(text: str, tag: int, judge: Judge) -> datetime:
    """Return a UTCTimestamp; what is finer than a microsecond can be forgiven, never guessed."""
    instead = "send it as 20130301-15:30:00 or 20130301-15:30:00.123, in UTC"
    match = TIMESTAMP.fullmatch(text)
    if match is None:
        raise _fault(FixRule.FORMAT, tag, f"{shown(text.encode())} is not a time", instead)
    fraction = (match[5] or "").ljust(6, "0")
    if fraction[6:].strip("0"):
        problem = f"{text} is finer than a microsecond"
        judge.hear(Finding(FixRule.FORMAT, tag, problem, instead, Leniency.TIME_PRECISION))
    day = _date(match[1], tag)
    try:
        at = time(int(match[2]), int(match[3]), int(match[4]), int(fraction[:6]), tzinfo=UTC)
    except ValueError:
        raise _fault(FixRule.RANGE, tag, f"{text} does not exist", instead) from None
    return datetime.combine(day, at)


def _date(text: str, tag: int) -> date:
    if not DATE.fullmatch(text):
        raise _fault(FixRule.FORMAT, tag, f"{shown(text.encode())} is not a date", "send it as 20130301")
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise _fault(FixRule.RANGE, tag, f"the date {text} does not exist", "send one of the calendar") from None


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("/", "%2F")


def _fault(rule: FixRule, tag: int, problem: str, instead: str) -> Fault:
    return Fault(Finding(rule, tag, problem, instead))
