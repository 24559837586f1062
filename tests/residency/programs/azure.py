"""A program on Azure that keeps all in the Netherlands and Sweden: a good one, of which leaks are small changes."""

import pulumi
from pulumi_azure_native import (
    apimanagement,
    appconfiguration,
    applicationinsights,
    cognitiveservices,
    containerregistry,
    cosmosdb,
    dataprotection,
    dbformysql,
    dbforpostgresql,
    durabletask,
    eventgrid,
    eventhub,
    keyvault,
    managedidentity,
    monitor,
    network,
    operationalinsights,
    privatedns,
    recoveryservices,
    redis,
    resources,
    servicebus,
    sql,
    storage,
    web,
    webpubsub,
)

HERE, THERE = "westeurope", "swedencentral"
TENANT = "00000000-0000-0000-0000-000000000002"
TAGS = {"isthmus-data": "financial-personal"}

group = resources.ResourceGroup("desk", location=HERE)
inside = {"resource_group_name": group.name, "location": HERE}
part = {"resource_group_name": group.name}

# What is kept
ledger = storage.StorageAccount("ledger", **inside, kind="StorageV2", sku={"name": "Standard_ZRS"}, tags=TAGS)
copy = storage.StorageAccount("copy", **part, location=THERE, kind="StorageV2", sku={"name": "Standard_ZRS"}, tags=TAGS)
journal = storage.BlobContainer("journal", **part, account_name=ledger.name)
storage.ObjectReplicationPolicy(
    "copies", **part, account_name=ledger.name, source_account=ledger.id, destination_account=copy.id
)
documents = cosmosdb.DatabaseAccount(
    "documents",
    **inside,
    database_account_offer_type="Standard",
    locations=[{"location_name": HERE, "failover_priority": 0}, {"location_name": THERE, "failover_priority": 1}],
    backup_policy={"type": "Periodic", "periodic_mode_properties": {"backup_storage_redundancy": "Local"}},
)
books = dbforpostgresql.Server(
    "books",
    **inside,
    version="17",
    sku={"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
    storage={"storage_size_gb": 64},
    backup={"backup_retention_days": 35, "geo_redundant_backup": "Disabled"},
    auth_config={"active_directory_auth": "Enabled", "password_auth": "Disabled", "tenant_id": TENANT},
    tags=TAGS,
)
dbforpostgresql.Database("book", **part, server_name=books.name)
dbformysql.Server(
    "reports",
    **inside,
    sku={"name": "Standard_D2ds_v4", "tier": "GeneralPurpose"},
    version="8.0.21",
    backup={"geo_redundant_backup": "Disabled"},
)
history = sql.Server("history", **inside)
twin = sql.Server("twin", **part, location=THERE)
sql.Database("trades", **inside, server_name=history.name, requested_backup_storage_redundancy="Zone")
sql.FailoverGroup(
    "failover",
    **part,
    server_name=history.name,
    partner_servers=[{"id": twin.id}],
    read_write_endpoint={"failover_policy": "Manual"},
)
cache = redis.Redis("cache", **inside, sku={"name": "Premium", "family": "P", "capacity": 1})
other_cache = redis.Redis("other-cache", **part, location=THERE, sku={"name": "Premium", "family": "P", "capacity": 1})
redis.LinkedServer(
    "linked",
    **part,
    name=cache.name,
    linked_redis_cache_id=other_cache.id,
    linked_redis_cache_location=THERE,
    server_role="Secondary",
)
settings = appconfiguration.ConfigurationStore("settings", **inside, sku={"name": "Standard"})
appconfiguration.Replica(
    "settings-copy", config_store_name=settings.name, resource_group_name=group.name, location=THERE
)

# Keys, backups
vault = keyvault.Vault(
    "keys", **part, location=THERE, properties={"tenant_id": TENANT, "sku": {"family": "A", "name": "standard"}}
)
keyvault.Key("master", **part, vault_name=vault.name, properties={"kty": "RSA", "key_size": 2048})
keyvault.ManagedHsm(
    "hsm",
    **inside,
    sku={"family": "B", "name": "Standard_B1"},
    properties={"tenant_id": TENANT, "initial_admin_object_ids": [TENANT], "regions": [{"name": THERE}]},
)
recovery = recoveryservices.Vault(
    "recovery",
    **inside,
    sku={"name": "Standard"},
    properties={
        "redundancy_settings": {
            "standard_tier_storage_redundancy": "ZoneRedundant",
            "cross_region_restore": "Disabled",
        }
    },
)
dataprotection.BackupVault(
    "backups",
    **inside,
    properties={
        "storage_settings": [{"datastore_type": "VaultStore", "type": "ZoneRedundant"}],
        "feature_settings": {"cross_region_restore_settings": {"state": "Disabled"}},
    },
)

# Messages
topics = servicebus.Namespace(
    "topics",
    **inside,
    sku={"name": "Premium", "tier": "Premium", "capacity": 1},
    geo_data_replication={"locations": [{"location_name": HERE, "role_type": "Primary"}]},
    tags=TAGS,
)
other_topics = servicebus.Namespace(
    "other-topics", **part, location=THERE, sku={"name": "Premium", "tier": "Premium", "capacity": 1}
)
servicebus.DisasterRecoveryConfig("recover", **part, namespace_name=topics.name, partner_namespace=other_topics.id)
servicebus.Topic("orders", **part, namespace_name=topics.name)
hubs = eventhub.Namespace("hubs", **inside, sku={"name": "Standard", "tier": "Standard"})
other_hubs = eventhub.Namespace("other-hubs", **part, location=THERE, sku={"name": "Standard", "tier": "Standard"})
eventhub.DisasterRecoveryConfig("recover-hubs", **part, namespace_name=hubs.name, partner_namespace=other_hubs.id)
eventhub.EventHub(
    "quotes",
    **part,
    namespace_name=hubs.name,
    capture_description={
        "enabled": True,
        "encoding": "Avro",
        "destination": {
            "name": "EventHubArchive.AzureBlockBlob",
            "storage_account_resource_id": ledger.id,
            "blob_container": journal.name,
        },
    },
)
eventgrid.Topic("events", **inside, data_residency_boundary="WithinRegion")

# Logs
logs = operationalinsights.Workspace("logs", **inside, sku={"name": "PerGB2018"}, retention_in_days=30)
operationalinsights.DataExport(
    "logs-export", **part, workspace_name=logs.name, resource_id=ledger.id, table_names=["AppTraces"]
)
applicationinsights.Component("traces", **inside, application_type="web", kind="web", workspace_resource_id=logs.id)
monitor.DiagnosticSetting(
    "books-logs", resource_uri=books.id, workspace_id=logs.id, storage_account_id=ledger.id, logs=[]
)

# Code, and what runs it
web.WebApp(
    "app",
    **inside,
    kind="functionapp,linux",
    function_app_config={
        "deployment": {
            "storage": {
                "type": "blobContainer",
                "value": pulumi.Output.concat("https://", ledger.name, ".blob.core.windows.net/", journal.name),
                "authentication": {"type": "SystemAssignedIdentity"},
            }
        },
        "runtime": {"name": "python", "version": "3.13"},
        "scale_and_concurrency": {"maximum_instance_count": 40, "instance_memory_mb": 2048},
    },
    site_config={
        "app_settings": [
            {"name": "ISTHMUS_REGION", "value": HERE},
            {
                "name": "APPLICATIONINSIGHTS_CONNECTION_STRING",
                "value": "InstrumentationKey=0;IngestionEndpoint=https://westeurope-5.in.applicationinsights.azure.com/",
            },
        ]
    },
    tags=TAGS,
)
registry = containerregistry.Registry("images", **inside, sku={"name": "Premium"})
containerregistry.Replication("images-copy", **part, location=THERE, registry_name=registry.name)
scheduler = durabletask.Scheduler(
    "flows", **inside, properties={"ip_allowlist": ["0.0.0.0/0"], "sku": {"name": "Dedicated", "capacity": 1}}
)
durabletask.TaskHub("hub", **part, scheduler_name=scheduler.name)
resources.AzureCliScript(
    "migrate",
    **inside,
    kind="AzureCLI",
    az_cli_version="2.77.0",
    retention_interval="P1D",
    script_content="true",
    storage_account_settings={"storage_account_name": ledger.name},
)
resources.Deployment(
    "template",
    **part,
    properties={
        "mode": "Incremental",
        "template": {"resources": [{"type": "Microsoft.Storage/storageAccounts", "name": "inner", "location": HERE}]},
    },
)
clients = webpubsub.WebPubSub("clients", **inside, sku={"name": "Premium_P1", "capacity": 1})
webpubsub.WebPubSubReplica("clients-copy", **part, location=THERE, resource_name_=clients.name)
apimanagement.ApiManagementService(
    "gate",
    **inside,
    publisher_email="desk@example.com",
    publisher_name="desk",
    sku={"name": "Premium", "capacity": 1},
    additional_locations=[{"location": THERE, "sku": {"name": "Premium", "capacity": 1}}],
)
models = cognitiveservices.Account("models", **inside, kind="OpenAI", sku={"name": "S0"}, properties={})
cognitiveservices.Deployment(
    "model",
    **part,
    account_name=models.name,
    sku={"name": "Standard", "capacity": 1},
    properties={"model": {"format": "OpenAI", "name": "gpt-4o", "version": "1"}},
)

# What holds nothing
who = managedidentity.UserAssignedIdentity("who", **inside)
net = network.VirtualNetwork("net", **inside, address_space={"address_prefixes": ["10.0.0.0/16"]})
network.Subnet("subnet", **part, virtual_network_name=net.name, address_prefix="10.0.0.0/24")
privatedns.PrivateZone("names", **part, location="Global", private_zone_name="privatelink.blob.core.windows.net")
