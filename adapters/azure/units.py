"""Units: what is deployed and scaled alone, a function app for each.

Function apps cannot share a task hub, so one unit is the home of everything that needs it: the orchestrations, all
triggers, the timers, and what they do themselves. Another unit does the work of its own contracts and their undo, on
the same database, when home asks it over HTTP:

    home      activity `hold`  ->  POST {ISTHMUS_UNIT_PLACES_URL}/contracts/hold, with a token of its identity
    places    do the step as an activity would; the answer is the activity's

What answers twice is one unit of work: the request is the step's, and the database knows whether it was done.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import azure.functions as func
import msgspec

from isthmus.adapters.azure.activities import TAKE_BACK, take_back
from isthmus.adapters.azure.calling import CONTRACTS, setting_part
from isthmus.adapters.azure.endpoints import or_problem
from isthmus.adapters.azure.fitness import UnfitForAzure
from isthmus.adapters.azure.functions import Functions, Kind
from isthmus.adapters.runtime.driving import Call, Reply, do_step
from isthmus.adapters.runtime.host import Host
from isthmus.adapters.runtime.requests import Unacceptable
from isthmus.core.blueprint import deployed_units
from isthmus.core.codec import ENCODER, UNREADABLE
from isthmus.core.composition import Composition

CALLERS: Final = "ISTHMUS_CALLERS"
PLATFORM_AUTHENTICATES: Final = "WEBSITE_AUTH_ENABLED"
PRINCIPAL: Final = "x-ms-client-principal-id"

NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")


def units_of(composition: Composition) -> tuple[str, ...]:
    """Return the units that are deployed, home first.

    Raises UnfitForAzure (ISTH140) for names that folders and settings cannot have.
    """
    units = deployed_units(composition.blueprint)
    problems = list(_wrong_names(units)) if len(units) > 1 else []
    if problems:
        raise UnfitForAzure(composition.name, problems)
    return units


def elsewhere(composition: Composition) -> dict[str, str]:
    """Return the contracts whose work home has done by another unit, with that unit."""
    _, *others = units_of(composition)
    return {one.contract: one.unit for one in composition.blueprint.functions if one.unit in others}


def _wrong_names(names: Iterable[str]) -> Iterator[str]:
    known: dict[str, str] = {}
    for name in names:
        if not NAME.fullmatch(name):
            yield f"unit {name}: it names a folder, and settings (write {NAME.pattern})"
            continue
        other = known.setdefault(setting_part(name), name)
        if other != name:
            yield f"unit {name}: its settings would be those of unit {other} (rename one of them)"


# The unit that is called


def add_calls(functions: Functions, host: Host, unit: str) -> None:
    """Add the functions of a unit that is not home: one for each of its contracts, and the undo of what it did."""
    for contract, its in elsewhere(host.composition).items():
        if its == unit:
            _add(functions, contract, lambda call: do_step(host, call))
    _add(functions, TAKE_BACK, lambda call: take_back(host, call.run_id))


def _add(functions: Functions, contract: str, do: Callable[[Call], Reply]) -> None:
    async def answer(req: func.HttpRequest) -> func.HttpResponse:
        check_caller(req)
        call = _call_of(req, contract)
        reply = await asyncio.to_thread(do, call)
        return func.HttpResponse(ENCODER.encode(reply), mimetype="application/json")

    async def answer_or_problem(req: func.HttpRequest) -> func.HttpResponse:
        return await or_problem(answer(req))

    functions.add(Kind.CALL, contract, answer_or_problem, method="POST", route=f"{CONTRACTS}/{contract}")


def check_caller(req: func.HttpRequest) -> None:
    """Turn away whoever the platform has not told to be a caller; without its authentication anybody may write that."""
    if os.environ.get(PLATFORM_AUTHENTICATES, "").casefold() != "true":
        raise Unacceptable(401, f"the platform's authentication is off: {PLATFORM_AUTHENTICATES} is not True")
    principal = req.headers.get(PRINCIPAL, "").strip().casefold()
    callers = {one.strip().casefold() for one in os.environ.get(CALLERS, "").split(",")} - {""}
    if principal not in callers:
        raise Unacceptable(401, f"the caller is not one of {CALLERS}")


def _call_of(req: func.HttpRequest, contract: str) -> Call:
    try:
        call = msgspec.json.decode(req.get_body(), type=Call)
    except UNREADABLE as error:
        raise Unacceptable(400, "the body is not a call") from error
    if call.contract != contract:
        raise Unacceptable(400, f"the body is not a call of {contract}")
    return call
