"""Coherence: whether the parts of an App fit together, every problem with its place, its rule and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import ModuleType
from typing import Any, get_args, get_origin

from isthmus.core.annotations import named, shown
from isthmus.core.app import BACKENDS, App
from isthmus.core.codec import codec
from isthmus.core.contract import Contract, Effect
from isthmus.core.errors import SourceError
from isthmus.core.fields import fields_of_refusal_that_cannot_travel, fields_that_cannot_travel
from isthmus.core.handler import Handler
from isthmus.core.message import Event, Message, carried_classes, field_types, where_written
from isthmus.core.ports import PROVIDED, Publisher, is_gateway, is_table
from isthmus.core.program import Program, waited_for
from isthmus.core.residency import PERSONAL
from isthmus.core.workflow import Workflow

type Fulfilment = Handler[..., Any] | Workflow[Any, Any]


def problem(place: str, rule: str, instead: str) -> SourceError:
    """Make a problem of an App."""
    return SourceError(rule, place=place, instead=instead)


def fulfilments(app: App, report: Callable[[SourceError], None]) -> dict[str, Fulfilment]:
    """Return what fulfils each contract, by its name; report what fulfils nothing, and contracts fulfilled twice."""
    found: dict[str, Fulfilment] = {}
    for stranger in app.strangers:
        instead = "decorate it with @handles(contract) or @workflow(contract)"
        report(problem(app.place, f"{shown(stranger)} fulfils nothing", instead))
    fulfilling: list[Fulfilment] = [*app.handlers, *app.workflows]
    for one in fulfilling:
        name = one.contract.name
        if name in found:
            rule = f"contract {name} is fulfilled by {found[name]!r} and by {one!r}"
            report(problem(one.place, rule, "list one of them in fulfils"))
        found[name] = one
    return found


def contracts_of_one_name(mentioned: list[Contract[Any, Any]]) -> Iterator[SourceError]:
    """Yield a problem for each contract whose name another has."""
    first: dict[str, Contract[Any, Any]] = {}
    for contract in mentioned:
        other = first.setdefault(contract.name, contract)
        if other is not contract:
            rule = f"two contracts are called {contract.name}, this one and that of {other.place}"
            yield problem(contract.place, rule, "rename one: names are unique in an App")


def mentioned_in(workflow: Workflow[Any, Any]) -> Iterator[Any]:
    """Yield what the names in a workflow's source stand for, and what those in modules do."""
    function, code = workflow.function, workflow.function.__code__
    closure: dict[str, Any] = {}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # nothing is in it yet
            closure[name] = cell.cell_contents
    waiting: list[Mapping[str, Any]] = [closure, function.__globals__]
    seen: set[int] = set()
    while waiting:
        held = waiting.pop(0)
        for name in (*code.co_freevars, *code.co_names):
            if name in held and id(held[name]) not in seen:
                seen.add(id(held[name]))
                yield held[name]
                waiting += [vars(held[name])] if isinstance(held[name], ModuleType) else []


def contracts_unfulfilled(
    app: App, contracts: Mapping[str, Contract[Any, Any]], fulfilled: Mapping[str, Any]
) -> Iterator[SourceError]:
    """Yield a problem for each contract that nobody fulfils, and for each handler's that states no effect."""
    for name, contract in contracts.items():
        if name not in fulfilled:
            yield problem(contract.place, f"nobody fulfils contract {name}", "add its handler or workflow to fulfils")
    for one in app.handlers:
        if one.contract.effect is Effect.UNSTATED and not _is_delivered(app, one.contract):
            rule = f"contract {one.contract.name} is neither reads, undone_by nor final"
            yield problem(one.contract.place, rule, "state what taking it back means")


def _is_delivered(app: App, contract: Contract[Any, Any]) -> bool:
    """Say whether a contract is reached by triggers, whose units of work stand alone and are never taken back."""
    delivered = [subscriber for topic in app.topics for subscriber in topic.subscribers]
    delivered += [stream.into for stream in app.streams] + list(app.late_events.values())
    delivered += [one.starts for one in app.schedules] + [one.starts for one in app.endpoints]
    return contract in delivered


