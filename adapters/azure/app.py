"""The function app: a Blueprint as functions of the Python v2 model.

one activity per contract that a handler fulfils     around a unit of work
one orchestrator per contract that a workflow fulfils
load, look, child, recall, wait, pause, finish, take_back, stick     what an orchestration has done for it
what reaches it from outside                         in `endpoints`, `topics`, `streams`, `timers`
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import msgspec

from isthmus.adapters.azure import activities, orchestrator
from isthmus.adapters.azure.activities import Call, End, Trouble
from isthmus.adapters.azure.endpoints import add_endpoints
from isthmus.adapters.azure.host import Host
from isthmus.adapters.azure.streams import add_streams
from isthmus.adapters.azure.timers import add_timers
from isthmus.adapters.azure.topics import add_subscriptions
from isthmus.adapters.runtime.workflows_lock import load_app
from isthmus.core.app import App
from isthmus.core.codec import ENCODER
from isthmus.core.composition import Composition


def function_app(reference: str, folder: Path | None = None) -> df.DFApp:
    """Return the function app of an App, by `MODULE:APP`, and of the lock in a folder: `function_app.py` calls it.

    Raises AppRefused (ISTH110), LockInvalid (ISTH115), UnfitForAzure (ISTH140).
    """
    module, _, attribute = reference.partition(":")
    app: App = getattr(importlib.import_module(module), attribute)
    return function_app_of(load_app(app, module, folder))


def function_app_of(composition: Composition) -> df.DFApp:
    """Return the function app of a composition. Raises UnfitForAzure (ISTH140)."""
    app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
    host = Host(composition)
    for contract in composition.handlers:
        _add_activity(app, contract, lambda text: activities.do_step(host, _call(text)))
    for contract in composition.workflows:
        app.orchestration_trigger(context_name="context")(orchestrator.orchestrator_of(composition, contract))
    app.orchestration_trigger(context_name="context")(orchestrator.taking_back_of(composition))
    _add_activity(app, orchestrator.LOAD, lambda text: activities.load(host, *_names(text)))
    _add_activity(app, orchestrator.LOOK, lambda text: activities.look(host, text))
    _add_activity(app, orchestrator.CHILD, lambda text: activities.begin_child(host, _call(text)))
    _add_activity(app, orchestrator.RECALL, lambda text: activities.recall(host, _call(text)))
    _add_activity(app, orchestrator.WAIT, lambda text: activities.wait(host, _call(text)))
    _add_activity(app, orchestrator.PAUSE, lambda text: activities.pause(host, _call(text)))
    _add_activity(app, orchestrator.FINISH, lambda text: activities.finish(host, msgspec.json.decode(text, type=End)))
    _add_activity(app, orchestrator.TAKE_BACK, lambda text: activities.take_back(host, text))
    _add_activity(
        app, orchestrator.STICK, lambda text: activities.get_stuck(host, msgspec.json.decode(text, type=Trouble))
    )
    add_endpoints(app, host)
    add_subscriptions(app, host)
    add_streams(app, host)
    add_timers(app, host)
    return app


def _add_activity(app: df.DFApp, name: str, do: Callable[[str], Any]) -> None:
    """Register an activity. Its parameter has no annotation: the worker would take it for a binding's type."""

    def activity(text):  # type: ignore[no-untyped-def]
        return ENCODER.encode(do(text)).decode()

    activity.__name__ = name
    app.activity_trigger(input_name="text")(activity)


def _call(text: str) -> Call:
    return msgspec.json.decode(text, type=Call)


def _names(text: str) -> tuple[str, str]:
    return msgspec.json.decode(text, type=tuple[str, str])
