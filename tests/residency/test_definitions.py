"""What the clouds are told to enforce: no region outside the policy, and never an empty list."""

from __future__ import annotations

import pytest
from hypothesis import given
from policies import policy
from test_allowed_sets import policies

from isthmus.adapters.residency.shipped import facts, policy_of
from isthmus.core.residency.definitions import (
    NowhereAllowed,
    azure_assignments,
    google_constraint,
    labels_for,
    storage_policy_regions,
)
from isthmus.core.residency.policy import Policy

KNOWN = facts()


def test_azure_is_told_the_allowed_regions_for_resources_and_for_their_groups() -> None:
    resources, groups = azure_assignments(policy_of("uk"), KNOWN, ["personal"])

    assert resources.parameters == {"listOfAllowedLocations": {"value": ["uksouth", "ukwest"]}}
    assert resources.parameters == groups.parameters
    assert resources.definition != groups.definition


def test_google_is_told_each_region_and_no_group_of_them() -> None:
    constraint = google_constraint(policy_of("switzerland"), KNOWN, ["personal"])

    assert constraint.constraint == "constraints/gcp.resourceLocations"
    assert constraint.allowed == ["in:europe-west6-locations"]


def test_messages_are_kept_at_home_first_and_only_where_copies_may_be() -> None:
    assert storage_policy_regions(policy("DE", "NL"), KNOWN, ["personal"], "europe-west4") == [
        "europe-west4",
        "europe-west10",
        "europe-west3",
    ]
    narrow = policy("DE", "NL", replicate=["NL"])
    assert storage_policy_regions(narrow, KNOWN, ["personal"], "europe-west4") == ["europe-west4"]


def test_what_has_no_class_counts_too_for_every_app_keeps_some() -> None:
    market = '\n[data.market]\nstore = ["EU", "US"]\nprocess = ["EU", "US"]\nreplicate = ["EU", "US"]\n'
    resources, _ = azure_assignments(policy("NL", "IE", more=market), KNOWN, ["market"])

    assert resources.parameters == {"listOfAllowedLocations": {"value": ["northeurope", "westeurope"]}}


def test_messages_are_not_kept_where_the_policy_does_not_allow_home() -> None:
    with pytest.raises(NowhereAllowed, match="does not allow messages in us-east1"):
        storage_policy_regions(policy("DE"), KNOWN, ["personal"], "us-east1")


def test_a_policy_that_allows_nothing_is_an_error_and_never_an_empty_list() -> None:
    with pytest.raises(NowhereAllowed, match="allows no region of azure"):
        azure_assignments(policy_of("singapore"), KNOWN, ["personal"])


@given(policies())
def test_whatever_the_policy_says_the_cloud_is_told_no_region_outside_it(drawn: Policy) -> None:
    try:
        told = azure_assignments(drawn, KNOWN, ["personal", "market"])[0].parameters["listOfAllowedLocations"]["value"]
    except NowhereAllowed:
        return
    for name in told:
        country = KNOWN.place("azure", name).countries[0]
        assert country in drawn.grant("personal").store & drawn.grant("market").store


def test_a_resource_says_its_classes_by_one_label() -> None:
    assert labels_for(["personal", "financial"]) == {"isthmus-data": "financial-personal"}
    assert labels_for([]) == {"isthmus-data": "none"}
