"""The App that a serverless.yml describes.

    functions:
      keep:
        handler: addresses.handlers.keep_in_records     fulfils=[keep_in_records]
    workflows:
      change:
        handler: addresses.flow.change_by_four_eyes     fulfils=[…, change_by_four_eyes]
        events:
          - http: POST /changes                         endpoint("POST", "/changes", starts=change_address)

What reaches a handler or a workflow starts the contract that it fulfils. Every part has the place in serverless.yml
that says it, and errors name that.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import msgspec

from isthmus.adapters.serverless.description import Composed, Reached
from isthmus.core.app import App
from isthmus.core.codec import codec
from isthmus.core.contract import Contract
from isthmus.core.errors import MessageInvalid, SourceError
from isthmus.core.handler import Handler
from isthmus.core.message import Event
from isthmus.core.trigger import Endpoint, Schedule, Stream, Topic, endpoint, schedule, stream, topic
from isthmus.core.workflow import Workflow

FILE: Final = "serverless.yml"
RATE: Final = re.compile(r"rate\(([1-9][0-9]*) (second|minute|hour|day)s?\)")


class HandlerMissing(SourceError):
    """Report a name in serverless.yml that stands for nothing, or for something else."""

    code = "ISTH191"


def composed(text: str) -> App:
    """Return the App of a description in JSON: what the module says by which everything imports it."""
    return app_of(msgspec.json.decode(text, type=Composed))


def app_of(described: Composed) -> App:
    """Make the App of a description.

    Raises HandlerMissing (ISTH191) and SourceError (ISTH100), at the place in serverless.yml. What importing a module
    raises is passed on.
    """
    parts = _Parts()
    for kind, wanted in (("functions", Handler), ("workflows", Workflow)):
        entries: Mapping[str, Reached] = getattr(described, kind)
        for name, one in entries.items():
            parts.add(f"{FILE}: {kind}.{name}", one, wanted)
    with _at(f"{FILE}: topics"):
        parts.unheard(described)
    app = App(
        described.service,
        fulfils=parts.fulfils,
        topics=parts.declared_topics(),
        streams=parts.streams,
        schedules=parts.schedules,
        endpoints=parts.endpoints,
        late_events=parts.late_events,
        policy_version=described.policy_version,
    )
    app.place = FILE
    _bind(app, described)
    return app


def contract_names(described: Composed) -> dict[str, str]:
    """Return the contract that each function and workflow of a description fulfils."""
    return {
        name: named(one.handler, wanted, f"{FILE}: {kind}.{name}.handler").contract.name
        for kind, wanted in (("functions", Handler), ("workflows", Workflow))
        for name, one in getattr(described, kind).items()
    }


class _TopicParts(msgspec.Struct, kw_only=True):
    place: str
    message: Any
    key: str | None = None
    external: bool = False
    is_queue: bool = False
    subscribers: list[Contract[Any, Any]] = []


class _Parts:
    """Collect the parts of an App, in the order in which they are written."""

    def __init__(self) -> None:
        self.fulfils: list[Handler[..., Any] | Workflow[Any, Any]] = []
        self.topics: dict[str, _TopicParts] = {}
        self.streams: list[Stream] = []
        self.schedules: list[Schedule] = []
        self.endpoints: list[Endpoint] = []
        self.late_events: dict[type[Event], Contract[Any, Any]] = {}

    def add(self, place: str, one: Reached, wanted: type[Any]) -> None:
        """Add a function or workflow, with what reaches it."""
        found = named(one.handler, wanted, f"{place}.handler")
        self.fulfils.append(found)
        adders: dict[str, Callable[[str, str, Contract[Any, Any], Any], None]] = {
            "http": self._http,
            "schedule": self._schedule,
            "queue": self._queue,
            "topic": self._topic,
            "stream": self._stream,
            "lateEvent": self._late_event,
        }
        for index, event in enumerate(one.events):
            [(kind, value)] = event.items()
            where = f"{place}.events.{index}.{kind}"
            with _at(where):
                adders[kind](where, place.rpartition(".")[2], found.contract, value)

    def _http(self, place: str, _name: str, contract: Contract[Any, Any], value: Any) -> None:
        method, path = value.split(" ", 1) if isinstance(value, str) else (value["method"], value["path"])
        made = endpoint(method.upper(), path, starts=contract)
        self.endpoints.append(msgspec.structs.replace(made, place=place))

    def _schedule(self, place: str, name: str, contract: Contract[Any, Any], value: Any) -> None:
        said = {"rate": value} if isinstance(value, str) else value
        taken = contract.input_type
        try:
            message = codec(taken).decode_outer(msgspec.json.encode(said.get("input", {})))
        except MessageInvalid as fault:
            raise SourceError(
                f"the contract {contract.name} cannot be asked with this input: {fault.problem}",
                instead="write the message under input",
            ) from None
        made = schedule(said.get("name", name), every=duration(said["rate"]), starts=contract, message=message)
        self.schedules.append(msgspec.structs.replace(made, place=place))

    def _queue(self, place: str, name: str, contract: Contract[Any, Any], value: Any) -> None:
        if value["name"] in self.topics:
            raise _second_listener(value["name"])
        self._topic(place, name, contract, value)
        self.topics[value["name"]].is_queue = True

    def _topic(self, place: str, _name: str, contract: Contract[Any, Any], value: Any) -> None:
        said = {"name": value} if isinstance(value, str) else value
        known = self.topics.setdefault(said["name"], _TopicParts(place=place, message=contract.input_type))
        if known.is_queue:
            raise _second_listener(said["name"])
        if known.key not in (None, said.get("key", known.key)):
            raise SourceError(f"topic {said['name']} has the key {known.key} elsewhere", instead="write its key once")
        known.key = said.get("key", known.key)
        known.external = known.external or bool(said.get("external", False))
        known.subscribers.append(contract)

    def _stream(self, place: str, _name: str, contract: Contract[Any, Any], value: Any) -> None:
        made = stream(value["name"], contract.input_type, key=value["key"], into=contract)
        self.streams.append(msgspec.structs.replace(made, place=place))

    def _late_event(self, _place: str, _name: str, contract: Contract[Any, Any], value: str) -> None:
        taken = contract.input_type
        if not (isinstance(taken, type) and issubclass(taken, Event) and taken.__name__ == value):
            raise SourceError(
                f"{contract.name} does not take {value}", instead="name the event that its contract takes"
            )
        if taken in self.late_events:
            raise SourceError(f"late events {value} go elsewhere already", instead="write lateEvent once")
        self.late_events[taken] = contract

    def unheard(self, described: Composed) -> None:
        """Add the topics to which nothing of the service listens."""
        for name, one in described.topics.items():
            place = f"{FILE}: topics.{name}"
            if name in self.topics:
                raise SourceError(
                    f"topic {name} has listeners", instead="write key and external at one of their events"
                )
            message = attribute(one.message, f"{place}.message")
            self.topics[name] = _TopicParts(place=place, message=message, key=one.key, external=one.external)

    def declared_topics(self) -> list[Topic]:
        """Return the topics, each with all that listen to it."""
        made: list[Topic] = []
        for name, one in self.topics.items():
            with _at(one.place):
                if one.key is None:
                    raise SourceError(
                        f"topic {name} has no key",
                        instead=f"write topic: {{ name: {name}, key: … }} at one event of it",
                    )
                declared = topic(name, one.message, key=one.key, subscribers=one.subscribers, external=one.external)
            made.append(msgspec.structs.replace(declared, place=one.place))
        return made


def _second_listener(queue: str) -> SourceError:
    return SourceError(f"queue {queue} has another listener", instead="write topic for each of them")


def _bind(app: App, described: Composed) -> None:
    for port_name, bindings in described.ports.items():
        place = f"{FILE}: ports.{port_name}"
        port = attribute(port_name, place)
        for index, one in enumerate(bindings):
            where = f"{place}.{index}"
            implementation = attribute(one.implementation, f"{where}.implementation")
            with _at(where):
                app.bind(
                    port, implementation, secrets=one.secrets, hosts=one.hosts, countries=one.countries, on=one.cloud
                )
            bound = app.bindings[port, one.cloud]
            app.bindings[port, one.cloud] = msgspec.structs.replace(bound, place=where)


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Give errors the place in serverless.yml, instead of that of this code."""
    try:
        yield
    except HandlerMissing:
        raise
    except SourceError as fault:
        fault.place = place
        raise


