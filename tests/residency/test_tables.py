"""The tables of types and properties: what they name exists, and whatever a place is, nothing outside passes."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_allowed_sets import narrowed, policies

from isthmus.adapters.residency.shipped import facts
from isthmus.core.residency.preview.claim import NAMED_BY, RULES
from isthmus.core.residency.preview.harmless import HARMLESS
from isthmus.core.residency.preview.judge import judge
from isthmus.core.residency.preview.resource import Resource
from isthmus.core.residency.preview.rule import At, Inside, Refers

KNOWN = facts()
NEWER = {
    ("azure-native:eventhub:Namespace", "geoDataReplication"),
    ("azure-native:operationalinsights:Workspace", "replication"),
}
"""Properties of later versions of Azure's API than the SDK's default."""


def sdk_is_there() -> bool:
    try:
        return all(importlib.util.find_spec(one) is not None for one in ("pulumi_azure_native", "pulumi_gcp"))
    except ModuleNotFoundError:
        return False


@pytest.mark.long
@pytest.mark.skipif(not sdk_is_there(), reason="the extra pulumi is not installed")
def test_every_type_and_property_that_a_table_names_is_one_of_the_sdks() -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pulumi"))
    import sdk_types  # noqa: PLC0415  # an extra

    def is_declared(token: str, property_: str) -> bool:
        top = property_.partition(".")[0].partition("[")[0]
        return top in sdk_types.inputs_of(token) or (token, top) in NEWER

    named = {(token, rule.property) for token, rules in RULES.items() for rule in rules}
    named |= set(NAMED_BY.items())
    ours = [one for one in named if one[0].startswith(("azure-native:", "gcp:"))]
    assert [one for one in ours if not is_declared(*one)] == []
    harmless = [one for one in HARMLESS if one.startswith(("azure-native:", "gcp:"))]
    assert [one for one in harmless if sdk_types.classes_of(one) is None] == []


def test_no_type_is_both_judged_and_harmless() -> None:
    assert set(RULES) & set(HARMLESS) == set()


def test_what_a_resource_is_a_part_of_or_sends_to_is_judged_itself() -> None:
    named = {to for rules in RULES.values() for rule in rules if isinstance(rule, Inside | Refers) for to in rule.to}
    judged = {token for token, rules in RULES.items() if any(isinstance(rule, At | Inside) for rule in rules)}

    by_its_location = {
        "azure-native:cognitiveservices:Account",
        "azure-native:containerregistry:Registry",
        "azure-native:durabletask:Scheduler",
    }
    assert named - judged == by_its_location


LOCATIONS = st.sampled_from(
    [(cloud, region.name) for cloud, known in KNOWN.clouds.items() for region in known.regions]
    + [("google", one.name) for one in KNOWN.clouds["google"].multi_regions]
    + [(cloud, name) for cloud in KNOWN.clouds for name in ("global", "europe", "moon", "")]
)
TYPES = {"azure": "azure-native:storage:StorageAccount", "google": "gcp:storage/bucket:Bucket"}


def store(cloud: str, location: str) -> Resource:
    return Resource(urn="store", type=TYPES[cloud], properties={"location": location})


@given(policies(), LOCATIONS)
def test_a_store_without_a_finding_is_in_allowed_countries_all_of_them(policy, where) -> None:  # type: ignore[no-untyped-def]
    cloud, location = where
    countries = set(KNOWN.place(cloud, location).countries)
    if judge([store(cloud, location)], policy, KNOWN) == []:
        assert countries
        for grant in (policy.default, *policy.data.values()):
            assert countries <= grant.store & grant.process


@given(st.data(), LOCATIONS)
def test_a_stricter_policy_finds_no_less(data, where) -> None:  # type: ignore[no-untyped-def]
    wide = data.draw(policies())
    strict = data.draw(narrowed(wide))

    if judge([store(*where)], wide, KNOWN):
        assert judge([store(*where)], strict, KNOWN)
