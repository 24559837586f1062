"""The demand: what an App asks of a cloud, unit by unit, derived from its Blueprint and from nothing else.

function hold_funds asks Ledger, Prices           unit critical: the ledger, the secrets and hosts of Prices
topic orders.executed, published by execute_order unit critical may send to it; home too, which sends what was left
stream quotes                                     the unit of what it goes into may read it

On Azure home is reached from outside, and does itself what it is asked for; on Google Cloud each unit is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from isthmus.core.blueprint import Blueprint, FunctionPlan, PortPlan, deployed_units, home_unit, reached_units
from isthmus.provision.stack import Cloud

LATE = "late."
"""How the topics of late events begin."""

TABLES = {"ledger": "Ledger", "records": "Records["}
"""By the ports that handlers ask for, the tables that only some units write."""


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """Be a contract that something from outside asks for, and the unit that is asked."""

    contract: str
    unit: str


class TopicDemand(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for a topic, with a subscription for each subscriber."""

    name: str
    subscribers: tuple[Reached, ...]
    data_classes: tuple[str, ...]


class StreamDemand(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for a stream, which one unit reads."""

    name: str
    into: Reached
    data_classes: tuple[str, ...]


class ScheduleDemand(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for what happens again and again."""

    name: str
    every_seconds: int
    unit: str


class UnitDemand(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for one unit: what it may do and reach, and whether it must be warm."""

    name: str
    is_home: bool
    is_critical: bool
    has_endpoints: bool
    contracts: tuple[str, ...]
    secrets: tuple[str, ...]
    hosts: tuple[str, ...]
    sends_to: tuple[str, ...]
    tables: tuple[str, ...]
    """What it writes in the database beside what every unit of work does."""
    data_classes: tuple[str, ...]


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """Be all that an App asks of a cloud."""

    app: str
    units: tuple[UnitDemand, ...]
    topics: tuple[TopicDemand, ...]
    streams: tuple[StreamDemand, ...]
    schedules: tuple[ScheduleDemand, ...]
    workflows: tuple[str, ...]

    @property
    def home(self) -> UnitDemand:
        """Return the unit that workflows and the sweep are in."""
        return next(one for one in self.units if one.is_home)

    @property
    def others(self) -> tuple[UnitDemand, ...]:
        """Return the units that do the work of their own contracts alone."""
        return tuple(one for one in self.units if not one.is_home)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return every secret that some unit reads."""
        return _sorted(secret for unit in self.units for secret in unit.secrets)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return every host that some unit calls."""
        return _sorted(host for unit in self.units for host in unit.hosts)

    @property
    def data_classes(self) -> tuple[str, ...]:
        """Return every class of data that some unit handles."""
        return _sorted(name for unit in self.units for name in unit.data_classes)

    def rights_of(self, roles: Sequence[str]) -> str:
        """Return what the units' roles in the database are granted, as the setting that migrations read."""
        rights = {role: unit.tables for role, unit in zip(roles, self.units, strict=True)}
        return msgspec.json.encode(rights).decode()


def demand_of(blueprint: Blueprint, cloud: Cloud) -> Demand:
    """Derive what an App asks of a cloud."""
    home = home_unit(blueprint)
    units = deployed_units(blueprint) if cloud == "azure" else reached_units(blueprint)
    own = {one.contract: one.unit for one in blueprint.functions}
    own |= {one.contract: one.unit for one in blueprint.workflows}
    asked = dict.fromkeys(own, home) if cloud == "azure" else own
    return Demand(
        app=blueprint.app,
        units=tuple(_unit_demand(blueprint, cloud, name, home, units, asked) for name in units),
        topics=tuple(_topics(blueprint, asked)),
        streams=tuple(
            StreamDemand(name=one.name, into=_reached(one.into, asked), data_classes=_sorted(one.data_classes))
            for one in blueprint.streams
        ),
        schedules=tuple(
            ScheduleDemand(name=one.name, every_seconds=int(one.every_seconds), unit=asked[one.starts])
            for one in blueprint.schedules
        ),
        workflows=tuple(one.contract for one in blueprint.workflows),
    )


def _reached(contract: str, asked: Mapping[str, str]) -> Reached:
    return Reached(contract=contract, unit=asked[contract])


def _topics(blueprint: Blueprint, asked: Mapping[str, str]) -> Iterable[TopicDemand]:
    for topic in blueprint.topics:
        subscribers = tuple(_reached(one, asked) for one in topic.subscribers)
        yield TopicDemand(name=topic.name, subscribers=subscribers, data_classes=_sorted(topic.data_classes))
    carried = {one.contract: one.data_classes for one in blueprint.functions}
    carried |= {one.contract: one.data_classes for one in blueprint.workflows}
    for event, contract in blueprint.late_events:
        subscribers = (_reached(contract, asked),)
        yield TopicDemand(name=f"{LATE}{event}", subscribers=subscribers, data_classes=_sorted(carried[contract]))


def _unit_demand(
    blueprint: Blueprint, cloud: Cloud, name: str, home: str, units: Sequence[str], asked: Mapping[str, str]
) -> UnitDemand:
    functions = [one for one in blueprint.functions if name in _doing(blueprint, one, home, units, asked)]
    ports = [bound for bound in _bound(blueprint, cloud) if any(bound.port in one.ports for one in functions)]
    contracts = tuple(one.contract for one in functions)
    carried = [one.data_classes for one in functions]
    carried += [one.data_classes for one in blueprint.workflows if asked[one.contract] == name]
    critical = {one.unit for one in blueprint.functions if one.latency == "critical"}
    # Home sends what others left in the outbox, and so may send to every topic.
    published = [topic.name for topic in blueprint.topics if name == home or {*contracts} & {*topic.publishers}]
    late = [f"{LATE}{event}" for event, _ in blueprint.late_events] if name == home else []
    return UnitDemand(
        name=name,
        is_home=name == home,
        # On Azure every CRITICAL run passes through home, so home is as warm as the warmest.
        is_critical=bool(critical) if name == home and cloud == "azure" else name in critical,
        has_endpoints=any(asked[one.starts] == name for one in blueprint.endpoints),
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
        data_classes=_sorted(name for classes in carried for name in classes),
    )


def _doing(
    blueprint: Blueprint, function: FunctionPlan, home: str, units: Sequence[str], asked: Mapping[str, str]
) -> set[str]:
    """Return the units that do a contract: its own, and whichever is asked for it from outside."""
    own = function.unit if function.unit in units else home
    triggered = {
        *(subscriber for topic in blueprint.topics for subscriber in topic.subscribers),
        *(one.into for one in blueprint.streams),
        *(one.starts for one in blueprint.schedules),
        *(one.starts for one in blueprint.endpoints),
        *(contract for _, contract in blueprint.late_events),
    }
    return {own, asked[function.contract]} if function.contract in triggered else {own}


def _bound(blueprint: Blueprint, cloud: Cloud) -> list[PortPlan]:
    """Return the ports as they are bound on a cloud: a binding for it comes before one for all."""
    special = {one.port for one in blueprint.ports if one.backend == cloud}
    return [one for one in blueprint.ports if one.backend == cloud or (one.backend is None and one.port not in special)]


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*names}))
