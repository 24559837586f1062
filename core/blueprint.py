"""The Blueprint: the neutral, frozen description of an App that adapters and Pulumi read, and nothing else."""

from __future__ import annotations

from collections import Counter

import msgspec


class FunctionPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Describe one contract that a handler fulfils."""

    contract: str
    unit: str
    latency: str
    effect: str
    undone_by: str | None
    refuses: tuple[str, ...]
    ports: tuple[str, ...]
    data_classes: tuple[str, ...]
    attempts: int
    timeout_seconds: float
    handler: str


class WorkflowPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Describe one contract that a workflow fulfils, by the version of its program."""

    contract: str
    unit: str
    version: str
    calls: tuple[str, ...]
    waits_for: tuple[str, ...]
    data_classes: tuple[str, ...]


class TopicPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Describe a topic, who publishes to it and who subscribes."""

    name: str
    message: str
    key: str
    publishers: tuple[str, ...]
    subscribers: tuple[str, ...]
    external: bool
    data_classes: tuple[str, ...]


class StreamPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Describe a stream of records from outside."""

    name: str
    message: str
    key: str
    into: str
    data_classes: tuple[str, ...]


class SchedulePlan(msgspec.Struct, frozen=True, kw_only=True):
    """Describe what is asked again and again."""

    name: str
    every_seconds: float
    starts: str


class EndpointPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Describe an HTTP endpoint."""

    method: str
    path: str
    starts: str
    data_classes: tuple[str, ...]


class PortPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Describe a port that the App binds, and what its implementation declared that it needs."""

    port: str
    kind: str
    implementation: str
    backend: str | None
    secrets: tuple[str, ...]
    hosts: tuple[str, ...]
    countries: tuple[str, ...]


class Blueprint(msgspec.Struct, frozen=True, kw_only=True):
    """Describe an App: units, functions, workflows, triggers, ports and the classes of data that each carries."""

    app: str
    policy_version: str
    code_version: str
    units: tuple[str, ...]
    functions: tuple[FunctionPlan, ...]
    workflows: tuple[WorkflowPlan, ...]
    topics: tuple[TopicPlan, ...]
    streams: tuple[StreamPlan, ...]
    schedules: tuple[SchedulePlan, ...]
    endpoints: tuple[EndpointPlan, ...]
    late_events: tuple[tuple[str, str], ...]
    ports: tuple[PortPlan, ...]


def home_unit(blueprint: Blueprint) -> str:
    """Return the unit that workflows, triggers and timers are in: most workflows', the first by name of several."""
    counted = Counter(one.unit for one in blueprint.workflows) or Counter(one.unit for one in blueprint.functions)
    return min(counted, key=lambda unit: (-counted[unit], unit))


def deployed_units(blueprint: Blueprint) -> tuple[str, ...]:
    """Return the units that are deployed: home, and those of contracts that handlers fulfil and workflows may await."""
    home = home_unit(blueprint)
    if not blueprint.workflows:
        return (home,)
    return home, *sorted({one.unit for one in blueprint.functions} - {home})


def reached_units(blueprint: Blueprint) -> tuple[str, ...]:
    """Return the units that are deployed where each is reached by itself: home, and every other that there is."""
    home = home_unit(blueprint)
    return home, *sorted({*blueprint.units} - {home})
