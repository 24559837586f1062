"""Make an order of the brokerage of a FIX message: the last step of intake, where names become identifiers.

    NewOrderSingle(symbol="IBM", account="277392690", limit=Decimal("201.50"), …)
        -> Order(instrument="US4592001014", client="833221", limit=Money(20150, "USD"), …)

Nothing is guessed: what the message leaves out comes from the day's lists of accounts and instruments, or the
message is a problem. Whether the order makes sense is for its validation to say.
"""

from __future__ import annotations

from decimal import Decimal

from isthmus.adapters.venues.day_file import Listing, TradingDay
from isthmus.adapters.venues.fix_message import FixMessage, FixProblem, FixRule, Mode
from isthmus.adapters.venues.fix_order import NewOrderSingle, Skipped, read_order
from isthmus.contracts.accounts import AccountId, ClientId
from isthmus.contracts.market import Currency, Isin
from isthmus.contracts.orders import ClOrdId, Order, OrderId, Side
from isthmus.core.money import Money, MoneyInvalid

ACCOUNT, CURRENCY, PRICE, SYMBOL = 1, 15, 44, 55


def take_in(message: FixMessage, day: TradingDay, *, mode: Mode) -> tuple[Order, NewOrderSingle] | FixProblem | Skipped:
    """Return the order that a message places with what was read of it, what is wrong, or that it is no order."""
    read = read_order(message, mode=mode)
    if not isinstance(read, NewOrderSingle):
        return read
    listing = day.listings.get(read.symbol)
    if read.account is None:
        return message.problem(ACCOUNT, FixRule.REQUIRED_FIELD, "the order does not have this field", "send it")
    isin = Isin(read.isin) if read.isin else listing.isin if listing else None
    if isin is None:
        return message.problem(
            SYMBOL, FixRule.UNSUPPORTED, f"no ISIN is known for {read.symbol!r}", "send it as SecurityID(48), with 22=4"
        )
    currency = read.currency or _currency_of(isin, listing)
    if currency is None:
        return message.problem(
            CURRENCY, FixRule.REQUIRED_FIELD, f"no currency is known for {isin}", "send Currency(15)"
        )
    try:
        limit = _limit(read.limit, currency)
    except MoneyInvalid as fault:
        tag = CURRENCY if "currency" in fault.problem and "finer" not in fault.problem else PRICE
        return message.problem(tag, FixRule.FORMAT, fault.problem, "send an exact amount in an ISO 4217 currency")
    return _order(read, day, account=read.account, isin=isin, currency=currency, limit=limit), read


def _currency_of(isin: Isin, listing: Listing | None) -> Currency | None:
    return listing.currency if listing is not None and listing.isin == isin else None


def _limit(limit: Decimal | None, currency: str) -> Money | None:
    if limit is None:
        Money.zero(currency)  # a market order's currency has to exist as well
        return None
    return Money.of(limit, currency)


def _order(
    read: NewOrderSingle, day: TradingDay, *, account: str, isin: Isin, currency: str, limit: Money | None
) -> Order:
    owner = day.owners.get(account)
    client = read.client_id or (owner.client if owner else read.sender)
    return Order(
        id=OrderId(read.identity),
        sender=read.sender,
        cl_ord_id=ClOrdId(read.cl_ord_id),
        account=AccountId(account),
        client=ClientId(client),
        client_name=owner.client_name if owner and owner.client == client else "",
        instrument=isin,
        side=Side(read.side.value),
        quantity=read.quantity,
        limit=limit,
        currency=Currency(currency),
        trading_date=read.trading_date,
        transact_time=read.transact_time,
    )
