"""The function app: a Blueprint as functions of the Python v2 model.

one activity per contract that a handler fulfils     around a unit of work, or the call of the unit that does it
one orchestrator per contract that a workflow fulfils
load, look, child, recall, wait, pause, finish, take_back, stick     what an orchestration has done for it
what reaches it from outside                         in `endpoints`, `topics`, `streams`, `timers`
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from isthmus.adapters.azure import activities, orchestrator
from isthmus.adapters.azure.endpoints import add_endpoints
from isthmus.adapters.azure.fitness import hold_to_azure
from isthmus.adapters.azure.functions import Functions, Kind
from isthmus.adapters.azure.streams import add_streams
from isthmus.adapters.azure.surroundings import host_of
from isthmus.adapters.azure.timers import add_timers
from isthmus.adapters.azure.topics import add_subscriptions
from isthmus.adapters.azure.units import add_calls, elsewhere
from isthmus.adapters.runtime import driving
from isthmus.adapters.runtime.driving import Call, End, Trouble
from isthmus.adapters.runtime.units import home_unit
from isthmus.adapters.runtime.workflows_lock import load_app
from isthmus.core.app import App
from isthmus.core.codec import ENCODER
from isthmus.core.composition import Composition

CALL: Final = msgspec.json.Decoder(Call)


def functions_of(reference: str, folder: Path, unit: str | None = None) -> Functions:
    """Return the functions of an App, by `MODULE:APP`, with the versions that the lock in a folder keeps.

    Raises AppRefused (ISTH110), LockInvalid (ISTH115), UnfitForAzure (ISTH140).
    """
    module, _, attribute = reference.partition(":")
    app: App = getattr(importlib.import_module(module), attribute)
    return functions_of_composition(load_app(app, module, folder), unit)


def functions_of_composition(composition: Composition, unit: str | None = None) -> Functions:
    """Return the functions of a composition: of one of its units, or all in one app. Raises UnfitForAzure (ISTH140)."""
    functions = Functions()
    if unit is not None and unit != home_unit(composition):
        add_calls(functions, host_of(composition), unit)
        return functions
    host = host_of(composition, elsewhere(composition) if unit is not None else None)
    for contract in composition.handlers:
        _add_activity(functions, contract, lambda text: activities.do_or_call(host, CALL.decode(text)))
    for contract in composition.workflows:
        functions.add(Kind.ORCHESTRATOR, contract, orchestrator.orchestrator_of(composition, contract))
    functions.add(Kind.ORCHESTRATOR, orchestrator.TAKE_BACK_LEFT, orchestrator.taking_back_of(composition))
    work: dict[str, Callable[[str], Any]] = {
        orchestrator.LOAD: lambda text: driving.load(host, *_names(text)),
        orchestrator.LOOK: lambda text: driving.look(host, text),
        orchestrator.CHILD: lambda text: driving.begin_child(host, CALL.decode(text)),
        orchestrator.RECALL: lambda text: driving.recall(host, CALL.decode(text)),
        orchestrator.WAIT: lambda text: driving.wait(host, CALL.decode(text)),
        orchestrator.PAUSE: lambda text: driving.pause(host, CALL.decode(text)),
        orchestrator.FINISH: lambda text: driving.finish(host, msgspec.json.decode(text, type=End)),
        activities.TAKE_BACK: lambda text: activities.take_back(host, text),
        orchestrator.STICK: lambda text: driving.get_stuck(host, msgspec.json.decode(text, type=Trouble)),
    }
    for name, do in work.items():
        _add_activity(functions, name, do)
    add_endpoints(functions, host)
    add_subscriptions(functions, host)
    add_streams(functions, host)
    add_timers(functions, host)
    hold_to_azure(composition, functions)
    return functions


def _add_activity(functions: Functions, name: str, do: Callable[[str], Any]) -> None:
    def activity(text: str) -> str:
        return ENCODER.encode(do(text)).decode()

    functions.add(Kind.ACTIVITY, name, activity)


def _names(text: str) -> tuple[str, str]:
    return msgspec.json.decode(text, type=tuple[str, str])
