"""What a port is bound to must be made as a backend makes it, and must do what the port promises."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest

from isthmus.core import App, AppRefused, Configuration, Gateway
from isthmus.core.implementation import takes_configuration
from isthmus.core.ports import Binding

sys.path.insert(0, str(Path(__file__).parent))
from desk import FixedRates, Held, Order, Rates, desk


class Silent:
    pass


class Inherits(Rates):
    """Take the stub of the Protocol for a method."""


class Described(Protocol):
    name: str

    def rate(self, currency: str) -> int:
        """Return the rate."""
        ...

    def usual(self) -> int:
        """Return the rate of most days."""
        return 1


class InheritsWhatIsDescribed(Described):
    name = "described"


class Venue(Gateway[Order, Held], Protocol):
    pass


class Calls:
    def call(self, reference: str, request: Order) -> Held:
        raise NotImplementedError


class NotAMethod:
    rate = 5


class OfTwo(FixedRates):
    def __init__(self, host: str, port: int) -> None: ...


class OfNamed(FixedRates):
    def __init__(self, *, host: str) -> None: ...


class Configured(FixedRates):
    def __init__(self, configuration: Configuration) -> None: ...


class Defaulted(FixedRates):
    def __init__(self, host: str = "localhost", **more: Any) -> None: ...


class Dynamic:
    def __getattr__(self, name: str) -> Any:
        return len


class Carried:
    rate: Callable[[str], int]

    def __init__(self) -> None:
        self.rate = len


def made() -> FixedRates:
    return FixedRates()


def made_silent() -> Silent:
    return Silent()


def made_of_something() -> Missing:  # type: ignore[name-defined]  # noqa: F821
    return None


def made_as_promised() -> Rates:
    return FixedRates()


def made_of_two(host: str, port: int) -> FixedRates:
    return FixedRates()


def bound(port: Any, implementation: Any) -> App:
    app = desk()
    app.bindings.clear()
    app.bind(Rates, FixedRates)
    if port is Rates:
        app.bindings.clear()
    app.bind(port, implementation)
    return app


LACKING = [
    (Rates, Silent, "Silent, which has no method rate"),
    (Rates, Inherits, "Inherits, which has no method rate"),
    (Rates, NotAMethod, "NotAMethod, which has no method rate"),
    (Rates, partial(Silent), "Silent, which has no method rate"),
    (Rates, made_silent, "made_silent, which has no method rate"),
    (Described, InheritsWhatIsDescribed, "InheritsWhatIsDescribed, which has no method rate"),
    (Venue, Calls, "Calls, which has no method inquire"),
    (Gateway[Order, Held], Calls, "Calls, which has no method inquire"),
]
UNMADE = [
    (Rates, OfTwo, "OfTwo, which cannot be called with one Configuration: missing a required argument: 'port'"),
    (Rates, made_of_two, "made_of_two, which cannot be called with one Configuration: missing a required"),
    (Rates, OfNamed, "OfNamed, which cannot be called with one Configuration: too many positional"),
    (Rates, partial(Defaulted, "a", "b"), "Defaulted, whose parameters cannot be read"),
]


@pytest.mark.parametrize(("port", "implementation", "words"), LACKING + UNMADE)
def test_a_binding_that_does_not_fit_is_refused_at_its_line(port: Any, implementation: Any, words: str) -> None:
    with pytest.raises(AppRefused) as refused:
        bound(port, implementation).load()

    (problem,) = refused.value.problems
    lines, first = inspect.getsourcelines(bound)
    line = first + next(number for number, text in enumerate(lines) if "app.bind(port" in text)
    assert problem.startswith(f"{__file__}:{line}: port ")
    assert f"is bound to {words}" in problem
    assert problem.endswith(" [ISTH100]")


FIXED = FixedRates()
RIGHT = [
    *(FixedRates, Configured, Defaulted, Dynamic, Carried),
    *(made, made_of_something, made_as_promised, lambda: FIXED, partial(OfTwo, "a", 1)),
]


@pytest.mark.parametrize("implementation", RIGHT)
def test_what_fits_or_cannot_be_known_is_loaded(implementation: Any) -> None:
    assert bound(Rates, implementation).load().blueprint.ports


def test_a_class_that_is_no_protocol_promises_no_methods() -> None:
    class Box:
        def open(self) -> None: ...

    app = desk()
    app.bind(Box, Silent)

    assert app.load()


def test_what_a_builtin_takes_cannot_be_read() -> None:
    with pytest.raises(AppRefused, match="is bound to dict, whose parameters cannot be read"):
        bound(Rates, dict).load()


@pytest.mark.parametrize(("implementation", "takes"), [(Configured, True), (FixedRates, False), (Defaulted, False)])
def test_a_configuration_is_given_to_what_needs_one(implementation: Any, takes: bool) -> None:
    assert takes_configuration(implementation) is takes
    assert Binding(port=Rates, implementation=implementation).place == ""
