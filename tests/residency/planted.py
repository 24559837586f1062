"""Planted leaks: each a small change to a good program, with what a finding must say of it.

put(…)     gives a property another value        drop(…)    takes it away        add(…)    adds a resource
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from isthmus.core.residency.preview.resource import Resource, read_preview

HERE = Path(__file__).resolve().parent
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
AZ, GCP = "azure-native:", "gcp:"

type Change = Callable[[list[Resource]], list[Resource]]


class Leak(NamedTuple):
    """Say what is changed, and what is found: of which resource and property, in which country, by which rule."""

    change: Change
    resource: str
    type: str
    property: str
    rule: str
    country: str = ""


def good(cloud: str) -> list[Resource]:
    """Return the resources of a recorded preview in which nothing leaks."""
    return read_preview((HERE / "previews" / f"{cloud}.json").read_bytes(), name=cloud)


def put(resource: str, path: str, value: Any) -> Change:
    """Give a property of a resource another value, which comes from nowhere in the deployment."""

    def change(resources: list[Resource]) -> list[Resource]:
        return [_with(one, path, value) if one.name == resource else one for one in resources]

    return change


def drop(resource: str, path: str) -> Change:
    """Take a property of a resource away."""
    return put(resource, path, None)


def add(type_: str, name: str, **properties: Any) -> Change:
    """Add a resource."""

    def change(resources: list[Resource]) -> list[Resource]:
        urn = f"urn:pulumi:dev::desk::{type_}::{name}"
        return [*resources, Resource(urn=urn, type=type_, properties=properties)]

    return change


def gone(resource: str) -> Change:
    """Take a resource away."""
    return lambda resources: [one for one in resources if one.name != resource]


def _with(resource: Resource, path: str, value: Any) -> Resource:
    properties: Any = copy.deepcopy(resource.properties)
    *way, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    inner = properties
    for key in way:
        if isinstance(inner, dict) and key not in inner:
            inner[key] = {}
        inner = inner[key]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    free = {name: urns for name, urns in resource.dependencies.items() if name != path.partition(".")[0]}
    return msgspec.structs.replace(resource, properties=properties, dependencies=free)


def leaks(table: Sequence[tuple[Any, ...]]) -> list[Leak]:
    """Return a table's rows as leaks."""
    return [Leak(*row) for row in table]


ID = "/subscriptions/0/resourceGroups/other/providers"

