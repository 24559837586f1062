"""Locations: Google itself refuses other places in the project, whoever asks it for something.

gcp.resourceLocations     an organisation policy of the project, before anything is made that holds data
message storage policy    of each topic: the stack's region alone, in transit too

The organisation policy allows the regions that the stack's policy of residency allows for all of the App's data. In
the project it replaces what a folder or the organisation says: whoever has said it there names that as existing.

https://cloud.google.com/resource-manager/docs/organization-policy/defining-locations
https://cloud.google.com/pubsub/docs/resource-location-restriction
"""

from __future__ import annotations

import re
from typing import Final

import pulumi
from pulumi_gcp import orgpolicy

from isthmus.adapters.residency.shipped import facts
from isthmus.core.residency.definitions import GoogleConstraint, google_constraint, storage_policy_regions
from isthmus.provision.demand import Demand
from isthmus.provision.google_target.triggers import topics_of
from isthmus.provision.residency import policy_today
from isthmus.provision.stack import Stack, StackInvalid

SAID: Final = re.compile(r"(organizations|folders|projects)/[a-z0-9-]+/policies/gcp\.resourceLocations")
CONSTRAINTS: Final = "constraints/"


def constraint_of(stack: Stack, demand: Demand) -> GoogleConstraint | None:
    """Return what Google is told of the project; None without a policy, or where an organisation has said it already.

    Raises NowhereAllowed (ISTH170) when the policy allows no region, or no messages in the stack's.
    """
    policy = policy_today(stack)
    if policy is None:
        return None
    for classes in topics_of(demand).values():
        # Of the regions that may keep messages a topic is given home: others would be copies that nobody asked for.
        storage_policy_regions(policy, facts(), classes, stack.region)
    return None if stack.existing.resource_locations else google_constraint(policy, facts(), demand.data_classes)


def hold_to_said(stack: Stack) -> None:
    """Refuse what names no organisation policy as the one that is there. Raises StackInvalid (ISTH280)."""
    said = stack.existing.resource_locations
    if said is not None and not SAID.fullmatch(said):
        raise StackInvalid(
            f"{said} is no organisation policy of places",
            place=f"stack {stack.name}: isthmus:existing",
            instead="write organizations/NUMBER/policies/gcp.resourceLocations, or folders/…",
        )


def confine(
    project: str, told: GoogleConstraint, after: list[pulumi.Resource], parent: pulumi.Resource
) -> orgpolicy.Policy:
    """Have Google refuse other places in a project."""
    return orgpolicy.Policy(
        "resource-locations",
        parent=f"projects/{project}",
        name=f"projects/{project}/policies/{told.constraint.removeprefix(CONSTRAINTS)}",
        spec={"inherit_from_parent": False, "rules": [{"values": {"allowed_values": told.allowed}}]},
        opts=pulumi.ResourceOptions(parent=parent, depends_on=after),
    )
