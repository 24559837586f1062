"""What Azure documents as conditions of resources that `isthmus.provision` makes."""

from __future__ import annotations

import ipaddress
import re

from preconditions import LEARN, SDK_AZURE, Asked, World, rule

NAMES = f"{LEARN}/azure-resource-manager/management/resource-name-rules"
FLEX = f"{LEARN}/azure-functions/flex-consumption-plan"
POSTGRES = f"{LEARN}/postgresql/flexible-server"
BUS = f"{LEARN}/service-bus-messaging"
APP = "azure-native:web:WebApp"
PLAN = "azure-native:web:AppServicePlan"
ACCOUNT = "azure-native:storage:StorageAccount"
VAULT = "azure-native:keyvault:Vault"
SERVER = "azure-native:dbforpostgresql:Server"
NAMESPACE = "azure-native:servicebus:Namespace"
SCRIPT = "azure-native:resources:AzureCliScript"
NETWORK = "azure-native:network:VirtualNetwork"
ENDPOINT = "azure-native:network:PrivateEndpoint"


def subnet_of(identifier: str | None, world: World) -> dict[str, object] | None:
    """Return a subnet of a network that there is."""
    network, _, name = (identifier or "").rpartition("/subnets/")
    found = world.get(network)
    return next((one for one in found.listed("subnets") if one["name"] == name), None) if found else None


def delegated_to(identifier: str | None, world: World) -> list[str]:
    """Return the services that a subnet is delegated to."""
    subnet = subnet_of(identifier, world) or {}
    return [one["serviceName"] for one in subnet.get("delegations", [])]  # type: ignore[attr-defined]


# Names


@rule(ACCOUNT, source=NAMES)
def a_storage_account_has_3_to_24_lower_case_letters_and_digits(account: Asked) -> str:
    name = account["accountName"]
    return "" if name is None or re.fullmatch(r"[a-z0-9]{3,24}", name) else f"{name!r} cannot name one"


@rule(VAULT, source=NAMES)
def a_vault_has_3_to_24_letters_digits_and_single_hyphens_a_letter_first(vault: Asked) -> str:
    name = vault["vaultName"]
    fits = name is None or re.fullmatch(r"(?=.{3,24}\Z)[A-Za-z](-?[A-Za-z0-9])+", name)
    return "" if fits else f"{name!r} cannot name one"


@rule(APP, source=NAMES)
def a_function_app_has_2_to_60_letters_digits_and_inner_hyphens(app: Asked) -> str:
    name = app["name"]
    fits = name is None or re.fullmatch(r"(?=.{2,60}\Z)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", name)
    return "" if fits else f"{name!r} cannot name one"


@rule(SERVER, source=NAMES)
def a_database_server_has_3_to_63_lower_case_letters_digits_and_inner_hyphens(server: Asked) -> str:
    name = server["serverName"]
    fits = name is None or re.fullmatch(r"(?=.{3,63}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?", name)
    return "" if fits else f"{name!r} cannot name one"


@rule(NAMESPACE, "azure-native:eventhub:Namespace", source=NAMES)
def a_namespace_has_6_to_50_letters_digits_and_hyphens_a_letter_first(namespace: Asked) -> str:
    name = namespace["namespaceName"]
    fits = name is None or re.fullmatch(r"(?=.{6,50}\Z)[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]", name)
    return "" if fits else f"{name!r} cannot name one"


@rule("azure-native:storage:BlobContainer", source=NAMES)
def a_container_has_3_to_63_lower_case_letters_digits_and_single_hyphens(container: Asked) -> str:
    name = container["containerName"]
    fits = name is None or re.fullmatch(r"(?=.{3,63}\Z)[a-z0-9](-?[a-z0-9])*", name)
    return "" if fits else f"{name!r} cannot name one"


@rule("azure-native:servicebus:Subscription", source=f"{BUS}/service-bus-quotas")
def a_subscription_has_50_characters_at_most(subscription: Asked) -> str:
    name = subscription["subscriptionName"] or ""
    return "" if len(name) <= 50 else f"{name!r} has {len(name)}"


@rule("azure-native:durabletask:Scheduler", source=f"{LEARN}/templates/microsoft.durabletask/schedulers")
def a_scheduler_has_3_to_64_letters_digits_and_hyphens(scheduler: Asked) -> str:
    name = scheduler["schedulerName"]
    return "" if name is None or re.fullmatch(r"[A-Za-z0-9-]{3,64}", name) else f"{name!r} cannot name one"


