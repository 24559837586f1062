"""A policy meets every region: what is allowed, and the reason when it is not."""

from __future__ import annotations

import pytest
from policies import policy

from isthmus.adapters.residency.shipped import PRESETS, facts, policy_of
from isthmus.core.residency.facts import CLOUDS
from isthmus.core.residency.policy import Policy
from isthmus.core.residency.regions import Verdict, pairings, verdicts

KNOWN = facts()


def judged(one: Policy, *, classes: tuple[str, ...] = ()) -> dict[str, Verdict]:
    return {verdict.name: verdict for verdict in verdicts(one, KNOWN, CLOUDS, classes=classes)}


def allowed(one: Policy) -> set[str]:
    return {name for name, verdict in judged(one).items() if verdict.allowed}


def test_the_policy_of_the_eu_allows_the_member_states_and_nothing_that_only_sounds_like_them() -> None:
    found = allowed(policy_of("eu"))

    assert {"westeurope", "northeurope", "germanywestcentral", "europe-west3", "europe-north1"} <= found
    assert not found & {"uksouth", "norwayeast", "switzerlandnorth", "europe-west2", "europe-west6"}


REASONS = [
    ("eu", "uksouth", "country: GB (United Kingdom) is not allowed"),
    ("eu", "europe-west2", "country: GB (United Kingdom) is not allowed"),
    ("eu", "norwayeast", "it is in the EU Data Boundary, which is not the EU"),
    ("eu", "francesouth", "restricted: access is given on request"),
    ("us", "us-central2", "restricted: listed in carbon data"),
    ("us", "westus3", "one-way-pair: its pair eastus does not copy back; copies go on to westus in US"),
    ("us", "eastusstg", "restricted: a canary or stage region"),
    ("us", "usgovvirginia", "restricted: Azure Government is a cloud of its own"),
    ("singapore", "southeastasia", "pair: copies go across a border to eastasia in HK (Hong Kong)"),
    ("india-payments", "westindia", "one-way-pair: its pair southindia does not copy back"),
]


@pytest.mark.parametrize(("preset", "region", "words"), REASONS)
def test_a_region_that_is_not_allowed_says_why(preset: str, region: str, words: str) -> None:
    verdict = judged(policy_of(preset))[region]

    assert not verdict.allowed
    assert words in "; ".join(verdict.reasons)


def test_a_pair_may_leave_its_country_where_the_policy_allows_both() -> None:
    assert "westeurope" in allowed(policy("NL", "IE"))
    assert "westeurope" not in allowed(policy("NL"))
    assert "westeurope" in allowed(policy("NL", replicate=["NL", "IE"]))


def test_brazil_is_left_by_the_pair_of_its_region_and_again_by_the_pair_of_that() -> None:
    verdict = judged(policy("BR"))["brazilsouth"]

    assert [reason.partition(":")[0] for reason in verdict.reasons] == ["pair", "one-way-pair"]
    assert "US (United States)" in verdict.reasons[0]


def test_a_region_is_judged_for_the_classes_that_are_asked_for() -> None:
    mixed = policy("EU", more='\n[data.market]\nstore = ["US"]\nprocess = ["US"]\nreplicate = ["US"]\n')

    assert judged(mixed, classes=("market",))["us-east1"].allowed
    assert not judged(mixed, classes=("market", "personal"))["us-east1"].allowed
    assert "for unclassified" in judged(mixed)["us-east1"].reasons[0]


def test_an_exception_with_a_reason_lets_a_region_in_and_is_told() -> None:
    excepted = policy(
        "FR",
        more='\n[[exceptions]]\nrule = "restricted"\nregion = "francesouth"\nreason = "access was given"\n'
        'approved_by = "A. Officer"\nuntil = 2027-01-01\n',
    )

    verdict = judged(excepted)["francesouth"]

    assert verdict.allowed
    assert "excepted until 2027-01-01 by A. Officer: access was given" in verdict.excepted[0]


def test_a_country_and_not_its_name_decides_in_hong_kong_and_singapore() -> None:
    assert {"asia-east2", "asia-southeast1"} & allowed(policy("SG")) == {"asia-southeast1"}


@pytest.mark.parametrize("preset", PRESETS)
def test_where_to_recover_is_another_region_of_the_same_cloud_that_is_allowed_too(preset: str) -> None:
    found = judged(policy_of(preset))
    for pairing in pairings(found.values(), KNOWN):
        for recovery in pairing.recovery:
            assert found[recovery].allowed
            assert found[recovery].cloud == pairing.cloud
            assert recovery != pairing.primary


def test_where_to_recover_is_the_pair_first_and_then_the_same_country() -> None:
    proposed = {one.primary: one for one in pairings(judged(policy_of("eu")).values(), KNOWN)}

    assert proposed["westeurope"].recovery == ("northeurope",)
    assert proposed["europe-west3"].recovery == ("europe-west10",)
    assert not proposed["europe-west9"].near
    assert "germanynorth" not in proposed["germanywestcentral"].recovery
