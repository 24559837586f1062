"""Functions: what an App is on Azure, as a list that can be written down, and registered without the App.

`isthmus package azure` writes the list beside `function_app.py`. What is deployed registers from it, so that indexing
imports Azure's own libraries and little else; the App itself is imported when a function is first invoked, and must
then be the one that the list was made from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Any, Final, List  # noqa: UP035  # the worker knows this spelling alone

import azure.durable_functions as df
import azure.functions as func
import msgspec
from azure.functions.decorators.function_app import SettingsApi

FILE: Final = "functions.json"

type Body = Callable[..., Any]


class Kind(StrEnum):
    """Say what a function is bound to."""

    ACTIVITY = "activity"
    ORCHESTRATOR = "orchestrator"
    HTTP = "http"
    SERVICE_BUS = "service_bus"
    EVENT_HUB = "event_hub"
    TIMER = "timer"
    CALL = "call"


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """Be one function: its kind, its name, and what it is bound to."""

    kind: Kind
    name: str
    bound_to: dict[str, str] = {}


class Functions:
    """Collect the functions of an App, with what each does."""

    def __init__(self) -> None:
        self.all: list[Function] = []
        self.bodies: dict[str, Body] = {}

    def add(self, kind: Kind, name: str, body: Body, **bound_to: str) -> None:
        """Add a function."""
        self.all.append(Function(kind=kind, name=name, bound_to=bound_to))
        self.bodies[name] = body

    def write(self, folder: Path) -> None:
        """Write the list down."""
        (folder / FILE).write_bytes(msgspec.json.format(msgspec.json.encode(self.all)) + b"\n")


class Packaged:
    """Be the functions of a packaged folder, whose App is imported when one is first invoked.

    A folder is that of one `unit`, or of the whole App.
    """

    def __init__(self, reference: str, folder: Path, *, unit: str | None = None) -> None:
        self._reference = reference
        self._unit = unit
        self._folder = folder
        self.functions = msgspec.json.decode((folder / FILE).read_bytes(), type=list[Function])
        self._lock = Lock()
        self._bodies: Mapping[str, Body] | None = None

    def function_app(self) -> df.DFApp | func.FunctionApp:
        """Return the function app; one that is only called has no task hub, and no durable functions of its own."""
        if all(function.kind is Kind.CALL for function in self.functions):
            called = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
            for function in self.functions:
                _register_called(called, function, self.body)
            return called
        app = _App(http_auth_level=func.AuthLevel.FUNCTION)
        for function in self.functions:
            _register(app, function, self.body)
        return app

    def body(self, name: str) -> Body:
        """Return what a function does."""
        return (self._bodies or self.load())[name]

    def load(self) -> Mapping[str, Body]:
        """Import the App, and return what its functions do. Raises OtherApp (ISTH142), AppRefused (ISTH110)."""
        with self._lock:
            if self._bodies is None:
                from isthmus.adapters.azure.app import functions_of  # noqa: PLC0415  # this is what is put off
                from isthmus.adapters.runtime.packaging import OtherApp  # noqa: PLC0415

                found = functions_of(self._reference, self._folder, self._unit)
                if found.all != self.functions:
                    raise OtherApp(
                        f"it is not the App that {FILE} was made from",
                        place=self._reference,
                        instead="package it again",
                    )
                self._bodies = found.bodies
            return self._bodies


class _App(df.DFApp, SettingsApi):
    """Be a function app whose functions can be tried again: the durable library leaves that out."""


def _register(app: _App, function: Function, body_of: Callable[[str], Body]) -> None:
    """Register a function; the worker reads the names and annotations of its parameters."""
    match function.kind:
        case Kind.ACTIVITY:
            app.activity_trigger(input_name="text")(_activity(function.name, body_of))
        case Kind.ORCHESTRATOR:
            app.orchestration_trigger(context_name="context")(_orchestrator(function.name, body_of))
        case _:
            triggered = app.durable_client_input(client_name="client")(
                _TRIGGERED[function.kind](function.name, body_of)
            )
            _trigger(app, function)(triggered)


def _register_called(app: func.FunctionApp, function: Function, body_of: Callable[[str], Body]) -> None:
    """Register what another unit calls. It has no key: the platform checks the caller's token, and says who it is."""
    to = function.bound_to
    routed = app.route(route=to["route"], methods=[to["method"]], auth_level=func.AuthLevel.ANONYMOUS)
    routed(_called(function.name, body_of))


