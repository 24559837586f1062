"""Whatever is written wrongly into a declaration is refused as one of our own errors, with its code and its line."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import pytest

import isthmus.core as typed
from isthmus.core import App, Event, Message, Money, Refusal, Retry, SourceError
from isthmus.core.errors import IsthmusError
from isthmus.core.money import CurrencyMismatch, MoneyInvalid

core: Any = typed  # what is wrong here is what type checkers would refuse


class Ask(Message, identity="id"):
    id: str


class Came(Event):
    id: str


class No(Refusal):
    rule: str


class Port(Protocol):
    def say(self) -> str: ...


class Spoken:
    def say(self) -> str:
        return ""


@typed.contract(reads=True)
def ask(message: Ask) -> Ask:
    """Answer."""
    raise NotImplementedError


def right(message: Ask) -> Ask:
    """Be a contract."""
    raise NotImplementedError


@typed.handles(ask)
def answer(message: Ask) -> Ask:
    return message


class Thing:
    """Have no name, and be shown without an address."""


THING = Thing()
HOUR = timedelta(hours=1)


def declared(**options: Any) -> Callable[[], object]:
    return lambda: core.contract(**options)(right)


def app(**options: Any) -> Callable[[], object]:
    return lambda: core.App("wrong", **({"fulfils": [answer]} | options))


def bound(*arguments: Any, **options: Any) -> Callable[[], object]:
    return lambda: core.App("wrong", fulfils=[answer]).bind(*arguments, **options)


WRONG: list[Callable[[], object]] = [
    lambda: core.contract(right),
    lambda: core.contract("reads"),
    lambda: core.contract(THING),
    lambda: core.contract()(THING),
    lambda: core.contract()(Ask),
    *(declared(timeout=value) for value in (5, "5s", None, 1.5, HOUR * 0)),
    *(declared(retry=value) for value in (3, None, "often", Retry)),
    *(declared(refuses=value) for value in (No, "No", [No(rule="r")], ["No"], [ValueError], 5, None)),
    *(declared(latency=value) for value in ("critical", 1, None)),
    *(declared(unit=value) for value in (5, ask)),
    *(declared(reads=value) for value in (1, "yes", ask)),
    *(declared(final=value) for value in (1, "yes")),
    *(declared(undone_by=value) for value in (right, answer, 5, "undo", THING)),
    *(lambda value=value: core.handles(value) for value in (right, answer, None, 5, THING, "ask")),
    *(lambda value=value: core.handles(ask)(value) for value in (THING, 5, Ask, len)),
    *(lambda value=value: core.workflow(value) for value in (right, answer, None, 5, THING)),
    *(lambda value=value: core.workflow(ask)(value) for value in (right, THING, Ask)),
    *(lambda value=value: core.gather(value) for value in (5, ask, right, THING)),
    lambda: core.gather(ask(Ask(id="a")), None),
    lambda: core.each(right, [], at_most=1),
    lambda: core.each(ask, "abc", at_most=1),
    lambda: core.each(ask, Ask(id="a"), at_most=1),
    lambda: core.each(ask, [], at_most="1"),
    lambda: core.each(ask, [], at_most=True),
    *(lambda value=value: core.sleep(value) for value in (5, "5s", None)),
    *(lambda value=value: core.wait_for(value, key="k", within=HOUR) for value in (Ask, "Came", None, THING)),
    *(lambda value=value: core.wait_for(Came, key=value, within=HOUR) for value in (5, None, b"k")),
    *(lambda value=value: core.wait_for(Came, key="k", within=value) for value in (5, "1h", None)),
    lambda: core.Retry(attempts="3"),
    lambda: core.Retry(attempts=True),
    lambda: core.Retry(factor=1.5),
    lambda: core.Retry(first=1),
    lambda: core.Retry(at_most=60),
    *(lambda unit=unit: getattr(core, unit)("5") for unit in ("seconds", "minutes", "hours", "days")),
    lambda: core.seconds(1.5),
    lambda: core.days(10**12),
    *(lambda value=value: core.Money(value, "USD") for value in ("1", 1.5, None, True, 2**60)),
    *(lambda value=value: core.Money(1, value) for value in ("usd", 5, None, [])),
    *(lambda value=value: Money.parse(value, "USD") for value in (1, 1.5, "1.2.3", "", None)),
    lambda: Money.parse("1", core),
    *(lambda value=value: core.Money.of(value, "USD") for value in (1.5, "1", None, Decimal("NaN"))),
    lambda: core.Money.of(Decimal("0.001"), "USD", rounding="up"),
    lambda: core.Money.of(Decimal("0.001"), "USD", rounding=5),
    lambda: core.Money(1, "USD").times(1.5, rounding="ROUND_UP"),
    lambda: core.Money(1, "USD").times(2, rounding="UP"),
    lambda: core.Money(1, "USD") + 5,
    lambda: core.Money(1, "USD") - core.Money(1, "EUR"),
    lambda: core.Money(1, "USD") * 1.5,
    lambda: core.Money(1, "USD") < 5,
    *(lambda value=value: core.Money(1, "USD").allocate(value) for value in (5, "12", ["1"], [], None)),
    *(lambda value=value: core.Money(1, "USD").split(value) for value in (0, "2", 1.5, None)),
    lambda: core.topic(5, Ask, key="id"),
    *(lambda value=value: core.topic("t", value, key="id") for value in (int, "Ask", ask, Ask(id="a"), None)),
    *(lambda value=value: core.topic("t", Ask, key=value) for value in (5, None, ["id"])),
    *(lambda value=value: core.topic("t", Ask, key="id", subscribers=value) for value in (ask, [right], "ask", None)),
    lambda: core.topic("t", Ask, key="id", external="yes"),
    lambda: core.stream(5, Ask, key="id", into=ask),
    lambda: core.stream("s", int, key="id", into=ask),
    lambda: core.stream("s", Ask, key=5, into=ask),
    lambda: core.stream("s", Ask, key="id", into=answer),
    lambda: core.schedule(5, every=HOUR, starts=ask, message=Ask(id="a")),
    *(
        lambda value=value: core.schedule("s", every=value, starts=ask, message=Ask(id="a"))
        for value in ("1h", 5, None)
    ),
    lambda: core.schedule("s", every=HOUR * 0, starts=ask, message=Ask(id="a")),
    lambda: core.schedule("s", every=HOUR, starts=right, message=Ask(id="a")),
    *(lambda value=value: core.schedule("s", every=HOUR, starts=ask, message=value) for value in (Ask, {}, None)),
    lambda: core.endpoint(5, "/a", starts=ask),
    lambda: core.endpoint("POST", 5, starts=ask),
    lambda: core.endpoint("FETCH", "/a", starts=ask),
    lambda: core.endpoint("POST", "a", starts=ask),
    lambda: core.endpoint("POST", "/a", starts=answer),
    lambda: core.App(5, fulfils=[]),
    *(app(fulfils=value) for value in (answer, None, "answer")),
    *(app(topics=value) for value in (core.topic("t", Ask, key="id"), ["t"], None)),
    *(app(streams=value) for value in (["s"], "s")),
    *(app(schedules=value) for value in ([HOUR], HOUR)),
    *(app(endpoints=value) for value in (["/a"], "/a")),
    *(app(late_events=value) for value in ([Came], {Ask: ask}, {Came: answer}, {"Came": ask})),
    app(policy_version=1),
    bound("Port", Spoken),
    bound(5, Spoken),
    bound(Port, "Spoken"),
    bound(Port, Spoken()),
    bound(Port, Spoken, secrets="token"),
    bound(Port, Spoken, hosts=["a", 5]),
    bound(Port, Spoken, countries=5),
    bound(Port, Spoken, on="mars"),
    bound(Port, Spoken, on=5),
    bound(typed.Clock, Spoken),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_a_wrong_call_is_an_error_of_ours_with_code_and_place(number: int) -> None:
    with pytest.raises(IsthmusError) as refused:
        WRONG[number]()

    fault = refused.value
    assert re.search(r"\[ISTH\d{3}\]$", str(fault))
    assert fault.instead
    assert " at 0x" not in str(fault)
    if isinstance(fault, MoneyInvalid | CurrencyMismatch):
        assert fault.place == "Money"
    else:
        assert re.fullmatch(rf"{re.escape(__file__)}:\d+", fault.place), fault.place


def test_the_place_is_the_line_of_the_call() -> None:
    with pytest.raises(SourceError) as refused:
        core.sleep(5)

    line = int(refused.value.place.rpartition(":")[2])
    assert Path(__file__).read_text().splitlines()[line - 1].strip() == "core.sleep(5)"


def test_a_contract_that_is_handled_is_named_where_its_handler_was_given() -> None:
    with pytest.raises(SourceError, match=r"answer is no contract \(name the contract itself: ask\)"):
        core.topic("t", Ask, key="id", subscribers=[answer])


def test_a_value_without_a_name_is_shown_by_its_class() -> None:
    with pytest.raises(SourceError, match="wait_for is given a Thing"):
        core.wait_for(THING, key="k", within=HOUR)
    with pytest.raises(SourceError, match="one of app wrong: topics is module "):
        App("wrong", fulfils=[answer], topics=[core])