# Functions


@rule(PLAN, source=f"{LEARN}/azure-functions/functions-infrastructure-as-code")
def a_plan_of_flex_consumption_is_linux(plan: Asked) -> str:
    if plan["sku.name"] != "FC1":
        return ""
    fits = plan["sku.tier"] == "FlexConsumption" and plan["reserved"] is True
    return "" if fits else "its tier is FlexConsumption and it is reserved"


@rule(APP, source=f"{FLEX}#considerations")
def a_plan_of_flex_consumption_has_one_app(app: Asked, world: World) -> str:
    plan = app["serverFarmId"]
    taken = any(other["serverFarmId"] == plan for other in world.of(APP))
    return f"{plan} has an app already" if plan and taken else ""


@rule(APP, source=f"{LEARN}/azure-functions/functions-app-settings")
def an_app_of_flex_consumption_has_none_of_the_settings_that_its_configuration_replaced(app: Asked) -> str:
    gone = {
        "FUNCTIONS_WORKER_RUNTIME",
        "FUNCTIONS_EXTENSION_VERSION",
        "WEBSITE_RUN_FROM_PACKAGE",
        "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
        "WEBSITE_CONTENTSHARE",
        "SCM_DO_BUILD_DURING_DEPLOYMENT",
        "ENABLE_ORYX_BUILD",
    }
    found = sorted({one["name"] for one in app.listed("siteConfig.appSettings")} & gone)
    return f"{', '.join(found)} cannot be set" if app["functionAppConfig"] and found else ""


@rule(APP, source=f"{LEARN}/azure-functions/functions-infrastructure-as-code")
def an_app_of_flex_consumption_says_its_runtime_scale_and_deployment(app: Asked) -> str:
    parts = ("runtime.name", "runtime.version", "scaleAndConcurrency.maximumInstanceCount", "deployment.storage.value")
    configuration = app.inputs.get("functionAppConfig")
    if not configuration:
        return ""
    said = Asked(app.token, configuration)
    missing = [part for part in parts if said[part] is None and not part.endswith("value")]
    return f"{', '.join(missing)} is not said" if missing else ""


@rule(APP, source=f"{FLEX}#instance-sizes")
def an_instance_of_flex_consumption_has_512_2048_or_4096_mb(app: Asked) -> str:
    size = app["functionAppConfig.scaleAndConcurrency.instanceMemoryMB"]
    return "" if size in (None, 512, 2048, 4096) else f"{size:g} is none of them"


@rule(APP, source=f"{FLEX}#scale")
def an_app_of_flex_consumption_has_1000_instances_at_most(app: Asked) -> str:
    most = app["functionAppConfig.scaleAndConcurrency.maximumInstanceCount"]
    return "" if most is None or 1 <= most <= 1000 else f"{most:g} is too many, or none"


@rule(APP, source=f"{LEARN}/azure-functions/functions-infrastructure-as-code#deployment-container")
def the_identity_that_reads_packages_is_one_of_the_app(app: Asked) -> str:
    storage = "functionAppConfig.deployment.storage.authentication"
    if app[f"{storage}.type"] != "UserAssignedIdentity" or app[f"{storage}.userAssignedIdentityResourceId"] is None:
        return ""
    mine = app.listed("identity.userAssignedIdentities")
    named = app[f"{storage}.userAssignedIdentityResourceId"]
    return "" if named in mine else f"{named} is not assigned to the app"


@rule(APP, source=f"{LEARN}/azure-functions/functions-networking-options#subnets")
def the_subnet_of_flex_consumption_is_delegated_to_app_environments(app: Asked, world: World) -> str:
    subnet = app["virtualNetworkSubnetId"]
    if not subnet or not app["functionAppConfig"]:
        return ""
    return "" if "Microsoft.App/environments" in delegated_to(subnet, world) else f"{subnet} is not"


@rule(APP, source=f"{LEARN}/azure-functions/functions-networking-options#subnets")
def the_subnet_of_flex_consumption_has_no_underscore_and_is_a_27_at_least(app: Asked, world: World) -> str:
    subnet = subnet_of(app["virtualNetworkSubnetId"], world)
    if not subnet or not app["functionAppConfig"]:
        return ""
    prefix = ipaddress.ip_network(str(subnet["addressPrefix"]))
    return (
        "" if "_" not in str(subnet["name"]) and prefix.prefixlen <= 27 else f"{subnet['name']} {prefix} does not fit"
    )


