"""Claims: what a resource says by a rule: this would be done with data, at this place.

A claim that has no countries is one of which nobody can say where: the judge refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from isthmus.core.residency.facts import AZURE, CLOUDS, Facts, Place
from isthmus.core.residency.finding import Rule as Broken
from isthmus.core.residency.policy import Policy, Verb
from isthmus.core.residency.preview import azure, google
from isthmus.core.residency.preview.resource import PROVIDER, Json, Resource, is_known, shown, text_of, values
from isthmus.core.residency.preview.rule import (
    KEPT_AND_WORKED_ON,
    At,
    Copied,
    Inside,
    Nested,
    Nowhere,
    Readable,
    Refers,
    Rule,
)

STATE: Final = "pulumi:state"
"""Pulumi's own state, which is judged as a resource."""

RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    **azure.RULES,
    **google.RULES,
    STATE: (
        Refers(
            property="url",
            to=(azure.ACCOUNT, google.BUCKET),
            pick=r"(?:^gs://|storage_account=)([^/?&]+)",
            why="names, addresses and encrypted secrets of the deployment are kept there",
        ),
    ),
}
PLACES: Final = ("location", "region", "zone", "locationId")
"""The properties that name a place in types which no table knows."""

NAMED_BY: Final[Mapping[str, str]] = {**azure.NAMED_BY, **google.NAMED_BY}
NO_PLACE: Final = ("global",)


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Say what would be done with data, where, and what a finding says when that is not allowed."""

    rule: Broken
    property: str
    value: str = ""
    region: str = ""
    pair: str = ""
    """The region that copies go to, which no property names."""
    verbs: tuple[Verb, ...] = KEPT_AND_WORKED_ON
    countries: tuple[str, ...] = ()
    why: str = ""
    instead: str = ""


class Surroundings:
    """Hold all resources of a deployment, to look up what one of them refers to."""

    def __init__(self, resources: Sequence[Resource], facts: Facts, policy: Policy) -> None:
        self.facts = facts
        self.policy = policy
        self._by_urn = {one.urn: one for one in resources}
        self._by_name: dict[tuple[str, str], list[Resource]] = {}
        for one in resources:
            name = one.properties.get(NAMED_BY.get(one.token, "name"))
            if isinstance(name, str) and is_known(name):
                self._by_name.setdefault((one.token, name), []).append(one)

    def holds(self, types: Sequence[str], name: str, text: str) -> bool:
        """Say whether this deployment makes the resource of one of some types that a longer text names."""
        candidates = [one for type_ in types for one in self._by_name.get((type_, name), ())]
        return any(_is_of_same_home(one, text) for one in candidates)

    def sources(self, resource: Resource, path: str, types: Sequence[str] = ()) -> list[Resource]:
        """Return the resources that a property's value comes from, of some types or of any."""
        urns = resource.dependencies.get(re.split(r"[.\[]", path, maxsplit=1)[0], ())
        found = [self._by_urn[urn] for urn in urns if urn in self._by_urn]
        return [one for one in found if not types or one.token in types]

    def parents(self, resource: Resource) -> list[Resource]:
        """Return the resources that a resource is a part of."""
        found = []
        for rule in RULES.get(resource.token, ()):
            if isinstance(rule, Inside):
                found += self.sources(resource, rule.property, rule.to)
        return found

    def default_place(self, resource: Resource) -> str:
        """Return the location that a resource gets from its provider's configuration, or nothing."""
        provider = self._by_urn.get(resource.provider)
        if provider is None or not provider.type.startswith(PROVIDER):
            return ""
        found = [provider.properties.get(key) for key in ("location", "region")]
        return next((one for one in found if isinstance(one, str) and is_known(one)), "")

    def place(self, resource: Resource, location: str) -> Place:
        """Return what is known of a location that a resource names."""
        if resource.cloud in CLOUDS:
            return self.facts.place(resource.cloud, location)
        return self.facts.home(location)


LOCATED: Final = re.compile(r"/locations/([^/]+)/|\.([a-z]+-[a-z]+[0-9]+)\.run\.app(?:/|$)")
"""Where a path or an address says its location, as of a service that is named by its project and region."""

HOMES: Final = (
    ("project", re.compile(r"projects/([^/]+)")),
    ("resourceGroupName", re.compile(r"/resourceGroups/([^/]+)")),
)


def _is_of_same_home(resource: Resource, text: str) -> bool:
    """Say whether a path names no other project or resource group than the resource's own."""
    for key, pattern in HOMES:
        own, said = resource.properties.get(key), pattern.search(text)
        if said and isinstance(own, str) and is_known(own) and own.lower() != said[1].lower():
            return False
    return True


def claims_of(resource: Resource, around: Surroundings) -> Iterator[Claim]:
    """Yield what a resource says by the rules of its type, or by its location when no table knows the type."""
    rules = RULES.get(resource.token)
    if rules is None:
        rules = tuple(At(property=one) for one in PLACES if resource.properties.get(one) is not None)
    for rule in rules:
        match rule:
            case At():
                yield from _at(rule, resource, around)
            case Copied():
                yield from _copied(rule, resource, around)
            case Nowhere():
                yield from _nowhere(rule, resource)
            case Refers():
                yield from _refers(rule, resource, around)
            case Inside():
                yield from _inside(rule, resource, around)
            case Nested():
                yield from _nested(rule, resource, around)
            case Readable():
                yield Claim(
                    rule=Broken.WORKFLOWS_VARIABLES,
                    property=rule.property,
                    verbs=(Verb.PROCESS,),
                    why=rule.why,
                    instead=rule.instead,
                )


