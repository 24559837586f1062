"""A policy of residency: for each class of data, the countries that may store, process and replicate it."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from isthmus.core.residency.finding import Exemption


class Verb(enum.Enum):
    """Name what may be done with data somewhere."""

    STORE = "store"
    PROCESS = "process"
    REPLICATE = "replicate"


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the countries that may store, process and replicate one class of data."""

    store: frozenset[str]
    process: frozenset[str]
    replicate: frozenset[str]

    def countries(self, verb: Verb) -> frozenset[str]:
        """Return the countries in which something may be done."""
        match verb:
            case Verb.STORE:
                return self.store
            case Verb.PROCESS:
                return self.process
            case Verb.REPLICATE:
                return self.replicate


class Existing(msgspec.Struct, frozen=True, kw_only=True):
    """Say in which country something is that a deployment uses and does not make, on whose word and of which day."""

    what: str
    country: str
    by: str
    on: date


class Available(msgspec.Struct, frozen=True, kw_only=True):
    """Say that a region has services, on whose word and of which day."""

    services: tuple[str, ...]
    region: str
    by: str
    on: date


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Say which countries may store, process and replicate which class of data.

    `default` holds for every class that `data` does not name, and for data without a class.
    """

    title: str
    source: str = ""
    dated: str = ""
    sure: str = ""
    default: Grant
    data: Mapping[str, Grant] = {}
    exemptions: tuple[Exemption, ...] = ()
    existing: tuple[Existing, ...] = ()
    available: tuple[Available, ...] = ()

    def grant(self, data_class: str) -> Grant:
        """Return what is allowed for a class of data."""
        return self.data.get(data_class, self.default)

    def refused(self, classes: Iterable[str], verb: Verb, countries: Iterable[str]) -> tuple[str, ...]:
        """Return the classes for which not all of some countries are allowed; of no countries, all classes."""
        wanted = set(countries)
        return tuple(one for one in sorted(set(classes)) if not wanted or not wanted <= self.grant(one).countries(verb))

    def allowed(self, classes: Iterable[str], verb: Verb) -> frozenset[str]:
        """Return the countries in which something may be done with every one of some classes of data."""
        sets = [self.grant(one).countries(verb) for one in classes] or [self.default.countries(verb)]
        return frozenset.intersection(*sets)

    def on(self, day: date) -> Policy:
        """Return the policy as it stands on a day: exceptions that have run out no longer count."""
        return msgspec.structs.replace(self, exemptions=tuple(one for one in self.exemptions if one.until >= day))

    def place_of(self, what: str) -> str:
        """Return the country in which something existing was said to be, or nothing."""
        return next((one.country for one in self.existing if one.what == what), "")