AZURE = leaks(
    [
        # Places
        (put("desk", "location", "eastus"), "desk", AZ + "resources:ResourceGroup", "location", "country", "US"),
        (put("ledger", "location", "uksouth"), "ledger", AZ + "storage:StorageAccount", "location", "country", "GB"),
        (put("ledger", "location", "europe"), "ledger", AZ + "storage:StorageAccount", "location", "unknown-place"),
        (drop("ledger", "location"), "ledger", AZ + "storage:StorageAccount", "location", "cannot-be-known"),
        (put("books", "location", "norwayeast"), "books", AZ + "dbforpostgresql:Server", "location", "country", "NO"),
        (put("app", "location", "switzerlandnorth"), "app", AZ + "web:WebApp", "location", "country", "CH"),
        (put("logs", "location", "eastus2"), "logs", AZ + "operationalinsights:Workspace", "location", "country", "US"),
        (put("net", "location", "ukwest"), "net", AZ + "network:VirtualNetwork", "location", "country", "GB"),
        (put("who", "location", "centralus"), "who", AZ + "managedidentity:UserAssignedIdentity", "location", "country", "US"),
        (put("flows", "location", "northeurope"), "flows", AZ + "durabletask:Scheduler", "location", "country", "IE"),
        # Copies in the pair
        (put("ledger", "sku.name", "Standard_GRS"), "ledger", AZ + "storage:StorageAccount", "sku.name", "pair", "IE"),
        (put("ledger", "sku.name", "Standard_RAGZRS"), "ledger", AZ + "storage:StorageAccount", "sku.name", "pair", "IE"),
        (put("books", "backup.geoRedundantBackup", "Enabled"), "books", AZ + "dbforpostgresql:Server", "backup.geoRedundantBackup", "pair", "IE"),
        (put("reports", "backup.geoRedundantBackup", "Enabled"), "reports", AZ + "dbformysql:Server", "backup.geoRedundantBackup", "pair", "IE"),
        (put("trades", "requestedBackupStorageRedundancy", "Geo"), "trades", AZ + "sql:Database", "requestedBackupStorageRedundancy", "pair", "IE"),
        (drop("trades", "requestedBackupStorageRedundancy"), "trades", AZ + "sql:Database", "requestedBackupStorageRedundancy", "pair", "IE"),
        (drop("documents", "backupPolicy"), "documents", AZ + "cosmosdb:DatabaseAccount", "backupPolicy.periodicModeProperties.backupStorageRedundancy", "pair", "IE"),
        (put("keys", "location", "westeurope"), "keys", AZ + "keyvault:Vault", "location", "pair", "IE"),
        (drop("recovery", "properties.redundancySettings.standardTierStorageRedundancy"), "recovery", AZ + "recoveryservices:Vault", "properties.redundancySettings.standardTierStorageRedundancy", "pair", "IE"),
        (put("recovery", "properties.redundancySettings.crossRegionRestore", "Enabled"), "recovery", AZ + "recoveryservices:Vault", "properties.redundancySettings.crossRegionRestore", "pair", "IE"),
        (put("backups", "properties.storageSettings.0.type", "GeoRedundant"), "backups", AZ + "dataprotection:BackupVault", "properties.storageSettings[0].type", "pair", "IE"),
        (put("backups", "properties.featureSettings.crossRegionRestoreSettings.state", "Enabled"), "backups", AZ + "dataprotection:BackupVault", "properties.featureSettings.crossRegionRestoreSettings.state", "pair", "IE"),
        (put("backups", "properties.replicatedRegions", ["eastus"]), "backups", AZ + "dataprotection:BackupVault", "properties.replicatedRegions[0]", "country", "US"),
        (drop("events", "dataResidencyBoundary"), "events", AZ + "eventgrid:Topic", "dataResidencyBoundary", "pair", "IE"),
        # Copies elsewhere
        (put("documents", "locations.1.locationName", "francecentral"), "documents", AZ + "cosmosdb:DatabaseAccount", "locations[1].locationName", "country", "FR"),
        (put("hsm", "properties.regions.0.name", "uksouth"), "hsm", AZ + "keyvault:ManagedHsm", "properties.regions[0].name", "country", "GB"),
        (put("topics", "geoDataReplication.locations", [{"locationName": "eastus"}]), "topics", AZ + "servicebus:Namespace", "geoDataReplication.locations[0].locationName", "country", "US"),
        (put("hubs", "geoDataReplication", {"locations": [{"locationName": "eastus"}]}), "hubs", AZ + "eventhub:Namespace", "geoDataReplication.locations[0].locationName", "country", "US"),
        (put("logs", "replication", {"enabled": True, "location": "northeurope"}), "logs", AZ + "operationalinsights:Workspace", "replication.location", "country", "IE"),
        (put("images-copy", "location", "eastus"), "images-copy", AZ + "containerregistry:Replication", "location", "country", "US"),
        (put("clients-copy", "location", "eastus"), "clients-copy", AZ + "webpubsub:WebPubSubReplica", "location", "country", "US"),
        (put("settings-copy", "location", "japaneast"), "settings-copy", AZ + "appconfiguration:Replica", "location", "country", "JP"),
        (put("linked", "linkedRedisCacheLocation", "eastus"), "linked", AZ + "redis:LinkedServer", "linkedRedisCacheLocation", "country", "US"),
        (put("gate", "additionalLocations.0.location", "eastus"), "gate", AZ + "apimanagement:ApiManagementService", "additionalLocations[0].location", "country", "US"),
        # Names of what is not in the deployment
        (put("copies", "destinationAccount", "elsewhere"), "copies", AZ + "storage:ObjectReplicationPolicy", "destinationAccount", "cannot-be-known"),
        (put("failover", "partnerServers", [{"id": f"{ID}/Microsoft.Sql/servers/other"}]), "failover", AZ + "sql:FailoverGroup", "partnerServers[0].id", "cannot-be-known"),
        (put("recover", "partnerNamespace", f"{ID}/Microsoft.ServiceBus/namespaces/other"), "recover", AZ + "servicebus:DisasterRecoveryConfig", "partnerNamespace", "cannot-be-known"),
        (put("recover-hubs", "partnerNamespace", f"{ID}/Microsoft.EventHub/namespaces/other"), "recover-hubs", AZ + "eventhub:DisasterRecoveryConfig", "partnerNamespace", "cannot-be-known"),
        (put("quotes", "captureDescription.destination.storageAccountResourceId", f"{ID}/Microsoft.Storage/storageAccounts/other"), "quotes", AZ + "eventhub:EventHub", "captureDescription.destination.storageAccountResourceId", "cannot-be-known"),
        (put("logs-export", "resourceId", f"{ID}/Microsoft.Storage/storageAccounts/other"), "logs-export", AZ + "operationalinsights:DataExport", "resourceId", "cannot-be-known"),
        (put("books-logs", "workspaceId", f"{ID}/Microsoft.OperationalInsights/workspaces/other"), "books-logs", AZ + "monitor:DiagnosticSetting", "workspaceId", "cannot-be-known"),
        (put("books-logs", "eventHubAuthorizationRuleId", f"{ID}/Microsoft.EventHub/namespaces/other/authorizationRules/send"), "books-logs", AZ + "monitor:DiagnosticSetting", "eventHubAuthorizationRuleId", "cannot-be-known"),
        (put("books-logs", "marketplacePartnerId", f"{ID}/Microsoft.Datadog/monitors/dog"), "books-logs", AZ + "monitor:DiagnosticSetting", "marketplacePartnerId", "global"),
        (put("traces", "workspaceResourceId", f"{ID}/Microsoft.OperationalInsights/workspaces/other"), "traces", AZ + "applicationinsights:Component", "workspaceResourceId", "cannot-be-known"),
        (drop("traces", "workspaceResourceId"), "traces", AZ + "applicationinsights:Component", "workspaceResourceId", "global"),
        (put("app", "functionAppConfig.deployment.storage.value", "https://elsewhere.blob.core.windows.net/code"), "app", AZ + "web:WebApp", "functionAppConfig.deployment.storage.value", "cannot-be-known"),
        (put("app", "functionAppConfig.deployment.storage.value", UNKNOWN), "app", AZ + "web:WebApp", "functionAppConfig.deployment.storage.value", "cannot-be-known"),
        (put("app", "siteConfig.appSettings.1.value", "InstrumentationKey=0;IngestionEndpoint=https://eastus-8.in.applicationinsights.azure.com/"), "app", AZ + "web:WebApp", "siteConfig.appSettings[APPLICATIONINSIGHTS_CONNECTION_STRING].value", "country", "US"),
        (put("app", "siteConfig.appSettings.1.value", "InstrumentationKey=0"), "app", AZ + "web:WebApp", "siteConfig.appSettings[APPLICATIONINSIGHTS_CONNECTION_STRING].value", "unknown-place"),
        (put("app", "siteConfig.appSettings.0.value", "uksouth"), "app", AZ + "web:WebApp", "siteConfig.appSettings[ISTHMUS_REGION].value", "country", "GB"),
        (put("migrate", "storageAccountSettings.storageAccountName", "elsewhere"), "migrate", AZ + "resources:AzureCliScript", "storageAccountSettings.storageAccountName", "cannot-be-known"),
        (put("journal", "accountName", "elsewhere"), "journal", AZ + "storage:BlobContainer", "accountName", "cannot-be-known"),
        (put("master", "vaultName", "elsewhere"), "master", AZ + "keyvault:Key", "vaultName", "cannot-be-known"),
        (put("book", "serverName", "elsewhere"), "book", AZ + "dbforpostgresql:Database", "serverName", "cannot-be-known"),
        # Templates, models, edges, strangers
        (put("template", "properties.template.resources.0.location", "eastus"), "template", AZ + "resources:Deployment", "properties.template.resources[0].location", "country", "US"),
        (drop("template", "properties.template.resources.0.location"), "template", AZ + "resources:Deployment", "properties.template.resources[0]", "cannot-be-known"),
        (put("model", "sku.name", "GlobalStandard"), "model", AZ + "cognitiveservices:Deployment", "sku.name", "global"),
        (add(AZ + "cdn:Profile", "edge", location="Global", sku={"name": "Standard_AzureFrontDoor"}), "edge", AZ + "cdn:Profile", "sku.name", "global"),
        (add(AZ + "web:StaticSite", "site", location="westeurope", sku={"name": "Standard"}), "site", AZ + "web:StaticSite", "sku.name", "global"),
        (add(AZ + "communication:CommunicationService", "mail", location="Global", dataLocation="Europe"), "mail", AZ + "communication:CommunicationService", "dataLocation", "unknown-place"),
        (add(AZ + "compute:GalleryImageVersion", "image", location="westeurope", publishingProfile={"targetRegions": [{"name": "East US"}]}), "image", AZ + "compute:GalleryImageVersion", "publishingProfile.targetRegions[0].name", "country", "US"),
        (add(AZ + "netapp:CapacityPoolVolume", "volume", location="westeurope", dataProtection={"replication": {"remoteVolumeRegion": "uksouth"}}), "volume", AZ + "netapp:CapacityPoolVolume", "dataProtection.replication.remoteVolumeRegion", "country", "GB"),
        (add(AZ + "signalrservice:SignalRReplica", "signal", location="eastus"), "signal", AZ + "signalrservice:SignalRReplica", "location", "country", "US"),
        (add(AZ + "sql:ManagedInstance", "managed", location="westeurope"), "managed", AZ + "sql:ManagedInstance", "requestedBackupStorageRedundancy", "pair", "IE"),
        (add(AZ + "servicebus:MigrationConfig", "move", targetNamespace=f"{ID}/Microsoft.ServiceBus/namespaces/other"), "move", AZ + "servicebus:MigrationConfig", "targetNamespace", "cannot-be-known"),
        (add(AZ + "search/v20250501:Service", "search", location="eastus"), "search", AZ + "search/v20250501:Service", "location", "country", "US"),
        (add(AZ + "storage/v20230101:StorageAccount", "old", location="westeurope", sku={"name": "Standard_GRS"}), "old", AZ + "storage/v20230101:StorageAccount", "sku.name", "pair", "IE"),
        (add("azure:storage/account:Account", "classic", location="West Europe", accountReplicationType="GRS"), "classic", "azure:storage/account:Account", "accountReplicationType", "pair", "IE"),
        (add("azure:recoveryservices/vault:Vault", "classic-vault", location="westeurope"), "classic-vault", "azure:recoveryservices/vault:Vault", "storageModeType", "pair", "IE"),
        (add("snowflake:index/database:Database", "lake"), "lake", "snowflake:index/database:Database", "", "cannot-be-known"),
    ]
)  # fmt: skip