def duration(text: str) -> timedelta:
    """Read `rate(5 minutes)`."""
    found = RATE.fullmatch(text)
    if found is None:
        raise SourceError(
            f"{text!r} is no rate", instead="write rate(5 minutes): seconds, minutes, hours or days; there is no cron"
        )
    return timedelta(**{f"{found[2]}s": int(found[1])})


def named(reference: str, wanted: type[Any], place: str) -> Any:
    """Return the handler or workflow of a `module.function`. Raises HandlerMissing (ISTH191)."""
    found = attribute(reference, place)
    if isinstance(found, wanted):
        return found
    kind, other = ("@handles", "workflows") if wanted is Handler else ("@workflow", "functions")
    elsewhere = isinstance(found, Handler | Workflow)
    raise HandlerMissing(
        f"{reference} is not declared with {kind}",
        place=place,
        instead=f"write it under {other}" if elsewhere else f"name a function that is declared with {kind}",
    )


def attribute(reference: str, place: str) -> Any:
    """Return what a `module.name` stands for. Raises HandlerMissing (ISTH191)."""
    module_name, _, name = reference.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as fault:
        if fault.name and (module_name == fault.name or module_name.startswith(f"{fault.name}.")):
            raise HandlerMissing(
                f"there is no module {fault.name}", place=place, instead="write module.name, from the service's folder"
            ) from None
        raise
    if not hasattr(module, name):
        raise HandlerMissing(f"{module_name} has no {name}", place=place, instead="write module.name")
    return getattr(module, name)
