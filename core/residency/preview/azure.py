"""Azure: where each type of resource puts data, hidden copies included.

A type that is not here is judged by its location, or else by the list of types that hold no data. What a property means
when it is not there is by the page that `why` names; without one it is general knowledge, taken for the stricter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from isthmus.core.residency.policy import Verb
from isthmus.core.residency.preview.rule import At, Copied, Inside, Nested, Nowhere, Refers, Rule

HERE: Final = At(property="location")
GEO: Final = ("Standard_GRS", "Standard_RAGRS", "Standard_GZRS", "Standard_RAGZRS", "StandardV2_GRS", "StandardV2_GZRS")
ACCOUNT: Final = "azure-native:storage:StorageAccount"
VAULT: Final = "azure-native:keyvault:Vault"
NAMESPACE: Final = "azure-native:servicebus:Namespace"
EVENT_HUBS: Final = "azure-native:eventhub:Namespace"
WORKSPACE: Final = "azure-native:operationalinsights:Workspace"
POSTGRESQL: Final = "azure-native:dbforpostgresql:Server"
MYSQL: Final = "azure-native:dbformysql:Server"
SQL: Final = "azure-native:sql:Server"
REGISTRY: Final = "azure-native:containerregistry:Registry"
COSMOS: Final = "azure-native:cosmosdb:DatabaseAccount"
WEB_APP: Final = "azure-native:web:WebApp"
SCHEDULER: Final = "azure-native:durabletask:Scheduler"
BACKUP_VAULT: Final = "azure-native:dataprotection:BackupVault"
RECOVERY_VAULT: Final = "azure-native:recoveryservices:Vault"

NAMED_BY: Final[Mapping[str, str]] = {
    ACCOUNT: "accountName",
    VAULT: "vaultName",
    NAMESPACE: "namespaceName",
    EVENT_HUBS: "namespaceName",
    WORKSPACE: "workspaceName",
    POSTGRESQL: "serverName",
    MYSQL: "serverName",
    SQL: "serverName",
    REGISTRY: "registryName",
    COSMOS: "accountName",
    SCHEDULER: "schedulerName",
    BACKUP_VAULT: "vaultName",
    RECOVERY_VAULT: "vaultName",
    "azure-native:cognitiveservices:Account": "accountName",
}
"""The property that holds a resource's own name; `name` for all others."""

HOST: Final = r"^https?://([a-z0-9-]+)\."
LAST: Final = r"/([^/]+)/?$"
AFTER_NAMESPACES: Final = r"/namespaces/([^/]+)"
INGESTION: Final = r"IngestionEndpoint=https://([a-z0-9]+)(?:-[0-9]+)?\.in\."

WORLDWIDE: Final = "it answers at edges all over the world, where requests are opened and may be cached"
REGIONAL: Final = "use a regional gateway, as Application Gateway, or let clients reach the app itself"


PARTS_OF_TEMPLATES: Final = ("Microsoft.Web/sites/extensions",)
"""Types that a template may make without a place: each is a part of a resource that has one."""


def _geo(property_: str, *when: str, absent: bool = False, why: str, instead: str) -> Copied:
    return Copied(property=property_, when=when, absent=absent, why=why, instead=instead)


