"""Evidence: from a preview and a policy, what holds which data where, which controls there are, and what was not seen.

It is made before anything is deployed, so it proves what would be asked of the clouds and never what they did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import msgspec

from isthmus.core.residency.facts import CloudFacts, Facts
from isthmus.core.residency.finding import UNCLASSIFIED, Exemption, Finding, standing
from isthmus.core.residency.policy import Policy, Verb
from isthmus.core.residency.preview.claim import Claim, Surroundings, claims_of
from isthmus.core.residency.preview.harmless import is_harmless
from isthmus.core.residency.preview.judge import data_of, judge, labelled_with
from isthmus.core.residency.preview.keys_and_readers import Reader, key_of, readers_of
from isthmus.core.residency.preview.resource import PROVIDER, Resource

NEVER_SEEN: Final = (
    "Nothing here was run in Azure or in Google Cloud: it is built from a preview, of what they would be asked.",
    "That a service keeps its promise of a place is the provider's word; facts about regions are of the day they name.",
    "What is not in the preview (made by hand, by others, or by a service for itself) is not in this map.",
    "Who may read are those whom this deployment gives a role; roles of a subscription or project are not here.",
    "This is no legal advice, and a preset is no ruling.",
)


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Say a place, and the property that says so."""

    property: str
    place: str
    countries: tuple[str, ...]


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """Say of a resource which data it holds, where, copied where, under which key, and who may reach it."""

    resource: str
    type: str
    data: tuple[str, ...]
    labelled: bool
    where: tuple[Where, ...]
    part_of: tuple[str, ...]
    copied_to: tuple[Where, ...]
    key: str
    readers: tuple[Reader, ...]


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """Say a control: what it keeps, which resources of the preview carry it, and the test behind it."""

    name: str
    keeps: str
    resources: tuple[str, ...]
    test: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Hold all that is shown of one deployment."""

    stack: str
    on: date
    policy: Policy
    facts: tuple[CloudFacts, ...]
    inputs: Mapping[str, str]
    """By what it is, the SHA-256 of each input, and of all of them."""
    holdings: tuple[Holding, ...]
    findings: tuple[Finding, ...]
    excepted: tuple[Finding, ...]
    expired: tuple[Exemption, ...]
    controls: tuple[Control, ...]
    never_seen: tuple[str, ...] = NEVER_SEEN


CONTROLS: Final[tuple[tuple[str, str, tuple[str, ...], str], ...]] = (
    (
        "Every resource is judged",
        "no resource, copy, backup, log or build outside the allowed countries; what cannot be known is refused",
        (),
        "tests/residency/test_planted_leaks.py::test_a_planted_leak_is_caught",
    ),
    (
        "The preview and the update stop",
        "the same judgement inside Pulumi's engine, as a mandatory policy",
        (),
        "tests/pulumi/test_residency_pack.py::test_an_update_that_leaks_ends_before_anything_is_made",
    ),
    (
        "The cloud refuses, Azure",
        "allowed locations, for resources, and for groups where the whole subscription is told",
        ("azure-native:authorization:PolicyAssignment",),
        "tests/pulumi/test_residency_in_azure.py::"
        "test_azure_refuses_other_regions_in_the_group_before_anything_else_is_in_it",
    ),
    (
        "The cloud refuses, Google",
        "the constraint gcp.resourceLocations",
        ("gcp:orgpolicy/policy:Policy", "gcp:projects/organizationPolicy:OrganizationPolicy"),
        "tests/residency/test_definitions.py::test_google_is_told_each_region_and_no_group_of_them",
    ),
    (
        "Messages stay",
        "a storage policy on every topic of Pub/Sub",
        ("gcp:pubsub/topic:Topic",),
        "tests/residency/test_definitions.py::test_messages_are_kept_at_home_first_and_only_where_copies_may_be",
    ),
    (
        "Handlers stay",
        "a process refuses to start where its handlers may not work on their data",
        ("azure-native:web:WebApp", "gcp:cloudfunctionsv2/function:Function", "gcp:cloudrunv2/service:Service"),
        "tests/residency/test_at_home.py::test_a_function_in_a_cloud_refuses_its_first_unit_of_work",
    ),
    (
        "Personal data is sealed",
        "it is ciphertext everywhere outside handlers, in variables, topics, logs and the journal",
        ("azure-native:keyvault:Key", "gcp:kms/cryptoKey:CryptoKey"),
        "tests/engine/test_personal.py",
    ),
)


def evidence(
    resources: Sequence[Resource],
    policy: Policy,
    facts: Facts,
    *,
    stack: str,
    on: date,
    inputs: Mapping[str, str],
) -> Evidence:
    """Return what can be shown of a deployment under a policy, on a day."""
    today = policy.on(on)
    around = Surroundings(resources, facts, today)
    found = judge(resources, today, facts)
    used = {one.cloud for one in resources}
    return Evidence(
        stack=stack,
        on=on,
        policy=policy,
        facts=tuple(one for name, one in facts.clouds.items() if name in used),
        inputs=inputs,
        holdings=tuple(
            _holding(one, resources, around)
            for one in sorted(resources, key=lambda one: _order(one, around))
            if not one.type.startswith(PROVIDER) and not is_harmless(one.token)
        ),
        findings=tuple(standing(found)),
        excepted=tuple(one for one in found if one.exemption is not None),
        expired=tuple(one for one in policy.exemptions if one not in today.exemptions),
        controls=tuple(_control(*one, resources) for one in CONTROLS if _is_of(one[2], used)),
    )


def _is_of(types: Sequence[str], clouds: set[str]) -> bool:
    """Say whether a control is one of the clouds that are used, or of any."""
    return not types or any(Resource(urn="", type=one, properties={}).cloud in clouds for one in types)


def _order(resource: Resource, around: Surroundings) -> tuple[int, tuple[str, ...]]:
    """Put first what is said to hold a class of data and last what holds none, each part after its whole."""
    way = [resource]
    while (wholes := around.parents(way[0])) and wholes[0] not in way:
        way.insert(0, wholes[0])
    labelled = labelled_with(way[0], around)
    rank = 0 if labelled else 1 if labelled is None else 2
    return rank, tuple(word for one in way for word in (one.token, one.name))


def _holding(resource: Resource, resources: Sequence[Resource], around: Surroundings) -> Holding:
    claims = [one for one in claims_of(resource, around) if one.value]
    return Holding(
        resource=resource.name,
        type=resource.type,
        data=tuple(one for one in data_of(resource, around) if one != UNCLASSIFIED) or (UNCLASSIFIED,),
        labelled=labelled_with(resource, around) is not None,
        where=tuple(_where(one) for one in claims if Verb.STORE in one.verbs or Verb.PROCESS in one.verbs),
        part_of=tuple(one.name for one in around.parents(resource)),
        copied_to=tuple(_where(one) for one in claims if Verb.REPLICATE in one.verbs),
        key=key_of(resource),
        readers=readers_of(resource, resources),
    )


def _where(claim: Claim) -> Where:
    return Where(property=claim.property, place=claim.pair or claim.value, countries=claim.countries)


def _control(name: str, keeps: str, types: tuple[str, ...], test: str, resources: Sequence[Resource]) -> Control:
    carried = tuple(f"{one.name} ({one.token.rpartition(':')[2]})" for one in resources if one.token in types)
    return Control(name=name, keeps=keeps, resources=carried if types else ("every resource",), test=test)
