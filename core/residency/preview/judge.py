"""The judge: the claims of every resource of a deployment, against the policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

from isthmus.core.residency.data_class import CONFIDENTIAL, FINANCIAL, MARKET, PERSONAL
from isthmus.core.residency.facts import AZURE, GOOGLE, Facts
from isthmus.core.residency.finding import UNCLASSIFIED, Finding, Rule, excepted
from isthmus.core.residency.placement import SEALED
from isthmus.core.residency.policy import Policy, Verb
from isthmus.core.residency.preview import google
from isthmus.core.residency.preview.claim import RULES, STATE, Claim, Surroundings, claims_of
from isthmus.core.residency.preview.harmless import is_harmless
from isthmus.core.residency.preview.resource import PROVIDER, Json, Resource, values
from isthmus.core.residency.regions import spoken_of

LABEL: Final = "isthmus-data"
"""The tag or label that names the classes of data that a resource holds; without it, what it is a part of says so."""

NO_CLASS: Final = "none"
JOINED_BY: Final = "-"
DOING: Final = {Verb.STORE: "storing", Verb.PROCESS: "processing", Verb.REPLICATE: "copying"}


def data_label(classes: Iterable[str]) -> str:
    """Return what the label of a resource says that holds some classes of data."""
    return JOINED_BY.join(sorted(set(classes) - {UNCLASSIFIED})) or NO_CLASS


def data_of(resource: Resource, around: Surroundings) -> tuple[str, ...]:
    """Return the classes of data that a resource may hold: those of its label and what has none, else all."""
    labelled = labelled_with(resource, around)
    return spoken_of(around.policy) if labelled is None else (*labelled, UNCLASSIFIED)


def labelled_with(resource: Resource, around: Surroundings) -> tuple[str, ...] | None:
    """Return the classes of data that a resource's label names; None without a label that is understood.

    What has no label is labelled as what it is a part of: a container holds no more than its account.
    """
    labels = [found[LABEL] for found in _labels(resource.properties) if LABEL in found]
    if labels:
        return next((one for said in labels if (one := _classes_of(said, around.policy)) is not None), None)
    wholes = [labelled_with(one, around) for one in around.parents(resource)]
    known = [one for one in wholes if one is not None]
    return tuple(sorted({*chain.from_iterable(known)})) if wholes and len(known) == len(wholes) else None


def _classes_of(label: Json, policy: Policy) -> tuple[str, ...] | None:
    """Return the classes that a label names; None when one of them is no class."""
    if label == NO_CLASS:
        return ()
    known = {one.name for one in (PERSONAL, FINANCIAL, CONFIDENTIAL, MARKET)} | set(policy.data)
    named = label.split(JOINED_BY) if isinstance(label, str) else []
    return tuple(sorted(named)) if named and set(named) <= known else None


def _labels(properties: Mapping[str, Json]) -> Iterator[dict[str, Json]]:
    """Yield what may hold labels: Azure's tags, Google's labels, and Cloud SQL's, which are within its settings."""
    for path in ("tags", "labels", "settings.userLabels"):
        yield from (found for _, found in values(properties, path) if isinstance(found, dict))


def judge(resources: Sequence[Resource], policy: Policy, facts: Facts) -> list[Finding]:
    """Return what a policy has against the resources of a deployment; those excepted, with the exception.

    Give the policy as it stands today (`policy.on`). Nothing is assumed of a type that nobody knows.
    """
    around = Surroundings(resources, facts, policy)
    found = [finding for one in resources for finding in _findings(one, around)]
    return excepted([*found, *_kept_by_itself(resources, around)], policy.exemptions)


def judge_alone(resource: Resource, provider: Resource, policy: Policy, facts: Facts) -> list[Finding]:
    """Return what a policy has against a resource whatever the others are: what it refers to is not known yet."""
    around = Surroundings([resource, provider], facts, policy)
    found = [one for one in _findings(resource, around) if one.rule is not Rule.CANNOT_BE_KNOWN]
    return excepted(found, policy.exemptions)


