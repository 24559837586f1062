"""Availability: whether a region has a service, by what is known, by a listing of one's own, or by a person's word.

A listing is what a cloud's own command prints, as JSON or as a table:

    az functionapp list-flexconsumption-locations           -> functions_flex_consumption
    az provider show --namespace Microsoft.DurableTask      -> says itself which service it is about
    gcloud workflows locations list                         -> workflows
    gcloud run regions list                                 -> cloud_run
    gcloud functions regions list                           -> cloud_run_functions
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from isthmus.core.errors import InputError
from isthmus.core.residency.facts import AZURE, NO, UNKNOWN, YES, Facts, Region
from isthmus.core.residency.policy import Policy

PROVIDERS: Final = {
    "microsoft.durabletask/schedulers": "durable_task_scheduler",
    "microsoft.servicebus/namespaces": "service_bus",
    "microsoft.eventhub/namespaces": "event_hubs",
    "microsoft.dbforpostgresql/flexibleservers": "postgresql",
    "microsoft.keyvault/vaults": "key_vault",
    "microsoft.insights/components": "application_insights",
}
"""Which type of resource stands for which service, in what `az provider show` prints."""

NAMES: Final = ("locationId", "Name", "name", "displayName")
_LOCATION: Final = re.compile(r"locations/([a-z0-9-]+)$")
_COLUMNS: Final = re.compile(r"\s{2,}|\t")

type Json = str | int | float | bool | list[Json] | dict[str, Json] | None


class ListingInvalid(InputError):
    """Report a listing of regions in which no region of the cloud can be found, or that does not say its service."""

    code = "ISTH276"


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the regions of a cloud that have one service, as the cloud itself listed them."""

    cloud: str
    service: str
    regions: frozenset[str]


def read_listing(text: str, facts: Facts, *, name: str, service: str = "") -> list[Listing]:
    """Read a listing; one of `az provider show` says itself which services it is about.

    Raises ListingInvalid (ISTH276).
    """
    document = _document(text)
    if isinstance(document, dict) and "resourceTypes" in document:
        return list(_of_provider(document, facts, name))
    cloud = next((one for one, known in facts.clouds.items() if service in known.services), "")
    if not cloud:
        services = ", ".join(one for known in facts.clouds.values() for one in known.services)
        raise ListingInvalid(
            "it does not say which service it is about",
            place=name,
            instead=f"give it as SERVICE={name}; services are: {services}",
        )
    listed = _names(document) if document is not None else _words(text)
    regions = frozenset(region.name for one in listed for region in [facts.region(cloud, one)] if region is not None)
    if not regions:
        raise ListingInvalid(
            f"it names no region of {cloud}", place=name, instead="give what the cloud's command printed, --output json"
        )
    return [Listing(cloud=cloud, service=service, regions=regions)]


def has(service: str, cloud: str, region: Region, listings: Iterable[Listing], policy: Policy | None = None) -> str:
    """Return yes, no or unknown: a listing outweighs what is known, and that a person's word."""
    listed = [one for one in listings if one.cloud == cloud and one.service == service]
    if listed:
        return YES if any(region.name in one.regions for one in listed) else NO
    known = region.services.get(service, UNKNOWN)
    said = policy is not None and any(service in one.services and one.region == region.name for one in policy.available)
    return YES if known == UNKNOWN and said else known


def _document(text: str) -> Json:
    try:
        found: Json = msgspec.json.decode(text.encode())
    except msgspec.DecodeError:
        return None
    return found


def _of_provider(document: dict[str, Json], facts: Facts, name: str) -> Iterator[Listing]:
    namespace, types = str(document.get("namespace", "")), document["resourceTypes"]
    found = False
    for one in types if isinstance(types, list) else []:
        if not isinstance(one, dict):
            continue
        service = PROVIDERS.get(f"{namespace}/{one.get('resourceType', '')}".lower())
        if service is None:
            continue
        found = True
        regions = [facts.region(AZURE, location) for location in _names(one.get("locations"))]
        yield Listing(cloud=AZURE, service=service, regions=frozenset(one.name for one in regions if one is not None))
    if not found:
        raise ListingInvalid(
            f"none of the types of {namespace or 'this provider'} is a service that is deployed",
            place=name,
            instead=f"show the provider of one of: {', '.join(PROVIDERS)}",
        )


def _names(document: Json) -> list[str]:
    if not isinstance(document, list):
        return []
    found = []
    for one in document:
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, dict):
            values = [one[key] for key in NAMES if isinstance(one.get(key), str)]
            found += [_last(str(value)) for value in values]
    return found


def _words(text: str) -> list[str]:
    return [_last(cell) for line in text.splitlines() for cell in (line.strip(), *_COLUMNS.split(line.strip()))]


def _last(name: str) -> str:
    found = _LOCATION.search(name)
    return found[1] if found else name