def _trigger(app: _App, function: Function) -> Callable[[Any], Any]:
    to = function.bound_to
    match function.kind:
        case Kind.HTTP:
            return app.route(route=to["route"], methods=[to["method"]])
        case Kind.SERVICE_BUS:
            return app.service_bus_topic_trigger(
                arg_name="message",
                connection=to["connection"],
                topic_name=to["topic"],
                subscription_name=to["subscription"],
                is_sessions_enabled=True,
            )
        case Kind.EVENT_HUB:
            return _again(
                app,
                app.event_hub_message_trigger(
                    arg_name="records",
                    connection=to["connection"],
                    event_hub_name=to["hub"],
                    cardinality=func.Cardinality.MANY,
                    data_type=func.DataType.BINARY,
                ),
            )
        case _:
            return app.timer_trigger(arg_name="timer", schedule=to["schedule"])


def _again(app: _App, triggered: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Have a batch read again that was not: Event Hubs goes on behind it otherwise, and its records are lost."""
    retried = app.retry(strategy="fixed_delay", max_retry_count="-1", delay_interval="00:00:10")
    return lambda function: retried(triggered(function))


def _activity(name: str, body_of: Callable[[str], Body]) -> Body:
    """Return an activity. Its parameter has no annotation: the worker would take it for a binding's type."""

    def activity(text):  # type: ignore[no-untyped-def]  # see above
        return body_of(name)(text)

    activity.__name__ = name
    return activity


def _orchestrator(name: str, body_of: Callable[[str], Body]) -> Body:
    def orchestrator(context: Any, run_id: str) -> Any:
        return body_of(name)(context, run_id)

    orchestrator.__name__ = name
    return orchestrator


def _called(name: str, body_of: Callable[[str], Body]) -> Body:
    async def called(req: func.HttpRequest) -> func.HttpResponse:
        response: func.HttpResponse = await (await asyncio.to_thread(body_of, name))(req)
        return response

    called.__name__ = name
    return called


def _answering(name: str, body_of: Callable[[str], Body]) -> Body:
    async def answer(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
        response: func.HttpResponse = await (await asyncio.to_thread(body_of, name))(req, client)
        return response

    answer.__name__ = name
    return answer


def _delivering(name: str, body_of: Callable[[str], Body]) -> Body:
    async def deliver(message: func.ServiceBusMessage, client: df.DurableFunctionsClient) -> None:
        await (await asyncio.to_thread(body_of, name))(message, client)

    deliver.__name__ = name
    return deliver


def _reading(name: str, body_of: Callable[[str], Body]) -> Body:
    async def read(records: List[func.EventHubEvent], client: df.DurableFunctionsClient) -> None:  # noqa: UP006
        await (await asyncio.to_thread(body_of, name))(records, client)

    read.__name__ = name
    return read


def _ticking(name: str, body_of: Callable[[str], Body]) -> Body:
    async def tick(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
        await (await asyncio.to_thread(body_of, name))(timer, client)

    tick.__name__ = name
    return tick


_TRIGGERED: Final[dict[Kind, Callable[[str, Callable[[str], Body]], Body]]] = {
    Kind.HTTP: _answering,
    Kind.SERVICE_BUS: _delivering,
    Kind.EVENT_HUB: _reading,
    Kind.TIMER: _ticking,
}
