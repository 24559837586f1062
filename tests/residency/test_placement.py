"""A policy meets an App and a region: each part by its classes, copies, calls, variables, services."""

from __future__ import annotations

from datetime import date

import pytest
from desk_plan import blueprint
from policies import policy

from isthmus.adapters.residency.shipped import facts
from isthmus.core.residency.availability import Listing
from isthmus.core.residency.finding import Finding, Rule, standing, summed_up
from isthmus.core.residency.placement import SERVICES, RegionUnknown, check
from isthmus.core.residency.policy import Policy

KNOWN = facts()
TODAY = date(2026, 12, 1)


def everywhere(cloud: str) -> list[Listing]:
    regions = frozenset(one.name for one in KNOWN.clouds[cloud].regions)
    return [Listing(cloud=cloud, service=service, regions=regions) for service in SERVICES[cloud]]


def findings(one: Policy, cloud: str, region: str, **binding: object) -> list[Finding]:
    plan = blueprint(**binding)  # type: ignore[arg-type]
    return check(plan, one.on(TODAY), cloud, region, KNOWN, listings=everywhere(cloud))


def by_resource(found: list[Finding], rule: Rule) -> dict[str, Finding]:
    return {one.resource: one for one in found if one.rule is rule}


MARKET_ABROAD = '\n[data.market]\nstore = ["GB"]\nprocess = ["GB"]\nreplicate = ["GB"]\n'


def test_an_app_in_an_allowed_region_has_no_finding_on_azure() -> None:
    assert findings(policy("EU"), "azure", "germanywestcentral") == []


def test_each_part_is_judged_by_the_classes_that_it_carries() -> None:
    found = by_resource(findings(policy("EU", more=MARKET_ABROAD), "azure", "uksouth"), Rule.COUNTRY)

    assert set(found) == {
        "handler of greet",
        "handler of book",
        "handler of limit_of",
        "handler of tell",
        "workflow sell",
    }
    assert found["handler of greet"].data == ("personal",)
    assert found["handler of book"].data == ("financial",)
    assert found["handler of tell"].data == ("unclassified",)
    assert found["handler of greet"].countries == ("GB",)


def test_a_topic_of_a_class_that_may_not_be_there_is_found() -> None:
    found = by_resource(
        findings(policy("GB", more=MARKET_ABROAD.replace("GB", "DE")), "azure", "uksouth"), Rule.COUNTRY
    )

    assert set(found) == {"handler of look_up", "topic quotes"}


def test_the_copies_of_the_region_are_judged_once_for_all_that_is_kept() -> None:
    found = by_resource(findings(policy("SG"), "azure", "southeastasia"), Rule.PAIR)

    assert list(found) == ["what is kept"]
    assert found["what is kept"].countries == ("HK",)
    assert {"personal", "financial", "confidential", "market"} <= set(found["what is kept"].data)


def test_a_call_to_hosts_of_which_nobody_says_the_country_is_found() -> None:
    found = by_resource(findings(policy("EU"), "azure", "italynorth", hosts=["news.example"]), Rule.CALL)

    assert "it calls news.example, and nobody says in which country that is" in found["port News"].problem
    assert found["port News"].data == ("market",)


def test_a_call_to_a_country_where_the_class_may_not_be_processed_is_found() -> None:
    there = {"hosts": ["news.example"], "countries": ["IE", "US"]}

    found = by_resource(findings(policy("EU"), "azure", "italynorth", **there), Rule.CALL)

    assert found["port News"].countries == ("US",)
    assert findings(policy("EU", process=["EU", "US"]), "azure", "italynorth", **there) == []


def test_a_call_to_a_country_that_is_none_is_found() -> None:
    found = findings(policy("EU"), "azure", "italynorth", hosts=["news.example"], countries=["Ireland"])

    assert [one.rule for one in found] == [Rule.UNKNOWN_PLACE]


def test_a_binding_for_the_other_cloud_and_one_that_is_overridden_are_not_judged() -> None:
    assert findings(policy("EU"), "azure", "italynorth", hosts=["news.example"], on="azure") == []
    assert findings(policy("EU"), "azure", "italynorth", hosts=["news.example"], on="google") != []


EXCEPTED = """
[[exceptions]]
rule = "workflows-variables"
data = ["confidential"]
reason = "the limits are published"
approved_by = "A. Officer"
until = 2026-12-01
"""
ANYWHERE = '\n[data.confidential]\nstore = ["EU"]\nprocess = ["ANYWHERE"]\nreplicate = ["EU"]\n'


def test_what_a_workflow_can_read_is_a_finding_on_google_and_not_on_azure() -> None:
    found = by_resource(findings(policy("EU"), "google", "europe-west3"), Rule.WORKFLOWS_VARIABLES)

    assert found["workflow sell"].data == ("confidential",)
    assert "may originate from another region" in found["workflow sell"].problem
    assert by_resource(findings(policy("EU"), "azure", "italynorth"), Rule.WORKFLOWS_VARIABLES) == {}


def test_what_is_sealed_in_variables_is_no_finding() -> None:
    found = check(
        blueprint(), policy("EU"), "google", "europe-west3", KNOWN, listings=everywhere("google"),
        sealed=frozenset({"personal", "confidential"}),
    )  # fmt: skip

    assert found == []


def test_what_is_confined_to_nowhere_may_be_in_variables() -> None:
    assert findings(policy("EU", more=ANYWHERE), "google", "europe-west3") == []


def test_an_exception_covers_variables_until_its_day() -> None:
    plan, excepted = blueprint(), policy("EU", more=EXCEPTED)

    def standing_on(day: date) -> list[Finding]:
        found = check(plan, excepted.on(day), "google", "europe-west3", KNOWN, listings=everywhere("google"))
        return standing(found)

    assert standing_on(date(2026, 12, 1)) == []
    assert [one.rule for one in standing_on(date(2026, 12, 2))] == [Rule.WORKFLOWS_VARIABLES]


@pytest.mark.parametrize("cloud", ["azure", "google"])
def test_a_service_that_is_not_known_to_be_there_asks_for_a_listing(cloud: str) -> None:
    region = {"azure": "italynorth", "google": "europe-west3"}[cloud]

    found = by_resource(check(blueprint(), policy("EU"), cloud, region, KNOWN), Rule.AVAILABILITY)

    assert found
    assert all("bring the cloud's own listing" in one.instead for one in found.values())
    assert "service event_hubs" not in found
    assert "service cloud_scheduler" not in found


def test_a_service_that_the_listing_does_not_name_is_not_there() -> None:
    listed = [Listing(cloud="azure", service="postgresql", regions=frozenset({"westeurope"}))]

    found = by_resource(
        check(blueprint(), policy("EU"), "azure", "italynorth", KNOWN, listings=listed), Rule.AVAILABILITY
    )

    assert found["service postgresql"].problem == "the region does not have it"


@pytest.mark.parametrize(
    ("cloud", "region"), [("azure", "europe-west3"), ("google", "westeurope"), ("aws", "eu-west-1")]
)
def test_a_region_that_the_cloud_does_not_have_is_refused(cloud: str, region: str) -> None:
    with pytest.raises(RegionUnknown):
        check(blueprint(), policy("EU"), cloud, region, KNOWN)


def test_what_several_parts_have_alike_is_told_once() -> None:
    lines = summed_up(findings(policy("EU"), "azure", "uksouth"))

    assert len(lines) == len(set(lines))
    assert lines[0].startswith("handler of greet, region = uksouth: personal: GB (United Kingdom) is not allowed")
    assert any(line.startswith("handler of look_up, topic quotes, region = uksouth: market: ") for line in lines)
