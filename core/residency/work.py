"""Work: whether handlers may work on their data where a process runs, whichever backend it is."""

from __future__ import annotations

from collections.abc import Iterator

from isthmus.core.blueprint import Blueprint
from isthmus.core.residency.facts import Facts
from isthmus.core.residency.finding import UNCLASSIFIED, Finding, Rule, excepted
from isthmus.core.residency.policy import Policy, Verb


def findings_of_work(blueprint: Blueprint, policy: Policy, facts: Facts, location: str) -> list[Finding]:
    """Return a finding for every handler whose data may not be worked on in a location.

    The location is a region of either cloud, or the country of one's own machine.
    """
    return excepted(_findings(blueprint, policy, facts, location), policy.exemptions)


def _findings(blueprint: Blueprint, policy: Policy, facts: Facts, location: str) -> Iterator[Finding]:
    place = facts.home(location)
    for plan in blueprint.functions:
        refused = policy.refused(plan.data_classes or (UNCLASSIFIED,), Verb.PROCESS, place.countries)
        if not refused:
            continue
        known = bool(place.countries)
        where = ", ".join(facts.spoken(one) for one in place.countries)
        yield Finding(
            rule=Rule.COUNTRY if known else Rule.UNKNOWN_PLACE,
            resource=f"handler of {plan.contract}",
            region=place.region.name if place.region else "",
            data=refused,
            countries=place.countries,
            problem=f"processing in {where} is not allowed" if known else f"{location} is no place that is known",
        )
