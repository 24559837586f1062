"""Whether a region has a service: unknown until a listing or a person says it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from policies import policy

from isthmus.adapters.residency.shipped import PolicyUnreadable, facts, listings_of
from isthmus.core.residency.availability import ListingInvalid, has, read_listing
from isthmus.core.residency.facts import Region

KNOWN = facts()


def region(cloud: str, name: str) -> Region:
    found = KNOWN.region(cloud, name)
    assert found is not None
    return found


SHOWN = {
    "az functionapp list-flexconsumption-locations": (
        "functions_flex_consumption",
        json.dumps([{"name": "swedencentral"}, {"name": "West Europe"}]),
        {"swedencentral", "westeurope"},
    ),
    "az … --output table": ("functions_flex_consumption", "Name\n-------------\nswedencentral\n", {"swedencentral"}),
    "gcloud workflows locations list": (
        "workflows",
        "NAME          LOCATION_ID\nprojects/p/locations/me-west1   me-west1\n",
        {"me-west1"},
    ),
    "gcloud run regions list": ("cloud_run", "NAME\nafrica-south1\neurope-west3\n", {"africa-south1", "europe-west3"}),
    "gcloud … --format=json": (
        "cloud_run_functions",
        json.dumps([{"locationId": "us-west2", "name": "projects/p/locations/us-west2", "labels": {}}]),
        {"us-west2"},
    ),
}


@pytest.mark.parametrize("command", SHOWN)
def test_what_a_command_of_the_cloud_prints_is_read(command: str) -> None:
    service, text, regions = SHOWN[command]

    (listing,) = read_listing(text, KNOWN, name="listing", service=service)

    assert listing.regions == regions
    assert listing.service == service


def test_what_az_provider_show_prints_says_itself_which_service_it_is_about() -> None:
    shown = {
        "namespace": "Microsoft.DurableTask",
        "resourceTypes": [
            {"resourceType": "operations", "locations": []},
            {"resourceType": "schedulers", "locations": ["North Europe", "Australia East"]},
        ],
    }

    (listing,) = read_listing(json.dumps(shown), KNOWN, name="listing")

    assert listing.service == "durable_task_scheduler"
    assert listing.regions == {"northeurope", "australiaeast"}


def test_a_listing_outweighs_what_is_known_and_a_persons_word_fills_what_is_not() -> None:
    word = policy(
        "IL", more='\n[[available]]\nservices = ["workflows"]\nregion = "me-west1"\nby = "me"\non = 2026-11-01\n'
    )
    listed = read_listing("europe-west3", KNOWN, name="listing", service="workflows")

    assert has("workflows", "google", region("google", "me-west1"), []) == "unknown"
    assert has("workflows", "google", region("google", "me-west1"), [], word) == "yes"
    assert has("workflows", "google", region("google", "me-west1"), listed, word) == "no"
    assert has("workflows", "google", region("google", "europe-west1"), listed) == "no"
    assert has("workflows", "google", region("google", "europe-west1"), []) == "yes"


def test_flex_consumption_is_known_of_no_region_until_it_is_listed() -> None:
    answers = {has("functions_flex_consumption", "azure", one, []) for one in KNOWN.clouds["azure"].regions}

    assert answers == {"unknown"}


def test_a_listing_that_does_not_say_its_service_is_refused() -> None:
    with pytest.raises(ListingInvalid, match=r"it does not say which service it is about \(give it as SERVICE=list"):
        read_listing("europe-west3", KNOWN, name="list")


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "[{}]", "WARNING: please log in", '[{"name": 5}]', '[{"name": "moon"}]']
)
def test_a_listing_without_a_region_is_refused(text: str) -> None:
    with pytest.raises(ListingInvalid, match="it names no region of google"):
        read_listing(text, KNOWN, name="listing", service="workflows")


def test_the_service_of_a_listing_may_be_the_name_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "cloud-run-functions.txt"
    file.write_text("REGION\nus-west2\n", "utf-8")

    assert listings_of(str(file))[0].service == "cloud_run_functions"
    assert listings_of(f"workflows={file}")[0].service == "workflows"


def test_a_listing_that_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyUnreadable, match="there is no such file"):
        listings_of(f"workflows={tmp_path / 'none'}")