@rule(APP, source=f"{LEARN}/azure-functions/storage-considerations#host-id-considerations")
def apps_on_one_storage_account_differ_in_the_first_32_characters(app: Asked, world: World) -> str:
    def account(one: Asked) -> object:
        settings = {setting["name"]: setting["value"] for setting in one.listed("siteConfig.appSettings")}
        return settings.get("AzureWebJobsStorage__blobServiceUri")

    mine, host = app["name"], account(app)
    alike = [one["name"] for one in world.of(APP) if one["name"][:32] == mine[:32] and account(one) == host]
    return f"{mine} and {alike[0]} do not" if host and alike and mine not in alike else ""


@rule("azure-native:web:WebAppAuthSettingsV2", source=f"{LEARN}/app-service/configure-authentication-provider-aad")
def a_provider_of_identities_that_is_on_has_a_client(settings: Asked) -> str:
    provider = "identityProviders.azureActiveDirectory"
    on, client = settings[f"{provider}.enabled"], settings[f"{provider}.registration.clientId"]
    return "its registration has no client id" if on and not client else ""


# Storage


@rule(ACCOUNT, source=f"{SDK_AZURE} storage.AccountImmutabilityPolicyProperties")
def an_immutability_policy_is_not_created_locked(account: Asked, world: World) -> str:
    state = account["immutableStorageWithVersioning.immutabilityPolicy.state"]
    was = (account.before or {}).get("immutableStorageWithVersioning") or {}
    before = (was.get("immutabilityPolicy") or {}).get("state")
    return "only an unlocked policy can be locked" if state == "Locked" and before not in ("Unlocked", "Locked") else ""


@rule(ACCOUNT, source=f"{SDK_AZURE} storage.AccountImmutabilityPolicyProperties")
def a_locked_immutability_policy_only_grows(account: Asked, world: World) -> str:
    path = "immutableStorageWithVersioning.immutabilityPolicy"
    before = Asked(account.token, account.before or {})
    if before[f"{path}.state"] != "Locked":
        return ""
    days = f"{path}.immutabilityPeriodSinceCreationInDays"
    shrinks = (account[days] or 0) < (before[days] or 0)
    return "it is locked" if account[f"{path}.state"] != "Locked" or shrinks else ""


@rule("azure-native:storage:Blob", source="https://github.com/pulumi/pulumi-azure-native/issues/2015")
def a_blob_is_uploaded_by_the_keys_of_its_account(blob: Asked, world: World) -> str:
    account = next((one for one in world.of(ACCOUNT) if one["accountName"] == blob["accountName"]), None)
    return "shared keys are off" if account and account["allowSharedKeyAccess"] is False else ""


# Keys


@rule(VAULT, source=f"{LEARN}/key-vault/general/soft-delete-overview#purge-protection")
def purge_protection_is_on_or_left_out(vault: Asked) -> str:
    return "it cannot be turned off" if vault["properties.enablePurgeProtection"] is False else ""


@rule(VAULT, source=f"{LEARN}/key-vault/general/soft-delete-overview")
def what_is_deleted_is_kept_for_7_to_90_days(vault: Asked) -> str:
    days = vault["properties.softDeleteRetentionInDays"]
    return "" if days is None or 7 <= days <= 90 else f"{days:g} days"


@rule("azure-native:keyvault:Key", source=f"{LEARN}/key-vault/keys/about-keys")
def a_key_in_hardware_needs_a_premium_vault(key: Asked, world: World) -> str:
    vault = next((one for one in world.of(VAULT) if one["vaultName"] == key["vaultName"]), None)
    standard = vault is not None and vault["properties.sku.name"] == "standard"
    return "the vault is standard" if standard and str(key["properties.kty"]).endswith("-HSM") else ""


@rule("azure-native:keyvault:Key", source=f"{LEARN}/key-vault/keys/about-keys-details")
def an_rsa_key_has_2048_3072_or_4096_bits(key: Asked) -> str:
    rsa = str(key["properties.kty"]).startswith("RSA")
    return f"{key['properties.keySize']} bits" if rsa and key["properties.keySize"] not in (2048, 3072, 4096) else ""


# Database


