"""The database: a flexible server inside the network, reached by tokens of Entra ID and by no password."""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_azure_native import dbforpostgresql

from isthmus.provision.azure_target import network as parts
from isthmus.provision.azure_target.identity import MIGRATIONS, Identities
from isthmus.provision.azure_target.network import Network
from isthmus.provision.azure_target.site import Site
from isthmus.provision.review import database_size

VERSION: Final = "17"
NAME: Final = "isthmus"
BACKUP_DAYS: Final = 35
"""The most that a flexible server keeps; fewer in what is no production."""

TIERS: Final = {"B": "Burstable", "D": "GeneralPurpose", "E": "MemoryOptimized"}


class Database(pulumi.ComponentResource):
    """Make the server and its database, or a database on the server that is there."""

    def __init__(self, site: Site, network: Network, identities: Identities, parent: pulumi.Resource) -> None:
        super().__init__("isthmus:azure:Database", "database", None, pulumi.ResourceOptions(parent=parent))
        child = pulumi.ResourceOptions(parent=self)
        existing = site.stack.existing.database
        server: pulumi.Input[str]
        group: pulumi.Input[str] = site.group
        if existing:
            server, group = existing.server, existing.resource_group or site.group
            self.host: pulumi.Input[str] = existing.host
            self.ready: list[pulumi.Resource] = []
        else:
            made = self._server(site, network)
            server, self.host = made.name, made.fully_qualified_domain_name
            administrator = dbforpostgresql.Administrator(
                "administrator",
                resource_group_name=site.group,
                server_name=made.name,
                object_id=identities.of[MIGRATIONS].principal_id,
                principal_name=identities.of[MIGRATIONS].name,
                principal_type=dbforpostgresql.PrincipalType.SERVICE_PRINCIPAL,
                tenant_id=site.tenant,
                opts=child,
            )
            self.ready = [administrator]
        database = dbforpostgresql.Database(
            "database",
            database_name=NAME,
            resource_group_name=group,
            server_name=server,
            charset="UTF8",
            collation="en_US.utf8",
            opts=pulumi.ResourceOptions(parent=self, protect=site.stack.is_production, depends_on=self.ready),
        )
        self.ready = [*self.ready, database]
        self.register_outputs({})

    def _server(self, site: Site, network: Network) -> dbforpostgresql.Server:
        size = database_size(site.stack)
        production = site.stack.is_production
        zone = network.zone(f"{site.names.of('data', longest=40)}.private.postgres.database.azure.com")
        return dbforpostgresql.Server(
            site.names.of("data", longest=63),
            resource_group_name=site.group,
            location=site.region,
            version=VERSION,
            sku={"name": size, "tier": TIERS[size.removeprefix("Standard_")[0]]},
            storage={"storage_size_gb": site.stack.sizes.database_storage_gb, "auto_grow": "Enabled"},
            auth_config={
                "active_directory_auth": "Enabled",
                "password_auth": "Disabled",
                "tenant_id": site.tenant,
            },
            # A second copy in another region is a decision about residency: it is never made by default.
            backup={
                "backup_retention_days": BACKUP_DAYS if production else 7,
                "geo_redundant_backup": "Disabled",
            },
            high_availability={"mode": "ZoneRedundant" if production else "Disabled"},
            network={
                "delegated_subnet_resource_id": network.subnets[parts.DATABASE],
                "private_dns_zone_arm_resource_id": zone.id,
                "public_network_access": "Disabled",
            },
            tags=site.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=production, depends_on=list(network.links)),
        )

    def url(self, user: pulumi.Input[str]) -> pulumi.Output[str]:
        """Return the database's URL for an identity, without a password."""
        return pulumi.Output.concat("postgresql+psycopg://", user, "@", self.host, f"/{NAME}?sslmode=require")
