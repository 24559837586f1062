"""What the two clouds compute: ids, names they make, and outputs that programs put together or take apart.

Written by hand, from the pages of each type; whatever else is answered is made up by `sdk_types.completed`.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

import google_computed

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
TENANT = "00000000-0000-0000-0000-0000000000aa"

NAME_PROPERTY = {
    "azure-native:applicationinsights:Component": "resourceName",
    "azure-native:authorization:PolicyAssignment": "policyAssignmentName",
    "azure-native:authorization:RoleAssignment": "roleAssignmentName",
    "azure-native:consumption:Budget": "budgetName",
    "azure-native:dbforpostgresql:Administrator": "objectId",
    "azure-native:dbforpostgresql:Database": "databaseName",
    "azure-native:dbforpostgresql:Server": "serverName",
    "azure-native:durabletask:Scheduler": "schedulerName",
    "azure-native:durabletask:TaskHub": "taskHubName",
    "azure-native:eventhub:EventHub": "eventHubName",
    "azure-native:eventhub:Namespace": "namespaceName",
    "azure-native:keyvault:Key": "keyName",
    "azure-native:keyvault:Secret": "secretName",
    "azure-native:keyvault:Vault": "vaultName",
    "azure-native:managedidentity:UserAssignedIdentity": "resourceName",
    "azure-native:network:AzureFirewall": "azureFirewallName",
    "azure-native:network:FirewallPolicy": "firewallPolicyName",
    "azure-native:network:FirewallPolicyRuleCollectionGroup": "ruleCollectionGroupName",
    "azure-native:network:NetworkSecurityGroup": "networkSecurityGroupName",
    "azure-native:network:PrivateDnsZoneGroup": "privateDnsZoneGroupName",
    "azure-native:network:PrivateEndpoint": "privateEndpointName",
    "azure-native:network:PublicIPAddress": "publicIpAddressName",
    "azure-native:network:RouteTable": "routeTableName",
    "azure-native:network:VirtualNetwork": "virtualNetworkName",
    "azure-native:operationalinsights:Workspace": "workspaceName",
    "azure-native:privatedns:PrivateZone": "privateZoneName",
    "azure-native:privatedns:VirtualNetworkLink": "virtualNetworkLinkName",
    "azure-native:resources:AzureCliScript": "scriptName",
    "azure-native:resources:Deployment": "deploymentName",
    "azure-native:resources:ResourceGroup": "resourceGroupName",
    "azure-native:servicebus:Namespace": "namespaceName",
    "azure-native:servicebus:Subscription": "subscriptionName",
    "azure-native:servicebus:Topic": "topicName",
    "azure-native:storage:Blob": "blobName",
    "azure-native:storage:BlobContainer": "containerName",
    "azure-native:storage:StorageAccount": "accountName",
} | google_computed.NAME_PROPERTY
"""The input that holds the name; `name` for all others."""

PARENTS = {
    "azure-native:dbforpostgresql": ("Microsoft.DBforPostgreSQL", "flexibleServers", "serverName"),
    "azure-native:durabletask": ("Microsoft.DurableTask", "schedulers", "schedulerName"),
    "azure-native:eventhub": ("Microsoft.EventHub", "namespaces", "namespaceName"),
    "azure-native:keyvault": ("Microsoft.KeyVault", "vaults", "vaultName"),
    "azure-native:servicebus": ("Microsoft.ServiceBus", "namespaces", "namespaceName"),
    "azure-native:storage": ("Microsoft.Storage", "storageAccounts", "accountName"),
    "azure-native:privatedns": ("Microsoft.Network", "privateDnsZones", "privateZoneName"),
    "azure-native:network": ("Microsoft.Network", "", ""),
    "azure-native:web": ("Microsoft.Web", "sites", "name"),
}

REPLACING = {"location", "region", "project", "resourceGroupName", "name", *NAME_PROPERTY.values()} - {"displayName"}


def name_property(token: str) -> str:
    """Return the input that holds the name of a type of resource."""
    return NAME_PROPERTY.get(token, "name")


def is_shared(token: str) -> bool:
    """Say whether a resource is made by whoever needs it, however many do, and unmade by none."""
    return token in google_computed.OF_THE_PROJECT


def replacing(token: str) -> set[str]:
    """Return the inputs that cannot be changed without making the resource anew."""
    return REPLACING - ({"objectId"} if token != "azure-native:dbforpostgresql:Administrator" else set())


def own_name(token: str, base: str, digest: str) -> str:
    """Return the name that the provider makes of a resource's name in the program."""
    if token == "azure-native:authorization:RoleAssignment":
        return str(uuid.UUID(digest[:32]))
    if token == "azure-native:storage:StorageAccount":
        return f"{base}{digest[:8]}".lower()
    if token.startswith("azure-native:"):
        return f"{base}{digest[:8]}"
    return f"{base}-{digest[:7]}"


