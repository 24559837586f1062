"""The database: an instance inside the network, reached by tokens of service accounts and by no password."""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_gcp import sql

from isthmus.provision.demand import Demand
from isthmus.provision.google_target.identity import MIGRATIONS, Identities
from isthmus.provision.google_target.network import Network
from isthmus.provision.google_target.site import Site
from isthmus.provision.review import database_size

VERSION: Final = "POSTGRES_17"
NAME: Final = "isthmus"


class Database(pulumi.ComponentResource):
    """Make the instance and its database, or a database on the instance that is there."""

    def __init__(
        self, site: Site, network: Network, identities: Identities, demand: Demand, parent: pulumi.Resource
    ) -> None:
        super().__init__("isthmus:google:Database", "database", None, pulumi.ResourceOptions(parent=parent))
        self._site = site
        existing = site.stack.existing.database
        instance: pulumi.Input[str]
        if existing:
            instance, self.host = existing.server, pulumi.Output.from_input(existing.host)
        else:
            made = self._instance(network)
            instance, self.host = made.name, made.private_ip_address
        database = sql.Database(
            "database",
            project=site.project,
            name=NAME,
            instance=instance,
            deletion_policy="ABANDON" if site.stack.is_production else "DELETE",
            opts=pulumi.ResourceOptions(parent=self, protect=site.stack.is_production),
        )
        self.ready: list[pulumi.Resource] = [database, *self._users(instance, identities, demand)]
        self.register_outputs({})

    def _instance(self, network: Network) -> sql.DatabaseInstance:
        site, production = self._site, self._site.stack.is_production
        return sql.DatabaseInstance(
            site.names.of("data"),
            project=site.project,
            region=site.region,
            database_version=VERSION,
            deletion_protection=production,
            settings={
                "tier": database_size(site.stack),
                "edition": "ENTERPRISE",
                "availability_type": "REGIONAL" if production else "ZONAL",
                "disk_size": site.stack.sizes.database_storage_gb,
                "disk_autoresize": True,
                "deletion_protection_enabled": production,
                "database_flags": [{"name": "cloudsql.iam_authentication", "value": "on"}],
                # Without a location, backups are kept in the multi-region that is nearest.
                "backup_configuration": {
                    "enabled": True,
                    "location": site.region,
                    "point_in_time_recovery_enabled": True,
                    "transaction_log_retention_days": 7,
                },
                "ip_configuration": {
                    "ipv4_enabled": False,
                    "private_network": network.id,
                    "ssl_mode": "ENCRYPTED_ONLY",
                },
                "user_labels": site.labels,
            },
            opts=site.child(self, *network.peered, protect=True),
        )

    def _users(self, instance: pulumi.Input[str], identities: Identities, demand: Demand) -> list[pulumi.Resource]:
        """Let each unit log in to this instance, as itself; what it may do there, migrations grant."""
        made: list[pulumi.Resource] = []
        only = pulumi.Output.concat(
            'resource.name == "projects/', self._site.project, "/instances/", instance,
            '" && resource.service == "sqladmin.googleapis.com"',
        )  # fmt: skip
        for who in (*(unit.name for unit in demand.units), MIGRATIONS):
            user = sql.User(
                who,
                project=self._site.project,
                instance=instance,
                type="CLOUD_IAM_SERVICE_ACCOUNT",
                name=user_name(identities, who),
                opts=pulumi.ResourceOptions(parent=self),
            )
            made += [user]
            for role in ("roles/cloudsql.client", "roles/cloudsql.instanceUser"):
                made.append(identities.may_in_project(who, role, ("this instance", only)))
        return made

    def url(self, identities: Identities, who: str) -> pulumi.Output[str]:
        """Return the database's URL for an identity, without a password."""
        user = user_name(identities, who).apply(lambda name: name.replace("@", "%40"))
        return pulumi.Output.concat("postgresql+psycopg://", user, "@", self.host, f"/{NAME}?sslmode=require")


def user_name(identities: Identities, who: str) -> pulumi.Output[str]:
    """Return what a service account is called in PostgreSQL: its address without the domain's end."""
    return identities.of[who].email.apply(lambda email: email.removesuffix(".gserviceaccount.com"))
