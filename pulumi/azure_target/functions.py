"""Functions: an app of Flex Consumption for each unit, with its plan, its settings and who may call it.

https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan
https://learn.microsoft.com/azure/azure-functions/functions-infrastructure-as-code

No setting holds a secret: connections are by the unit's identity, and a secret is a reference into the vault.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import pulumi
from pulumi_azure_native import storage, web

from isthmus.provision.azure_target import network as parts
from isthmus.provision.azure_target.database import Database
from isthmus.provision.azure_target.identity import MIGRATIONS, Identities, Role
from isthmus.provision.azure_target.journal import Journal
from isthmus.provision.azure_target.keys import Keys
from isthmus.provision.azure_target.messaging import Messaging
from isthmus.provision.azure_target.network import Network
from isthmus.provision.azure_target.site import Site
from isthmus.provision.azure_target.telemetry import Telemetry
from isthmus.provision.azure_target.workflows import Workflows
from isthmus.provision.demand import Demand, UnitDemand

PYTHON: Final = "3.13"
HOST_NAME_MAX: Final = 32
"""Apps that share a storage account are told apart by so many characters of their names."""

SITES_ZONE: Final = "privatelink.azurewebsites.net"
HOST_ROLES: Final = (Role.BLOB_OWNER, Role.QUEUE_CONTRIBUTOR, Role.TABLE_CONTRIBUTOR)
ACTIVITIES_MAX: Final = 16
"""How many activities the packaged host.json lets one worker do at once."""

ALWAYS_READY_HTTP, ALWAYS_READY_DURABLE = "http", "durable"
"""The groups of functions that Flex Consumption scales together."""


class Around(NamedTuple):
    """Be what stands around the functions."""

    site: Site
    network: Network
    identities: Identities
    database: Database
    messaging: Messaging
    keys: Keys
    journal: Journal
    telemetry: Telemetry
    workflows: Workflows | None

    @property
    def ready(self) -> list[pulumi.Resource]:
        """Return what must be there before the first function runs."""
        concerns = (self.database, self.messaging, self.keys, self.journal, self.telemetry)
        flows = self.workflows.ready if self.workflows else []
        return [one for concern in concerns for one in concern.ready] + flows


class Functions(pulumi.ComponentResource):
    """Make the app of each unit, and the one that migrates the database."""

    def __init__(self, around: Around, demand: Demand, store: storage.StorageAccount, parent: pulumi.Resource) -> None:
        super().__init__("isthmus:azure:Functions", "functions", None, pulumi.ResourceOptions(parent=parent))
        self._around = around
        self._demand = demand
        self._store = store
        """Where packages are uploaded to, and run from."""
        self._child = pulumi.ResourceOptions(parent=self)
        self._host = self._host_storage()
        self._ready = [*around.ready, *self._host_rights()]
        self.containers: dict[str, storage.BlobContainer] = {}
        self.migrations = self._app(MIGRATIONS, self._settings_of_migrations(), public=False)
        self.apps: dict[str, web.WebApp] = {}
        for unit in (*demand.others, demand.home):
            settings = {**self._common(unit.name), **self._settings(unit)}
            self.apps[unit.name] = self._app(unit.name, settings, public=self._is_public(unit))
            if not unit.is_home:
                self._let_in(unit.name, self.apps[unit.name], demand.home.name)
        self._let_in(MIGRATIONS, self.migrations, MIGRATIONS)
        self.register_outputs({})

    def _is_public(self, unit: UnitDemand) -> bool:
        return unit.is_home and unit.has_endpoints and bool(self._around.site.stack.callers)

    # Storage

    def _host_storage(self) -> storage.StorageAccount:
        site = self._around.site
        account = storage.StorageAccount(
            site.names.plain("host"),
            resource_group_name=site.group,
            location=site.region,
            kind=storage.Kind.STORAGE_V2,
            sku={"name": "Standard_ZRS" if site.stack.is_production else "Standard_LRS"},
            allow_shared_key_access=False,
            allow_blob_public_access=False,
            allow_cross_tenant_replication=False,
            enable_https_traffic_only=True,
            minimum_tls_version="TLS1_2",
            public_network_access="Disabled",
            network_rule_set={"default_action": storage.DefaultAction.DENY, "bypass": "None"},
            # Leases, positions in streams and the host's own keys: the scheduler carries what runs are about.
            tags=site.tags_of(()),
            opts=self._child,
        )
        for service in ("blob", "queue", "table"):
            self._around.network.endpoint("host", account.id, service, f"privatelink.{service}.core.windows.net")
        return account

    def _host_rights(self) -> list[pulumi.Resource]:
        may = self._around.identities.may
        names = (*(unit.name for unit in self._demand.units), MIGRATIONS)
        return [may(name, role, self._host.id, "host") for name in names for role in HOST_ROLES]

    # Settings

    def _common(self, who: str) -> dict[str, pulumi.Input[str]]:
        """Return the settings that every app has."""
        around = self._around
        identity = around.identities.of[who]
        stack = around.site.stack
        settings: dict[str, pulumi.Input[str]] = {
            f"AzureWebJobsStorage__{service}ServiceUri": pulumi.Output.concat(
                "https://", self._host.name, f".{service}.core.windows.net"
            )
            for service in ("blob", "queue", "table")
        }
        settings |= _by_identity("AzureWebJobsStorage", identity.client_id)
        settings |= {
            "AZURE_CLIENT_ID": identity.client_id,
            "APPLICATIONINSIGHTS_CONNECTION_STRING": around.telemetry.connection,
            "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": pulumi.Output.concat(
                "Authorization=AAD;ClientId=", identity.client_id
            ),
            "ISTHMUS_DATABASE": around.database.url(identity.name),
            "ISTHMUS_DATABASE_LOGIN": "entra",
            "ISTHMUS_KEY_VAULT": around.keys.key_url,
            "ISTHMUS_REGION": stack.region,
        }
        if stack.residency:
            settings["ISTHMUS_RESIDENCY"] = stack.residency
        settings |= {name: pulumi.Output.secret(value) for name, value in stack.settings.items()}
        return settings

    def _settings_of_migrations(self) -> dict[str, pulumi.Input[str]]:
        identities = self._around.identities.of
        names = pulumi.Output.all(*(identities[unit.name].name for unit in self._demand.units))
        return {
            **self._common(MIGRATIONS),
            "ISTHMUS_PRINCIPALS": names.apply(self._demand.rights_of),
            "ISTHMUS_CALLERS": identities[MIGRATIONS].principal_id,
        }

    def _settings(self, unit: UnitDemand) -> dict[str, pulumi.Input[str]]:
        around = self._around
        identity = around.identities.of[unit.name]
        settings: dict[str, pulumi.Input[str]] = {
            secret_setting(name): around.keys.reference(name) for name in unit.secrets
        }
        if around.messaging.service_bus is not None:
            settings["ISTHMUS_SERVICE_BUS__fullyQualifiedNamespace"] = around.messaging.service_bus
            settings |= _by_identity("ISTHMUS_SERVICE_BUS", identity.client_id)
        if not unit.is_home:
            settings["ISTHMUS_CALLERS"] = around.identities.of[self._demand.home.name].principal_id
            return settings
        settings["AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"] = "1"
        settings["ISTHMUS_SEALED_JOURNAL"] = around.journal.location
        if around.messaging.event_hubs is not None:
            settings["ISTHMUS_EVENT_HUBS__fullyQualifiedNamespace"] = around.messaging.event_hubs
            settings |= _by_identity("ISTHMUS_EVENT_HUBS", identity.client_id)
        if around.workflows is not None:
            settings |= self._task_hub(around.workflows, identity.client_id)
        if self._demand.others:
            settings["PYTHON_THREADPOOL_THREAD_COUNT"] = str(2 * ACTIVITIES_MAX)
        for other in self._demand.others:
            url = pulumi.Output.concat("https://", self.apps[other.name].default_host_name)
            settings[unit_setting(other.name, "URL")] = url
            settings[unit_setting(other.name, "SCOPE")] = f"{audience(around.site)}/.default"
        return settings

    @staticmethod
    def _task_hub(workflows: Workflows, client_id: pulumi.Output[str]) -> dict[str, pulumi.Input[str]]:
        """Return what says instead of host.json which scheduler carries the hub."""
        durable = "AzureFunctionsJobHost__extensions__durableTask__"
        named = "DURABLE_TASK_SCHEDULER_CONNECTION_STRING"
        return {
            f"{durable}storageProvider__type": "azureManaged",
            f"{durable}storageProvider__connectionStringName": named,
            named: workflows.connection(client_id),
            "TASKHUB_NAME": workflows.hub_name,
        }

    # Apps

    def _app(self, who: str, settings: Mapping[str, pulumi.Input[str]], *, public: bool) -> web.WebApp:
        around = self._around
        site, identity = around.site, around.identities.of[who]
        name = site.names.of(who, longest=HOST_NAME_MAX)
        plan = web.AppServicePlan(
            name,
            resource_group_name=site.group,
            location=site.region,
            kind="functionapp",
            reserved=True,
            sku={"name": "FC1", "tier": "FlexConsumption"},
            zone_redundant=site.stack.is_production,
            tags=self._tags(who),
            opts=self._child,
        )
        container = storage.BlobContainer(
            f"app-{who}",
            container_name=f"app-{who}".replace("_", "-").lower(),
            account_name=self._store.name,
            resource_group_name=site.group,
            public_access=storage.PublicAccess.NONE,
            opts=self._child,
        )
        self.containers[who] = container
        reads = around.identities.may(who, Role.BLOB_CONTRIBUTOR, container.id, "package")
        app = web.WebApp(
            name,
            resource_group_name=site.group,
            location=site.region,
            kind="functionapp,linux",
            server_farm_id=plan.id,
            reserved=True,
            https_only=True,
            identity={
                "type": web.ManagedServiceIdentityType.USER_ASSIGNED,
                "user_assigned_identities": [identity.id],
            },
            key_vault_reference_identity=identity.id,
            virtual_network_subnet_id=around.network.subnets[parts.FUNCTIONS],
            outbound_vnet_routing={"all_traffic": True},
            public_network_access="Enabled" if public else "Disabled",
            function_app_config=self._config(who, container, identity.id),
            site_config={
                "min_tls_version": "1.2",
                "app_settings": [{"name": key, "value": value} for key, value in sorted(settings.items())],
                "ip_security_restrictions_default_action": "Deny",
                "ip_security_restrictions": [
                    {"name": f"caller-{place}", "ip_address": address, "action": "Allow", "priority": 100 + place}
                    for place, address in enumerate(site.stack.callers if public else ())
                ],
            },
            tags=self._tags(who),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*self._ready, reads]),
        )
        if not public:
            around.network.endpoint(who, app.id, "sites", SITES_ZONE)
        return app

    def _tags(self, who: str) -> dict[str, str]:
        """Return the tags of an app: home sends what any unit left, and migrations see the whole database."""
        unit = next((one for one in self._demand.others if one.name == who), None)
        return self._around.site.tags_of(unit.data_classes) if unit else self._around.site.tags

    def _config(
        self, who: str, container: storage.BlobContainer, identity: pulumi.Output[str]
    ) -> web.FunctionAppConfigArgsDict:
        stack = self._around.site.stack
        sizes = stack.sizes.of(who)
        unit = next((one for one in self._demand.units if one.name == who), None)
        ready = sizes.always_ready if unit and unit.is_critical else 0
        groups = [ALWAYS_READY_HTTP, ALWAYS_READY_DURABLE] if unit and unit.is_home else [ALWAYS_READY_HTTP]
        return {
            "runtime": {"name": "python", "version": PYTHON},
            "scale_and_concurrency": {
                "instance_memory_mb": sizes.memory_mb,
                "maximum_instance_count": sizes.instances_max,
                "always_ready": [{"name": group, "instance_count": ready} for group in groups if ready],
            },
            "deployment": {
                "storage": {
                    "type": "blobContainer",
                    "value": pulumi.Output.concat(
                        "https://", self._store.name, ".blob.core.windows.net/", container.name
                    ),
                    "authentication": {
                        "type": "UserAssignedIdentity",
                        "user_assigned_identity_resource_id": identity,
                    },
                }
            },
        }

    def _let_in(self, who: str, app: web.WebApp, caller: str) -> None:
        """Have the platform turn away whoever is not the one caller of an app."""
        site = self._around.site
        web.WebAppAuthSettingsV2(
            f"{who}-callers",
            name=app.name,
            resource_group_name=site.group,
            platform={"enabled": True},
            global_validation={
                "require_authentication": True,
                "unauthenticated_client_action": web.UnauthenticatedClientActionV2.RETURN401,
            },
            identity_providers={
                "azure_active_directory": {
                    "enabled": True,
                    "registration": {
                        "client_id": site.stack.application,
                        "open_id_issuer": pulumi.Output.concat(
                            "https://login.microsoftonline.com/", site.tenant, "/v2.0"
                        ),
                    },
                    "validation": {
                        "allowed_audiences": [audience(site)],
                        "default_authorization_policy": {
                            "allowed_principals": {"identities": [self._around.identities.of[caller].principal_id]}
                        },
                    },
                }
            },
            opts=self._child,
        )


def audience(site: Site) -> str:
    """Return what tokens for the app's parts are asked for."""
    return f"api://{site.stack.application}"


def unit_setting(unit: str, what: str) -> str:
    """Return the setting that says where another unit is, or what a token for it is asked for."""
    return f"ISTHMUS_UNIT_{unit.upper().replace('-', '_')}_{what}"


def secret_setting(name: str) -> str:
    """Return the setting that a secret is read from."""
    return f"ISTHMUS_SECRET_{name.upper().replace('-', '_')}"


def _by_identity(connection: str, client_id: pulumi.Output[str]) -> dict[str, pulumi.Input[str]]:
    return {f"{connection}__credential": "managedidentity", f"{connection}__clientId": client_id}
