"""Any schedule leaves each order done once, wholly taken back, or stuck with a person asked: as the model says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from effort import LONG, examples
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from reference import WAIT_MINUTES, Model
from shop import SHOP, Order, Shop, Verdict, place

from isthmus.core.testing import CrashAt, Laptop, run_locally

WORKS = ("ok", "ok", "ok", "few")
STEPS = {
    "check": (*WORKS, "refuse", "fail"),
    "hold": (*WORKS, "refuse", "fail"),
    "fill": (*WORKS, "lost", "lost", "refuse", "fail", "unknown"),
    "book": (*WORKS, "fail"),
    "cancel": (*WORKS, "lost", "fail", "unknown"),
    "release": (*WORKS, "fail"),
}
PLANS = st.fixed_dictionaries({step: st.sampled_from(ways) for step, ways in STEPS.items()})
ORDERS = ("a", "b", "c")


def order_of(name: str, client: str, amount: int, plan: dict[str, str]) -> Order:
    return Order(id=name, client=client, amount=amount, **plan)


def compare(world: Laptop, shop: Shop, model: Model) -> None:
    """Compare the whole world with what it must be."""
    tables = world.tables()
    counted = {(kind, key): body for kind, key, body in tables["record"]}
    balances = {key: body["amount"] for (kind, key), body in counted.items() if kind == "Balance"}
    counts = {key: body["count"] for (kind, key), body in counted.items() if kind == "Count"}

    assert sum(balances.values()) == 0, "the books do not balance"
    assert {name: amount for name, amount in balances.items() if amount} == {
        name: amount for name, amount in model.balances.items() if amount
    }
    assert counts == dict(model.counts)
    assert +shop.venue.done == +model.fills
    assert +shop.desk.done == +model.cancels
    assert {order: world.status_of(place, order) for order in model.runs} == {
        order: {"new": "running"}.get(run.status, run.status) for order, run in model.runs.items()
    }
    assert world.dead_letters() == sum(model.dead.values())


class Schedules(RuleBasedStateMachine):
    """Start orders, double them, judge them, let time pass, and crash anywhere in between."""

    def __init__(self) -> None:
        super().__init__()
        self.shop = Shop()
        self.model = Model()
        self.faults = CrashAt()
        self.world = run_locally(SHOP, faults=self.faults).__enter__()
        self.orders: dict[str, Order] = {}
        self.events = 0

    @rule(after=st.lists(st.integers(1, 40), max_size=3))
    def crash_after(self, after: list[int]) -> None:
        self.faults.crash_in(*after)

    @precondition(lambda self: len(self.orders) < len(ORDERS))
    @rule(client=st.sampled_from(["ann", "bob"]), amount=st.integers(1, 1000), plan=PLANS)
    def start(self, client: str, amount: int, plan: dict[str, str]) -> None:
        name = ORDERS[len(self.orders)]
        self.orders[name] = order_of(name, client, amount, plan)
        self.world.start(place, self.orders[name])
        self.model.start(name, client, amount, plan)

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def start_again(self, data: st.DataObject) -> None:
        self.world.start(place, self.orders[data.draw(st.sampled_from(sorted(self.orders)))])

    @rule(order=st.sampled_from(ORDERS), approved=st.booleans(), twice=st.booleans())
    def judge(self, order: str, approved: bool, twice: bool) -> None:
        self.events += 1
        for _time in range(1 + twice):
            self.world.send(Verdict(order=order, approved=approved), key=order, event_id=f"event {self.events}")
        self.model.verdict(order, approved)

    @rule(minutes=st.sampled_from([1, WAIT_MINUTES - 1, WAIT_MINUTES]))
    def let_time_pass(self, minutes: int) -> None:
        self.world.move(timedelta(minutes=minutes))
        self.model.move(minutes)

    @rule()
    def kill(self) -> None:
        self.world.restart()

    @invariant()
    def is_as_the_model_says(self) -> None:
        compare(self.world, self.shop, self.model)

    def teardown(self) -> None:
        self.world.__exit__(None, None, None)


TestSchedules = Schedules.TestCase
TestSchedules.settings = settings(max_examples=examples(25), stateful_step_count=12, deadline=None)


PLAN = dict.fromkeys(STEPS, "ok")
ODD_PLANS = [PLAN] + [PLAN | {step: way} for step, ways in STEPS.items() for way in sorted({*ways} - {"ok"})]
VERDICTS = (True, False, None)


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("plan", ODD_PLANS, ids=lambda plan: " ".join(f"{k}-{v}" for k, v in plan.items() if v != "ok"))
def test_whatever_one_step_does_a_crash_at_any_point_changes_nothing(
    verdict: bool | None, plan: dict[str, str]
) -> None:
    points = passed_by(verdict, plan, crash_at=None)

    for number in range(1, points + 1, 1 if LONG else 4):
        passed_by(verdict, plan, crash_at=number)


@settings(max_examples=examples(4), deadline=None)
@given(plan=PLANS, verdict=st.sampled_from(VERDICTS), first=st.integers(1, 30), second=st.integers(1, 30))
def test_two_crashes_of_any_order_change_nothing(
    plan: dict[str, str], verdict: bool | None, first: int, second: int
) -> None:
    passed_by(verdict, plan, crash_at=first, again=second)


def passed_by(verdict: bool | None, plan: dict[str, str], *, crash_at: int | None, again: int = 0) -> int:
    """Run one order to its end, dead at one point or two, and alive again; return how many points it passed."""
    shop, model, faults = Shop(), Model(), CrashAt(*([crash_at, crash_at + again] if crash_at else []))
    with run_locally(SHOP, faults=faults) as world:
        world.start(place, order_of("a", "ann", 100, plan))
        model.start("a", "ann", 100, plan)
        compare(world, shop, model)
        if verdict is None or model.runs["a"].status != "new":
            world.move(timedelta(minutes=WAIT_MINUTES))
            model.move(WAIT_MINUTES)
        else:
            world.send(Verdict(order="a", approved=verdict), key="a", event_id="1")
            model.verdict("a", verdict)
        compare(world, shop, model)
        return len(faults.passed)
