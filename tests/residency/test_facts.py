"""What is known of places: every region has a country, and names that are no place have none."""

from __future__ import annotations

import pytest

from isthmus.adapters.residency.shipped import facts
from isthmus.core.residency.facts import NO, UNKNOWN, YES, Region

KNOWN = facts()
REGIONS = [(cloud, region) for cloud, one in KNOWN.clouds.items() for region in one.regions]


def test_every_region_of_both_clouds_is_there() -> None:
    counted = {cloud: len(one.regions) for cloud, one in KNOWN.clouds.items()}

    assert counted == {"azure": 73, "google": 45}


@pytest.mark.parametrize(("cloud", "region"), REGIONS, ids=lambda one: getattr(one, "name", one))
def test_every_region_is_in_a_country_that_exists_and_so_is_its_pair(cloud: str, region: Region) -> None:
    assert region.country in KNOWN.countries
    assert bool(region.pair) == bool(region.pair_country)
    assert not region.pair or region.pair_country in KNOWN.countries
    pair = KNOWN.region(cloud, region.pair) if region.pair else None
    assert pair is None or pair.country == region.pair_country


@pytest.mark.parametrize(("cloud", "region"), REGIONS, ids=lambda one: getattr(one, "name", one))
def test_what_a_region_says_of_its_pair_agrees_with_what_the_pair_says(cloud: str, region: Region) -> None:
    pair = KNOWN.region(cloud, region.pair) if region.pair else None
    if pair is None or region.pair_returns == UNKNOWN:
        return
    assert region.pair_returns == (YES if pair.pair == region.name else NO)


@pytest.mark.parametrize("service", ["cloud_run", "workflows", "cloud_run_functions"])
def test_a_service_of_a_region_is_one_that_its_cloud_has(service: str) -> None:
    for cloud, region in REGIONS:
        assert set(region.services) <= set(KNOWN.clouds[cloud].services)
        assert set(region.services.values()) <= {YES, NO}
    assert service in KNOWN.clouds["google"].services


@pytest.mark.parametrize(
    ("cloud", "location", "countries"),
    [
        ("azure", "westeurope", ("NL",)),
        ("azure", "West Europe", ("NL",)),
        ("azure", "westeurope2", ()),
        ("azure", "europe", ()),
        ("azure", "global", ()),
        ("azure", "", ()),
        ("google", "europe-west2", ("GB",)),
        ("google", "europe-west6-b", ("CH",)),
        ("google", "EUROPE-WEST3", ("DE",)),
        ("google", "eur3", ("BE", "FI", "NL")),
        ("google", "EUR4", ("BE", "FI", "NL")),
        ("google", "EUR8", ("CH", "DE")),
        ("google", "nam5", ("US",)),
        ("google", "global", ()),
        ("google", "europe", ()),
        ("google", "westeurope", ()),
    ],
)
def test_a_location_is_in_the_countries_that_are_known_of_it(
    cloud: str, location: str, countries: tuple[str, ...]
) -> None:
    assert KNOWN.place(cloud, location).countries == countries


def test_the_name_eu_on_google_may_be_any_member_state_and_no_other_country() -> None:
    assert set(KNOWN.place("google", "EU").countries) == KNOWN.jurisdictions["EU"].countries


def test_the_eu_data_boundary_is_not_the_eu() -> None:
    boundary, union = (KNOWN.jurisdictions[one].countries for one in ("EU_DATA_BOUNDARY", "EU"))

    assert boundary - union == {"CH", "IS", "LI", "NO"}
    assert "GB" not in boundary


def test_no_name_that_is_no_place_is_a_region_too() -> None:
    for cloud, known in KNOWN.clouds.items():
        assert [one for one in known.no_places if KNOWN.place(cloud, one).countries] == []


@pytest.mark.parametrize("cloud", KNOWN.clouds)
def test_facts_say_where_they_are_from_and_of_which_day(cloud: str) -> None:
    known = KNOWN.clouds[cloud]

    assert known.as_of
    assert known.retrieved
    assert all(source.what and source.covers and source.date for source in known.sources)
