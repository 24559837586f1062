"""Facts: the regions of both clouds, the countries they are in, and where their silent copies go.

A location is what a resource says: a region, a zone of one, the name of several regions together, or a name that is no
place at all, as `global`. A place is what is known of it: its countries, and none when it is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

AZURE: Final = "azure"
GOOGLE: Final = "google"
CLOUDS: Final = (AZURE, GOOGLE)

YES: Final = "yes"
NO: Final = "no"
UNKNOWN: Final = "unknown"

_ZONE = re.compile(r"^([a-z]+-[a-z]+[0-9]+)-[a-z]$")


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Say where facts were taken from, and of which date."""

    what: str
    covers: str
    date: str
    licence: str = ""


class Region(msgspec.Struct, frozen=True, kw_only=True):
    """Describe a region: its country, and the pair that the cloud copies to by itself.

    `pair_returns`, `restricted` and what `services` hold are yes, no or unknown.
    """

    name: str
    display_name: str
    country: str
    pair: str = ""
    pair_country: str = ""
    pair_returns: str = ""
    restricted: str = UNKNOWN
    why_restricted: str = ""
    eu_data_boundary: bool = False
    zones: int | None = None
    services: dict[str, str] = {}


class MultiRegion(msgspec.Struct, frozen=True, kw_only=True):
    """Describe one name for several regions together, by the countries that it may be in."""

    name: str
    countries: tuple[str, ...]
    why: str
    sure: str


class CloudFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what is known of one cloud's places, with sources and dates."""

    cloud: str
    as_of: str
    retrieved: str
    sources: tuple[Source, ...]
    notes: tuple[str, ...]
    services: tuple[str, ...]
    no_places: tuple[str, ...]
    multi_regions: tuple[MultiRegion, ...]
    regions: tuple[Region, ...]


class Country(msgspec.Struct, frozen=True, kw_only=True):
    """Name a country by its ISO 3166 code."""

    code: str
    name: str


class Jurisdiction(msgspec.Struct, frozen=True, kw_only=True):
    """Name a set of countries that a policy may allow in one word."""

    name: str
    title: str
    countries: frozenset[str]
    source: str
    as_of: str


class Geography(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the countries that exist, and the jurisdictions made of them."""

    as_of: str
    source: str
    jurisdictions: tuple[Jurisdiction, ...]
    countries: tuple[Country, ...]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Say what is known of a location: all countries that it may be in; none when that is not known."""

    location: str
    countries: tuple[str, ...] = ()
    region: Region | None = None


class Facts:
    """Look up regions and countries."""

    def __init__(self, geography: Geography, clouds: Iterable[CloudFacts]) -> None:
        self.geography = geography
        self.clouds: Mapping[str, CloudFacts] = {one.cloud: one for one in clouds}
        self.countries: Mapping[str, str] = {one.code: one.name for one in geography.countries}
        self.jurisdictions: Mapping[str, Jurisdiction] = {one.name: one for one in geography.jurisdictions}
        self._regions = {
            (facts.cloud, written): region
            for facts in self.clouds.values()
            for region in facts.regions
            for written in (_plain(region.display_name), region.name)
        }

    def region(self, cloud: str, location: str) -> Region | None:
        """Return a region by its name, as `westeurope`, or the name that people read, as `West Europe`."""
        return self._regions.get((cloud, _plain(location)))

    def place(self, cloud: str, location: str) -> Place:
        """Return what is known of a location; its countries are none when it is no place that is known."""
        zone = _ZONE.match(location.strip().lower())
        region = self.region(cloud, zone[1] if zone and cloud == GOOGLE else location)
        if region is not None:
            known = (region.country,) if region.country in self.countries else ()
            return Place(location=location, countries=known, region=region)
        named = [one for one in self.clouds[cloud].multi_regions if one.name == location.strip().lower()]
        return Place(location=location, countries=named[0].countries if named else ())

    def home(self, location: str) -> Place:
        """Return what is known of a location of either cloud, or of a country of one's own machine (`DE`)."""
        if location in self.countries:
            return Place(location=location, countries=(location,))
        places = [self.place(cloud, location) for cloud in self.clouds]
        return next((place for place in places if place.countries), Place(location=location))

    def spoken(self, country: str) -> str:
        """Return a country's code and name, for people."""
        return f"{country} ({self.countries[country]})" if country in self.countries else country or UNKNOWN


def _plain(location: str) -> str:
    return location.strip().lower().replace(" ", "")
