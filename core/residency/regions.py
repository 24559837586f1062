"""Regions: what a policy makes of each region of a cloud, and which two of them may be primary and recovery."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from isthmus.core.residency.availability import Listing, has
from isthmus.core.residency.facts import AZURE, NO, YES, CloudFacts, Facts, Region
from isthmus.core.residency.finding import UNCLASSIFIED, Finding, Rule, excepted, standing
from isthmus.core.residency.policy import Policy, Verb

CANDIDATES_MAX: Final = 3
BOUNDARY: Final = "EU_DATA_BOUNDARY"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Say whether a policy allows a region, and why not; beside it, which services the region has."""

    cloud: str
    name: str
    display_name: str
    country: str
    allowed: bool
    reasons: tuple[str, ...]
    excepted: tuple[str, ...]
    services: dict[str, str]


class Pairing(msgspec.Struct, frozen=True, kw_only=True):
    """Propose, for a primary region, where to recover: the best first."""

    cloud: str
    primary: str
    recovery: tuple[str, ...]
    near: bool
    """Whether these are its pair or in its country, and not just allowed."""
    why: str


def verdicts(
    policy: Policy,
    facts: Facts,
    clouds: Sequence[str],
    *,
    listings: Sequence[Listing] = (),
    classes: Iterable[str] = (),
) -> list[Verdict]:
    """Judge every region of some clouds, for some classes of data or for all that the policy speaks of."""
    wanted = tuple(classes) or spoken_of(policy)
    return [
        _verdict(policy, facts, facts.clouds[cloud], region, listings, wanted)
        for cloud in clouds
        for region in facts.clouds[cloud].regions
    ]


def spoken_of(policy: Policy) -> tuple[str, ...]:
    """Return the classes of data that a policy names, and what is left to its default."""
    return (UNCLASSIFIED, *policy.data)


def _verdict(
    policy: Policy, facts: Facts, cloud: CloudFacts, region: Region, listings: Sequence[Listing], classes: Iterable[str]
) -> Verdict:
    found = findings_of_region(policy, facts, cloud.cloud, region, classes)
    left = standing(found)
    return Verdict(
        cloud=cloud.cloud,
        name=region.name,
        display_name=region.display_name,
        country=region.country,
        allowed=not left,
        reasons=tuple(f"{one.rule.value}: {one.problem}" for one in left),
        excepted=tuple(
            f"{one.rule.value}: {one.problem} (excepted until {one.exemption.until} by {one.exemption.approved_by}: "
            f"{one.exemption.reason})"
            for one in found
            if one.exemption is not None
        ),
        services={service: has(service, cloud.cloud, region, listings, policy) for service in cloud.services},
    )


def findings_of_region(
    policy: Policy, facts: Facts, cloud: str, region: Region, classes: Iterable[str]
) -> list[Finding]:
    """Return every reason why data of some classes may not be kept and worked on in a region."""
    wanted = tuple(classes)
    found = [
        *_country(policy, facts, cloud, region, wanted),
        *_pair(policy, facts, cloud, region, wanted),
        *_access(cloud, region),
    ]
    return excepted(found, policy.exemptions)


def _country(policy: Policy, facts: Facts, cloud: str, region: Region, classes: Sequence[str]) -> Iterator[Finding]:
    if region.country not in facts.countries:
        yield Finding(
            rule=Rule.UNKNOWN_PLACE,
            resource=f"{cloud} {region.name}",
            region=region.name,
            data=tuple(classes),
            problem="its country is not known",
            instead="choose a region whose country is known",
        )
        return
    refused = _not_at_home(policy, region, classes)
    if refused:
        aside = _but_in_the_boundary(policy, facts, region, refused)
        whose = _whose(refused, classes)
        yield Finding(
            rule=Rule.COUNTRY,
            resource=f"{cloud} {region.name}",
            region=region.name,
            data=tuple(refused),
            countries=(region.country,),
            problem=f"{facts.spoken(region.country)} is not allowed{whose}{aside}",
            instead="choose a region in a country that the policy allows",
        )


