"""Allowed locations: Azure itself refuses other regions, whoever asks it for something.

residencyScope group          "Allowed locations", in the stack's resource group before anything else is in it
residencyScope subscription   that and "Allowed locations for resource groups", before the group is made

The group's own place cannot be refused in the group: it is there before anything is assigned to it.

https://learn.microsoft.com/azure/governance/policy/concepts/assignment-structure
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pulumi
from pulumi_azure_native import authorization

from isthmus.adapters.residency.shipped import facts
from isthmus.core.residency.definitions import AzureAssignment, azure_assignments
from isthmus.core.residency.policy import Policy
from isthmus.provision.naming import Names

TITLE_MAX: Final = 128
RESOURCES, GROUPS = "allowed-locations", "allowed-group-locations"


def told(policy: Policy, classes: Sequence[str]) -> dict[str, AzureAssignment]:
    """Return what Azure is told of a policy: of resources, and of their groups.

    Raises NowhereAllowed (ISTH170).
    """
    return dict(zip((RESOURCES, GROUPS), azure_assignments(policy, facts(), classes), strict=True))


def assign(
    what: str, told: AzureAssignment, scope: pulumi.Input[str], policy: Policy, names: Names, parent: pulumi.Resource
) -> authorization.PolicyAssignment:
    """Assign one of Azure's policies to a scope, under a name that no other stack has there."""
    return authorization.PolicyAssignment(
        what,
        policy_assignment_name=names.whole(what, longest=64),
        scope=scope,
        policy_definition_id=told.definition,
        display_name=f"Residency: {policy.title}"[:TITLE_MAX],
        parameters={name: {"value": one["value"]} for name, one in told.parameters.items()},
        enforcement_mode=authorization.EnforcementMode.DEFAULT,
        non_compliance_messages=[{"message": "The policy of residency allows no resource in this region."}],
        opts=pulumi.ResourceOptions(parent=parent),
    )