def identity(token: str, inputs: dict[str, Any], configured: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the id of a resource and what the cloud computes of it."""
    if token.startswith("azure-native:"):
        return azure_identity(token, inputs)
    return google_computed.identity(token, inputs, configured)


def _digest(*parts: object) -> str:
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()


def _uuid(*parts: object) -> str:
    return str(uuid.UUID(_digest(*parts)[:32]))


# Azure


def azure_identity(token: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the id of a resource of Azure and its computed outputs."""
    _, module, kind = token.split(":")
    name = str(inputs.get(name_property(token)) or _digest(token, sorted(inputs.items(), key=str))[:12])
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{inputs.get('resourceGroupName') or name}"
    if token == "azure-native:resources:ResourceGroup":
        return group, {"name": name}
    if "scope" in inputs:
        return f"{inputs['scope']}/providers/Microsoft.{module.capitalize()}/{kind}/{name}", {"name": name}
    identifier = _azure_id(token, inputs, group, name)
    return identifier, {"name": name, **_azure_outputs(token, inputs, name)}


def _azure_id(token: str, inputs: dict[str, Any], group: str, name: str) -> str:
    _, module, kind = token.split(":")
    collection = f"{kind[0].lower()}{kind[1:]}s"
    provider, parents, parent = PARENTS.get(f"azure-native:{module}", (f"Microsoft.{module.capitalize()}", "", ""))
    if token == "azure-native:storage:Blob":
        return f"https://{inputs['accountName']}.blob.core.windows.net/{inputs['containerName']}/{name}"
    if token == "azure-native:storage:BlobContainer":
        account = f"{group}/providers/{provider}/storageAccounts/{inputs['accountName']}"
        return f"{account}/blobServices/default/containers/{name}"
    if token == "azure-native:web:WebAppAuthSettingsV2":
        return f"{group}/providers/Microsoft.Web/sites/{name}/config/authsettingsV2"
    if token == "azure-native:web:WebApp":
        return f"{group}/providers/Microsoft.Web/sites/{name}"
    if token == "azure-native:privatedns:PrivateZone":
        return f"{group}/providers/Microsoft.Network/privateDnsZones/{name}"
    if token == "azure-native:servicebus:Subscription":
        namespace, topic = inputs["namespaceName"], inputs["topicName"]
        return f"{group}/providers/{provider}/namespaces/{namespace}/topics/{topic}/subscriptions/{name}"
    if token == "azure-native:network:PrivateDnsZoneGroup":
        return f"{group}/providers/{provider}/privateEndpoints/{inputs['privateEndpointName']}/{collection}/{name}"
    if parent and parent in inputs and name_property(token) != parent:
        return f"{group}/providers/{provider}/{parents}/{inputs[parent]}/{collection}/{name}"
    return f"{group}/providers/{provider}/{parents if name_property(token) == parent else collection}/{name}"


def _azure_outputs(token: str, inputs: dict[str, Any], name: str) -> dict[str, Any]:
    match token.removeprefix("azure-native:"):
        case "managedidentity:UserAssignedIdentity":
            return {"principalId": _uuid("principal", name), "clientId": _uuid("client", name), "tenantId": TENANT}
        case "dbforpostgresql:Server":
            return {"fullyQualifiedDomainName": f"{name}.postgres.database.azure.com"}
        case "web:WebApp":
            return {"defaultHostName": f"{name}.azurewebsites.net", "state": "Running"}
        case "applicationinsights:Component":
            endpoint = f"https://{inputs['location']}-5.in.applicationinsights.azure.com/"
            connection = f"InstrumentationKey={_uuid(name)};IngestionEndpoint={endpoint}"
            return {"connectionString": connection, "instrumentationKey": _uuid(name)}
        case "durabletask:Scheduler":
            endpoint = f"https://{name}.{inputs['location']}.durabletask.io"
            return {"properties": {**(inputs.get("properties") or {}), "endpoint": endpoint}}
        case "storage:StorageAccount":
            services = ("blob", "queue", "table", "file")
            return {"primaryEndpoints": {one: f"https://{name}.{one}.core.windows.net/" for one in services}}
        case _:
            return {}


# Functions of the providers


def answered(function: str, arguments: dict[str, Any], configured: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a function of a provider answers, or None when it has none of that name."""
    match function:
        case "azure-native:authorization:getClientConfig":
            account = {"subscriptionId": SUBSCRIPTION, "tenantId": TENANT}
            return {**account, "clientId": _uuid("client"), "objectId": _uuid("object")}
        case _:
            return google_computed.answered(function, arguments, configured)
