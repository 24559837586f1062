"""Fitness: what Azure would refuse of an App, or take for something else, told before it is deployed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from math import gcd
from typing import Final

from isthmus.adapters.azure.functions import Function, Functions, Kind
from isthmus.adapters.runtime.cron import MINUTE, cron_of
from isthmus.core.composition import Composition
from isthmus.core.errors import SourceError

SECOND = timedelta(seconds=1)

FUNCTION_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,126}")
TOPIC_NAME: Final = re.compile(r"(?=.{1,260}\Z)[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?")
SUBSCRIPTION_NAME: Final = re.compile(r"(?=.{1,50}\Z)[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
EVENT_HUB_NAME: Final = re.compile(r"(?=.{1,256}\Z)[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")

RESERVED_ROUTES: Final = frozenset({"admin", "runtime"})
"""Where the paths begin that the host of Azure Functions keeps for itself."""


class UnfitForAzure(SourceError):
    """Report every reason for which an App cannot be on Azure."""

    code = "ISTH140"

    def __init__(self, app: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"app {app} has {count} on Azure:\n" + "\n".join(problems))


def hold_to_azure(composition: Composition, functions: Functions) -> None:
    """Raise UnfitForAzure (ISTH140) with everything that Azure would refuse."""
    found = [*_wrong_schedules(composition), *_names_taken_twice(functions.all), *_paths_taken_twice(functions.all)]
    for function in functions.all:
        found += _wrong_names(function)
    if found:
        raise UnfitForAzure(composition.name, list(dict.fromkeys(found)))


def ncrontab_of(every: timedelta) -> str:
    """Return the NCRONTAB expression that fires at every tick of a period, and more often where none fits exactly.

    Nothing fits a period of a fraction of a second: such an App is unfit.
    """
    return f"*/{gcd(every // SECOND, 60)} * * * * *" if every % MINUTE else f"0 {cron_of(every)}"


def _wrong_schedules(composition: Composition) -> Iterator[str]:
    for schedule in composition.app.schedules:
        if schedule.every % SECOND:
            yield f"schedule {schedule.name}: no timer fires every {schedule.every}; give whole seconds"


def _names_taken_twice(functions: Sequence[Function]) -> Iterator[str]:
    """Yield each name that several functions have; Azure takes letters of both cases for the same."""
    times = Counter(function.name.lower() for function in functions)
    for name in (name for name, count in times.items() if count > 1):
        places = ", ".join(_place(function) for function in functions if function.name.lower() == name)
        yield f"function {name}: it would be several: {places}; rename all but one"


def _paths_taken_twice(functions: Sequence[Function]) -> Iterator[str]:
    """Yield each path that several functions have: which of them answered would be anybody's guess."""
    found: dict[str, list[str]] = {}
    for function in functions:
        if function.kind is Kind.HTTP:
            path = re.sub(r"\{[^}]*\}", "{}", function.bound_to["route"]).lower()
            found.setdefault(f"{function.bound_to['method']} /{path}", []).append(_place(function))
    for path, places in found.items():
        if len(places) > 1:
            yield f"{path}: it would be taken by several: {', '.join(places)}; give all but one another path"


def _wrong_names(function: Function) -> Iterator[str]:
    place, to = _place(function), function.bound_to
    if not FUNCTION_NAME.fullmatch(function.name):
        shown = function.name if len(function.name) < 130 else f"{function.name[:100]}…"
        yield (
            f"{place}: {shown!r} cannot name a function; give a name of which a letter comes first, "
            f"then letters, digits and _, 127 characters at most"
        )
    if function.kind is Kind.HTTP and to["route"].partition("/")[0].lower() in RESERVED_ROUTES:
        yield f"{place}: the host keeps /admin and /runtime for itself; give another path"
    if function.kind is Kind.SERVICE_BUS and not TOPIC_NAME.fullmatch(to["topic"]):
        yield f"{place}: Service Bus takes no such topic; {_rule(260, '., -, _, /')}"
    if function.kind is Kind.SERVICE_BUS and not SUBSCRIPTION_NAME.fullmatch(to["subscription"]):
        yield f"{place}: Service Bus takes no subscription {to['subscription']}; {_rule(50, '., -, _')}"
    if function.kind is Kind.EVENT_HUB and not EVENT_HUB_NAME.fullmatch(to["hub"]):
        yield f"{place}: Event Hubs takes no such hub; {_rule(256, '., -, _')}"


def _rule(most: int, signs: str) -> str:
    return f"give it a name of letters, digits, {signs}, a letter or digit at both ends, {most} characters at most"


def _place(function: Function) -> str:
    """Say which part of the App a function comes from."""
    to = function.bound_to
    match function.kind:
        case Kind.HTTP:
            return f"endpoint {to['method']} /{to['route']}"
        case Kind.SERVICE_BUS:
            return f"topic {to['topic']} to {to['subscription']}"
        case Kind.EVENT_HUB:
            return f"stream {to['hub']}"
        case Kind.TIMER:
            return f"timer {function.name}"
        case _:
            return f"contract {function.name}"