@rule(SERVER, source=f"{POSTGRES}/concepts-networking-private")
def the_subnet_of_a_server_is_delegated_to_flexible_servers(server: Asked, world: World) -> str:
    subnet = server["network.delegatedSubnetResourceId"]
    if not subnet:
        return ""
    return "" if "Microsoft.DBforPostgreSQL/flexibleServers" in delegated_to(subnet, world) else f"{subnet} is not"


@rule(SERVER, source=f"{POSTGRES}/concepts-networking-private#use-a-private-dns-zone")
def the_dns_zone_of_a_server_has_the_right_end_and_not_the_servers_name(server: Asked) -> str:
    zone = str(server["network.privateDnsZoneArmResourceId"] or "").rpartition("/")[2]
    if not zone:
        return ""
    fits = zone.endswith(".private.postgres.database.azure.com") and zone.partition(".")[0] != server["serverName"]
    return "" if fits else f"{zone} does not do"


@rule(SERVER, source=f"{POSTGRES}/concepts-networking-private#use-a-private-dns-zone")
def the_dns_zone_of_a_server_is_linked_to_its_network(server: Asked, world: World) -> str:
    zone = str(server["network.privateDnsZoneArmResourceId"] or "").rpartition("/")[2]
    links = world.of("azure-native:privatedns:VirtualNetworkLink")
    return f"{zone} is not" if zone and not any(one["privateZoneName"] == zone for one in links) else ""


@rule(SERVER, source=f"{POSTGRES}/concepts-high-availability")
def a_burstable_server_has_no_standby(server: Asked) -> str:
    burstable = server["sku.tier"] == "Burstable"
    return "it is burstable" if burstable and server["highAvailability.mode"] not in (None, "Disabled") else ""


@rule(SERVER, source=f"{POSTGRES}/concepts-backup-restore")
def backups_are_kept_for_7_to_35_days(server: Asked) -> str:
    days = server["backup.backupRetentionDays"]
    return "" if days is None or 7 <= days <= 35 else f"{days:g} days"


@rule(SERVER, source=f"{POSTGRES}/concepts-storage")
def storage_of_a_server_has_one_of_the_sizes(server: Asked) -> str:
    size = server["storage.storageSizeGB"]
    sizes = [*(32 << step for step in range(10)), 32_767]
    return "" if size is None or size in sizes else f"{size:g} GB is none of {sizes}"


@rule(SERVER, source=f"{POSTGRES}/how-to-configure-sign-in-microsoft-entra-authentication")
def a_server_lets_somebody_in_and_a_password_has_a_user(server: Asked) -> str:
    entra, password = server["authConfig.activeDirectoryAuth"], server["authConfig.passwordAuth"]
    if "Enabled" not in (entra, password):
        return "neither Entra nor a password is on"
    return "no administrator is named" if password == "Enabled" and not server["administratorLogin"] else ""


# Messaging


@rule(NAMESPACE, source=f"{BUS}/network-security")
def only_a_premium_namespace_is_closed_to_the_public(namespace: Asked) -> str:
    closed = namespace["publicNetworkAccess"] == "Disabled"
    return f"it is {namespace['sku.name']}" if closed and namespace["sku.name"] != "Premium" else ""


@rule(ENDPOINT, source=f"{BUS}/private-link-service")
def only_a_premium_namespace_has_a_private_endpoint(endpoint: Asked, world: World) -> str:
    for connection in endpoint.listed("privateLinkServiceConnections"):
        target = world.get(connection.get("privateLinkServiceId", ""))
        if target and target.token == NAMESPACE and target["sku.name"] != "Premium":
            return f"it is {target['sku.name']}"
    return ""


@rule(NAMESPACE, source=f"{BUS}/service-bus-premium-messaging")
def only_a_premium_namespace_has_units_of_1_2_4_8_or_16(namespace: Asked) -> str:
    units, premium = namespace["sku.capacity"], namespace["sku.name"] == "Premium"
    return "" if (units in (1, 2, 4, 8, 16) if premium else units is None) else f"{units} units"


@rule("azure-native:servicebus:Topic", source=f"{BUS}/duplicate-detection")
def duplicates_are_found_within_7_days_at_most(topic: Asked) -> str:
    window = topic["duplicateDetectionHistoryTimeWindow"]
    days = re.match(r"P(\d+)D", window or "")
    return f"{window} is more" if days and int(days[1]) > 7 else ""


