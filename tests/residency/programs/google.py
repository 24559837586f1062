"""A program on Google Cloud that keeps everything in the Netherlands and Germany: leaks are small changes of it."""

import pulumi
from pulumi_gcp import (
    alloydb,
    artifactregistry,
    bigquery,
    bigtable,
    cloudbuild,
    cloudfunctionsv2,
    cloudrunv2,
    cloudscheduler,
    compute,
    eventarc,
    firestore,
    gkebackup,
    kms,
    logging,
    projects,
    pubsub,
    redis,
    secretmanager,
    serviceaccount,
    spanner,
    storage,
    workflows,
)
from pulumi_gcp import sql as databases

HERE, THERE, PROJECT = "europe-west4", "europe-west3", "desk"
LABELS = {"isthmus-data": "personal"}

# What is kept
journal = storage.Bucket("journal", location=HERE, project=PROJECT, labels=LABELS)
reads = storage.Bucket("reads", location=HERE, project=PROJECT)
ledger = storage.Bucket(
    "ledger",
    location="EU",
    project=PROJECT,
    custom_placement_config={"data_locations": [HERE, THERE]},
    logging={"log_bucket": reads.name},
    labels=LABELS,
)
books = databases.DatabaseInstance(
    "books",
    database_version="POSTGRES_17",
    region=HERE,
    project=PROJECT,
    settings={
        "tier": "db-custom-2-7680",
        "backup_configuration": {"enabled": True, "location": HERE},
        "location_preference": {"zone": f"{HERE}-a", "secondary_zone": f"{HERE}-b"},
        "user_labels": LABELS,
    },
)
databases.Database("book", instance=books.name, project=PROJECT)
firestore.Database("documents", location_id=HERE, type="FIRESTORE_NATIVE", project=PROJECT)
spanner.Instance("ledger-copy", config=f"regional-{HERE}", display_name="ledger", project=PROJECT)
history = bigquery.Dataset("history", dataset_id="history", location=HERE, project=PROJECT)
bigquery.DataTransferConfig(
    "transfer",
    data_source_id="scheduled_query",
    display_name="nightly",
    location=HERE,
    destination_dataset_id=history.dataset_id,
    params={},
    project=PROJECT,
)
bigtable.Instance("ticks", clusters=[{"cluster_id": "ticks-1", "zone": f"{HERE}-a"}], project=PROJECT)
alloydb.Cluster(
    "risk",
    cluster_id="risk",
    location=HERE,
    network_config={"network": "projects/desk/global/networks/net"},
    automated_backup_policy={"location": THERE},
    project=PROJECT,
)
cache = redis.Cluster("cache", region=HERE, shard_count=1, project=PROJECT)

# Backups
disk = compute.Disk("disk", zone=f"{HERE}-a", project=PROJECT)
compute.Snapshot("snapshot", source_disk=disk.name, storage_locations=[THERE], project=PROJECT)
compute.ResourcePolicy(
    "nightly",
    region=HERE,
    snapshot_schedule_policy={
        "schedule": {"daily_schedule": {"days_in_cycle": 1, "start_time": "04:00"}},
        "snapshot_properties": {"storage_locations": THERE},
    },
    project=PROJECT,
)
gkebackup.BackupPlan(
    "cluster-backup", cluster="projects/desk/locations/europe-west4/clusters/c", location=THERE, project=PROJECT
)

# Messages
dead = pubsub.Topic("dead", message_storage_policy={"allowed_persistence_regions": [HERE]}, project=PROJECT)
orders = pubsub.Topic(
    "orders",
    message_storage_policy={"allowed_persistence_regions": [HERE, THERE], "enforce_in_transit": True},
    labels=LABELS,
    project=PROJECT,
)
pubsub.Subscription(
    "orders-kept",
    topic=orders.id,
    cloud_storage_config={"bucket": journal.name},
    dead_letter_policy={"dead_letter_topic": dead.id},
    project=PROJECT,
)
pubsub.Subscription(
    "orders-queried",
    topic=orders.id,
    bigquery_config={"table": pulumi.Output.concat(PROJECT, ".", history.dataset_id, ".orders")},
    project=PROJECT,
)

# Keys and secrets
ring = kms.KeyRing("keys", location=HERE, project=PROJECT)
kms.CryptoKey("master", key_ring=ring.id)
password = secretmanager.Secret(
    "password",
    secret_id="password",
    replication={"user_managed": {"replicas": [{"location": HERE}, {"location": THERE}]}},
    project=PROJECT,
)
secretmanager.RegionalSecret("token", secret_id="token", location=HERE, project=PROJECT)

# Logs
log_bucket = logging.ProjectBucketConfig(
    "logs", bucket_id="_Default", location=HERE, project=PROJECT, retention_days=30
)
logging.ProjectSink(
    "to-bucket",
    destination=pulumi.Output.concat("storage.googleapis.com/", journal.name),
    project=PROJECT,
)
logging.Metric("orders-seen", filter="textPayload:order", project=PROJECT)

# Code, and what runs it
code = storage.Bucket("code", location=HERE, project=PROJECT, labels={"isthmus-data": "none"})
images = artifactregistry.Repository("images", format="DOCKER", repository_id="images", location=HERE, project=PROJECT)
package = storage.BucketObject("package", bucket=code.name, content="…")
app = cloudfunctionsv2.Function(
    "app",
    location=HERE,
    build_config={
        "runtime": "python313",
        "entry_point": "main",
        "docker_repository": f"projects/desk/locations/{HERE}/repositories/images",
        "worker_pool": f"projects/desk/locations/{HERE}/workerPools/pool",
        "source": {"storage_source": {"bucket": code.name, "object": package.name}},
    },
    service_config={"environment_variables": {"ISTHMUS_REGION": HERE}},
    labels=LABELS,
    project=PROJECT,
)
socket = cloudrunv2.Service(
    "socket",
    location=HERE,
    template={"containers": [{"image": f"{HERE}-docker.pkg.dev/desk/images/socket"}]},
    labels=LABELS,
    project=PROJECT,
)
pubsub.Subscription("orders-pushed", topic=orders.id, push_config={"push_endpoint": socket.uri}, project=PROJECT)
cloudbuild.WorkerPool("pool", name="pool", location=HERE, project=PROJECT)
cloudbuild.Trigger(
    "build",
    location=HERE,
    filename="build.yaml",
    build={"steps": [{"name": "python"}], "logs_bucket": code.name},
    project=PROJECT,
)
eventarc.Trigger(
    "arrivals",
    location=HERE,
    matching_criterias=[{"attribute": "type", "value": "google.cloud.storage.object.v1.finalized"}],
    destination={"cloud_run_service": {"service": socket.name, "region": HERE}},
    project=PROJECT,
)
workflows.Workflow("flow", region=HERE, source_contents="main: {steps: []}", labels=LABELS, project=PROJECT)
cloudscheduler.Job(
    "tick",
    region=HERE,
    schedule="* * * * *",
    http_target={"uri": "https://desk.example/ticks"},
    project=PROJECT,
)
compute.BackendService("back", enable_cdn=False, project=PROJECT)

# What holds nothing
who = serviceaccount.Account("who", account_id="desk-app", project=PROJECT)
projects.Service("api", service="run.googleapis.com", project=PROJECT)
storage.BucketIAMMember(
    "reader",
    bucket=journal.name,
    role="roles/storage.objectViewer",
    member=f"serviceAccount:desk-app@{PROJECT}.iam.gserviceaccount.com",
)
compute.Network("net", project=PROJECT)
