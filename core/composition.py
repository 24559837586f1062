"""What an App becomes when it is loaded: every name resolved, every rule checked, the Blueprint derived."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256
from types import MappingProxyType, ModuleType
from typing import Any, get_args, get_origin

import msgspec

from isthmus.core import blueprint as plan
from isthmus.core.annotations import base_of, named
from isthmus.core.app import BACKENDS, App, AppRefused
from isthmus.core.codec import codec
from isthmus.core.contract import Contract, Effect
from isthmus.core.errors import SourceError
from isthmus.core.handler import Handler
from isthmus.core.message import (
    Event,
    Message,
    annotations_within,
    carried_classes,
    field_types,
    is_struct,
    where_written,
)
from isthmus.core.ports import PROVIDED, Binding, Publisher, is_gateway, is_table
from isthmus.core.program import Program, awaited, check_workflows, waited_for
from isthmus.core.program.kept import Kept
from isthmus.core.refusal import Refusal
from isthmus.core.residency import PERSONAL
from isthmus.core.trigger import Topic
from isthmus.core.versions import check_earlier, revive
from isthmus.core.workflow import Workflow


class Composition(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a loaded App: what each name stands for, the checked programs, and the Blueprint."""

    name: str
    app: App
    contracts: Mapping[str, Contract[Any, Any]]
    handlers: Mapping[str, Handler[..., Any]]
    workflows: Mapping[str, Workflow[Any, Any]]
    programs: Mapping[str, Program]
    versions: Mapping[tuple[str, str], tuple[Workflow[Any, Any], Program]]
    """By contract and version, every program that runs may have, today's included, with the workflow that runs it."""
    events: Mapping[str, type[Event]]
    late_events: Mapping[str, Contract[Any, Any]]
    topics: Mapping[str, Topic]
    blueprint: plan.Blueprint

    def contract(self, name: str) -> Contract[Any, Any]:
        """Return a contract by name; KeyError when the App has none of that name."""
        return self.contracts[name]

    def program(self, contract: str, version: str) -> Program:
        """Return the program of one version of a workflow; KeyError when the App does not carry it."""
        return self.versions[contract, version][1]

    def refusal(self, contract: str, name: str) -> type[Refusal]:
        """Return a refusal that a contract declares, by its name; KeyError when it declares none of that name."""
        return {refusal.__name__: refusal for refusal in self.contracts[contract].refuses}[name]

    def topic_of(self, message: type) -> Topic:
        """Return the topic that carries a type of message; KeyError when none does."""
        return {topic.message: topic for topic in self.topics.values()}[message]

    def binding(self, port: Any, backend: str) -> Binding:
        """Return what a port is bound to on a backend; KeyError when it is not bound there."""
        bound = self.app.bindings
        return bound[port, backend] if (port, backend) in bound else bound[port, None]


def compose(app: App, kept: Sequence[Kept] = ()) -> Composition:
    """Check an App and resolve it, with the earlier versions of its workflows that were kept.

    Raises AppRefused (ISTH110) with every problem found.
    """
    problems: list[str] = []
    fulfilled = _fulfilled(app, problems.append)
    workflows = {name: one for name, one in fulfilled.items() if isinstance(one, Workflow)}
    programs, found = check_workflows(workflows)
    versions = {(name, program.version): (workflows[name], program) for name, program in programs.items()}
    earlier = revive([one for one in kept if (one.contract, one.version) not in versions], workflows, problems.append)
    reading = [*app.workflows, *(one.workflow for one in earlier)]
    mentioned = _contracts(app, fulfilled, reading)
    contracts = {contract.name: contract for contract in reversed(mentioned)}
    problems += _namesakes(mentioned)
    problems += _unfulfilled(app, contracts, fulfilled)
    problems += _undos_that_do_not_fit(contracts)
    problems += _ports_that_are_not_bound(app)
    problems += _topics_without_publisher(app)
    problems += _triggers_that_do_not_fit(app)
    problems += _triggers_of_one_name(app)
    problems += _events_of_one_name(app, reading)
    problems += _messages_that_cannot_travel(app, contracts)
    problems += [str(problem) for problem in found]
    versions = {**check_earlier(earlier, workflows, found, problems.append), **versions}
    problems += _events_without_late_contract(app, [program for _, program in versions.values()])
    if problems:
        raise AppRefused(app.name, problems)
    handlers = {name: one for name, one in fulfilled.items() if isinstance(one, Handler)}
    return Composition(
        name=app.name,
        app=app,
        contracts=MappingProxyType(contracts),
        handlers=MappingProxyType(handlers),
        workflows=MappingProxyType(workflows),
        programs=MappingProxyType(dict(programs)),
        versions=MappingProxyType(versions),
        events=MappingProxyType(_events(app, versions.values())),
        late_events=MappingProxyType({event.__name__: contract for event, contract in app.late_events.items()}),
        topics=MappingProxyType({topic.name: topic for topic in app.topics}),
        blueprint=_blueprint(app, contracts, handlers, programs),
    )