@rule("azure-native:servicebus:Subscription", source=f"{BUS}/message-transfers-locks-settlement")
def a_message_is_locked_for_5_minutes_at_most(subscription: Asked) -> str:
    minutes = re.fullmatch(r"PT(\d+)M", subscription["lockDuration"] or "")
    return f"{subscription['lockDuration']} is more" if minutes and int(minutes[1]) > 5 else ""


@rule("azure-native:eventhub:EventHub", source=f"{LEARN}/event-hubs/event-hubs-quotas")
def a_standard_hub_has_32_partitions_and_keeps_7_days_at_most(hub: Asked, world: World) -> str:
    spaces = world.of("azure-native:eventhub:Namespace")
    space = next((one for one in spaces if one["namespaceName"] == hub["namespaceName"]), None)
    if not space or space["sku.name"] != "Standard":
        return ""
    hours = hub["retentionDescription.retentionTimeInHours"] or 0
    return "" if 1 <= (hub["partitionCount"] or 1) <= 32 and hours <= 168 else "it has more"


# Network


@rule(NETWORK, source=f"{LEARN}/virtual-network/virtual-network-manage-subnet")
def subnets_are_inside_the_network_and_apart(network: Asked) -> str:
    spaces = [ipaddress.ip_network(one) for one in network.listed("addressSpace.addressPrefixes")]
    parts = [ipaddress.ip_network(one["addressPrefix"]) for one in network.listed("subnets")]
    outside = [one for one in parts if not any(one.subnet_of(space) for space in spaces)]  # type: ignore[arg-type]
    over = [one for place, one in enumerate(parts) if any(one.overlaps(other) for other in parts[:place])]
    return f"{(outside or over)[0]} is not" if outside or over else ""


@rule("azure-native:network:NetworkSecurityGroup", source=f"{LEARN}/virtual-network/network-security-groups-overview")
def rules_have_priorities_of_100_to_4096_each_its_own(group: Asked) -> str:
    numbers = [(one["direction"], one["priority"]) for one in group.listed("securityRules")]
    fits = all(100 <= number <= 4096 for _, number in numbers) and len({*numbers}) == len(numbers)
    return "" if fits else f"{sorted(number for _, number in numbers)}"


@rule("azure-native:network:AzureFirewall", source=f"{LEARN}/firewall/firewall-faq")
def a_firewall_is_in_a_subnet_of_its_name_of_26_at_least(firewall: Asked, world: World) -> str:
    for configuration in firewall.listed("ipConfigurations"):
        subnet = subnet_of(configuration["subnet"]["id"], world)
        prefix = ipaddress.ip_network(str(subnet["addressPrefix"])) if subnet else None
        if not subnet or subnet["name"] != "AzureFirewallSubnet" or (prefix and prefix.prefixlen > 26):
            return f"{configuration['subnet']['id']} does not do"
    return ""


@rule("azure-native:network:PublicIPAddress", source=f"{LEARN}/firewall/firewall-faq")
def a_standard_address_is_static(address: Asked) -> str:
    dynamic = address["publicIPAllocationMethod"] != "Static"
    return "it is dynamic" if address["sku.name"] == "Standard" and dynamic else ""


@rule("azure-native:network:RouteTable", source=f"{LEARN}/virtual-network/virtual-networks-udr-overview")
def a_route_names_an_address_exactly_when_an_appliance_is_next(table: Asked) -> str:
    for route in table.listed("routes"):
        if (route["nextHopType"] == "VirtualAppliance") is not bool(route.get("nextHopIpAddress")):
            return f"{route['name']} does not"
    return ""


PARTS = {
    ACCOUNT: {"blob", "queue", "table", "file", "web", "dfs"},
    VAULT: {"vault"},
    NAMESPACE: {"namespace"},
    "azure-native:eventhub:Namespace": {"namespace"},
    APP: {"sites"},
    "azure-native:durabletask:Scheduler": {"scheduler"},
}
ZONES = {
    "blob": "privatelink.blob.core.windows.net",
    "queue": "privatelink.queue.core.windows.net",
    "table": "privatelink.table.core.windows.net",
    "file": "privatelink.file.core.windows.net",
    "vault": "privatelink.vaultcore.azure.net",
    "namespace": "privatelink.servicebus.windows.net",
    "sites": "privatelink.azurewebsites.net",
    "scheduler": "privatelink.durabletask.io",
}


