"""What laws look at: the books as rows, and a brokerage that is ready to trade."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from isthmus.contracts.accounts import AccountId, ClientId, Holding, Opening, open_account
from isthmus.contracts.market import Currency, Isin
from isthmus.contracts.orders import ClOrdId, Order, OrderId, Quantity, Side
from isthmus.contracts.settlement import Trade, TradeId
from isthmus.core import Money
from isthmus.core.law import World, samples

ACCOUNT = AccountId("101789675")
CLIENT = ClientId("689944")
TRADED = (Isin("US4592001014"), Isin("US0378331005"), Isin("US5949181045"))

samples(AccountId, ACCOUNT)
samples(ClientId, CLIENT)
samples(Isin, *TRADED)
samples(Currency, Currency("USD"))
samples(OrderId, OrderId("S/1/20130301"), OrderId("S/2/20130301"))
samples(ClOrdId, ClOrdId("1"), ClOrdId("2"))
samples(Quantity, 1, 100, 5_000)
samples(date, date(2013, 3, 1))
samples(Money, Money.parse("210.00", "USD"), Money.parse("25.00", "USD"), Money.parse("20000.00", "USD"))
samples(Decimal, Decimal("202.91"))


def _order(number: str, side: Side, quantity: int, limit: str | None) -> Order:
    return Order(
        id=OrderId(f"S/{number}/20130301"),
        sender="S",
        cl_ord_id=ClOrdId(number),
        account=ACCOUNT,
        client=CLIENT,
        client_name="Ann Example",
        instrument=TRADED[0],
        side=side,
        quantity=quantity,
        limit=None if limit is None else Money.parse(limit, "USD"),
        currency=Currency("USD"),
        trading_date=date(2013, 3, 1),
        transact_time=datetime(2013, 3, 1, 15, tzinfo=UTC),
    )


def _trade(side: Side, quantity: int, amount: str) -> Trade:
    return Trade(
        id=TradeId("S/1/20130301"),
        account=ACCOUNT,
        instrument=TRADED[0],
        side=side,
        quantity=quantity,
        gross_amount=Money.parse(amount, "USD"),
        settlement_date=date(2013, 3, 6),
    )


samples(
    Order,
    _order("1", Side.BUY, 10, "210.00"),
    _order("2", Side.SELL, 1_000, None),
    _order("3", Side.BUY, 2_000, None),
    _order("4", Side.SELL, 1_001, "150.00"),
    _order("5", Side.BUY, 100, "150.00"),
)
samples(Trade, _trade(Side.BUY, 10, "2029.10"), _trade(Side.SELL, 1, "202.91"))


def open_for_trading(world: World) -> None:
    """Open an account with cash and holdings."""
    holdings = [Holding(instrument=isin, quantity=1_000) for isin in TRADED]
    cash = Money.parse("500000.00", "USD")
    world.ask(open_account, Opening(account=ACCOUNT, client=CLIENT, cash=cash, holdings=holdings), key="opening")


def balances(world: World) -> Mapping[tuple[str, str], tuple[int, ...]]:
    """Return what every account has and what is pending from and to it, by account and commodity; no zeroes."""
    found = {
        (account, commodity): (posted_credits - posted_debits, pending_debits, pending_credits)
        for account, commodity, posted_debits, posted_credits, pending_debits, pending_credits in world.tables()[
            "account"
        ]
    }
    return {place: balance for place, balance in found.items() if any(balance)}


def assert_balanced(world: World) -> None:
    """Assert that debits equal credits in every commodity, and that no client's account is below zero."""
    found = balances(world)
    for commodity in {commodity for _, commodity in found}:
        posted, debits, credits_ = (
            sum(balance[place] for (_, held), balance in found.items() if held == commodity) for place in range(3)
        )
        assert posted == 0, f"what is posted of {commodity} sums to {posted}"
        assert debits == credits_, f"{debits} of {commodity} are pending as debits, {credits_} as credits"
    for (account, commodity), (posted, debits, _) in found.items():
        if account.startswith("client:"):
            assert posted - debits >= 0, f"{account} may spend {posted - debits} of {commodity}"


def pending(world: World) -> set[tuple[str, str]]:
    """Return the accounts and commodities of which something is pending."""
    return {place for place, (_, debits, credits_) in balances(world).items() if debits or credits_}
