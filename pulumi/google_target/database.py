"""The database: Cloud SQL for PostgreSQL, reached inside the network alone, by who asks and never by a password.

Each unit logs in as its own service account; migrations log in as theirs, own the schema, and give units their rights.

https://cloud.google.com/sql/docs/postgres/iam-authentication
https://cloud.google.com/sql/docs/postgres/configure-private-ip
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import pulumi
from pulumi_gcp import sql

from isthmus.provision.demand import Demand
from isthmus.provision.google_target.identity import MIGRATIONS, Identities
from isthmus.provision.google_target.keys import Keys
from isthmus.provision.google_target.network import Network
from isthmus.provision.google_target.site import Site
from isthmus.provision.review import database_size

VERSION: Final = "POSTGRES_17"
OF_SERVICE_ACCOUNTS: Final = ".gserviceaccount.com"
"""What PostgreSQL leaves out of a service account's name, for its names have 63 bytes at most."""

OWNER: Final = "cloudsqlsuperuser"
OF_CLOUD_SQL: Final = "resource.service == 'sqladmin.googleapis.com'"
BACKUPS_KEPT: Final = 30
LOG_DAYS: Final = 7
BACKUP_HOUR: Final = "02:00"
SUNDAY: Final = 7


class Database(pulumi.ComponentResource):
    """Make the instance, or use the one that is there; make the database and who may log in."""

    def __init__(
        self, site: Site, network: Network, keys: Keys, identities: Identities, demand: Demand, parent: pulumi.Resource
    ) -> None:
        super().__init__("isthmus:google:Database", "database", None, pulumi.ResourceOptions(parent=parent))
        self._site = site
        existing = site.stack.existing.database
        self.instance: pulumi.Input[str]
        self.host: pulumi.Input[str]
        if existing:
            self.instance, self.host = existing.server, existing.host
        else:
            made = self._made(network, keys)
            self.instance, self.host = made.name, made.private_ip_address
        database = sql.Database(
            "database",
            name=site.names.whole(longest=63).replace("-", "_"),
            instance=self.instance,
            project=site.project,
            opts=site.options(self, "sqladmin", retain=site.stack.is_production),
        )
        self.name = database.name
        self.ready: list[pulumi.Resource] = [database]
        for who in (*(unit.name for unit in demand.units), MIGRATIONS):
            self.ready += self._log_in(who, identities)
        self.register_outputs({})

    def url(self, login: pulumi.Input[str]) -> pulumi.Output[str]:
        """Return the URL by which an account reaches the database, without a password."""
        return pulumi.Output.all(login, self.host, self.name).apply(
            lambda known: f"postgresql+psycopg://{quote(known[0], safe='')}@{known[1]}/{known[2]}"
        )

    def _made(self, network: Network, keys: Keys) -> sql.DatabaseInstance:
        site, production = self._site, self._site.stack.is_production
        return sql.DatabaseInstance(
            site.names.of("database", longest=90),
            project=site.project,
            region=site.region,
            database_version=VERSION,
            encryption_key_name=keys.at_rest,
            deletion_protection=production,
            settings={
                "tier": database_size(site.stack),
                "edition": "ENTERPRISE",
                "availability_type": "REGIONAL" if production else "ZONAL",
                "activation_policy": "ALWAYS",
                "disk_type": "PD_SSD",
                "disk_size": site.stack.sizes.database_storage_gb,
                "disk_autoresize": False,
                "deletion_protection_enabled": production,
                "retain_backups_on_delete": production,
                "user_labels": site.labels,
                "database_flags": [{"name": "cloudsql.iam_authentication", "value": "on"}],
                "ip_configuration": {
                    "ipv4_enabled": False,
                    "private_network": network.id,
                    "ssl_mode": "ENCRYPTED_ONLY",
                },
                "backup_configuration": {
                    "enabled": True,
                    "location": site.region,
                    "start_time": BACKUP_HOUR,
                    "point_in_time_recovery_enabled": True,
                    "transaction_log_retention_days": LOG_DAYS,
                    "backup_retention_settings": {"retained_backups": BACKUPS_KEPT, "retention_unit": "COUNT"},
                },
                "maintenance_window": {"day": SUNDAY, "hour": 3, "update_track": "stable"},
            },
            opts=site.options(
                self, "sqladmin", after=[*network.peered, *keys.ready], protect=production, retain=production
            ),
        )

    def _log_in(self, who: str, identities: Identities) -> list[pulumi.Resource]:
        site = self._site
        user = sql.User(
            who,
            name=login_of(identities.email(who)),
            instance=self.instance,
            project=site.project,
            type="CLOUD_IAM_SERVICE_ACCOUNT",
            database_roles=[OWNER] if who == MIGRATIONS else None,
            # A role that owns tables cannot be dropped, and goes with the instance.
            deletion_policy="ABANDON",
            opts=site.options(self, "sqladmin"),
        )
        instance = pulumi.Output.concat("projects/", site.project, "/instances/", self.instance)
        here = instance.apply(
            lambda name: f"resource.service == 'sqladmin.googleapis.com' && resource.name == '{name}'"
        )
        return [user, identities.may(who, "cloudsql.instanceUser", "its-database", here)]


def login_of(email: pulumi.Output[str]) -> pulumi.Output[str]:
    """Return the name that a service account logs in by."""
    return email.apply(lambda address: address.removesuffix(OF_SERVICE_ACCOUNTS))
