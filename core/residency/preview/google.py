"""Google Cloud: where each type of resource puts data, hidden copies included.

A type that is not here is judged by its location, or else by the list of types that hold no data. What a property means
when it is not there is by the page that `why` names; without one it is general knowledge, taken for the stricter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from isthmus.core.residency.policy import Verb
from isthmus.core.residency.preview.rule import At, Inside, Nowhere, Readable, Refers, Rule

LOCATION: Final = At(property="location")
REGION: Final = At(property="region")
COPY: Final = (Verb.REPLICATE,)
KEPT_AND_COPIED: Final = (Verb.STORE, Verb.PROCESS, Verb.REPLICATE)
BUCKET: Final = "gcp:storage/bucket:Bucket"
TOPIC: Final = "gcp:pubsub/topic:Topic"
SECRET: Final = "gcp:secretmanager/secret:Secret"  # noqa: S105  # it is a type
INSTANCE: Final = "gcp:sql/databaseInstance:DatabaseInstance"
RING: Final = "gcp:kms/keyRing:KeyRing"
DATASET: Final = "gcp:bigquery/dataset:Dataset"
LOG_BUCKET: Final = "gcp:logging/projectBucketConfig:ProjectBucketConfig"
REPOSITORY: Final = "gcp:artifactregistry/repository:Repository"
FUNCTION: Final = "gcp:cloudfunctionsv2/function:Function"
SERVICE: Final = "gcp:cloudrunv2/service:Service"

WORKFLOW: Final = "gcp:workflows/workflow:Workflow"

DEFAULT_LOGS: Final = "_Default"
"""The log bucket, and the sink into it, that Google makes in every project; it is in `global` unless that was said."""

LOGGING: Final = (
    FUNCTION,
    SERVICE,
    INSTANCE,
    WORKFLOW,
    "gcp:cloudrunv2/job:Job",
    "gcp:cloudfunctions/function:Function",
)
"""What writes logs as soon as it runs."""

SETTLING: Final = (
    "gcp:logging/organizationSettings:OrganizationSettings",
    "gcp:logging/folderSettings:FolderSettings",
)
"""What says where the log buckets of projects are; its own place is judged."""

LAST: Final = r"([^/:]+)/?$"
LOCATION_OF_PATH: Final = r"/locations/([^/]+)"
PUBLIC_IMAGE: Final = r"^(gcr\.io/google\.com/|mcr\.microsoft\.com/|docker\.io/library/)"
IMAGE: Final = r"^([a-z0-9-]+)-docker\.pkg\.dev/"
SINK: Final = r"(?:storage\.googleapis\.com/|/datasets/|/topics/|/buckets/)([^/]+)$"
HOST: Final = r"^https?://([a-z0-9-]+)[.:/]"

NAMED_BY: Final[Mapping[str, str]] = {
    SECRET: "secretId",
    DATASET: "datasetId",
    LOG_BUCKET: "bucketId",
    REPOSITORY: "repositoryId",
    "gcp:alloydb/cluster:Cluster": "clusterId",
}
"""The property that holds a resource's own name; `name` for all others."""

WORLDWIDE: Final = "a global load balancer answers at edges all over the world, where requests are opened"
REGIONAL: Final = "use the regional kind of load balancer"


def _sink() -> tuple[Rule, ...]:
    return (
        Refers(
            property="destination",
            to=(BUCKET, DATASET, TOPIC, LOG_BUCKET),
            pick=SINK,
            why="logs are sent there",
        ),
    )


