"""Delivery: packages go up, the database is migrated inside the network, and only then does new code take traffic.

    package  ->  blob `incoming/DIGEST/released-package.zip` of the unit's container
             ->  `Microsoft.Web/sites/extensions/onedeploy` with its address: so Flex Consumption is given code
    migrations first, then units that are called, then home

The route: https://learn.microsoft.com/azure/azure-functions/functions-infrastructure-as-code ("Deployment package"),
and https://learn.microsoft.com/azure/app-service/deploy-zip ("Deploy to network-secured apps").
The digest is part of the address: the same code is the same deployment, which is not made again.
"""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_azure_native import resources, storage, web

from isthmus.provision.azure_target import network as parts
from isthmus.provision.azure_target.functions import Functions, audience
from isthmus.provision.azure_target.identity import MIGRATIONS, Identities, Role
from isthmus.provision.azure_target.journal import BLOB_ZONE
from isthmus.provision.azure_target.network import Network
from isthmus.provision.azure_target.site import Site
from isthmus.provision.demand import Demand
from isthmus.provision.packages import Package

PACKAGE: Final = "released-package.zip"
"""The name that a package must have."""

FILE_ZONE: Final = "privatelink.file.core.windows.net"
CLI_VERSION: Final = "2.77.0"

SCRIPT: Final = """set -euo pipefail
token=$(az account get-access-token --resource "$AUDIENCE" --query accessToken --output tsv)
curl --silent --show-error --fail-with-body --max-time 1500 --retry 10 --retry-delay 15 --retry-connrefused \\
  --request POST --header "Authorization: Bearer $token" --header "Content-Length: 0" "https://$HOST/migrate"
"""
"""What runs in the network: it asks the new code to migrate, and fails when that does."""


def store_of(site: Site, network: Network, identities: Identities, parent: pulumi.Resource) -> storage.StorageAccount:
    """Make the account that packages are uploaded to and scripts keep their files in: it holds no data.

    Its keys are on, because Pulumi's provider uploads by them (pulumi/pulumi-azure-native, issue 2015) and a
    container instance mounts its files by them.
    """
    stack = site.stack
    child = pulumi.ResourceOptions(parent=parent)
    account = storage.StorageAccount(
        site.names.plain("deploy"),
        resource_group_name=site.group,
        location=site.region,
        kind=storage.Kind.STORAGE_V2,
        sku={"name": "Standard_LRS"},
        allow_shared_key_access=True,
        allow_blob_public_access=False,
        allow_cross_tenant_replication=False,
        enable_https_traffic_only=True,
        minimum_tls_version="TLS1_2",
        public_network_access="Enabled",
        network_rule_set={
            "default_action": storage.DefaultAction.DENY if stack.deployers else storage.DefaultAction.ALLOW,
            "bypass": "AzureServices",
            "ip_rules": [{"i_p_address_or_range": address} for address in stack.deployers],
        },
        tags=site.tags_of(()),
        opts=child,
    )
    network.endpoint("deploy", account.id, "blob", BLOB_ZONE)
    network.endpoint("deploy", account.id, "file", FILE_ZONE)
    identities.may(MIGRATIONS, Role.FILE_PRIVILEGED_CONTRIBUTOR, account.id, "scripts")
    return account


class Delivery(pulumi.ComponentResource):
    """Upload the packages, migrate, and hand each unit its code."""

    def __init__(
        self,
        site: Site,
        network: Network,
        identities: Identities,
        functions: Functions,
        store: storage.StorageAccount,
        packages: dict[str, Package],
        migrations: Package,
        demand: Demand,
        parent: pulumi.Resource,
    ) -> None:
        super().__init__("isthmus:azure:Delivery", "delivery", None, pulumi.ResourceOptions(parent=parent))
        self._site = site
        self._functions = functions
        self._store = store
        ready = self._deploy(MIGRATIONS, functions.migrations, migrations, [])
        done: list[pulumi.Resource] = [self._migrate(network, identities, migrations, ready)]
        for unit in (*demand.others, demand.home):
            done.append(self._deploy(unit.name, functions.apps[unit.name], packages[unit.name], done))
        self.register_outputs({})

    def _deploy(
        self, who: str, app: web.WebApp, package: Package, after: list[pulumi.Resource]
    ) -> resources.Deployment:
        site = self._site
        container = self._functions.containers[who]
        name = f"incoming/{package.digest}/{PACKAGE}"
        blob = storage.Blob(
            f"{who}-package",
            blob_name=name,
            account_name=self._store.name,
            container_name=container.name,
            resource_group_name=site.group,
            content_type="application/zip",
            source=pulumi.FileAsset(str(package.archive)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        address = pulumi.Output.concat(
            "https://", self._store.name, ".blob.core.windows.net/", container.name, "/", name
        )
        return resources.Deployment(
            f"{who}-code",
            deployment_name=site.names.of(who, "code"),
            resource_group_name=site.group,
            properties={
                "mode": resources.DeploymentMode.INCREMENTAL,
                "template": pulumi.Output.all(app.name, address).apply(
                    lambda known: one_deploy(*known, remote_build=not package.carries_wheels)
                ),
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[blob, *after]),
        )

    def _migrate(
        self, network: Network, identities: Identities, package: Package, ready: pulumi.Resource
    ) -> resources.AzureCliScript:
        site = self._site
        return resources.AzureCliScript(
            site.names.of("migrate"),
            resource_group_name=site.group,
            location=site.region,
            kind="AzureCLI",
            az_cli_version=CLI_VERSION,
            retention_interval="P1D",
            timeout="PT30M",
            cleanup_preference="OnSuccess",
            force_update_tag=package.digest,
            script_content=SCRIPT,
            environment_variables=[
                {"name": "AUDIENCE", "value": audience(site)},
                {"name": "HOST", "value": self._functions.migrations.default_host_name},
            ],
            identity={"type": "UserAssigned", "user_assigned_identities": [identities.of[MIGRATIONS].id]},
            container_settings={"subnet_ids": [{"id": network.subnets[parts.MIGRATIONS]}]},
            storage_account_settings={"storage_account_name": self._store.name},
            tags=site.tags_of(()),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[ready]),
        )


def one_deploy(app: str, address: str, *, remote_build: bool) -> dict[str, object]:
    """Return the template that hands an app a package, built there unless it carries its wheels."""
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [
            {
                "type": "Microsoft.Web/sites/extensions",
                "apiVersion": "2022-09-01",
                "name": f"{app}/onedeploy",
                "properties": {"packageUri": address, "remoteBuild": remote_build},
            }
        ],
    }