@rule(ENDPOINT, source=f"{LEARN}/private-link/private-endpoint-overview#private-link-resource")
def an_endpoint_names_a_part_that_its_resource_has(endpoint: Asked, world: World) -> str:
    for connection in endpoint.listed("privateLinkServiceConnections"):
        target = world.get(connection.get("privateLinkServiceId", ""))
        if target is None:
            return f"{connection.get('privateLinkServiceId')} is not there"
        if not {*connection["groupIds"]} <= PARTS.get(target.token, set()):
            return f"{target.token} has no {connection['groupIds']}"
    return ""


@rule("azure-native:network:PrivateDnsZoneGroup", source=f"{LEARN}/private-link/private-endpoint-dns")
def an_endpoint_is_found_by_the_zone_of_its_part(group: Asked, world: World) -> str:
    endpoint = next((e for e in world.of(ENDPOINT) if e["privateEndpointName"] == group["privateEndpointName"]), None)
    if endpoint is None:
        return "there is no such endpoint"
    wanted = {
        ZONES[part]
        for connection in endpoint.listed("privateLinkServiceConnections")
        for part in connection["groupIds"]
    }
    found = {one["privateDnsZoneId"].rpartition("/")[2] for one in group.listed("privateDnsZoneConfigs")}
    return "" if found == wanted else f"{sorted(found)} and not {sorted(wanted)}"


# Deployment scripts, budgets, roles


@rule(SCRIPT, source=f"{LEARN}/azure-resource-manager/bicep/deployment-script-develop#syntax")
def a_script_is_kept_for_1_to_26_hours(script: Asked) -> str:
    interval = script["retentionInterval"] or ""
    hours = re.fullmatch(r"P(?:(\d+)D)?(?:T(\d+)H)?", interval)
    total = 24 * int(hours[1] or 0) + int(hours[2] or 0) if hours else 0
    return "" if 1 <= total <= 26 else f"{interval!r}"


@rule(SCRIPT, source=f"{LEARN}/azure-resource-manager/bicep/deployment-script-vnet-private-endpoint")
def a_script_in_a_network_has_a_delegated_subnet_and_an_account_of_its_own(script: Asked, world: World) -> str:
    for subnet in script.listed("containerSettings.subnetIds"):
        if "Microsoft.ContainerInstance/containerGroups" not in delegated_to(subnet["id"], world):
            return f"{subnet['id']} is not delegated to container groups"
        if not script["storageAccountSettings.storageAccountName"]:
            return "it names no storage account"
    return ""


@rule(SCRIPT, source=f"{LEARN}/azure-resource-manager/bicep/deployment-script-vnet-private-endpoint")
def the_identity_of_a_script_in_a_network_may_write_files(script: Asked, world: World) -> str:
    if not script.listed("containerSettings.subnetIds"):
        return ""
    identities = {*script.listed("identity.userAssignedIdentities")}
    principals = {entry["state"]["principalId"] for key, entry in world.entries.items() if key in identities}
    role = "69566ab7-960f-475b-8e7c-b3118f30c6bd"
    given = any(
        str(one["roleDefinitionId"]).endswith(role) and one["principalId"] in principals
        for one in world.of("azure-native:authorization:RoleAssignment")
    )
    return "" if given else "it has no role Storage File Data Privileged Contributor"


@rule("azure-native:consumption:Budget", source=f"{LEARN}/cost-management-billing/costs/tutorial-acm-create-budgets")
def a_budget_begins_on_the_first_of_a_month_and_tells_5_times_at_most(budget: Asked) -> str:
    first = str(budget["timePeriod.startDate"]).partition("T")[0].endswith("-01")
    return "" if first and 1 <= len(budget["notifications"] or {}) <= 5 else "it does not"


@rule(
    "azure-native:authorization:RoleAssignment", source=f"{LEARN}/role-based-access-control/role-assignments-template"
)
def a_role_for_an_identity_that_is_new_says_what_it_is(assignment: Asked) -> str:
    return "" if assignment["principalType"] else "its principalType is not said"


@rule("azure-native:authorization:RoleAssignment", source=f"{LEARN}/role-based-access-control/built-in-roles")
def a_role_that_is_given_is_a_built_in_one_that_is_known(assignment: Asked) -> str:
    from isthmus.provision.azure_target.identity import Role  # noqa: PLC0415

    role = str(assignment["roleDefinitionId"] or "").rpartition("/")[2]
    return "" if not role or role in {*Role} else f"{role} is not known here"