def _not_at_home(policy: Policy, region: Region, classes: Sequence[str]) -> list[str]:
    return sorted(
        {one for verb in (Verb.STORE, Verb.PROCESS) for one in policy.refused(classes, verb, [region.country])}
    )


def _whose(refused: Sequence[str], classes: Sequence[str]) -> str:
    return "" if set(refused) == set(classes) else f" for {', '.join(refused)}"


def _but_in_the_boundary(policy: Policy, facts: Facts, region: Region, refused: Sequence[str]) -> str:
    """Say what a name that sounds like the EU is not."""
    european = facts.jurisdictions["EU"].countries
    if not region.eu_data_boundary or region.country in european:
        return ""
    if not european <= policy.allowed(refused, Verb.STORE):
        return ""
    return "; it is in the EU Data Boundary, which is not the EU"


def _pair(policy: Policy, facts: Facts, cloud: str, region: Region, classes: Sequence[str]) -> Iterator[Finding]:
    if not region.pair:
        return
    abroad = region.pair_country != region.country
    refused = policy.refused(classes, Verb.REPLICATE, [region.pair_country] if region.pair_country else [])
    across = "across a border " if abroad else ""
    if refused and (abroad or set(refused) - set(_not_at_home(policy, region, classes))):
        yield Finding(
            rule=Rule.PAIR,
            resource=f"{cloud} {region.name}",
            region=region.name,
            data=refused,
            countries=(region.pair_country,) if region.pair_country else (),
            problem=f"copies go {across}to {region.pair} in {facts.spoken(region.pair_country)}, "
            f"which is not allowed{_whose(refused, classes)}",
            instead="choose a region whose pair is allowed, or one without a pair",
        )
    if region.pair_returns == NO:
        onward = _onward(facts, cloud, region.pair)
        yield Finding(
            rule=Rule.ONE_WAY_PAIR,
            resource=f"{cloud} {region.name}",
            region=region.name,
            data=tuple(classes),
            countries=(region.pair_country,) if region.pair_country else (),
            problem=f"its pair {region.pair} does not copy back{onward}",
            instead="choose a region whose pair copies back, or except this one",
        )


def _onward(facts: Facts, cloud: str, pair: str) -> str:
    found = facts.region(cloud, pair)
    if found is None or not found.pair:
        return ""
    return f"; copies go on to {found.pair} in {facts.spoken(found.pair_country)}"


def _access(cloud: str, region: Region) -> Iterator[Finding]:
    if region.restricted == YES:
        yield Finding(
            rule=Rule.RESTRICTED,
            resource=f"{cloud} {region.name}",
            region=region.name,
            problem=region.why_restricted or "access is restricted",
            instead="choose another, or except this one when access was given",
        )


def pairings(judged: Iterable[Verdict], facts: Facts) -> list[Pairing]:
    """Propose where to recover for every allowed region: all that are named are allowed themselves."""
    allowed = [one for one in judged if one.allowed]
    return [_pairing(one, [other for other in allowed if other.cloud == one.cloud], facts) for one in allowed]


def _pairing(primary: Verdict, allowed: Sequence[Verdict], facts: Facts) -> Pairing:
    others = [one for one in allowed if one.name != primary.name]
    region = facts.region(primary.cloud, primary.name)
    paired = [one.name for one in others if region is not None and one.name == region.pair]
    near = [one.name for one in others if one.country == primary.country and one.name not in paired]
    far = [one.name for one in others if one.country != primary.country and one.name not in paired]
    if paired:
        why = "Azure's own pair" if primary.cloud == AZURE else "its pair"
    elif near:
        why = "in the same country"
    else:
        why = "in another allowed country" if far else "no other region is allowed"
    return Pairing(
        cloud=primary.cloud,
        primary=primary.name,
        recovery=tuple([*paired, *near, *(far if not (paired or near) else [])][:CANDIDATES_MAX]),
        near=bool(paired or near),
        why=why,
    )
