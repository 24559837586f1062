"""Ports, triggers, errors and classes of data: the small words of the language."""

import inspect
from datetime import timedelta
from typing import Any, Protocol, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import isthmus.core
from isthmus.core import (
    App,
    Caller,
    Clock,
    DataClass,
    Event,
    Gateway,
    IsthmusError,
    Mailbox,
    Message,
    Publisher,
    Records,
    Reference,
    SourceError,
    TimedOut,
    contract,
    days,
    endpoint,
    handles,
    schedule,
    stream,
    topic,
    workflow,
)
from isthmus.core.app import AppRefused
from isthmus.core.composition import port_kind
from isthmus.core.ports import reference_of


class Ask(Message, identity="id"):
    id: str


class Heard(Event):
    id: str


class Venue(Gateway[Ask, Ask], Protocol):
    """Be a gateway."""


class Rates(Protocol):
    """Be a port of the app's own."""


@contract(reads=True)
def ask(message: Ask) -> Ask:
    """Answer."""
    raise NotImplementedError


@handles(ask)
def answer(message: Ask) -> Ask:
    return message


# Ports


@given(st.text(), st.text(), st.integers(1, 26))
def test_a_reference_is_the_same_for_a_key_and_fits_where_it_must(key: str, other: str, characters: int) -> None:
    reference = reference_of(key, characters)

    assert reference == reference_of(key, characters)
    assert len(reference) == characters
    assert set(reference) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    assert reference_of(key).startswith(reference)
    assert (reference_of(key) == reference_of(other)) is (key == other)


@pytest.mark.parametrize(
    ("port", "kind"),
    [
        (Records[Ask], "table"),
        (Publisher[Ask], "table"),
        (Mailbox[Heard], "table"),
        (Venue, "gateway"),
        (Gateway[Ask, Ask], "gateway"),
        (Clock, "provided"),
        (Reference, "provided"),
        (Caller, "provided"),
        (Rates, "bound"),
        (int, "bound"),
    ],
)
def test_what_a_handler_asks_for_is_one_of_four_kinds(port: Any, kind: str) -> None:
    assert port_kind(port) == kind


# Where a contract is named


NO_CONTRACT: dict[str, Any] = {
    "a topic": lambda: topic("t", Ask, key="id", subscribers=[cast("Any", answer)]),
    "a stream": lambda: stream("s", Ask, key="id", into=cast("Any", answer)),
    "a schedule": lambda: schedule("s", every=days(1), starts=cast("Any", answer), message=Ask(id="a")),
    "an endpoint": lambda: endpoint("GET", "/", starts=cast("Any", answer)),
    "a late event": lambda: App("app", fulfils=[], late_events={Heard: cast("Any", answer)}),
    "a handler": lambda: handles(cast("Any", answer)),
    "a workflow": lambda: workflow(cast("Any", answer)),
    "undone_by": lambda: contract(undone_by=cast("Any", answer)),
}


@pytest.mark.parametrize("where", NO_CONTRACT)
def test_a_handler_where_a_contract_belongs_is_told_which(where: str) -> None:
    with pytest.raises(SourceError, match="is no contract") as refused:
        NO_CONTRACT[where]()

    assert refused.value.instead == "name the contract itself: ask"
    assert refused.value.place


def test_what_is_no_contract_at_all_is_refused() -> None:
    with pytest.raises(SourceError, match="is no contract") as refused:
        handles(cast("Any", len))

    assert refused.value.instead == "name a contract"


NO_FUNCTION: dict[str, Any] = {
    "@contract": contract(reads=True),
    "@handles": handles(ask),
    "@workflow": workflow(ask),
}


@pytest.mark.parametrize("decorator", NO_FUNCTION)
@pytest.mark.parametrize("thing", [len, 3, Ask])
def test_a_decorator_decorates_functions(decorator: str, thing: Any) -> None:
    with pytest.raises(SourceError, match=f"{decorator} decorates") as refused:
        NO_FUNCTION[decorator](thing)

    assert refused.value.instead == "decorate a def"


# Triggers


@pytest.mark.parametrize(("method", "path"), [("POST", "orders"), ("FETCH", "/orders"), ("", "/")])
def test_an_endpoint_is_a_method_and_a_path(method: str, path: str) -> None:
    with pytest.raises(SourceError, match="a method and a path"):
        endpoint(method, path, starts=ask)


@pytest.mark.parametrize("every", [timedelta(0), timedelta(seconds=-1)])
def test_a_schedule_lets_time_pass(every: timedelta) -> None:
    with pytest.raises(SourceError, match="give a duration above zero"):
        schedule("s", every=every, starts=ask, message=Ask(id="a"))


# Errors and words


@given(st.text(), st.text(), st.text())
def test_an_error_says_the_place_the_problem_the_remedy_and_its_code(problem: str, place: str, instead: str) -> None:
    said = str(IsthmusError(problem, place=place, instead=instead))

    assert said == (f"{place}: " if place else "") + problem + (f" ({instead})" if instead else "") + " [ISTH000]"


def test_an_app_that_is_refused_says_every_problem() -> None:
    refused = AppRefused("shop", ["one", "two"])

    assert str(refused) == "app shop has 2 problems [ISTH110]:\none\ntwo"
    assert refused.problems == ("one", "two")
    assert "app shop has 1 problem [ISTH110]:" in str(AppRefused("shop", ["one"]))


def test_a_timeout_is_no_refusal_and_no_error_of_ours() -> None:
    assert not isinstance(TimedOut(), IsthmusError | isthmus.core.Refusal)


def test_a_class_of_data_is_known_by_its_name() -> None:
    assert DataClass("personal") == isthmus.core.PERSONAL
    assert len({isthmus.core.PERSONAL, isthmus.core.FINANCIAL, isthmus.core.CONFIDENTIAL, isthmus.core.MARKET}) == 4


@pytest.mark.parametrize("name", isthmus.core.__all__)
def test_every_word_of_the_language_says_what_it_is(name: str) -> None:
    word = getattr(isthmus.core, name)

    if inspect.isclass(word) or inspect.isfunction(word):
        assert word.__doc__