def _edge(property_: str) -> tuple[Rule, ...]:
    return (Nowhere(property=property_, present=True, why=WORLDWIDE, instead=REGIONAL),)


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    # What is kept
    BUCKET: (
        At(property="location", unless="customPlacementConfig"),
        At(property="customPlacementConfig.dataLocations[]", verbs=KEPT_AND_COPIED, optional=True),
        Refers(property="logging.logBucket", to=(BUCKET,), pick=LAST, why="who read what is logged there"),
    ),
    INSTANCE: (
        REGION,
        At(
            property="settings.backupConfiguration.location",
            verbs=COPY,
            absent="the multi-region that is closest",
            why="backups are kept there; by default in a multi-region "
            "(cloud.google.com/sql/docs/postgres/backup-recovery/backups)",
        ),
        At(property="settings.locationPreference.zone", optional=True),
        At(property="settings.locationPreference.secondaryZone", verbs=COPY, optional=True),
        Refers(property="masterInstanceName", to=(INSTANCE,), pick=LAST, why="it is a replica of that instance"),
    ),
    "gcp:firestore/database:Database": (At(property="locationId"),),
    "gcp:spanner/instance:Instance": (At(property="config", within=r"(?:regional-|instanceConfigs/|^)([a-z0-9-]+)$"),),
    "gcp:spanner/instanceConfig:InstanceConfig": (At(property="replicas[].location", verbs=KEPT_AND_COPIED),),
    DATASET: (At(property="location", absent="US", why="BigQuery's own default is the United States"),),
    "gcp:bigquery/dataTransferConfig:DataTransferConfig": (
        At(property="location", absent="US"),
        Refers(property="destinationDatasetId", to=(DATASET,), pick=LAST, why="rows are written there"),
    ),
    "gcp:bigtable/instance:Instance": (At(property="clusters[].zone", verbs=KEPT_AND_COPIED),),
    "gcp:alloydb/cluster:Cluster": (
        LOCATION,
        At(property="automatedBackupPolicy.location", verbs=COPY, optional=True),
        Refers(
            property="secondaryConfig.primaryClusterName",
            to=("gcp:alloydb/cluster:Cluster",),
            pick=LAST,
            why="it is a copy of that cluster",
        ),
    ),
    "gcp:redis/cluster:Cluster": (
        REGION,
        Refers(
            property="crossClusterReplicationConfig.primaryCluster.cluster",
            to=("gcp:redis/cluster:Cluster",),
            verb=Verb.REPLICATE,
            pick=LAST,
            why="it is a copy of that cluster",
        ),
    ),
    "gcp:compute/disk:Disk": (
        At(property="zone"),
        Refers(
            property="asyncPrimaryDisk.disk",
            to=("gcp:compute/disk:Disk",),
            verb=Verb.REPLICATE,
            pick=LAST,
            why="it is a copy of that disk",
        ),
    ),
    # Backups
    "gcp:compute/snapshot:Snapshot": (
        At(
            property="storageLocations[]",
            verbs=COPY,
            absent="the multi-region that is closest",
            why="snapshots are kept in a multi-region unless a place is named",
        ),
    ),
    "gcp:compute/image:Image": (
        At(
            property="storageLocations[]",
            verbs=COPY,
            absent="the multi-region that is closest",
            why="images are kept in a multi-region unless a place is named",
        ),
    ),
    "gcp:compute/resourcePolicy:ResourcePolicy": (
        REGION,
        At(
            property="snapshotSchedulePolicy.snapshotProperties.storageLocations[]",
            verbs=COPY,
            optional=True,
            why="snapshots are kept there",
        ),
    ),
    "gcp:alloydb/backup:Backup": (At(property="location", verbs=COPY),),
    "gcp:filestore/backup:Backup": (At(property="location", verbs=COPY),),
    "gcp:gkebackup/backupPlan:BackupPlan": (At(property="location", verbs=COPY),),
    "gcp:backupdisasterrecovery/backupVault:BackupVault": (At(property="location", verbs=COPY),),
    # Messages
    TOPIC: (
        At(
            property="messageStoragePolicy.allowedPersistenceRegions[]",
            verbs=KEPT_AND_COPIED,
            absent="global",
            why="messages are kept in any region unless a storage policy names them",
        ),
    ),
    "gcp:pubsub/subscription:Subscription": (
        Inside(property="topic", to=(TOPIC,), pick=LAST),
        Refers(property="bigqueryConfig.table", to=(DATASET,), pick=r"[.:]([^.:]+)\.[^.]+$", why="messages go there"),
        Refers(property="cloudStorageConfig.bucket", to=(BUCKET,), pick=LAST, why="messages are written there"),
        Refers(
            property="pushConfig.pushEndpoint",
            to=(SERVICE, FUNCTION),
            verb=Verb.PROCESS,
            pick=HOST,
            why="messages are pushed there",
        ),
        Refers(
            property="deadLetterPolicy.deadLetterTopic", to=(TOPIC,), pick=LAST, why="what cannot be done goes there"
        ),
    ),
    "gcp:pubsub/liteTopic:LiteTopic": (REGION,),
    # Keys and secrets
    RING: (LOCATION,),
    SECRET: (
        Nowhere(
            property="replication.auto",
            present=True,
            verb=Verb.STORE,
            why="a secret that is replicated automatically is kept in any region",
            instead="write user_managed with the regions",
        ),
        At(property="replication.userManaged.replicas[].location", verbs=KEPT_AND_COPIED, optional=True),
    ),
    "gcp:secretmanager/regionalSecret:RegionalSecret": (LOCATION,),
    # Logs and metrics
    LOG_BUCKET: (LOCATION,),
    "gcp:logging/projectSink:ProjectSink": _sink(),
    "gcp:logging/folderSink:FolderSink": _sink(),
    "gcp:logging/organizationSink:OrganizationSink": _sink(),
    "gcp:logging/organizationSettings:OrganizationSettings": (At(property="storageLocation", absent="global"),),
    "gcp:logging/folderSettings:FolderSettings": (At(property="storageLocation", absent="global"),),
    "gcp:logging/metric:Metric": (
        Nowhere(
            property="labelExtractors",
            present=True,
            verb=Verb.STORE,
            why="labels are taken out of log entries, and metrics are confined to no region",
            instead="count without labels, or extract nothing that is about the data",
        ),
    ),
    # Code, and what runs it
    FUNCTION: (
        LOCATION,
        Refers(
            property="buildConfig.source.storageSource.bucket", to=(BUCKET,), pick=LAST, why="the code is kept there"
        ),
        At(
            property="buildConfig.dockerRepository", within=LOCATION_OF_PATH, optional=True, why="images are kept there"
        ),
        At(
            property="buildConfig.workerPool",
            verbs=(Verb.PROCESS,),
            within=LOCATION_OF_PATH,
            optional=True,
            why="the code is built there",
        ),
        At(property="eventTrigger.triggerRegion", verbs=(Verb.PROCESS,), optional=True, why="events come from there"),
        At(property="serviceConfig.environmentVariables.ISTHMUS_REGION", verbs=(Verb.PROCESS,), optional=True),
    ),
    "gcp:cloudfunctions/function:Function": (
        REGION,
        Refers(property="sourceArchiveBucket", to=(BUCKET,), pick=LAST, why="the code is kept there"),
        At(property="dockerRepository", within=LOCATION_OF_PATH, optional=True, why="images are kept there"),
    ),
    SERVICE: (
        LOCATION,
        At(
            property="template.containers[].image",
            verbs=(Verb.STORE,),
            within=IMAGE,
            public=PUBLIC_IMAGE,
            why="the image is kept there; gcr.io and docker.io are in no place that is known",
        ),
        At(property="multiRegionSettings.regions[]", optional=True),
    ),
    "gcp:cloudrunv2/job:Job": (
        LOCATION,
        At(property="template.template.containers[].image", verbs=(Verb.STORE,), within=IMAGE, public=PUBLIC_IMAGE),
    ),
    REPOSITORY: (LOCATION,),
    "gcp:container/registry:Registry": (
        At(property="location", absent="US", why="gcr.io is in the United States by default"),
    ),
    "gcp:cloudbuild/trigger:Trigger": (
        At(property="location", verbs=(Verb.PROCESS,), absent="global", why="builds run in any region by default"),
        Refers(property="build.logsBucket", to=(BUCKET,), pick=LAST, why="logs of builds are kept there"),
        Refers(
            property="build.artifacts.objects.location",
            to=(BUCKET,),
            pick=r"^gs://([^/]+)",
            why="builds are kept there",
        ),
    ),
    WORKFLOW: (
        REGION,
        Readable(
            property="sourceContents",
            why="variables can be read, and Google says that calls of Workflows may originate from another region",
            instead="seal the class, or except it with a reason",
        ),
    ),
    "gcp:eventarc/trigger:Trigger": (LOCATION,),
    "gcp:dataproc/cluster:Cluster": (
        REGION,
        Refers(property="clusterConfig.stagingBucket", to=(BUCKET,), pick=LAST, why="jobs keep their files there"),
    ),
    "gcp:storage/transferJob:TransferJob": (
        Refers(
            property="transferSpec.gcsDataSink.bucketName",
            to=(BUCKET,),
            verb=Verb.REPLICATE,
            pick=LAST,
            why="objects are copied there",
        ),
        Refers(
            property="replicationSpec.gcsDataSink.bucketName",
            to=(BUCKET,),
            verb=Verb.REPLICATE,
            pick=LAST,
            why="objects are copied there",
        ),
    ),
    # Edges
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": _edge("target"),
    "gcp:compute/backendService:BackendService": (
        Nowhere(
            property="enableCdn",
            when=("true",),
            verb=Verb.STORE,
            why="answers are cached at edges all over the world",
            instead="leave the CDN off",
        ),
    ),
    "gcp:compute/backendBucket:BackendBucket": (
        Refers(property="bucketName", to=(BUCKET,), verb=Verb.PROCESS, pick=LAST, why="objects are served from there"),
        Nowhere(
            property="enableCdn",
            when=("true",),
            verb=Verb.STORE,
            why="objects are cached at edges all over the world",
            instead="leave the CDN off",
        ),
    ),
    "gcp:apigateway/api:Api": (
        Nowhere(
            property="apiId",
            present=True,
            why="the API is managed globally",
            instead="use a regional endpoint of the function",
        ),
    ),
    # Parts of others
    "gcp:storage/bucketObject:BucketObject": (Inside(property="bucket", to=(BUCKET,), pick=LAST),),
    "gcp:storage/notification:Notification": (
        Inside(property="bucket", to=(BUCKET,), pick=LAST),
        Refers(property="topic", to=(TOPIC,), pick=LAST, why="names of objects are sent there"),
    ),
    "gcp:secretmanager/secretVersion:SecretVersion": (Inside(property="secret", to=(SECRET,), pick=LAST),),
    "gcp:kms/cryptoKey:CryptoKey": (Inside(property="keyRing", to=(RING,), pick=LAST),),
    "gcp:sql/database:Database": (Inside(property="instance", to=(INSTANCE,), pick=LAST),),
    "gcp:sql/user:User": (Inside(property="instance", to=(INSTANCE,), pick=LAST),),
    "gcp:bigquery/table:Table": (Inside(property="datasetId", to=(DATASET,), pick=LAST),),
}
