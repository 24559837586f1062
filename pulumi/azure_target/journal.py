"""The sealed journal: a container whose blobs nobody changes or deletes before their time, not even their owner.

The lock of that time is for production alone, and set by a deployment of its own: a policy can only be locked that was
unlocked before, and there is no way back from it but to wait.
"""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_azure_native import storage

from isthmus.provision.azure_target.identity import Identities, Role
from isthmus.provision.azure_target.network import Network
from isthmus.provision.azure_target.site import Site
from isthmus.provision.demand import Demand

CONTAINER: Final = "journal"
BLOB_ZONE: Final = "privatelink.blob.core.windows.net"


class Journal(pulumi.ComponentResource):
    """Make the store of the sealed journal."""

    def __init__(
        self, site: Site, network: Network, identities: Identities, demand: Demand, parent: pulumi.Resource
    ) -> None:
        super().__init__("isthmus:azure:Journal", "journal", None, pulumi.ResourceOptions(parent=parent))
        production = site.stack.is_production
        account = storage.StorageAccount(
            site.names.plain("journal"),
            resource_group_name=site.group,
            location=site.region,
            kind=storage.Kind.STORAGE_V2,
            sku={"name": "Standard_ZRS" if production else "Standard_LRS"},
            allow_shared_key_access=False,
            allow_blob_public_access=False,
            allow_cross_tenant_replication=False,
            enable_https_traffic_only=True,
            minimum_tls_version="TLS1_2",
            public_network_access="Disabled",
            network_rule_set={"default_action": storage.DefaultAction.DENY, "bypass": "None"},
            immutable_storage_with_versioning={
                "enabled": True,
                "immutability_policy": {
                    "immutability_period_since_creation_in_days": site.stack.retention_days if production else 1,
                    "state": "Locked" if site.stack.lock else "Unlocked",
                    "allow_protected_append_writes": False,
                },
            },
            tags=site.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=production, retain_on_delete=production),
        )
        container = storage.BlobContainer(
            CONTAINER,
            container_name=CONTAINER,
            account_name=account.name,
            resource_group_name=site.group,
            public_access=storage.PublicAccess.NONE,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=production),
        )
        self.location = pulumi.Output.concat("https://", account.name, f".blob.core.windows.net/{CONTAINER}")
        self.ready: list[pulumi.Resource] = [
            network.endpoint("journal", account.id, "blob", BLOB_ZONE),
            identities.may(demand.home.name, Role.BLOB_CONTRIBUTOR, container.id, CONTAINER),
        ]
        self.register_outputs({})