def _inside(property_: str, *to: str) -> tuple[Rule, ...]:
    return (Inside(property=property_, to=to),)


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    # What is kept
    ACCOUNT: (
        HERE,
        _geo("sku.name", *GEO, why="the account is copied to the paired region", instead="use Standard_ZRS or _LRS"),
        At(property="extendedLocation.name", optional=True),
    ),
    "azure-native:storage:ObjectReplicationPolicy": (
        Inside(property="accountName", to=(ACCOUNT,)),
        Refers(
            property="destinationAccount", to=(ACCOUNT,), verb=Verb.REPLICATE, pick=LAST, why="blobs are copied there"
        ),
    ),
    COSMOS: (
        HERE,
        At(property="locations[].locationName", verbs=(*HERE.verbs, Verb.REPLICATE)),
        _geo(
            "backupPolicy.periodicModeProperties.backupStorageRedundancy",
            "Geo",
            absent=True,
            why="backups are copied to the paired region, by default too "
            "(learn.microsoft.com/azure/cosmos-db/periodic-backup-storage-redundancy)",
            instead="say Zone or Local",
        ),
    ),
    POSTGRESQL: (
        HERE,
        _geo(
            "backup.geoRedundantBackup",
            "Enabled",
            why="backups are copied to the paired region",
            instead="say Disabled",
        ),
        Refers(property="sourceServerResourceId", to=(POSTGRESQL,), pick=LAST, why="it is a replica of that server"),
    ),
    MYSQL: (
        HERE,
        _geo(
            "backup.geoRedundantBackup",
            "Enabled",
            why="backups are copied to the paired region",
            instead="say Disabled",
        ),
    ),
    SQL: (HERE,),
    "azure-native:sql:Database": (
        At(property="location"),
        _geo(
            "requestedBackupStorageRedundancy",
            "Geo",
            "GeoZone",
            absent=True,
            why="backups are copied to the paired region, by default too "
            "(techcommunity.microsoft.com/t5/azure-sql-database, configuring backup storage redundancy)",
            instead="say Zone or Local",
        ),
        Inside(property="serverName", to=(SQL,)),
    ),
    "azure-native:sql:ManagedInstance": (
        HERE,
        _geo(
            "requestedBackupStorageRedundancy",
            "Geo",
            "GeoZone",
            absent=True,
            why="backups are copied to the paired region, by default too",
            instead="say Zone or Local",
        ),
    ),
    "azure-native:sql:FailoverGroup": (
        Inside(property="serverName", to=(SQL,)),
        Refers(
            property="partnerServers[].id", to=(SQL,), verb=Verb.REPLICATE, pick=LAST, why="databases are copied there"
        ),
    ),
    "azure-native:redis:LinkedServer": (At(property="linkedRedisCacheLocation", verbs=(*HERE.verbs, Verb.REPLICATE)),),
    "azure-native:netapp:CapacityPoolVolume": (
        HERE,
        At(
            property="dataProtection.replication.remoteVolumeRegion",
            verbs=(*HERE.verbs, Verb.REPLICATE),
            optional=True,
        ),
    ),
    "azure-native:compute:GalleryImageVersion": (
        HERE,
        At(property="publishingProfile.targetRegions[].name", verbs=(Verb.REPLICATE,), optional=True),
    ),
    "azure-native:appconfiguration:Replica": (At(property="location", verbs=(*HERE.verbs, Verb.REPLICATE)),),
    # Keys and secrets
    VAULT: (
        HERE,
        Copied(
            property="location",
            implicit=True,
            why="a vault is copied to the paired region, and there is no switch "
            "(azure-docs key-vault/general/disaster-recovery-guidance.md)",
            instead="choose a region whose pair is allowed, or one without a pair",
        ),
    ),
    "azure-native:keyvault:ManagedHsm": (
        HERE,
        At(property="properties.regions[].name", verbs=(*HERE.verbs, Verb.REPLICATE), optional=True),
    ),
    # Backups and recovery
    RECOVERY_VAULT: (
        HERE,
        _geo(
            "properties.redundancySettings.standardTierStorageRedundancy",
            "GeoRedundant",
            absent=True,
            why="backups are copied to the paired region, by default too",
            instead="say ZoneRedundant or LocallyRedundant",
        ),
        _geo(
            "properties.redundancySettings.crossRegionRestore",
            "Enabled",
            why="backups can be read in the paired region",
            instead="say Disabled",
        ),
    ),
    "azure-native:recoveryservices:ReplicationFabric": (
        At(property="properties.customDetails.location", verbs=(*HERE.verbs, Verb.REPLICATE)),
        Inside(property="resourceName", to=(RECOVERY_VAULT,)),
    ),
    BACKUP_VAULT: (
        HERE,
        _geo(
            "properties.storageSettings[].type",
            "GeoRedundant",
            absent=True,
            why="backups are copied to the paired region",
            instead="say ZoneRedundant or LocallyRedundant",
        ),
        _geo(
            "properties.featureSettings.crossRegionRestoreSettings.state",
            "Enabled",
            why="backups can be read in the paired region",
            instead="say Disabled",
        ),
        At(property="properties.replicatedRegions[]", verbs=(Verb.REPLICATE,), optional=True),
    ),
    # Messages
    NAMESPACE: (
        HERE,
        At(
            property="geoDataReplication.locations[].locationName",
            verbs=(*HERE.verbs, Verb.REPLICATE),
            optional=True,
        ),
    ),
    "azure-native:servicebus:DisasterRecoveryConfig": (
        Inside(property="namespaceName", to=(NAMESPACE,)),
        Refers(
            property="partnerNamespace",
            to=(NAMESPACE,),
            verb=Verb.REPLICATE,
            pick=LAST,
            why="topics and subscriptions are copied there, and messages go there after a failover",
        ),
    ),
    "azure-native:servicebus:MigrationConfig": (
        Refers(property="targetNamespace", to=(NAMESPACE,), pick=LAST, why="the namespace moves there"),
    ),
    EVENT_HUBS: (
        HERE,
        At(
            property="geoDataReplication.locations[].locationName",
            verbs=(*HERE.verbs, Verb.REPLICATE),
            optional=True,
        ),
    ),
    "azure-native:eventhub:DisasterRecoveryConfig": (
        Inside(property="namespaceName", to=(EVENT_HUBS,)),
        Refers(
            property="partnerNamespace",
            to=(EVENT_HUBS,),
            verb=Verb.REPLICATE,
            pick=LAST,
            why="hubs are copied there, and records go there after a failover",
        ),
    ),
    "azure-native:eventhub:EventHub": (
        Inside(property="namespaceName", to=(EVENT_HUBS,)),
        Refers(
            property="captureDescription.destination.storageAccountResourceId",
            to=(ACCOUNT,),
            pick=LAST,
            why="every record is written there",
        ),
    ),
    "azure-native:eventgrid:Topic": (
        HERE,
        _geo(
            "dataResidencyBoundary",
            "WithinGeopair",
            absent=True,
            why="what is configured is copied to the paired region (azure-docs event-grid, data residency)",
            instead="say WithinRegion",
        ),
    ),
    "azure-native:eventgrid:Domain": (
        HERE,
        _geo(
            "dataResidencyBoundary",
            "WithinGeopair",
            absent=True,
            why="what is configured is copied to the paired region (azure-docs event-grid, data residency)",
            instead="say WithinRegion",
        ),
    ),
    "azure-native:communication:CommunicationService": (At(property="dataLocation"),),
    "azure-native:communication:EmailService": (At(property="dataLocation"),),
    # Logs and metrics
    WORKSPACE: (
        HERE,
        At(property="replication.location", verbs=(*HERE.verbs, Verb.REPLICATE), optional=True),
    ),
    "azure-native:operationalinsights:DataExport": (
        Inside(property="workspaceName", to=(WORKSPACE,)),
        Refers(property="resourceId", to=(ACCOUNT, EVENT_HUBS), pick=LAST, why="logs are written there"),
    ),
    "azure-native:applicationinsights:Component": (
        HERE,
        Refers(property="workspaceResourceId", to=(WORKSPACE,), pick=LAST, why="traces and logs are kept there"),
        Nowhere(
            property="workspaceResourceId",
            absent=True,
            verb=Verb.STORE,
            why="without a workspace of its own Azure chooses or makes one",
            instead="name a workspace in the region",
        ),
    ),
    "azure-native:monitor:DiagnosticSetting": (
        Refers(property="workspaceId", to=(WORKSPACE,), pick=LAST, why="logs are kept there"),
        Refers(property="storageAccountId", to=(ACCOUNT,), pick=LAST, why="logs are kept there"),
        Refers(
            property="eventHubAuthorizationRuleId",
            to=(EVENT_HUBS,),
            pick=AFTER_NAMESPACES,
            why="logs are sent there",
        ),
        Refers(property="serviceBusRuleId", to=(NAMESPACE,), pick=AFTER_NAMESPACES, why="logs are sent there"),
        Nowhere(
            property="marketplacePartnerId",
            present=True,
            verb=Verb.STORE,
            why="logs are sent to a partner of Azure's, and nothing says where that is",
            instead="send logs to a workspace in the region",
        ),
    ),
    # Code, and what runs it
    WEB_APP: (
        HERE,
        Refers(
            property="functionAppConfig.deployment.storage.value",
            to=(ACCOUNT,),
            pick=HOST,
            why="the code is kept there",
        ),
        At(
            property="siteConfig.appSettings[APPLICATIONINSIGHTS_CONNECTION_STRING].value",
            within=INGESTION,
            hidden=True,
            optional=True,
            why="telemetry is sent there",
        ),
        At(property="siteConfig.appSettings[ISTHMUS_REGION].value", verbs=(Verb.PROCESS,), optional=True),
    ),
    "azure-native:containerregistry:Replication": (
        At(property="location", verbs=(*HERE.verbs, Verb.REPLICATE)),
        Inside(property="registryName", to=(REGISTRY,)),
    ),
    "azure-native:resources:Deployment": (Nested(property="properties.template"),),
    "azure-native:resources:AzureCliScript": (
        HERE,
        Refers(
            property="storageAccountSettings.storageAccountName",
            to=(ACCOUNT,),
            why="the script keeps its files there",
        ),
    ),
    "azure-native:webpubsub:WebPubSubReplica": (At(property="location", verbs=(*HERE.verbs, Verb.REPLICATE)),),
    "azure-native:signalrservice:SignalRReplica": (At(property="location", verbs=(*HERE.verbs, Verb.REPLICATE)),),
    "azure-native:apimanagement:ApiManagementService": (
        HERE,
        At(property="additionalLocations[].location", verbs=(Verb.PROCESS,), optional=True),
    ),
    "azure-native:cognitiveservices:Deployment": (
        Inside(property="accountName", to=("azure-native:cognitiveservices:Account",)),
        Nowhere(
            property="sku.name",
            when=(
                "GlobalStandard",
                "GlobalBatch",
                "GlobalProvisionedManaged",
                "DataZoneStandard",
                "DataZoneBatch",
                "DataZoneProvisionedManaged",
            ),
            why="prompts may be worked on in any region of a zone, or of the world",
            instead="use Standard or ProvisionedManaged",
        ),
    ),
    # Edges
    "azure-native:cdn:Profile": (
        Nowhere(property="sku.name", present=True, absent=True, why=WORLDWIDE, instead=REGIONAL),
    ),
    "azure-native:frontdoor:FrontDoor": (
        Nowhere(property="location", present=True, absent=True, why=WORLDWIDE, instead=REGIONAL),
    ),
    "azure-native:web:StaticSite": (
        HERE,
        Nowhere(
            property="sku.name",
            present=True,
            absent=True,
            why="a static site is served from all over the world",
            instead="serve it from the app",
        ),
    ),
    "azure-native:azureactivedirectory:B2CTenant": (At(property="location"),),
    # Parts of others
    "azure-native:storage:BlobContainer": _inside("accountName", ACCOUNT),
    "azure-native:storage:Blob": _inside("accountName", ACCOUNT),
    "azure-native:storage:BlobServiceProperties": _inside("accountName", ACCOUNT),
    "azure-native:storage:BlobContainerImmutabilityPolicy": _inside("accountName", ACCOUNT),
    "azure-native:storage:ManagementPolicy": _inside("accountName", ACCOUNT),
    "azure-native:storage:EncryptionScope": _inside("accountName", ACCOUNT),
    "azure-native:storage:Queue": _inside("accountName", ACCOUNT),
    "azure-native:storage:Table": _inside("accountName", ACCOUNT),
    "azure-native:storage:FileShare": _inside("accountName", ACCOUNT),
    "azure-native:keyvault:Key": _inside("vaultName", VAULT),
    "azure-native:keyvault:Secret": _inside("vaultName", VAULT),
    "azure-native:keyvault:AccessPolicy": _inside("vaultName", VAULT),
    "azure-native:servicebus:Topic": _inside("namespaceName", NAMESPACE),
    "azure-native:servicebus:Queue": _inside("namespaceName", NAMESPACE),
    "azure-native:servicebus:Subscription": _inside("namespaceName", NAMESPACE),
    "azure-native:servicebus:Rule": _inside("namespaceName", NAMESPACE),
    "azure-native:servicebus:NamespaceNetworkRuleSet": _inside("namespaceName", NAMESPACE),
    "azure-native:eventhub:ConsumerGroup": _inside("namespaceName", EVENT_HUBS),
    "azure-native:eventhub:NamespaceNetworkRuleSet": _inside("namespaceName", EVENT_HUBS),
    "azure-native:dbforpostgresql:Database": _inside("serverName", POSTGRESQL),
    "azure-native:dbforpostgresql:Administrator": _inside("serverName", POSTGRESQL),
    "azure-native:dbforpostgresql:Configuration": _inside("serverName", POSTGRESQL),
    "azure-native:dbforpostgresql:FirewallRule": _inside("serverName", POSTGRESQL),
    "azure-native:durabletask:TaskHub": _inside("schedulerName", SCHEDULER),
    "azure-native:durabletask:RetentionPolicy": _inside("schedulerName", SCHEDULER),
    "azure-native:operationalinsights:Table": _inside("workspaceName", WORKSPACE),
    "azure-native:operationalinsights:SavedSearch": _inside("workspaceName", WORKSPACE),
    "azure-native:web:WebAppApplicationSettings": _inside("name", WEB_APP),
    "azure-native:web:WebAppAuthSettingsV2": _inside("name", WEB_APP),
    "azure-native:web:WebAppPublicCertificate": _inside("name", WEB_APP),
    "azure-native:web:WebAppFtpAllowed": _inside("name", WEB_APP),
    "azure-native:web:WebAppScmAllowed": _inside("name", WEB_APP),
    "azure-native:dataprotection:BackupInstance": _inside("vaultName", BACKUP_VAULT),
    "azure-native:dataprotection:BackupPolicy": _inside("vaultName", BACKUP_VAULT),
    # The classic provider
    "azure:storage/account:Account": (
        HERE,
        _geo(
            "accountReplicationType",
            "GRS",
            "RAGRS",
            "GZRS",
            "RAGZRS",
            why="the account is copied to the paired region",
            instead="use ZRS or LRS",
        ),
    ),
    "azure:postgresql/flexibleServer:FlexibleServer": (
        HERE,
        _geo("geoRedundantBackupEnabled", "true", why="backups are copied to the paired region", instead="say false"),
    ),
    "azure:recoveryservices/vault:Vault": (
        HERE,
        _geo(
            "storageModeType",
            "GeoRedundant",
            absent=True,
            why="backups are copied to the paired region, by default too",
            instead="say ZoneRedundant or LocallyRedundant",
        ),
    ),
}
