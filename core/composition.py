"""What an App becomes when it is loaded: every name resolved, every rule checked, the Blueprint derived."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Any

import msgspec

from isthmus.core import blueprint as plan
from isthmus.core import coherence
from isthmus.core.annotations import named
from isthmus.core.app import App, AppRefused
from isthmus.core.contract import Contract
from isthmus.core.errors import SourceError
from isthmus.core.handler import Handler
from isthmus.core.implementation import bindings_that_do_not_fit, made_by
from isthmus.core.message import (
    Event,
    carried_classes,
)
from isthmus.core.ports import PROVIDED, Binding, is_gateway, is_table
from isthmus.core.program import Problem, Program, awaited, check_workflows, waited_for
from isthmus.core.program.kept import Kept
from isthmus.core.refusal import Refusal
from isthmus.core.trigger import Topic
from isthmus.core.versions import check_carried, check_earlier, revive
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
    problems: list[SourceError | Problem] = []
    fulfilled = coherence.fulfilments(app, problems.append)
    workflows = {name: one for name, one in fulfilled.items() if isinstance(one, Workflow)}
    programs, found = check_workflows(workflows)
    versions = {(name, program.version): (workflows[name], program) for name, program in programs.items()}
    earlier = revive([one for one in kept if (one.contract, one.version) not in versions], workflows, problems.append)
    reading = [*app.workflows, *(one.workflow for one in earlier)]
    mentioned = _contracts(app, fulfilled, reading)
    contracts = {contract.name: contract for contract in reversed(mentioned)}
    problems += coherence.contracts_of_one_name(mentioned)
    problems += coherence.contracts_unfulfilled(app, contracts, fulfilled)
    problems += coherence.undos_that_do_not_fit(contracts)
    problems += coherence.ports_that_are_not_bound(app)
    problems += bindings_that_do_not_fit(app.bindings.values())
    problems += coherence.topics_without_publisher(app)
    problems += coherence.triggers_that_do_not_fit(app)
    problems += coherence.identities_that_do_not_fit(app)
    problems += coherence.triggers_of_one_name(app)
    problems += coherence.events_of_one_name(app, reading)
    problems += coherence.messages_that_cannot_travel(app, contracts)
    problems += found
    versions = {**check_earlier(earlier, workflows, found, problems.append), **versions}
    problems += coherence.events_without_late_contract(app, versions.values())
    if not problems:
        check_carried(versions, contracts, problems.append)
    if problems:
        raise AppRefused(app.name, [str(problem) for problem in problems])
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


def _contracts(
    app: App, fulfilled: Mapping[str, coherence.Fulfilment], workflows: Sequence[Workflow[Any, Any]]
) -> list[Contract[Any, Any]]:
    """Return every contract that the App mentions, once, those that workflows await and undos included."""
    waiting: list[Contract[Any, Any]] = [one.contract for one in fulfilled.values()]
    waiting += [contract for topic in app.topics for contract in topic.subscribers]
    waiting += [stream.into for stream in app.streams]
    waiting += [one.starts for one in app.schedules] + [one.starts for one in app.endpoints]
    waiting += list(app.late_events.values())
    for one in workflows:
        waiting += [value for value in coherence.mentioned_in(one) if isinstance(value, Contract)]
    found: dict[int, Contract[Any, Any]] = {}
    while waiting:
        contract = waiting.pop(0)
        if id(contract) not in found:
            found[id(contract)] = contract
            waiting += [contract.undone_by] if contract.undone_by else []
    return list(found.values())


def _events(app: App, versions: Iterable[tuple[Workflow[Any, Any], Program]]) -> dict[str, type[Event]]:
    found = {event.__name__: event for event in app.late_events}
    for workflow, program in versions:
        wanted = set(waited_for(program))
        for value in coherence.mentioned_in(workflow):
            if isinstance(value, type) and issubclass(value, Event) and value.__name__ in wanted:
                found[value.__name__] = value
    return found


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


def _port_plans(app: App) -> tuple[plan.PortPlan, ...]:
    return tuple(
        plan.PortPlan(
            port=named(port),
            kind=port_kind(port),
            implementation=made_by(binding.implementation),
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
                publishers=tuple(coherence.publishers(app, topic.message)),
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