def _at(rule: At, resource: Resource, around: Surroundings) -> Iterator[Claim]:
    if rule.unless and resource.properties.get(rule.unless) is not None:
        return
    for where, value in values(resource.properties, rule.property):
        if (value is None and rule.optional) or (rule.public and re.match(rule.public, text_of(value))):
            continue
        if value is None and not rule.absent:
            yield _placed(rule, where, around.default_place(resource), resource, around)
        elif value is None:
            yield _placed(rule, where, rule.absent, resource, around)
        elif is_known(value):
            yield _placed(rule, where, text_of(value), resource, around)
        elif not around.sources(resource, where):
            yield _unseen(where, "nobody can say before the deployment which place it will be", rule.verbs)


def _placed(rule: At, where: str, text: str, resource: Resource, around: Surroundings) -> Claim:
    found = re.search(rule.within, text) if rule.within else None
    location = (found[1] if found else "") if rule.within else text
    place = around.place(resource, location)
    if not text:
        return _unseen(where, "it names no place, and its provider has none by default", rule.verbs)
    if place.countries:
        broken = Broken.COUNTRY
    else:
        broken = Broken.GLOBAL if location.lower() in NO_PLACE or text == rule.absent else Broken.UNKNOWN_PLACE
    return Claim(
        rule=broken,
        property=where,
        value=location if rule.hidden else shown(text),
        region=place.region.name if place.region else "",
        verbs=rule.verbs,
        countries=place.countries,
        why=rule.why,
        instead="name a region in a country that the policy allows",
    )


def _copied(rule: Copied, resource: Resource, around: Surroundings) -> Iterator[Claim]:
    location = text_of(resource.properties.get("location")) or around.default_place(resource)
    place = around.facts.place(AZURE, location)
    region = place.region
    if rule.implicit and (region is None or not region.pair):
        return
    for where, value in values(resource.properties, rule.property):
        if not (rule.implicit or (value is None and rule.absent) or text_of(value) in rule.when):
            if value is not None and not is_known(value):
                yield _unseen(where, "nobody can say before the deployment where it will be copied", (Verb.REPLICATE,))
            continue
        pair = region.pair if region is not None else ""
        country = region.pair_country if region is not None else ""
        yield Claim(
            rule=Broken.PAIR,
            property=where,
            value=shown(value),
            region=region.name if region is not None else "",
            pair=pair,
            verbs=(Verb.REPLICATE,),
            countries=(country,) if country else (),
            why=f"{rule.why}{f', {pair}' if pair else ', and which that is is not known'}",
            instead=rule.instead,
        )


def _nowhere(rule: Nowhere, resource: Resource) -> Iterator[Claim]:
    for where, value in values(resource.properties, rule.property):
        asked = rule.present or text_of(value) in rule.when
        if rule.absent if value is None else asked:
            yield Claim(
                rule=Broken.GLOBAL,
                property=where,
                value=shown(value),
                verbs=(rule.verb,),
                why=rule.why,
                instead=rule.instead,
            )


def _refers(rule: Refers, resource: Resource, around: Surroundings) -> Iterator[Claim]:
    for where, value in values(resource.properties, rule.property):
        if value is not None:
            yield from _reference(rule.to, rule.pick, (rule.verb,), where, value, resource, around, rule.why)


def _inside(rule: Inside, resource: Resource, around: Surroundings) -> Iterator[Claim]:
    for where, value in values(resource.properties, rule.property):
        yield from _reference(
            rule.to, rule.pick, KEPT_AND_WORKED_ON, where, value, resource, around, "it is a part of that"
        )


def _reference(
    types: Sequence[str],
    pick: str,
    verbs: tuple[Verb, ...],
    where: str,
    value: Json,
    resource: Resource,
    around: Surroundings,
    why: str,
) -> Iterator[Claim]:
    """Yield a claim unless the property names a resource of the same deployment, which is judged itself."""
    if not is_known(value):
        if not around.sources(resource, where):
            yield _unseen(where, f"nobody can say before the deployment what it names; {why}", verbs)
        return
    text = text_of(value)
    found = re.search(pick, text) if pick else None
    name = found[1] if found else text
    if around.holds(types, name, text):
        return
    country = around.policy.place_of(text)
    path = LOCATED.search(text)
    place = around.place(resource, path[1] or path[2]) if path else None
    if country or (place is not None and place.countries):
        yield Claim(
            rule=Broken.COUNTRY,
            property=where,
            value=shown(text),
            verbs=verbs,
            countries=(country,) if country else (place.countries if place is not None else ()),
            why=why,
            instead="name what is in a country that the policy allows",
        )
        return
    yield _unseen(where, f"{text or 'what it belongs to'} is not in this deployment; {why}", verbs, text)


def _nested(rule: Nested, resource: Resource, around: Surroundings) -> Iterator[Claim]:
    """Judge the resources of a template by their locations; parts of others that have none are named."""
    for where, value in values(resource.properties, f"{rule.property}.resources[]"):
        if value is None or not isinstance(value, dict):
            continue
        location = value.get("location")
        if isinstance(location, str) and is_known(location):
            yield _placed(At(property=where), f"{where}.location", location, resource, around)
        elif text_of(value.get("type")) not in azure.PARTS_OF_TEMPLATES:
            yield _unseen(
                where, f"a template makes {text_of(value.get('type'))}, which says no place", KEPT_AND_WORKED_ON
            )


def _unseen(where: str, why: str, verbs: tuple[Verb, ...], value: str = "") -> Claim:
    return Claim(
        rule=Broken.CANNOT_BE_KNOWN,
        property=where,
        value=value,
        verbs=verbs,
        why=why,
        instead="name the place, or say in [[existing]] of the policy in which country it is",
    )