def _fulfilled(app: App, report: Callable[[str], None]) -> dict[str, Handler[..., Any] | Workflow[Any, Any]]:
    found: dict[str, Handler[..., Any] | Workflow[Any, Any]] = {}
    for stranger in app.strangers:
        report(f"{stranger!r} fulfils nothing (decorate it with @handles(contract) or @workflow(contract))")
    for one in _fulfilling(app):
        name = one.contract.name
        if name in found:
            report(
                f"{one.place}: contract {name} is fulfilled by {found[name]!r} and by {one!r} "
                "(list one of them in fulfils)"
            )
        found[name] = one
    return found


def _fulfilling(app: App) -> list[Handler[..., Any] | Workflow[Any, Any]]:
    return [*app.handlers, *app.workflows]


def _contracts(
    app: App,
    fulfilled: Mapping[str, Handler[..., Any] | Workflow[Any, Any]],
    workflows: Sequence[Workflow[Any, Any]],
) -> list[Contract[Any, Any]]:
    """Return every contract that the App mentions, once, those that workflows await and undos included."""
    waiting: list[Contract[Any, Any]] = [one.contract for one in fulfilled.values()]
    waiting += [contract for topic in app.topics for contract in topic.subscribers]
    waiting += [stream.into for stream in app.streams]
    waiting += [one.starts for one in app.schedules] + [one.starts for one in app.endpoints]
    waiting += list(app.late_events.values())
    for one in workflows:
        waiting += [value for value in _mentioned(one) if isinstance(value, Contract)]
    found: dict[int, Contract[Any, Any]] = {}
    while waiting:
        contract = waiting.pop(0)
        if id(contract) not in found:
            found[id(contract)] = contract
            waiting += [contract.undone_by] if contract.undone_by else []
    return list(found.values())


def _namesakes(mentioned: list[Contract[Any, Any]]) -> Iterator[str]:
    first: dict[str, Contract[Any, Any]] = {}
    for contract in mentioned:
        if first.setdefault(contract.name, contract) is not contract:
            yield (
                f"{contract.place}: two contracts are called {contract.name}, this one and that of "
                f"{first[contract.name].place} (rename one: names are unique in an App)"
            )


def _mentioned(workflow: Workflow[Any, Any]) -> Iterator[Any]:
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


def _unfulfilled(app: App, contracts: Mapping[str, Contract[Any, Any]], fulfilled: Mapping[str, Any]) -> Iterator[str]:
    for name, contract in contracts.items():
        if name not in fulfilled:
            yield f"{contract.place}: nobody fulfils contract {name} (add its handler or workflow to fulfils)"
    for one in app.handlers:
        if one.contract.effect is Effect.UNSTATED and not _is_delivered(app, one.contract):
            yield (
                f"{one.contract.place}: contract {one.contract.name} is neither reads, undone_by nor final "
                "(state what taking it back means)"
            )


