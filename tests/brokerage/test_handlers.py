"""The stories of the brokerage's handlers, each with the ports it asks for."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.adapters.venues.paper import PaperVenue, loses_answer
from isthmus.adapters.venues.reference_data import FileSurveillance
from isthmus.contracts.accounts import AccountConflict, AccountId, ClientId, NothingBrought
from isthmus.contracts.audit import OrderQuery, OrderStage, UnknownOrder
from isthmus.contracts.compliance import ComplianceRejected, PostTradeVerdict, ValueLimit, VerdictStatus
from isthmus.contracts.execution import Execution, NotExecuted, OrderExecuted
from isthmus.contracts.ledger import TransferConflict
from isthmus.contracts.market import Currency, Isin, Quote
from isthmus.contracts.orders import (
    ClOrdId,
    InsufficientFunds,
    InsufficientPosition,
    InvalidOrder,
    NotPriced,
    Order,
    OrderAccepted,
    OrderTakenBack,
    OrdStatus,
    Side,
)
from isthmus.contracts.placement import Booking
from isthmus.contracts.settlement import (
    NothingOwed,
    Settlement,
    SettlementConfirmation,
    SettlementStatus,
    Trade,
    TradeId,
)
from isthmus.core import Money, Reference, Undo
from isthmus.core.ports import reference_of
from isthmus.handlers.audit.late_events import keep_late_confirmation, keep_late_verdict
from isthmus.handlers.audit.status import show_order
from isthmus.handlers.compliance.review import review_by_surveillance
from isthmus.handlers.compliance.value_limit import check_order_value, keep_value_limit
from isthmus.handlers.orders.acceptance import tell_accepted, tell_taken_back
from isthmus.handlers.orders.booking import book_against_hold
from isthmus.handlers.orders.execution import bust_at_venue, execute_at_venue
from isthmus.handlers.orders.hold import hold_cash_or_position, release_cash_or_position
from isthmus.handlers.orders.monitor import view_accepted, view_executed, view_taken_back
from isthmus.handlers.orders.validation import validate_fields
from isthmus.handlers.orders.valuation import cash_needed, is_within_bounds, value_of
from isthmus.handlers.settlement.instruction import book_both_sides, give_back, set_aside

IBM = Isin("US4592001014")
CLOSE = Decimal("202.91")
OrderOf = Callable[..., Order]


def execution_of(order: Order, quantity: int, price: Decimal = CLOSE) -> Execution:
    return Execution(
        order_id=order.id,
        ord_status=OrdStatus.FILLED if quantity == order.quantity else OrdStatus.PARTIALLY_FILLED,
        last_qty=quantity,
        cum_qty=quantity,
        leaves_qty=0,
        avg_px=price,
        gross_amount=Money.of(price * quantity, "USD", rounding="ROUND_HALF_EVEN"),
    )


# Accounts


def test_an_account_opens_once_with_what_its_owner_brings(house: Any) -> None:
    first, again = house.open(), house.open(cash="7")

    assert first == again
    assert (house.available("USD"), house.available(IBM)) == (10_000_000, 500)
    assert house.faults == ()


def test_an_account_of_somebody_else_is_a_conflict(house: Any) -> None:
    house.open()
    known = house.accounts.kept["101"]
    house.accounts.kept["101"] = type(known)(id=known.id, client=ClientId("bob"), currency=known.currency)

    with pytest.raises(AccountConflict):
        house.open()


def test_nobody_brings_less_than_nothing(house: Any) -> None:
    with pytest.raises(NothingBrought):
        house.open(cash="-0.01")

    assert house.accounts.kept == {}


# Validation


def test_a_sensible_order_is_valid(house: Any, order_of: OrderOf) -> None:
    house.open()

    assert validate_fields(order_of(), house.accounts, house.prices).order_id == order_of().id
    assert validate_fields(order_of(limit=None), house.accounts, house.prices)


@pytest.mark.parametrize(
    ("fields", "field", "rule"),
    [
        ({"quantity": 0}, "quantity", "quantity_in_range"),
        ({"quantity": 10**9 + 1}, "quantity", "quantity_in_range"),
        ({"limit": Money(0, "USD")}, "limit", "limit_above_zero"),
        ({"limit": Money(1, "EUR")}, "limit", "limit_in_currency_of_order"),
        ({"instrument": Isin("US0000000000")}, "instrument", "known_instrument"),
        ({"currency": Currency("EUR"), "limit": None}, "currency", "currency_of_instrument"),
        ({"account": AccountId("999")}, "account", "open_account"),
        ({"client": ClientId("bob")}, "client", "account_of_client"),
        ({"quantity": 10**9, "limit": Money(10**9, "USD")}, "quantity", "value_in_range"),
    ],
)
def test_an_order_that_cannot_be_worked_on_is_refused_by_field_and_rule(
    house: Any, order_of: OrderOf, fields: dict[str, Any], field: str, rule: str
) -> None:
    house.open()

    with pytest.raises(InvalidOrder) as caught:
        validate_fields(order_of(**fields), house.accounts, house.prices)

    assert (caught.value.field, caught.value.rule) == (field, rule)


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.one_of(st.none(), st.integers(1, 10**11)))
def test_what_is_within_bounds_can_be_reckoned_and_held_for(quantity: int, price: int, limit: int | None) -> None:
    order = _order(quantity, limit)
    quote = Quote(isin=IBM, currency=Currency("USD"), price=Decimal(price).scaleb(-4), volume=1)
    if not is_within_bounds(order, quote):
        return

    value, cash = value_of(order, quote), cash_needed(order, quote)

    assert value is not None
    assert cash is not None
    assert value.decimal >= quote.price * quantity
    assert limit is not None or cash >= value


def _order(quantity: int, limit: int | None) -> Order:
    from datetime import UTC, datetime  # noqa: PLC0415

    return Order(
        id=cast(Any, "o"),
        sender="S",
        cl_ord_id=ClOrdId("1"),
        account=AccountId("101"),
        client=ClientId("ann"),
        client_name="",
        instrument=IBM,
        side=Side.BUY,
        quantity=quantity,
        limit=None if limit is None else Money(limit, "USD"),
        currency=Currency("USD"),
        trading_date=date(2013, 3, 1),
        transact_time=datetime(2013, 3, 1, tzinfo=UTC),
    )


# Compliance


def test_an_order_within_the_limit_is_cleared_at_the_higher_of_limit_and_price(house: Any, order_of: OrderOf) -> None:
    assert check_order_value(order_of(), house.limits, house.prices).value == Money.parse("20500.00", "USD")
    assert check_order_value(order_of(limit=None), house.limits, house.prices).value == Money.parse("20291.00", "USD")
    low = order_of(limit=Money.parse("1.00", "USD"))
    assert check_order_value(low, house.limits, house.prices).value == Money.parse("20291.00", "USD")


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"quantity": 4929}, "maximum_order_value"),
        ({"quantity": 4900}, "maximum_order_value"),
        ({"trading_date": date(1990, 1, 1)}, "reference_price"),
    ],
)
def test_what_is_too_large_or_cannot_be_judged_is_rejected(
    house: Any, order_of: OrderOf, fields: dict[str, Any], rule: str
) -> None:
    with pytest.raises(ComplianceRejected) as caught:
        check_order_value(order_of(**fields), house.limits, house.prices)

    assert caught.value.rule == rule


def test_an_account_may_have_a_limit_of_its_own(house: Any, order_of: OrderOf) -> None:
    keep_value_limit(ValueLimit(account="101", maximum=Money.parse("20500.00", "USD")), house.limits)
    check_order_value(order_of(), house.limits, house.prices)

    keep_value_limit(ValueLimit(account="101", maximum=Money.parse("20499.99", "USD")), house.limits)
    with pytest.raises(ComplianceRejected, match="maximum_order_value"):
        check_order_value(order_of(), house.limits, house.prices)


def test_a_limit_in_another_currency_closes(house: Any, order_of: OrderOf) -> None:
    keep_value_limit(ValueLimit(account="101", maximum=Money.of(10**9, "EUR")), house.limits)

    with pytest.raises(ComplianceRejected, match="limit_in_currency"):
        check_order_value(order_of(), house.limits, house.prices)


# Holds


def test_a_buy_holds_cash_at_its_limit_and_a_market_buy_at_the_price_and_a_margin(
    house: Any, order_of: OrderOf
) -> None:
    house.open()

    assert hold_cash_or_position(order_of(), house.ledger, house.prices).amount == 2_050_000
    market = order_of(id="other", limit=None)
    assert hold_cash_or_position(market, house.ledger, house.prices).amount == 2_130_555
    assert house.available("USD") == 10_000_000 - 2_050_000 - 2_130_555


def test_a_sell_holds_the_position(house: Any, order_of: OrderOf) -> None:
    house.open()

    hold = hold_cash_or_position(order_of(side=Side.SELL), house.ledger, house.prices)

    assert (hold.commodity, hold.amount, house.available(IBM)) == (IBM, 100, 400)


def test_too_little_cash_or_position_is_refused_with_what_is_there(house: Any, order_of: OrderOf) -> None:
    house.open(cash="20499.99", shares=99)

    with pytest.raises(InsufficientFunds) as funds:
        hold_cash_or_position(order_of(), house.ledger, house.prices)
    with pytest.raises(InsufficientPosition) as position:
        hold_cash_or_position(order_of(side=Side.SELL), house.ledger, house.prices)

    assert (str(funds.value.needed), str(funds.value.available)) == ("20500.00 USD", "20499.99 USD")
    assert (position.value.needed, position.value.available) == (100, 99)
    assert house.faults == ()


def test_a_market_buy_without_a_price_is_refused(house: Any, order_of: OrderOf) -> None:
    with pytest.raises(NotPriced):
        hold_cash_or_position(order_of(limit=None, trading_date=date(1990, 1, 1)), house.ledger, house.prices)


@pytest.mark.parametrize("is_known", [True, False])
def test_a_hold_is_released_whether_or_not_its_answer_is_known(house: Any, order_of: OrderOf, is_known: bool) -> None:
    house.open()
    hold = hold_cash_or_position(order_of(), house.ledger, house.prices)
    undo = Undo(key="run/1/1", input=order_of(), result=hold if is_known else None)

    release_cash_or_position(undo, house.ledger)
    release_cash_or_position(undo, house.ledger)

    assert house.available("USD") == 10_000_000
    assert house.faults == ()


def test_releasing_what_was_never_held_does_nothing(house: Any, order_of: OrderOf) -> None:
    house.open()

    release_cash_or_position(Undo(key="k", input=order_of()), house.ledger)

    assert house.available("USD") == 10_000_000


# Execution


def test_an_execution_is_priced_counted_and_published(venue: PaperVenue, outgoing: Any, order_of: OrderOf) -> None:
    execution = execute_at_venue(order_of(), venue, heard(), outgoing)

    assert execution == execution_of(order_of(), 100)
    assert execution.cum_qty + execution.leaves_qty == order_of().quantity
    assert [message.execution for message in outgoing.messages] == [execution]


def test_a_partial_execution_says_so(venue: PaperVenue, outgoing: Any, order_of: OrderOf) -> None:
    execution = execute_at_venue(order_of(quantity=4000), venue, heard(), outgoing)

    assert (execution.ord_status, execution.cum_qty) == (OrdStatus.PARTIALLY_FILLED, 1654)


def test_what_the_venue_does_not_fill_is_refused_and_not_published(
    venue: PaperVenue, outgoing: Any, order_of: OrderOf
) -> None:
    with pytest.raises(NotExecuted, match="limit_not_reached"):
        execute_at_venue(order_of(limit=Money(1, "USD")), venue, heard(), outgoing)

    assert outgoing.messages == []


def test_an_execution_is_busted_by_the_reference_of_its_step(
    venue: PaperVenue, outgoing: Any, order_of: OrderOf
) -> None:
    key = next(f"run/{n}" for n in itertools.count() if not loses_answer(reference_of(f"run/{n}")))
    execute_at_venue(order_of(), venue, reference_of(key), outgoing)

    bust_at_venue(Undo(key=key, input=order_of()), venue, Reference("bust"))

    found = venue.inquire(reference_of(key), cast(Any, None))
    assert found is not None
    assert found.reason == "busted"


def heard() -> Reference:
    return next(Reference(str(number)) for number in itertools.count() if not loses_answer(str(number)))


# Booking


@pytest.mark.parametrize(("side", "cash", "shares"), [(Side.BUY, -1_217_460, 60), (Side.SELL, 1_217_460, -60)])
def test_a_booking_exchanges_cash_and_position_and_releases_the_rest(
    house: Any, order_of: OrderOf, side: Side, cash: int, shares: int
) -> None:
    house.open()
    order = order_of(side=side)
    hold = hold_cash_or_position(order, house.ledger, house.prices)
    booking = Booking(order=order, hold=hold, execution=execution_of(order, 60))

    booked = book_against_hold(booking, house.ledger)

    used = 1_217_460 if side is Side.BUY else 60
    assert booked.released == hold.amount - used
    assert (house.available("USD"), house.available(IBM)) == (10_000_000 + cash, 500 + shares)
    assert house.faults == ()
    assert book_against_hold(booking, house.ledger) == booked
    assert house.available("USD") == 10_000_000 + cash


def test_a_booking_without_its_hold_fails_and_books_nothing(house: Any, order_of: OrderOf) -> None:
    house.open()
    order = order_of()
    hold = hold_cash_or_position(order, house.ledger, house.prices)
    release_cash_or_position(Undo(key="k", input=order), house.ledger)

    with pytest.raises(TransferConflict):
        book_against_hold(Booking(order=order, hold=hold, execution=execution_of(order, 60)), house.ledger)

    assert (house.available("USD"), house.available(IBM)) == (10_000_000, 500)


# Topics, the monitor and the review


def test_the_view_is_the_same_in_whatever_order_messages_come_and_however_often(
    records: Any, order_of: OrderOf
) -> None:
    order = order_of()
    stages: list[tuple[Any, Any]] = [
        (view_accepted, accepted(order)),
        (view_executed, executed(order)),
        (view_taken_back, taken_back(order)),
    ]
    views = set()
    for sequence in itertools.permutations([*stages, stages[0], stages[1]]):
        records.kept.clear()
        for view, message in sequence:
            view(message, records)
        shown = show_order(OrderQuery(order_id=order.id), records)
        views.add((shown.stage, shown.cum_qty, shown.avg_px, shown.quantity))

    assert views == {(OrderStage.TAKEN_BACK, 60, CLOSE, 100)}


def test_a_message_that_tells_nothing_new_changes_nothing(records: Any, order_of: OrderOf) -> None:
    view_executed(executed(order_of()), records)
    view_accepted(accepted(order_of()), records)

    assert records.changes == 1
    assert show_order(OrderQuery(order_id=order_of().id), records).stage is OrderStage.EXECUTED


def test_an_order_nobody_heard_of_is_refused(records: Any) -> None:
    with pytest.raises(UnknownOrder):
        show_order(OrderQuery(order_id=cast(Any, "none")), records)


def test_acceptance_and_its_withdrawal_are_told(outgoing: Any, order_of: OrderOf) -> None:
    tell_accepted(order_of(), outgoing)
    tell_taken_back(Undo(key="k", input=order_of()), outgoing)

    assert outgoing.messages == [accepted(order_of()), taken_back(order_of())]


@pytest.mark.parametrize(
    ("sender", "number", "status", "rule"),
    [
        ("830199", "0c968e69-0000", VerdictStatus.REJECTED, "surveillance.wash_trade"),
        ("830199", "0c968e69-0001", VerdictStatus.ACCEPTED, "surveillance.passed"),
    ],
)
def test_a_trade_is_rejected_when_surveillance_found_something(
    outgoing: Any, order_of: OrderOf, tmp_path: Any, sender: str, number: str, status: VerdictStatus, rule: str
) -> None:
    class Here:
        folder = str(tmp_path)

    surveillance = FileSurveillance(cast(Any, Here()))
    order = order_of(sender=sender, cl_ord_id=ClOrdId(number))

    review_by_surveillance(executed(order), surveillance, outgoing)

    assert outgoing.messages == [PostTradeVerdict(order_id=order.id, status=status, rule=rule)]
    assert outgoing.keys == [order.id]


def test_late_events_are_kept(records: Any) -> None:
    verdict = PostTradeVerdict(order_id=cast(Any, "o"), status=VerdictStatus.REJECTED, rule="late")
    confirmation = SettlementConfirmation(trade_id=TradeId("t"), status=SettlementStatus.SETTLED, reason="")

    keep_late_verdict(verdict, records)
    keep_late_confirmation(confirmation, records)

    assert records.kept["o"].verdict == verdict
    assert records.kept["t"].confirmation == confirmation


def accepted(order: Order) -> OrderAccepted:
    return OrderAccepted(**_told(order))


def taken_back(order: Order) -> OrderTakenBack:
    return OrderTakenBack(**_told(order))


def executed(order: Order) -> OrderExecuted:
    told = {**_told(order), "sender": order.sender, "cl_ord_id": order.cl_ord_id}
    return OrderExecuted(**told, execution=execution_of(order, 60))


def _told(order: Order) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "account": order.account,
        "instrument": order.instrument,
        "side": order.side,
        "quantity": order.quantity,
    }


# Settlement


def trade_of(side: Side, quantity: int = 60) -> Trade:
    return Trade(
        id=TradeId("S/1/20130301"),
        account=AccountId("101"),
        instrument=IBM,
        side=side,
        quantity=quantity,
        gross_amount=Money(1_217_460, "USD"),
        settlement_date=date(2013, 3, 6),
    )


@pytest.mark.parametrize("side", list(Side))
def test_settling_a_booked_trade_empties_clearing(house: Any, order_of: OrderOf, side: Side) -> None:
    house.open()
    order = order_of(side=side)
    hold = hold_cash_or_position(order, house.ledger, house.prices)
    book_against_hold(Booking(order=order, hold=hold, execution=execution_of(order, 60)), house.ledger)

    instruction = set_aside(trade_of(side), house.ledger)
    book_both_sides(Settlement(trade=trade_of(side), instruction=instruction), house.ledger)

    for commodity in ("USD", IBM):
        assert house.ledger.balance("clearing:101", commodity).posted == 0
    assert house.faults == ()


@pytest.mark.parametrize("side", list(Side))
def test_a_settlement_that_is_taken_back_leaves_nothing_pending(house: Any, side: Side) -> None:
    set_aside(trade_of(side), house.ledger)

    give_back(Undo(key="k", input=trade_of(side)), house.ledger)
    give_back(Undo(key="k", input=trade_of(side)), house.ledger)

    for account, commodity in itertools.product(("clearing:101", "depository"), ("USD", IBM)):
        balance = house.ledger.balance(account, commodity)
        assert (balance.pending_debits, balance.pending_credits, balance.posted) == (0, 0, 0)


def test_a_trade_of_nothing_is_not_instructed(house: Any) -> None:
    with pytest.raises(NothingOwed):
        set_aside(trade_of(Side.BUY, quantity=0), house.ledger)
