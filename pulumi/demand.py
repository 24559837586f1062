"""The demand: what an App asks of a cloud, unit by unit, derived from its Blueprint and from nothing else.

function hold_funds asks Ledger, Prices           unit critical: the database, the secrets and hosts of Prices
topic orders.executed, published by execute_order unit critical may send to it; home too, which sends what was left
stream quotes                                     home may read it
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from isthmus.core.blueprint import Blueprint, PortPlan, SchedulePlan, StreamPlan, deployed_units, home_unit
from isthmus.provision.stack import Cloud

LATE = "late."
"""How the topics of late events begin."""

TABLES = {"ledger": "Ledger", "records": "Records["}
"""By the ports that handlers ask for, the tables that only some units write."""


class TopicDemand(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for a topic, with a subscription for each subscriber."""

    name: str
    subscribers: tuple[str, ...]
    data_classes: tuple[str, ...]


class UnitDemand(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for one unit: what it may do and reach, and whether it must be warm."""

    name: str
    is_home: bool
    is_critical: bool
    contracts: tuple[str, ...]
    secrets: tuple[str, ...]
    hosts: tuple[str, ...]
    sends_to: tuple[str, ...]
    tables: tuple[str, ...]
    """What it writes in the database beside what every unit of work does."""
    timeout_seconds: float
    data_classes: tuple[str, ...]


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """Be all that an App asks of a cloud."""

    app: str
    units: tuple[UnitDemand, ...]
    topics: tuple[TopicDemand, ...]
    streams: tuple[StreamPlan, ...]
    schedules: tuple[SchedulePlan, ...]
    workflows: tuple[str, ...]
    has_endpoints: bool
    data_classes: tuple[str, ...]

    @property
    def home(self) -> UnitDemand:
        """Return the unit that workflows, triggers and timers are in."""
        return next(one for one in self.units if one.is_home)

    @property
    def others(self) -> tuple[UnitDemand, ...]:
        """Return the units that home has do the work of their contracts."""
        return tuple(one for one in self.units if not one.is_home)

    def rights_of(self, roles: Sequence[str]) -> str:
        """Return what the units' roles in the database are granted, as the setting that migrations read."""
        rights = {role: unit.tables for role, unit in zip(roles, self.units, strict=True)}
        return msgspec.json.encode(rights).decode()

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return every secret that some unit reads."""
        return _sorted(secret for unit in self.units for secret in unit.secrets)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return every host that some unit calls."""
        return _sorted(host for unit in self.units for host in unit.hosts)


def demand_of(blueprint: Blueprint, cloud: Cloud) -> Demand:
    """Derive what an App asks of a cloud."""
    home, *others = units_on(blueprint, cloud)
    critical = {one.unit for one in blueprint.functions if one.latency == "critical"}
    topics = tuple(_topics(blueprint))
    units = tuple(
        _unit_demand(blueprint, cloud, name, is_home=name == home, critical=critical, others=others)
        for name in (home, *others)
    )
    return Demand(
        app=blueprint.app,
        units=units,
        topics=topics,
        streams=blueprint.streams,
        schedules=blueprint.schedules,
        workflows=tuple(one.contract for one in blueprint.workflows),
        has_endpoints=bool(blueprint.endpoints),
        data_classes=_sorted(name for unit in units for name in unit.data_classes),
    )


def units_on(blueprint: Blueprint, cloud: Cloud) -> tuple[str, ...]:
    """Return the units that are deployed, home first: on Google Cloud all, for each is called for what it is about."""
    if cloud == "azure":
        return deployed_units(blueprint)
    home = home_unit(blueprint)
    return home, *sorted({*blueprint.units} - {home})


def _topics(blueprint: Blueprint) -> Iterable[TopicDemand]:
    for topic in blueprint.topics:
        yield TopicDemand(name=topic.name, subscribers=topic.subscribers, data_classes=topic.data_classes)
    for event, contract in blueprint.late_events:
        yield TopicDemand(name=f"{LATE}{event}", subscribers=(contract,), data_classes=())


def _unit_demand(
    blueprint: Blueprint, cloud: Cloud, name: str, *, is_home: bool, critical: set[str], others: list[str]
) -> UnitDemand:
    reached = _reached_from_outside(blueprint) if is_home and cloud == "azure" else set()
    functions = [one for one in blueprint.functions if one.unit == name or one.contract in reached]
    if is_home:
        functions += [one for one in blueprint.functions if one.unit not in {name, *others} and one not in functions]
    ports = [bound for bound in _bound(blueprint, cloud) if any(bound.port in one.ports for one in functions)]
    contracts = tuple(one.contract for one in functions)
    carried = [one.data_classes for one in functions]
    if is_home:
        carried += [one.data_classes for one in blueprint.workflows]
    # Home sends what others left in the outbox, and so may send to every topic.
    published = [topic.name for topic in blueprint.topics if is_home or {*contracts} & {*topic.publishers}]
    late = [f"{LATE}{event}" for event, _ in blueprint.late_events] if is_home else []
    return UnitDemand(
        name=name,
        is_home=is_home,
        # Every CRITICAL run passes through home, so home is as warm as the warmest.
        is_critical=bool(critical) if is_home else name in critical,
        contracts=contracts,
        secrets=_sorted(secret for port in ports for secret in port.secrets),
        hosts=_sorted(host for port in ports for host in port.hosts),
        sends_to=_sorted([*published, *late]),
        tables=_sorted(
            table
            for one in functions
            for port in one.ports
            for table, begins in TABLES.items()
            if port.startswith(begins)
        ),
        timeout_seconds=max((one.timeout_seconds for one in functions), default=0.0),
        data_classes=_sorted(name for classes in carried for name in classes),
    )


def _reached_from_outside(blueprint: Blueprint) -> set[str]:
    """Return the contracts that a trigger asks for directly: on Azure home does these, whatever their unit is."""
    return {
        *(subscriber for topic in blueprint.topics for subscriber in topic.subscribers),
        *(one.into for one in blueprint.streams),
        *(one.starts for one in blueprint.schedules),
        *(one.starts for one in blueprint.endpoints),
        *(contract for _, contract in blueprint.late_events),
    }


def _bound(blueprint: Blueprint, cloud: Cloud) -> list[PortPlan]:
    """Return the ports as they are bound on a cloud: a binding for it comes before one for all."""
    special = {one.port for one in blueprint.ports if one.backend == cloud}
    return [one for one in blueprint.ports if one.backend == cloud or (one.backend is None and one.port not in special)]


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*names}))
