"""The trading day, taken through the flow by the simplest driver there can be: one order after another, no engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any, get_args, get_origin

import pytest

from isthmus.adapters.venues.day_file import TradingDay
from isthmus.adapters.venues.fix_intake import take_in
from isthmus.adapters.venues.fix_message import FixMessage, Mode
from isthmus.adapters.venues.fix_reader import read_fix
from isthmus.adapters.venues.paper import PaperVenue, VenueSilent
from isthmus.adapters.venues.reference_data import TRADING_DAY, FileSurveillance
from isthmus.contracts.accounts import Account, open_account
from isthmus.contracts.audit import OrderStage, OrderView
from isthmus.contracts.compliance import Surveillance
from isthmus.contracts.execution import Venue
from isthmus.contracts.ledger import Ledger
from isthmus.contracts.market import Prices
from isthmus.contracts.orders import Order
from isthmus.contracts.placement import OrderOutcome
from isthmus.contracts.settlement import (
    Settled,
    SettlementConfirmation,
    SettlementFailed,
    SettlementStatus,
    Trade,
    TradeId,
)
from isthmus.core import (
    Contract,
    Mailbox,
    Publisher,
    Records,
    Reference,
    Refusal,
    TimedOut,
    Undo,
    Workflow,
)
from isthmus.core.contract import Call
from isthmus.core.ports import reference_of
from isthmus.core.workflow import Gather
from isthmus.handlers.app import app
from isthmus.handlers.orders.flow import order_flow
from isthmus.handlers.settlement.flow import settlement_flow

HANDLERS = {handler.contract: handler for handler in app.handlers}
SUBSCRIBERS = {topic.message: topic.subscribers for topic in app.topics}


class PatientVenue:
    """Inquire after a lost answer, as the engine does."""

    def __init__(self, venue: PaperVenue) -> None:
        self.venue = venue
        self.lost = 0

    def call(self, reference: str, request: Any) -> Any:
        try:
            return self.venue.call(reference, request)
        except VenueSilent:
            self.lost += 1
            return self.venue.inquire(reference, request)


class Driver:
    """Run orders through the flow and take back what they did when they end in a refusal."""

    def __init__(self, ports: dict[Any, Any], records: Any, mail: Any) -> None:
        self.ports = ports
        self.records: dict[Any, Any] = {}
        self.new_records = records
        self.mail = mail
        self.outcomes: dict[Order, Any] = {}
        self.done: list[tuple[Contract[Any, Any], str, Any, Any]] = []

    def port(self, port: Any, key: str) -> Any:
        if port is Reference:
            return reference_of(key)
        if get_origin(port) is Records:
            return self.records.setdefault(get_args(port)[0], self.new_records())
        if get_origin(port) is Publisher:
            return self
        return self.mail if get_origin(port) is Mailbox else self.ports[port]

    def publish(self, message: Any) -> None:
        for subscriber in SUBSCRIBERS[type(message)]:
            self.ask(subscriber, message, f"{message.order_id}/{subscriber.name}")

    def ask(self, contract: Contract[Any, Any], message: Any, key: str) -> Any:
        handler = HANDLERS[contract]
        return handler(message, **{name: self.port(port, key) for name, port in handler.ports.items()})

    def step(self, call: Call[Any], key: str) -> Any:
        answer = self.ask(call.contract, call.message, key)
        self.done.append((call.contract, key, call.message, answer))
        return answer

    def answer(self, command: Any, key: str) -> Any:
        if isinstance(command, Call):
            return self.step(command, key)
        if isinstance(command, Gather):
            return self.gathered(command, key)
        if not self.mail.messages:
            raise TimedOut
        return self.mail.messages.pop()

    def gathered(self, command: Gather[Any], key: str) -> Any:
        answers: list[Any] = []
        refusals: list[Refusal] = []
        for branch, call in enumerate(command.calls):
            try:
                answers.append(self.step(call, f"{key}/{branch}"))
            except Refusal as refusal:
                refusals.append(refusal)
        if refusals:
            raise refusals[0]
        return tuple(answers)

    def take_back(self) -> None:
        for contract, key, message, result in reversed(self.done):
            if contract.undone_by is not None:
                undo = Undo(key=key, input=message, result=result)
                self.ask(contract.undone_by, undo, f"undo:{key}")

    def run(self, message: Any, flow: Workflow[Any, Any] = order_flow) -> Any:
        """Return the answer, or the refusal or timeout for which everything was taken back."""
        self.done.clear()
        coroutine = flow(message)
        command = coroutine.send(None)
        try:
            for place in range(100):
                command = coroutine.send(self.answer(command, f"{message.id}/{place}"))
        except StopIteration as ended:
            return ended.value
        except (Refusal, TimedOut) as uncaught:
            self.take_back()
            return uncaught
        finally:
            coroutine.close()
        raise AssertionError("the flow does not end")


def orders_of(day: TradingDay) -> Iterator[Order]:
    for message in read_fix(TRADING_DAY / "orders-priced.fix", mode=Mode.STRICT, source="orders"):
        assert isinstance(message, FixMessage)
        taken = take_in(message, day, mode=Mode.STRICT)
        assert isinstance(taken, tuple)
        yield taken[0]


def reason_of(ended: Any) -> str:
    if isinstance(ended, OrderOutcome):
        return ended.status.value
    detail = next((getattr(ended, name) for name in ("rule", "reason") if hasattr(ended, name)), "")
    return f"{type(ended).__name__} {detail}".strip()


@pytest.fixture
def driver(house: Any, venue: PaperVenue, records: Any, outgoing: Any, tmp_path: Any) -> Driver:
    class Here:
        folder = str(tmp_path)

    surveillance: Any = FileSurveillance(Here())  # type: ignore[arg-type]
    ports = {Ledger: house.ledger, Prices: house.prices, Venue: PatientVenue(venue), Surveillance: surveillance}
    return Driver(ports, type(records), outgoing)


def test_the_trading_day_has_every_outcome_and_its_books_balance(driver: Driver, house: Any) -> None:
    day = TradingDay.load(TRADING_DAY)
    for opening in day.openings:
        driver.ask(open_account, opening, opening.account)

    ended = {order.id: driver.run(order) for order in orders_of(day)}

    reasons = Counter(reason_of(one) for one in ended.values())
    assert sum(reasons.values()) == 200
    assert set(reasons) == {
        "filled",
        "partially_filled",
        "ComplianceRejected maximum_order_value",
        "ComplianceRejected surveillance.wash_trade",
        "InsufficientFunds",
        "InsufficientPosition",
        "NotExecuted limit_not_reached",
    }
    assert driver.ports[Venue].lost > 0
    assert house.faults == ()
    assert Account in driver.records
    assert_views_agree(driver, ended)


def assert_views_agree(driver: Driver, ended: dict[Any, Any]) -> None:
    views = driver.records[OrderView].kept
    for order_id, view in views.items():
        assert (view.stage is OrderStage.TAKEN_BACK) == isinstance(ended[order_id], Refusal)
    completed = {order_id for order_id, one in ended.items() if isinstance(one, OrderOutcome)}
    assert completed <= set(views)
    assert all(views[order_id].cum_qty == ended[order_id].execution.cum_qty for order_id in completed)


@pytest.fixture
def day(driver: Driver) -> TradingDay:
    """Return the day, after its trading."""
    day = TradingDay.load(TRADING_DAY)
    for opening in day.openings:
        driver.ask(open_account, opening, opening.account)
    driver.outcomes = {order: driver.run(order) for order in orders_of(day)}
    return day


def test_nothing_stays_pending_after_the_trading_day(driver: Driver, house: Any, day: TradingDay) -> None:
    for opening in day.openings:
        for commodity in ("USD", *(listing.isin for listing in day.listings.values())):
            balance = house.ledger.balance(f"client:{opening.account}", commodity)
            assert (balance.pending_debits, balance.pending_credits) == (0, 0)
            assert balance.posted >= 0


def trade_of(order: Order, outcome: OrderOutcome) -> Trade:
    return Trade(
        id=TradeId(order.id),
        account=order.account,
        instrument=order.instrument,
        side=order.side,
        quantity=outcome.execution.cum_qty,
        gross_amount=outcome.execution.gross_amount,
        settlement_date=date(2013, 3, 6),
    )


def test_clearing_is_empty_once_every_trade_of_the_day_has_settled(driver: Driver, house: Any, day: TradingDay) -> None:
    for order, outcome in driver.outcomes.items():
        if isinstance(outcome, OrderOutcome):
            trade = trade_of(order, outcome)
            driver.mail.messages.append(
                SettlementConfirmation(trade_id=trade.id, status=SettlementStatus.SETTLED, reason="")
            )
            assert driver.run(trade, settlement_flow) == Settled(trade_id=trade.id)

    for opening in day.openings:
        for commodity in ("USD", *(listing.isin for listing in day.listings.values())):
            assert house.ledger.balance(f"clearing:{opening.account}", commodity).posted == 0
    assert house.faults == ()


@pytest.mark.parametrize("reason", ["LACK", None])
def test_a_settlement_that_fails_or_is_never_confirmed_changes_nothing(
    driver: Driver, house: Any, day: TradingDay, reason: str | None
) -> None:
    order, outcome = next((o, one) for o, one in driver.outcomes.items() if isinstance(one, OrderOutcome))
    trade = trade_of(order, outcome)
    accounts = ("depository", f"clearing:{order.account}", f"client:{order.account}")
    before = [house.ledger.balance(account, trade.instrument).available for account in accounts]
    if reason is not None:
        failed = SettlementConfirmation(trade_id=trade.id, status=SettlementStatus.FAILED, reason=reason)
        driver.mail.messages.append(failed)

    ended = driver.run(trade, settlement_flow)

    assert isinstance(ended, TimedOut) if reason is None else ended == SettlementFailed(reason=reason)
    assert [house.ledger.balance(account, trade.instrument).available for account in accounts] == before
    assert house.faults == ()
