"""Placement: a policy meets a Blueprint and the region that it is to be in, before any cloud is called.

region        the country of the region, for each contract, topic, stream and endpoint by the classes that it carries
copies        the pair that the cloud copies to by itself, for all that is kept
calls         whom ports call, by the countries that the App declared when it bound them
variables     on Google, what workflows can read: their calls may originate outside the region
availability  that the region has the services which the App needs
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from isthmus.core.blueprint import Blueprint, PortPlan
from isthmus.core.errors import InputError
from isthmus.core.residency.availability import Listing, has
from isthmus.core.residency.data_class import PERSONAL
from isthmus.core.residency.facts import AZURE, CLOUDS, GOOGLE, NO, YES, Facts, Region
from isthmus.core.residency.finding import UNCLASSIFIED, Finding, Rule, excepted
from isthmus.core.residency.policy import Policy, Verb
from isthmus.core.residency.regions import findings_of_region

SEALED: Final = frozenset({PERSONAL.name})
"""The classes of data that are ciphertext everywhere outside handlers."""

KEPT: Final = "what is kept"

type Needs = Callable[[Blueprint], bool]

SERVICES: Final[Mapping[str, Mapping[str, Needs]]] = {
    AZURE: {
        "functions_flex_consumption": lambda _: True,
        "durable_task_scheduler": lambda plan: bool(plan.workflows),
        "service_bus": lambda plan: bool(plan.topics or plan.late_events),
        "event_hubs": lambda plan: bool(plan.streams),
        "postgresql": lambda _: True,
        "key_vault": lambda _: True,
        "application_insights": lambda _: True,
    },
    GOOGLE: {
        "cloud_run": lambda _: True,
        "cloud_run_functions": lambda _: True,
        "workflows": lambda plan: bool(plan.workflows),
        "pubsub": lambda plan: bool(plan.topics or plan.streams or plan.late_events),
        "cloud_scheduler": lambda plan: bool(plan.schedules),
        "cloud_sql": lambda _: True,
        "cloud_kms": lambda _: True,
        "secret_manager": lambda _: True,
        "artifact_registry": lambda _: True,
    },
}
"""Which services an App needs on a cloud."""


class RegionUnknown(InputError):
    """Report a region that a cloud does not have, as far as is known."""

    code = "ISTH278"


class Carrier(msgspec.Struct, frozen=True, kw_only=True):
    """Be a part of an App that carries classes of data: a contract, a topic, a stream or an endpoint."""

    name: str
    data: tuple[str, ...]


def region_of(facts: Facts, cloud: str, name: str) -> Region:
    """Return a region of a cloud. Raises RegionUnknown (ISTH278)."""
    region = facts.region(cloud, name) if cloud in facts.clouds else None
    if region is None:
        known = facts.clouds[cloud].as_of if cloud in facts.clouds else ""
        instead = f"isthmus regions lists those known on {known}" if known else f"clouds are {' and '.join(CLOUDS)}"
        raise RegionUnknown(f"{cloud} has no region {name!r} that is known", place="region", instead=instead)
    return region


def check(
    blueprint: Blueprint,
    policy: Policy,
    cloud: str,
    region: str,
    facts: Facts,
    *,
    listings: Sequence[Listing] = (),
    sealed: frozenset[str] = SEALED,
) -> list[Finding]:
    """Return all that a policy has against an App in a region of a cloud; those that are excepted, with the exception.

    Give the policy as it stands today (`policy.on`). Raises RegionUnknown (ISTH278).
    """
    place = region_of(facts, cloud, region)
    found = [
        *_of_region(blueprint, policy, facts, cloud, place),
        *_of_calls(blueprint, policy, facts, cloud),
        *(_of_variables(blueprint, policy, facts, place, sealed) if cloud == GOOGLE else ()),
        *_of_services(blueprint, policy, cloud, place, listings),
    ]
    return excepted(found, policy.exemptions)


def carried(blueprint: Blueprint) -> tuple[str, ...]:
    """Return every class of data that an App carries, and what has none."""
    classes = {one for carrier in carriers(blueprint) for one in carrier.data}
    return (*sorted(classes), UNCLASSIFIED)


def carriers(blueprint: Blueprint) -> list[Carrier]:
    """Return the parts of an App that carry data, by name."""
    return [
        *(Carrier(name=f"handler of {one.contract}", data=one.data_classes) for one in blueprint.functions),
        *(Carrier(name=f"workflow {one.contract}", data=one.data_classes) for one in blueprint.workflows),
        *(Carrier(name=f"topic {one.name}", data=one.data_classes) for one in blueprint.topics),
        *(Carrier(name=f"stream {one.name}", data=one.data_classes) for one in blueprint.streams),
        *(Carrier(name=f"endpoint {one.method} {one.path}", data=one.data_classes) for one in blueprint.endpoints),
    ]


def _of_region(blueprint: Blueprint, policy: Policy, facts: Facts, cloud: str, place: Region) -> Iterator[Finding]:
    """Judge where each part would be, and once where what all of them keep is copied to."""
    for carrier in carriers(blueprint):
        for one in findings_of_region(policy, facts, cloud, place, carrier.data or (UNCLASSIFIED,)):
            if one.rule in {Rule.COUNTRY, Rule.UNKNOWN_PLACE}:
                yield msgspec.structs.replace(one, resource=carrier.name, property="region", value=place.name)
    for one in findings_of_region(policy, facts, cloud, place, carried(blueprint)):
        if one.rule not in {Rule.COUNTRY, Rule.UNKNOWN_PLACE}:
            yield msgspec.structs.replace(one, resource=KEPT, property="region", value=place.name)


def _of_calls(blueprint: Blueprint, policy: Policy, facts: Facts, cloud: str) -> Iterator[Finding]:
    for port in blueprint.ports:
        if port.backend not in {None, cloud} or _is_overridden(port, blueprint, cloud):
            continue
        data = sorted({one for plan in blueprint.functions if port.port in plan.ports for one in plan.data_classes})
        yield from _of_port(port, data or [UNCLASSIFIED], policy, facts)


def _is_overridden(port: PortPlan, blueprint: Blueprint, cloud: str) -> bool:
    """Say whether another binding of the port is taken on this cloud."""
    return port.backend is None and any(one.port == port.port and one.backend == cloud for one in blueprint.ports)


def _of_port(port: PortPlan, data: Sequence[str], policy: Policy, facts: Facts) -> Iterator[Finding]:
    resource = f"port {port.port}"
    if port.hosts and not port.countries:
        yield Finding(
            rule=Rule.CALL,
            resource=resource,
            type=port.implementation,
            property="countries",
            data=tuple(data),
            problem=f"it calls {', '.join(port.hosts)}, and nobody says in which country that is",
            instead=f'App.bind({port.port}, …, countries=["IE"])',
        )
    for country in port.countries:
        known = [country] if country in facts.countries else []
        refused = policy.refused(data, Verb.PROCESS, known)
        if refused:
            where = facts.spoken(country) if known else f"{country!r}, which is no country,"
            yield Finding(
                rule=Rule.CALL if known else Rule.UNKNOWN_PLACE,
                resource=resource,
                type=port.implementation,
                property="countries",
                value=country,
                data=refused,
                countries=tuple(known),
                problem=f"it calls {', '.join(port.hosts) or 'somebody'} in {where} where processing is not allowed",
                instead="bind what calls nobody there, or except this port",
            )


def _of_variables(
    blueprint: Blueprint, policy: Policy, facts: Facts, place: Region, sealed: frozenset[str]
) -> Iterator[Finding]:
    """Find what workflows can read in the clear: Google says that their calls may originate outside their region."""
    answers = {one.contract: one.data_classes for one in blueprint.functions}
    answers |= {one.contract: one.data_classes for one in blueprint.workflows}
    everywhere = frozenset(facts.countries)
    for workflow in blueprint.workflows:
        held = {*workflow.data_classes}.union(*(answers.get(call, ()) for call in workflow.calls))
        readable = sorted(one for one in held - sealed if not everywhere <= policy.grant(one).countries(Verb.PROCESS))
        if readable:
            yield Finding(
                rule=Rule.WORKFLOWS_VARIABLES,
                resource=f"workflow {workflow.contract}",
                type="variables",
                property="region",
                value=place.name,
                region=place.name,
                data=tuple(readable),
                countries=(place.country,),
                problem="its variables can be read, and Google says that calls of Workflows may originate from another "
                f"region than {place.name} in {facts.spoken(place.country)}",
                instead="seal the class, keep it out of messages that workflows see, or except it with a reason",
            )


def _of_services(
    blueprint: Blueprint, policy: Policy, cloud: str, place: Region, listings: Iterable[Listing]
) -> Iterator[Finding]:
    listed = tuple(listings)
    for service, is_needed in SERVICES[cloud].items():
        answer = has(service, cloud, place, listed, policy) if is_needed(blueprint) else YES
        if answer == YES:
            continue
        yield Finding(
            rule=Rule.AVAILABILITY,
            resource=f"service {service}",
            property="region",
            value=place.name,
            region=place.name,
            countries=(place.country,),
            problem="the region does not have it" if answer == NO else "it is not known that the region has it",
            instead="choose another region"
            if answer == NO
            else "bring the cloud's own listing by --availability, or say so in [[available]] of the policy",
        )