def _findings(resource: Resource, around: Surroundings) -> Iterator[Finding]:
    if resource.type.startswith(PROVIDER):
        return
    claims = list(claims_of(resource, around))
    if not claims and resource.token not in RULES and not is_harmless(resource.token):
        yield Finding(
            rule=Rule.CANNOT_BE_KNOWN,
            resource=resource.name,
            type=resource.type,
            data=data_of(resource, around),
            problem="nobody has said where resources of this type keep data",
            instead="except it with a reason, when it holds none",
        )
        return
    if is_harmless(resource.token):
        claims = [one for one in claims if one.rule is Rule.COUNTRY]
    for claim in claims:
        yield from _judged(claim, resource, around)


def _judged(claim: Claim, resource: Resource, around: Surroundings) -> Iterator[Finding]:
    data = data_of(resource, around)
    if claim.rule is Rule.WORKFLOWS_VARIABLES:
        readable = labelled_with(resource, around)
        refused = _readable(data if readable is None else readable, around)
    else:
        refused = tuple(
            one for one in data if any(around.policy.refused([one], verb, claim.countries) for verb in claim.verbs)
        )
    if claim.rule is Rule.GLOBAL:
        refused = tuple(one for one in refused if not _is_free(one, claim.verbs, around))
    if not refused:
        return
    yield Finding(
        rule=claim.rule,
        resource=resource.name,
        type=resource.type,
        property=claim.property,
        value=claim.value,
        region=claim.region,
        data=refused,
        countries=claim.countries,
        problem=_problem(claim, around),
        instead=claim.instead,
    )


def _readable(data: Sequence[str], around: Surroundings) -> tuple[str, ...]:
    return tuple(one for one in data if one not in SEALED and not _is_free(one, (Verb.PROCESS,), around))


def _is_free(data_class: str, verbs: Iterable[Verb], around: Surroundings) -> bool:
    """Say whether a class of data is confined to no country."""
    everywhere = frozenset(around.facts.countries)
    return all(everywhere <= around.policy.grant(data_class).countries(verb) for verb in verbs)


def _problem(claim: Claim, around: Surroundings) -> str:
    doing = " and ".join(DOING[verb] for verb in claim.verbs)
    if claim.countries:
        where = ", ".join(around.facts.spoken(one) for one in claim.countries)
        said = f"{doing} in {where} is not allowed"
    elif claim.rule is Rule.UNKNOWN_PLACE:
        said = f"{doing} where the country is not known is not allowed"
    else:
        said = f"{doing} in no place that is known is not allowed"
    return f"{claim.why}: {said}" if claim.why else said


def _kept_by_itself(resources: Sequence[Resource], around: Surroundings) -> Iterator[Finding]:
    """Find the log bucket that every project of Google's has, unless something says that it is in a place."""
    logging = [one for one in resources if one.token in google.LOGGING]
    settled = any(
        one.token in google.SETTLING or one.properties.get("bucketId") == google.DEFAULT_LOGS
        or (one.token.endswith("Sink") and one.properties.get("name") == google.DEFAULT_LOGS)
        for one in resources
    )  # fmt: skip
    country = around.policy.place_of(google.DEFAULT_LOGS)
    refused = around.policy.refused([UNCLASSIFIED], Verb.STORE, [country] if country else [])
    if logging and not settled and refused:
        where = f"it is in {around.facts.spoken(country)}" if country else "it is in no region unless that was said"
        yield Finding(
            rule=Rule.COUNTRY if country else Rule.GLOBAL,
            resource=f"{google.DEFAULT_LOGS} log bucket of the project",
            type=google.LOG_BUCKET,
            property="location",
            value=country or "global",
            data=refused,
            countries=(country,) if country else (),
            problem=f"what {logging[0].name} logs is kept there, and {where}",
            instead="set the default storage location of logs, redirect the _Default sink, or say in [[existing]] of "
            "the policy where _Default is",
        )


def state_backend(url: str) -> Resource:
    """Return the place of Pulumi's own state as a resource, to be judged with the others."""
    return Resource(
        urn=f"{STATE}::state of the stack", type=STATE, properties={"url": url, "labels": {LABEL: NO_CLASS}}
    )


def pairs_judged(cloud: str) -> set[tuple[str, str]]:
    """Return the types and properties of a cloud that the tables know."""
    family = {AZURE: "azure", GOOGLE: "gcp:"}[cloud]
    return {(token, rule.property) for token, rules in RULES.items() if token.startswith(family) for rule in rules}