def undos_that_do_not_fit(contracts: Mapping[str, Contract[Any, Any]]) -> Iterator[SourceError]:
    """Yield a problem for each undo of another input or answer than that of what it takes back."""
    for contract in contracts.values():
        undo = contract.undone_by
        if undo is None:
            continue
        takes = get_args(undo.input_type) if undo.effect is Effect.UNDO else ()
        if takes != (contract.input_type, contract.output_type):
            wanted = f"Undo[{named(contract.input_type)}, {named(contract.output_type)}]"
            yield problem(undo.place, f"{undo.name} cannot undo {contract.name}", f"take {wanted}")
        elif undo.output_type is not type(None):
            yield problem(undo.place, f"undo {undo.name} answers {named(undo.output_type)}", "return None")


def ports_that_are_not_bound(app: App) -> Iterator[SourceError]:
    """Yield a problem for each port that a handler asks for and that some backend has not."""
    for handler in app.handlers:
        gateways = [name for name, port in handler.ports.items() if is_gateway(port)]
        if len(gateways) > 1:
            rule = f"{handler!r} asks for {len(gateways)} gateways"
            yield problem(handler.place, rule, "split it: one call, one contract")
        for name, port in handler.ports.items():
            if port in PROVIDED or is_table(port) or (port, None) in app.bindings:
                continue
            missing = [backend for backend in BACKENDS if (port, backend) not in app.bindings]
            if missing:
                where = "" if len(missing) == len(BACKENDS) else f" on {', '.join(missing)}"
                rule = f"port {named(port)}, asked for as {name!r} by {handler.function.__name__}, is not bound{where}"
                yield problem(handler.place, rule, f"call app.bind({named(port)}, …)")


def publishers(app: App, message: type) -> list[str]:
    """Return the contracts whose handlers publish a type of message."""
    return [h.contract.name for h in app.handlers if Publisher[message] in h.ports.values()]  # type: ignore[valid-type]  # it is computed


def topics_without_publisher(app: App) -> Iterator[SourceError]:
    """Yield a problem for each topic that nobody publishes to, and for each message without a topic of its own."""
    carried = [topic.message for topic in app.topics]
    for topic in app.topics:
        message = named(topic.message)
        if not topic.external and not publishers(app, topic.message):
            instead = f"let a handler ask for Publisher[{message}], or say external=True"
            yield problem(topic.place, f"topic {topic.name}: nobody publishes {message}", instead)
        if carried.count(topic.message) > 1:
            yield problem(topic.place, f"topic {topic.name}: {message} has two topics", "one topic carries one type")
        if topic.key not in topic.message.__struct_fields__:
            rule = f"topic {topic.name}: {_no_field(topic.message, topic.key)} to order by"
            yield problem(topic.place, rule, "name one of its fields as key")
    for handler in app.handlers:
        for port in handler.ports.values():
            if get_origin(port) is Publisher and get_args(port)[0] not in carried:
                yield problem(handler.place, f"no topic carries {named(get_args(port)[0])}", "add topic(…) to the App")


def _no_field(message: type[Message], key: str) -> str:
    return f"{named(message)} has no field {key!r} (it has {', '.join(message.__struct_fields__) or 'none'})"


def triggers_that_do_not_fit(app: App) -> Iterator[SourceError]:
    """Yield a problem for each trigger whose message its contract does not take."""
    reached = [(t.place, f"topic {t.name}", t.message, subscriber) for t in app.topics for subscriber in t.subscribers]
    reached += [(s.place, f"stream {s.name}", s.message, s.into) for s in app.streams]
    reached += [(s.place, f"schedule {s.name}", type(s.message), s.starts) for s in app.schedules]
    reached += [(app.place, f"late event {one.__name__}", one, taken) for one, taken in app.late_events.items()]
    for stream in app.streams:
        if stream.key not in stream.message.__struct_fields__:
            rule = f"stream {stream.name}: {_no_field(stream.message, stream.key)} to partition by"
            yield problem(stream.place, rule, "name one of its fields as key")
    for place, trigger, message, contract in reached:
        if contract.input_type is not message:
            rule = f"{trigger}: {contract.name} takes {named(contract.input_type)}, not {named(message)}"
            yield problem(place, rule, f"name a contract that takes {named(message)}")