SINK = "logging.googleapis.com/projects/other/locations"

GOOGLE = leaks(
    [
        # Places
        (put("journal", "location", "US"), "journal", GCP + "storage/bucket:Bucket", "location", "country", "US"),
        (put("journal", "location", "EU"), "journal", GCP + "storage/bucket:Bucket", "location", "country", "FR"),
        (put("journal", "location", "EUR4"), "journal", GCP + "storage/bucket:Bucket", "location", "country", "FI"),
        (put("journal", "location", "ASIA"), "journal", GCP + "storage/bucket:Bucket", "location", "unknown-place"),
        (put("journal", "location", "europe-west2"), "journal", GCP + "storage/bucket:Bucket", "location", "country", "GB"),
        (put("ledger", "customPlacementConfig.dataLocations", ["EUROPE-WEST4", "EUROPE-WEST6"]), "ledger", GCP + "storage/bucket:Bucket", "customPlacementConfig.dataLocations[1]", "country", "CH"),
        (put("books", "region", "us-central1"), "books", GCP + "sql/databaseInstance:DatabaseInstance", "region", "country", "US"),
        (put("app", "location", "europe-west1"), "app", GCP + "cloudfunctionsv2/function:Function", "location", "country", "BE"),
        (put("socket", "location", "europe-north1"), "socket", GCP + "cloudrunv2/service:Service", "location", "country", "FI"),
        (put("flow", "region", "europe-west9"), "flow", GCP + "workflows/workflow:Workflow", "region", "country", "FR"),
        (put("tick", "region", "asia-south1"), "tick", GCP + "cloudscheduler/job:Job", "region", "country", "IN"),
        (drop("flow", "region"), "flow", GCP + "workflows/workflow:Workflow", "region", "cannot-be-known"),
        (put("documents", "locationId", "nam5"), "documents", GCP + "firestore/database:Database", "locationId", "country", "US"),
        (put("documents", "locationId", "eur3"), "documents", GCP + "firestore/database:Database", "locationId", "country", "FI"),
        (put("ledger-copy", "config", "nam-eur-asia1"), "ledger-copy", GCP + "spanner/instance:Instance", "config", "unknown-place"),
        (put("history", "location", "US"), "history", GCP + "bigquery/dataset:Dataset", "location", "country", "US"),
        (drop("history", "location"), "history", GCP + "bigquery/dataset:Dataset", "location", "country", "US"),
        (put("transfer", "location", "us"), "transfer", GCP + "bigquery/dataTransferConfig:DataTransferConfig", "location", "country", "US"),
        (put("ticks", "clusters", [{"clusterId": "a", "zone": "europe-west4-a"}, {"clusterId": "b", "zone": "us-east1-b"}]), "ticks", GCP + "bigtable/instance:Instance", "clusters[1].zone", "country", "US"),
        (put("cache", "region", "europe-west12"), "cache", GCP + "redis/cluster:Cluster", "region", "country", "IT"),
        (put("keys", "location", "global"), "keys", GCP + "kms/keyRing:KeyRing", "location", "global"),
        (put("keys", "location", "europe"), "keys", GCP + "kms/keyRing:KeyRing", "location", "unknown-place"),
        (put("token", "location", "europe-west2"), "token", GCP + "secretmanager/regionalSecret:RegionalSecret", "location", "country", "GB"),
        (put("arrivals", "location", "global"), "arrivals", GCP + "eventarc/trigger:Trigger", "location", "global"),
        # Copies and backups
        (put("books", "settings.backupConfiguration.location", "eu"), "books", GCP + "sql/databaseInstance:DatabaseInstance", "settings.backupConfiguration.location", "country", "FR"),
        (drop("books", "settings.backupConfiguration.location"), "books", GCP + "sql/databaseInstance:DatabaseInstance", "settings.backupConfiguration.location", "global"),
        (put("books", "settings.locationPreference.secondaryZone", "europe-west2-a"), "books", GCP + "sql/databaseInstance:DatabaseInstance", "settings.locationPreference.secondaryZone", "country", "GB"),
        (put("books", "masterInstanceName", "other"), "books", GCP + "sql/databaseInstance:DatabaseInstance", "masterInstanceName", "cannot-be-known"),
        (put("risk", "automatedBackupPolicy.location", "us-east4"), "risk", GCP + "alloydb/cluster:Cluster", "automatedBackupPolicy.location", "country", "US"),
        (put("risk", "secondaryConfig", {"primaryClusterName": "projects/other/locations/us-east1/clusters/risk"}), "risk", GCP + "alloydb/cluster:Cluster", "secondaryConfig.primaryClusterName", "country", "US"),
        (put("cache", "crossClusterReplicationConfig", {"primaryCluster": {"cluster": "projects/desk/locations/us-east1/clusters/c"}}), "cache", GCP + "redis/cluster:Cluster", "crossClusterReplicationConfig.primaryCluster.cluster", "country", "US"),
        (put("snapshot", "storageLocations", ["us"]), "snapshot", GCP + "compute/snapshot:Snapshot", "storageLocations[0]", "country", "US"),
        (drop("snapshot", "storageLocations"), "snapshot", GCP + "compute/snapshot:Snapshot", "storageLocations[]", "global"),
        (put("nightly", "snapshotSchedulePolicy.snapshotProperties.storageLocations", "asia"), "nightly", GCP + "compute/resourcePolicy:ResourcePolicy", "snapshotSchedulePolicy.snapshotProperties.storageLocations[]", "unknown-place"),
        (put("cluster-backup", "location", "us-west1"), "cluster-backup", GCP + "gkebackup/backupPlan:BackupPlan", "location", "country", "US"),
        (put("disk", "asyncPrimaryDisk", {"disk": "elsewhere"}), "disk", GCP + "compute/disk:Disk", "asyncPrimaryDisk.disk", "cannot-be-known"),
        (add(GCP + "backupdisasterrecovery/backupVault:BackupVault", "vault", location="us-central1"), "vault", GCP + "backupdisasterrecovery/backupVault:BackupVault", "location", "country", "US"),
        (add(GCP + "filestore/backup:Backup", "files", location="us-central1"), "files", GCP + "filestore/backup:Backup", "location", "country", "US"),
        # Messages and secrets
        (drop("orders", "messageStoragePolicy"), "orders", GCP + "pubsub/topic:Topic", "messageStoragePolicy.allowedPersistenceRegions[]", "global"),
        (put("orders", "messageStoragePolicy.allowedPersistenceRegions", ["europe-west4", "us-east1"]), "orders", GCP + "pubsub/topic:Topic", "messageStoragePolicy.allowedPersistenceRegions[1]", "country", "US"),
        (put("orders-kept", "cloudStorageConfig.bucket", "elsewhere"), "orders-kept", GCP + "pubsub/subscription:Subscription", "cloudStorageConfig.bucket", "cannot-be-known"),
        (put("orders-queried", "bigqueryConfig.table", "desk.elsewhere.orders"), "orders-queried", GCP + "pubsub/subscription:Subscription", "bigqueryConfig.table", "cannot-be-known"),
        (put("orders-pushed", "pushConfig.pushEndpoint", "https://hooks.example.com/orders"), "orders-pushed", GCP + "pubsub/subscription:Subscription", "pushConfig.pushEndpoint", "cannot-be-known"),
        (put("orders-pushed", "pushConfig.pushEndpoint", "https://desk-123.us-east1.run.app/orders"), "orders-pushed", GCP + "pubsub/subscription:Subscription", "pushConfig.pushEndpoint", "country", "US"),
        (put("orders-pushed", "pushConfig.pushEndpoint", "https://desk-123.europe-west4.run.app.example.com/"), "orders-pushed", GCP + "pubsub/subscription:Subscription", "pushConfig.pushEndpoint", "cannot-be-known"),
        (put("socket", "template.containers.0.image", "example.com/gcr.io/google.com/socket"), "socket", GCP + "cloudrunv2/service:Service", "template.containers[0].image", "unknown-place"),
        (put("orders-kept", "deadLetterPolicy.deadLetterTopic", "projects/other/topics/dead"), "orders-kept", GCP + "pubsub/subscription:Subscription", "deadLetterPolicy.deadLetterTopic", "cannot-be-known"),
        (put("to-bucket", "destination", "pubsub.googleapis.com/projects/other/topics/dead"), "to-bucket", GCP + "logging/projectSink:ProjectSink", "destination", "cannot-be-known"),
        (put("orders-kept", "topic", "projects/other/topics/orders"), "orders-kept", GCP + "pubsub/subscription:Subscription", "topic", "cannot-be-known"),
        (put("password", "replication", {"auto": {}}), "password", GCP + "secretmanager/secret:Secret", "replication.auto", "global"),
        (put("password", "replication.userManaged.replicas.1.location", "us-east1"), "password", GCP + "secretmanager/secret:Secret", "replication.userManaged.replicas[1].location", "country", "US"),
        # Logs and metrics
        (put("logs", "location", "global"), "logs", GCP + "logging/projectBucketConfig:ProjectBucketConfig", "location", "global"),
        (gone("logs"), "_Default log bucket of the project", GCP + "logging/projectBucketConfig:ProjectBucketConfig", "location", "global"),
        (put("to-bucket", "destination", f"{SINK}/us-central1/buckets/all"), "to-bucket", GCP + "logging/projectSink:ProjectSink", "destination", "country", "US"),
        (put("to-bucket", "destination", "storage.googleapis.com/elsewhere"), "to-bucket", GCP + "logging/projectSink:ProjectSink", "destination", "cannot-be-known"),
        (put("orders-seen", "labelExtractors", {"client": "EXTRACT(jsonPayload.client)"}), "orders-seen", GCP + "logging/metric:Metric", "labelExtractors", "global"),
        (put("ledger", "logging.logBucket", "elsewhere"), "ledger", GCP + "storage/bucket:Bucket", "logging.logBucket", "cannot-be-known"),
        (add(GCP + "logging/organizationSink:OrganizationSink", "all", destination="bigquery.googleapis.com/projects/p/datasets/all"), "all", GCP + "logging/organizationSink:OrganizationSink", "destination", "cannot-be-known"),
        (add(GCP + "logging/organizationSettings:OrganizationSettings", "where", organization="1"), "where", GCP + "logging/organizationSettings:OrganizationSettings", "storageLocation", "global"),
        # Builds and images
        (put("images", "location", "us"), "images", GCP + "artifactregistry/repository:Repository", "location", "country", "US"),
        (put("images", "location", "europe"), "images", GCP + "artifactregistry/repository:Repository", "location", "unknown-place"),
        (put("code", "location", "us-east1"), "code", GCP + "storage/bucket:Bucket", "location", "country", "US"),
        (put("app", "buildConfig.source.storageSource.bucket", "elsewhere"), "app", GCP + "cloudfunctionsv2/function:Function", "buildConfig.source.storageSource.bucket", "cannot-be-known"),
        (put("app", "buildConfig.dockerRepository", "projects/desk/locations/us-central1/repositories/images"), "app", GCP + "cloudfunctionsv2/function:Function", "buildConfig.dockerRepository", "country", "US"),
        (put("app", "buildConfig.workerPool", "projects/desk/locations/us-west1/workerPools/pool"), "app", GCP + "cloudfunctionsv2/function:Function", "buildConfig.workerPool", "country", "US"),
        (put("app", "serviceConfig.environmentVariables.ISTHMUS_REGION", "europe-west2"), "app", GCP + "cloudfunctionsv2/function:Function", "serviceConfig.environmentVariables.ISTHMUS_REGION", "country", "GB"),
        (put("app", "eventTrigger", {"triggerRegion": "global"}), "app", GCP + "cloudfunctionsv2/function:Function", "eventTrigger.triggerRegion", "global"),
        (put("socket", "template.containers.0.image", "gcr.io/desk/socket"), "socket", GCP + "cloudrunv2/service:Service", "template.containers[0].image", "unknown-place"),
        (put("socket", "template.containers.0.image", "us-docker.pkg.dev/desk/images/socket"), "socket", GCP + "cloudrunv2/service:Service", "template.containers[0].image", "country", "US"),
        (drop("build", "location"), "build", GCP + "cloudbuild/trigger:Trigger", "location", "global"),
        (put("build", "build.logsBucket", "gs://elsewhere"), "build", GCP + "cloudbuild/trigger:Trigger", "build.logsBucket", "cannot-be-known"),
        (put("pool", "location", "us-west1"), "pool", GCP + "cloudbuild/workerPool:WorkerPool", "location", "country", "US"),
        (put("package", "bucket", "elsewhere"), "package", GCP + "storage/bucketObject:BucketObject", "bucket", "cannot-be-known"),
        (put("master", "keyRing", "projects/other/locations/us/keyRings/r"), "master", GCP + "kms/cryptoKey:CryptoKey", "keyRing", "country", "US"),
        (put("book", "instance", "elsewhere"), "book", GCP + "sql/database:Database", "instance", "cannot-be-known"),
        (add(GCP + "storage/transferJob:TransferJob", "move", transferSpec={"gcsDataSink": {"bucketName": "elsewhere"}}), "move", GCP + "storage/transferJob:TransferJob", "transferSpec.gcsDataSink.bucketName", "cannot-be-known"),
        # Variables, edges, strangers
        (put("flow", "labels", {"isthmus-data": "financial"}), "flow", GCP + "workflows/workflow:Workflow", "sourceContents", "workflows-variables"),
        (drop("flow", "labels"), "flow", GCP + "workflows/workflow:Workflow", "sourceContents", "workflows-variables"),
        (put("back", "enableCdn", value=True), "back", GCP + "compute/backendService:BackendService", "enableCdn", "global"),
        (add(GCP + "compute/globalForwardingRule:GlobalForwardingRule", "front", target="proxy"), "front", GCP + "compute/globalForwardingRule:GlobalForwardingRule", "target", "global"),
        (add(GCP + "compute/backendBucket:BackendBucket", "static", bucketName="elsewhere"), "static", GCP + "compute/backendBucket:BackendBucket", "bucketName", "cannot-be-known"),
        (add(GCP + "container/registry:Registry", "old-images"), "old-images", GCP + "container/registry:Registry", "location", "country", "US"),
        (add(GCP + "dialogflow/cxAgent:CxAgent", "bot", location="global"), "bot", GCP + "dialogflow/cxAgent:CxAgent", "location", "global"),
        (add(GCP + "identityplatform/config:Config", "people"), "people", GCP + "identityplatform/config:Config", "", "cannot-be-known"),
    ]
)  # fmt: skip