def _is_delivered(app: App, contract: Contract[Any, Any]) -> bool:
    """Say whether a contract is reached by triggers, whose units of work stand alone and are never taken back."""
    delivered = [subscriber for topic in app.topics for subscriber in topic.subscribers]
    delivered += [stream.into for stream in app.streams] + list(app.late_events.values())
    delivered += [one.starts for one in app.schedules] + [one.starts for one in app.endpoints]
    return contract in delivered


def _undos_that_do_not_fit(contracts: Mapping[str, Contract[Any, Any]]) -> Iterator[str]:
    for contract in contracts.values():
        undo = contract.undone_by
        if undo is None:
            continue
        takes = get_args(undo.input_type) if undo.effect is Effect.UNDO else ()
        if takes != (contract.input_type, contract.output_type):
            yield (
                f"{undo.place}: {undo.name} cannot undo {contract.name} "
                f"(take Undo[{named(contract.input_type)}, {named(contract.output_type)}])"
            )
        elif undo.output_type is not type(None):
            yield f"{undo.place}: undo {undo.name} answers {named(undo.output_type)} (return None)"


def _ports_that_are_not_bound(app: App) -> Iterator[str]:
    for handler in app.handlers:
        gateways = [name for name, port in handler.ports.items() if is_gateway(port)]
        if len(gateways) > 1:
            yield f"{handler.place}: {handler!r} asks for {len(gateways)} gateways (split it: one call, one contract)"
        for name, port in handler.ports.items():
            if port in PROVIDED or is_table(port) or (port, None) in app.bindings:
                continue
            missing = [backend for backend in BACKENDS if (port, backend) not in app.bindings]
            if missing:
                where = "" if len(missing) == len(BACKENDS) else f" on {', '.join(missing)}"
                yield (
                    f"{handler.place}: port {named(port)}, asked for as {name!r} by {handler.function.__name__}, "
                    f"is not bound{where} (call app.bind({named(port)}, …))"
                )


def _publishers(app: App, message: type) -> list[str]:
    return [h.contract.name for h in app.handlers if Publisher[message] in h.ports.values()]  # type: ignore[valid-type]


def _topics_without_publisher(app: App) -> Iterator[str]:
    carried = [topic.message for topic in app.topics]
    for topic in app.topics:
        if not topic.external and not _publishers(app, topic.message):
            yield (
                f"topic {topic.name}: nobody publishes {topic.message.__name__} "
                f"(let a handler ask for Publisher[{topic.message.__name__}], or say external=True)"
            )
        if carried.count(topic.message) > 1:
            yield f"topic {topic.name}: {topic.message.__name__} has two topics (one topic carries one type)"
        if topic.key not in topic.message.__struct_fields__:
            yield f"topic {topic.name}: {_no_field(topic.message, topic.key)} to order by"
    for handler in app.handlers:
        for port in handler.ports.values():
            if get_origin(port) is Publisher and get_args(port)[0] not in carried:
                yield f"{handler.place}: no topic carries {named(get_args(port)[0])} (add topic(…) to the App)"


def _no_field(message: type[Message], key: str) -> str:
    return f"{message.__name__} has no field {key!r} (it has {', '.join(message.__struct_fields__) or 'none'})"


def _triggers_that_do_not_fit(app: App) -> Iterator[str]:
    reached = [(f"topic {t.name}", t.message, subscriber) for t in app.topics for subscriber in t.subscribers]
    reached += [(f"stream {s.name}", s.message, s.into) for s in app.streams]
    reached += [(f"schedule {s.name}", type(s.message), s.starts) for s in app.schedules]
    reached += [(f"late event {event.__name__}", event, contract) for event, contract in app.late_events.items()]
    for stream in app.streams:
        if stream.key not in stream.message.__struct_fields__:
            yield f"stream {stream.name}: {_no_field(stream.message, stream.key)} to partition by"
    for place, message, contract in reached:
        if contract.input_type is not message:
            yield f"{place}: {contract.name} takes {named(contract.input_type)}, not {message.__name__}"
    for workflow in app.workflows:
        taken = workflow.contract.input_type
        if getattr(taken, "__identity_field__", None) is None:
            yield (
                f"{workflow.contract.place}: {named(taken)} names no identity, so its runs cannot be told apart "
                f'(write: class {named(taken)}(Message, identity="id"))'
            )
        else:
            yield from _personal_identity(taken)