def identities_that_do_not_fit(app: App) -> Iterator[SourceError]:
    """Yield a problem for each workflow whose runs cannot be told apart, or only by what is personal."""
    for workflow in app.workflows:
        taken = workflow.contract.input_type
        if getattr(taken, "__identity_field__", None) is None:
            rule = f"{named(taken)} names no identity, so its runs cannot be told apart"
            instead = f'write: class {named(taken)}(Message, identity="id")'
            yield problem(workflow.contract.place, rule, instead)
            continue
        with suppress(SourceError):  # annotations that stand for nothing are told elsewhere
            if PERSONAL in carried_classes(field_types(taken)[taken.__identity_field__]):
                rule = f"the identity {taken.__identity_field__} is PERSONAL"
                instead = "name a pseudonym: identities are keys, and keys are never sealed"
                yield problem(where_written(taken), rule, instead)


def triggers_of_one_name(app: App) -> Iterator[SourceError]:
    """Yield a problem for each trigger that is declared twice, at the place of the second."""
    named_ones = [(f"topic {one.name}", one.place) for one in app.topics]
    named_ones += [(f"stream {one.name}", one.place) for one in app.streams]
    named_ones += [(f"schedule {one.name}", one.place) for one in app.schedules]
    named_ones += [(f"endpoint {one.method.upper()} {one.path}", one.place) for one in app.endpoints]
    first: set[str] = set()
    twice: dict[str, str] = {}
    for name, place in named_ones:
        if name in first:
            twice[name] = place
        first.add(name)
    for name in sorted(twice):
        yield problem(twice[name], f"{name} is declared twice", "rename one")


def messages_that_cannot_travel(app: App, contracts: Mapping[str, Contract[Any, Any]]) -> Iterator[SourceError]:
    """Yield a problem for each message that JSON cannot hold, and for each field of a kind that is not allowed."""
    travelling = [one for contract in contracts.values() for one in (contract.input_type, contract.output_type)]
    travelling += [topic.message for topic in app.topics] + [stream.message for stream in app.streams]
    travelling += list(app.late_events)
    for handler in app.handlers:
        travelling += [one for port in handler.ports.values() if is_table(port) for one in get_args(port)]
    problems: list[SourceError] = []
    for annotation in travelling:
        try:
            problems += fields_that_cannot_travel(annotation)
            codec(annotation)
        except SourceError as error:
            problems.append(error)
    for refusal in dict.fromkeys(one for contract in contracts.values() for one in contract.refuses):
        problems += fields_of_refusal_that_cannot_travel(refusal)
    yield from {str(one): one for one in problems}.values()


def events_of_one_name(app: App, workflows: Sequence[Workflow[Any, Any]]) -> Iterator[SourceError]:
    """Yield a problem for each event whose name another has."""
    mentioned = [*app.late_events, *(value for workflow in workflows for value in mentioned_in(workflow))]
    events = [one for one in mentioned if isinstance(one, type) and issubclass(one, Event)]
    first: dict[str, type[Event]] = {}
    for event in dict.fromkeys(events):
        other = first.setdefault(event.__name__, event)
        if other is not event:
            rule = f"two events are called {event.__name__}, this one and {where_written(other)}"
            yield problem(where_written(event), rule, "rename one: events are sent by their names")


def events_without_late_contract(
    app: App, versions: Iterable[tuple[Workflow[Any, Any], Program]]
) -> Iterator[SourceError]:
    """Yield a problem for each event that a workflow waits for, and that nobody handles when it comes late."""
    bound = {event.__name__ for event in app.late_events}
    told: set[tuple[str, str]] = set()
    for workflow, program in versions:
        for event in sorted(set(waited_for(program)) - bound):
            if (program.contract, event) not in told:
                told.add((program.contract, event))
                rule = f"workflow of {program.contract} waits for {event}, and nobody handles one that comes late"
                yield problem(workflow.place, rule, f"App(late_events={{{event}: contract}})")
