"""Definitions: a policy as the clouds themselves enforce it, for whoever deploys: ours are made by the components.

    Azure     the policy "Allowed locations": no resource outside, ours or not
    Google    the organisation policy constraint gcp.resourceLocations, and each topic's message storage policy

They are made of regions: what a policy allows for every class of data that an App carries, and for what has none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from isthmus.core.errors import SourceError
from isthmus.core.residency.facts import AZURE, GOOGLE, Facts
from isthmus.core.residency.finding import UNCLASSIFIED
from isthmus.core.residency.policy import Policy, Verb
from isthmus.core.residency.preview.judge import LABEL, data_label
from isthmus.core.residency.regions import verdicts

ALLOWED_LOCATIONS: Final = "/providers/Microsoft.Authorization/policyDefinitions/e56962a6-4747-49cd-b67b-bf8b01975c4c"
"""Azure's own policy "Allowed locations"."""

ALLOWED_GROUP_LOCATIONS: Final = (
    "/providers/Microsoft.Authorization/policyDefinitions/e765b5de-1225-4ba3-bd56-1ac6695af988"
)
"""Azure's own policy "Allowed locations for resource groups", which the other leaves out."""

LIST_PARAMETER: Final = "listOfAllowedLocations"
RESOURCE_LOCATIONS: Final = "constraints/gcp.resourceLocations"


class NowhereAllowed(SourceError):
    """Report a policy that allows no region of a cloud for what an App carries."""

    code = "ISTH170"


class AzureAssignment(msgspec.Struct, frozen=True, kw_only=True):
    """Describe an assignment of one of Azure's policies: the definition, and its parameters."""

    definition: str
    parameters: dict[str, dict[str, list[str]]]


class GoogleConstraint(msgspec.Struct, frozen=True, kw_only=True):
    """Describe an organisation policy: the constraint, and the values that it allows."""

    constraint: str
    allowed: list[str]


def allowed_regions(policy: Policy, facts: Facts, cloud: str, classes: Iterable[str]) -> list[str]:
    """Return the regions of a cloud that a policy allows for all of some classes of data, and for what has none.

    Raises NowhereAllowed (ISTH170) when there is none: a cloud that allows nothing would be left open by it.
    """
    judged = verdicts(policy, facts, [cloud], classes=(*classes, UNCLASSIFIED))
    found = [one.name for one in judged if one.allowed]
    if not found:
        raise NowhereAllowed(
            f"{policy.title!r} allows no region of {cloud}",
            place="residency",
            instead=f"isthmus regions --cloud {cloud} says why, region by region",
        )
    return found


def azure_assignments(policy: Policy, facts: Facts, classes: Iterable[str]) -> list[AzureAssignment]:
    """Return what Azure is told: its allowed locations, for resources first and then for the groups that they are in.

    Resources that are global, as names and identities, are not stopped by it: that is how Azure defines the policy.
    """
    regions = allowed_regions(policy, facts, AZURE, classes)
    parameters = {LIST_PARAMETER: {"value": regions}}
    return [
        AzureAssignment(definition=one, parameters=parameters) for one in (ALLOWED_LOCATIONS, ALLOWED_GROUP_LOCATIONS)
    ]


def google_constraint(policy: Policy, facts: Facts, classes: Iterable[str]) -> GoogleConstraint:
    """Return what Google is told: the regions and zones in which resources may be made, each region by its name.

    Google's own groups of locations, as `in:eu-locations`, are not used: they are Google's to change.
    """
    regions = allowed_regions(policy, facts, GOOGLE, classes)
    return GoogleConstraint(constraint=RESOURCE_LOCATIONS, allowed=[f"in:{region}-locations" for region in regions])


def storage_policy_regions(policy: Policy, facts: Facts, classes: Iterable[str], home: str) -> list[str]:
    """Return the regions in which a topic may keep messages: home first, then those that may hold copies of them.

    Raises NowhereAllowed (ISTH170) when home is not one of them.
    """
    wanted = (*classes, UNCLASSIFIED)
    regions = [
        one
        for one in allowed_regions(policy, facts, GOOGLE, wanted)
        if not policy.refused(wanted, Verb.REPLICATE, facts.place(GOOGLE, one).countries)
    ]
    if home not in regions:
        raise NowhereAllowed(
            f"{policy.title!r} does not allow messages in {home}", place="residency", instead="choose another region"
        )
    return [home, *(one for one in regions if one != home)]


def labels_for(classes: Iterable[str]) -> dict[str, str]:
    """Return the tag or label by which a resource says which classes of data it holds."""
    return {LABEL: data_label(classes)}
