"""Identities: one for each unit and one for migrations, and the roles that each is given, one by one.

A role is given on the narrowest resource that it is for: a topic and not its namespace, a secret and not its vault.
"""

from __future__ import annotations

from enum import StrEnum

import pulumi
from pulumi_azure_native import authorization, managedidentity

from isthmus.provision.azure_target.site import Site
from isthmus.provision.demand import Demand

MIGRATIONS = "migrations"
"""The identity that owns the schema: no unit has it."""


class Role(StrEnum):
    """Name the built-in roles that are given: learn.microsoft.com/azure/role-based-access-control/built-in-roles."""

    BLOB_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
    BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
    BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
    QUEUE_CONTRIBUTOR = "974c5e8b-45b9-4653-ba55-5f855dd0fb88"
    TABLE_CONTRIBUTOR = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"
    FILE_PRIVILEGED_CONTRIBUTOR = "69566ab7-960f-475b-8e7c-b3118f30c6bd"
    SERVICE_BUS_SENDER = "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"
    SERVICE_BUS_RECEIVER = "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0"
    EVENT_HUBS_RECEIVER = "a638d3c7-ab3a-418d-83e6-5f17a39d4fde"
    CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"
    SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
    METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
    DURABLE_TASK_CONTRIBUTOR = "0ad04412-c4d5-4796-b79c-f76d14c8d402"


class Identities(pulumi.ComponentResource):
    """Make who the units are, before anything that they reach."""

    def __init__(self, site: Site, demand: Demand, parent: pulumi.Resource) -> None:
        super().__init__("isthmus:azure:Identities", "identities", None, pulumi.ResourceOptions(parent=parent))
        self._site = site
        self.of: dict[str, managedidentity.UserAssignedIdentity] = {
            name: managedidentity.UserAssignedIdentity(
                site.names.of(name),
                resource_group_name=site.group,
                location=site.region,
                tags=site.tags_of(()),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for name in (*(unit.name for unit in demand.units), MIGRATIONS)
        }
        self.register_outputs({})

    def may(self, who: str, role: Role, scope: pulumi.Input[str], what: str) -> authorization.RoleAssignment:
        """Give a role to an identity on one resource."""
        definitions = "providers/Microsoft.Authorization/roleDefinitions"
        return authorization.RoleAssignment(
            f"{who}-{what}-{role.name.lower().replace('_', '-')}",
            principal_id=self.of[who].principal_id,
            principal_type=authorization.PrincipalType.SERVICE_PRINCIPAL,
            role_definition_id=self._site.subscription.apply(
                lambda subscription: f"/subscriptions/{subscription}/{definitions}/{role.value}"
            ),
            scope=scope,
            opts=pulumi.ResourceOptions(parent=self),
        )