def _personal_identity(message: Any) -> Iterator[str]:
    with suppress(SourceError):  # annotations that stand for nothing are told elsewhere
        if PERSONAL in carried_classes(field_types(message)[message.__identity_field__]):
            yield (
                f"{where_written(message)}: the identity {message.__identity_field__} is PERSONAL "
                "(name a pseudonym: identities are keys, and keys are never sealed)"
            )


def _triggers_of_one_name(app: App) -> Iterator[str]:
    names = [f"topic {one.name}" for one in app.topics] + [f"stream {one.name}" for one in app.streams]
    names += [f"schedule {one.name}" for one in app.schedules]
    names += [f"endpoint {one.method.upper()} {one.path}" for one in app.endpoints]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name} is declared twice (rename one)"


def _messages_that_cannot_travel(app: App, contracts: Mapping[str, Contract[Any, Any]]) -> Iterator[str]:
    travelling = [one for contract in contracts.values() for one in (contract.input_type, contract.output_type)]
    travelling += [topic.message for topic in app.topics] + [stream.message for stream in app.streams]
    for handler in app.handlers:
        travelling += [one for port in handler.ports.values() if is_table(port) for one in get_args(port)]
    problems: list[str] = []
    for annotation in travelling:
        try:
            codec(annotation)
            problems += _floats_within(annotation)
        except SourceError as error:
            problems.append(f"{error.place}: {error.problem} ({error.instead})")
    yield from dict.fromkeys(problems)


def _floats_within(annotation: Any) -> Iterator[str]:
    """Yield the fields that hold floats, however deep: money is never one, and no two machines need agree on it."""
    for one in annotations_within(annotation):
        message = base_of(one)
        if not is_struct(message):
            continue
        for name, inner in field_types(message).items():
            if any(base_of(part) is float for part in annotations_within(inner, fields=False)):
                yield f"{where_written(message)}: field {name} holds a float (use Money, Decimal or int)"


def _events(app: App, versions: Iterable[tuple[Workflow[Any, Any], Program]]) -> dict[str, type[Event]]:
    found = {event.__name__: event for event in app.late_events}
    for workflow, program in versions:
        wanted = set(waited_for(program))
        for value in _mentioned(workflow):
            if isinstance(value, type) and issubclass(value, Event) and value.__name__ in wanted:
                found[value.__name__] = value
    return found


def _events_of_one_name(app: App, workflows: Sequence[Workflow[Any, Any]]) -> Iterator[str]:
    mentioned = [*app.late_events, *(value for workflow in workflows for value in _mentioned(workflow))]
    events = [one for one in mentioned if isinstance(one, type) and issubclass(one, Event)]
    first: dict[str, type[Event]] = {}
    for event in dict.fromkeys(events):
        other = first.setdefault(event.__name__, event)
        if other is not event:
            yield (
                f"{where_written(event)}: two events are called {event.__name__}, this one and {where_written(other)} "
                "(rename one: events are sent by their names)"
            )


def _events_without_late_contract(app: App, programs: Iterable[Program]) -> Iterator[str]:
    bound = {event.__name__ for event in app.late_events}
    waited = {(program.contract, event): None for program in programs for event in sorted({*waited_for(program)})}
    for name, event in waited:
        if event not in bound:
            yield (
                f"workflow of {name} waits for {event}, and nobody handles one that comes late "
                f"(App(late_events={{{event}: contract}}))"
            )


def _names(annotation: Any) -> tuple[str, ...]:
    return tuple(sorted(mark.name for mark in carried_classes(annotation)))


