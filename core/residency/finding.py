"""Findings: what would be where it may not, by which rule, and what to do instead."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

import msgspec


class Rule(enum.Enum):
    """Name the rule that a finding breaks; exceptions name it too."""

    COUNTRY = "country"
    """A place in a country that the policy does not allow."""
    PAIR = "pair"
    """A copy that the cloud makes in the paired region, outside the allowed countries."""
    ONE_WAY_PAIR = "one-way-pair"
    """A pair that does not copy back: what it holds is copied on to a third region."""
    RESTRICTED = "restricted"
    """A region where a customer may not simply deploy."""
    UNKNOWN_PLACE = "unknown-place"
    """A location whose country is not known."""
    GLOBAL = "global"
    """A service, an endpoint or a default that is confined to no place."""
    CANNOT_BE_KNOWN = "cannot-be-known"
    """A resource, or a reference out of the deployment, of which nobody can say where its data is."""
    WORKFLOWS_VARIABLES = "workflows-variables"
    """Data that is readable in the variables of Google's Workflows, whose calls may start elsewhere."""
    CALL = "call"
    """A call to somebody outside, whose country is not allowed or not said."""
    AVAILABILITY = "availability"
    """A service of which it is not known that the region has it."""


class Exemption(msgspec.Struct, frozen=True, kw_only=True):
    """Let a rule be broken: where, why, on whose word, and until when.

    It covers a finding that matches everything it names; what it leaves empty matches all.
    """

    rule: Rule
    data: tuple[str, ...] = ()
    countries: frozenset[str] = frozenset()
    region: str = ""
    resource: str = ""
    reason: str
    approved_by: str
    until: date


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Say what is wrong: the resource, its property, the classes of data, the countries, the rule, what to do."""

    rule: Rule
    resource: str
    type: str = ""
    property: str = ""
    value: str = ""
    region: str = ""
    data: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    problem: str
    instead: str = ""
    exemption: Exemption | None = None

    def __str__(self) -> str:
        return told([self.resource], self)


def told(resources: Sequence[str], finding: Finding) -> str:
    """Return a finding as people read it, for all the resources that have it."""
    kind = f" ({finding.type})" if finding.type else ""
    property_ = f", {finding.property}" if finding.property else ""
    value = f" = {finding.value}" if finding.value else ""
    data = f"{', '.join(finding.data)}: " if finding.data else ""
    remedy = f" ({finding.instead})" if finding.instead else ""
    where = f"{', '.join(resources)}{kind}{property_}{value}"
    return f"{where}: {data}{finding.problem}{remedy} [rule {finding.rule.value}]"


def summed_up(findings: Iterable[Finding]) -> list[str]:
    """Return findings as people read them: what several resources have alike is told once."""
    alike: dict[Finding, list[str]] = {}
    for one in findings:
        alike.setdefault(msgspec.structs.replace(one, resource="", exemption=None), []).append(one.resource)
    return [told(resources, one) for one, resources in alike.items()]


UNCLASSIFIED: Final = "unclassified"
"""What data without a class is called: the policy's default applies to it."""


def covers(exemption: Exemption, finding: Finding) -> bool:
    """Say whether an exemption covers all of a finding: each of its classes, each of its countries."""
    return (
        exemption.rule is finding.rule
        and (not exemption.data or (bool(finding.data) and set(finding.data) <= set(exemption.data)))
        and (not exemption.countries or (bool(finding.countries) and set(finding.countries) <= exemption.countries))
        and exemption.region in {"", finding.region}
        and exemption.resource in {"", finding.resource}
    )


def excepted(findings: Iterable[Finding], exemptions: Sequence[Exemption]) -> list[Finding]:
    """Return the findings, those that an exemption covers with it."""
    marked = []
    for one in findings:
        found = next((exemption for exemption in exemptions if covers(exemption, one)), None)
        marked.append(msgspec.structs.replace(one, exemption=found))
    return marked


def standing(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that no exemption covers."""
    return [one for one in findings if one.exemption is None]