def _both(contract: Contract[Any, Any]) -> tuple[str, ...]:
    return tuple(sorted({*_names(contract.input_type), *_names(contract.output_type)}))


def port_kind(port: Any) -> str:
    """Return what sort of port it is: table, gateway, provided or bound."""
    if is_table(port):
        return "table"
    if is_gateway(port):
        return "gateway"
    return "provided" if port in PROVIDED else "bound"


def _function_plan(handler: Handler[..., Any]) -> plan.FunctionPlan:
    contract = handler.contract
    return plan.FunctionPlan(
        contract=contract.name,
        unit=contract.unit,
        latency=contract.latency.value,
        effect=contract.effect.value,
        undone_by=contract.undone_by.name if contract.undone_by else None,
        refuses=tuple(refusal.__name__ for refusal in contract.refuses),
        ports=tuple(named(port) for port in handler.ports.values()),
        data_classes=_both(contract),
        attempts=contract.retry.attempts,
        timeout_seconds=contract.timeout.total_seconds(),
        handler=f"{handler.function.__module__}:{handler.function.__qualname__}",
    )


def _workflow_plan(contract: Contract[Any, Any], program: Program) -> plan.WorkflowPlan:
    return plan.WorkflowPlan(
        contract=contract.name,
        unit=contract.unit,
        version=program.version,
        calls=tuple(dict.fromkeys(awaited(program))),
        waits_for=tuple(dict.fromkeys(waited_for(program))),
        data_classes=_both(contract),
    )


def _made_by(implementation: Any) -> str:
    while isinstance(implementation, partial):
        implementation = implementation.func
    return getattr(implementation, "__name__", None) or type(implementation).__name__


def _port_plans(app: App) -> tuple[plan.PortPlan, ...]:
    return tuple(
        plan.PortPlan(
            port=named(port),
            kind=port_kind(port),
            implementation=_made_by(binding.implementation),
            backend=backend,
            secrets=tuple(binding.secrets),
            hosts=tuple(binding.hosts),
            countries=tuple(binding.countries),
        )
        for (port, backend), binding in app.bindings.items()
    )


def _blueprint(
    app: App,
    contracts: Mapping[str, Contract[Any, Any]],
    handlers: Mapping[str, Handler[..., Any]],
    programs: Mapping[str, Program],
) -> plan.Blueprint:
    return plan.Blueprint(
        app=app.name,
        policy_version=app.policy_version,
        code_version=_code_version(programs),
        units=tuple(sorted({contract.unit for contract in contracts.values()})),
        functions=tuple(_function_plan(handler) for handler in handlers.values()),
        workflows=tuple(_workflow_plan(contracts[name], program) for name, program in programs.items()),
        topics=tuple(
            plan.TopicPlan(
                name=topic.name,
                message=topic.message.__name__,
                key=topic.key,
                publishers=tuple(_publishers(app, topic.message)),
                subscribers=tuple(contract.name for contract in topic.subscribers),
                external=topic.external,
                data_classes=_names(topic.message),
            )
            for topic in app.topics
        ),
        streams=tuple(
            plan.StreamPlan(
                name=one.name,
                message=one.message.__name__,
                key=one.key,
                into=one.into.name,
                data_classes=_names(one.message),
            )
            for one in app.streams
        ),
        schedules=tuple(
            plan.SchedulePlan(name=one.name, every_seconds=one.every.total_seconds(), starts=one.starts.name)
            for one in app.schedules
        ),
        endpoints=tuple(
            plan.EndpointPlan(
                method=one.method.upper(),
                path=one.path,
                starts=one.starts.name,
                data_classes=_both(one.starts),
            )
            for one in app.endpoints
        ),
        late_events=tuple((event.__name__, contract.name) for event, contract in app.late_events.items()),
        ports=_port_plans(app),
    )


def _code_version(programs: Mapping[str, Program]) -> str:
    text = "\n".join(f"{name}={program.version}" for name, program in sorted(programs.items()))
    return sha256(text.encode()).hexdigest()[:16]
