"""What Google Cloud documents as a condition that no type of the SDK states, each with the page that says so.

`alone` looks at the inputs of one resource, as far as they are known, and so speaks in a preview; `among` looks at what
is there already, when the resource is made or changed. A page may have changed since: what is here was read from the
pages named and from the descriptions of the properties in pulumi-gcp 10.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from google_computed import AGENTS, PROJECT_NUMBER
from sdk_types import UNKNOWN

type Inputs = dict[str, Any]
type Others = Mapping[str, dict[str, Any]]

PAGES = "https://cloud.google.com"
USE_OF_KEYS = "roles/cloudkms.cryptoKeyEncrypterDecrypter"


class Precondition(NamedTuple):
    """Be a condition: what it is called, which types of resources it is for, and the page that states it."""

    name: str
    tokens: tuple[str, ...]
    page: str
    problem: Callable[..., str]
    is_about_others: bool


ALL: list[Precondition] = []


def alone(*tokens: str, page: str) -> Callable[[Callable[[Inputs], str]], Callable[[Inputs], str]]:
    """Register a condition on the inputs of a resource; it returns what is wrong, or nothing."""

    def register(problem: Callable[[Inputs], str]) -> Callable[[Inputs], str]:
        ALL.append(Precondition(problem.__name__, tokens, page, problem, is_about_others=False))
        return problem

    return register


def among(
    *tokens: str, page: str
) -> Callable[[Callable[[str, Inputs, Others], str]], Callable[[str, Inputs, Others], str]]:
    """Register a condition on what must be there before a resource; for no types it is for all."""

    def register(problem: Callable[[str, Inputs, Others], str]) -> Callable[[str, Inputs, Others], str]:
        ALL.append(Precondition(problem.__name__, tokens, page, problem, is_about_others=True))
        return problem

    return register


def broken_alone(token: str, inputs: Inputs) -> list[str]:
    """Return which conditions the inputs of a resource break by themselves."""
    found = []
    for one in ALL:
        if not one.is_about_others and token in one.tokens and (problem := one.problem(inputs)):
            found.append(f".{problem} ({one.page})")
    return found


def broken(token: str, inputs: Inputs, others: Others) -> list[str]:
    """Return which conditions a resource breaks, with what is there already."""
    found = broken_alone(token, inputs)
    for one in ALL:
        if one.is_about_others and (not one.tokens or token in one.tokens):
            problem = one.problem(token, inputs, others)
            found += [f"{problem} ({one.page})"] if problem else []
    return found


def broken_by_deletion(token: str, inputs: Inputs) -> str:
    """Return why a resource cannot be deleted, or nothing."""
    protected = (token == INSTANCE and (inputs.get("settings") or {}).get("deletionProtectionEnabled")) or (
        token in (INSTANCE, WORKFLOW) and inputs.get("deletionProtection")
    )
    if protected:
        return f"it is protected from deletion ({PAGES}/sql/docs/postgres/deletion-protection)"
    if token == BUCKET and (inputs.get("retentionPolicy") or {}).get("isLocked"):
        return f"its retention is locked, and it has objects that are younger ({PAGES}/storage/docs/bucket-lock)"
    return ""


FUNCTION = "gcp:cloudfunctionsv2/function:Function"
RUN_JOB = "gcp:cloudrunv2/job:Job"
WORKFLOW = "gcp:workflows/workflow:Workflow"
TOPIC, SUBSCRIPTION = "gcp:pubsub/topic:Topic", "gcp:pubsub/subscription:Subscription"
SCHEDULE = "gcp:cloudscheduler/job:Job"
SECRET, SECRET_VERSION = "gcp:secretmanager/secret:Secret", "gcp:secretmanager/secretVersion:SecretVersion"
BUCKET, OBJECT = "gcp:storage/bucket:Bucket", "gcp:storage/bucketObject:BucketObject"
INSTANCE, SQL_USER = "gcp:sql/databaseInstance:DatabaseInstance", "gcp:sql/user:User"
ACCOUNT = "gcp:serviceaccount/account:Account"
KEY, KEY_USE = "gcp:kms/cryptoKey:CryptoKey", "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
REPOSITORY = "gcp:artifactregistry/repository:Repository"
LOG_BUCKET, LOG_SINK = "gcp:logging/projectBucketConfig:ProjectBucketConfig", "gcp:logging/projectSink:ProjectSink"
BUDGET = "gcp:billing/budget:Budget"
SUBNETWORK, PEERING = "gcp:compute/subnetwork:Subnetwork", "gcp:servicenetworking/connection:Connection"
FIREWALL_RULE = "gcp:compute/networkFirewallPolicyRule:NetworkFirewallPolicyRule"
DNS_RECORD, DNS_ZONE = "gcp:dns/recordSet:RecordSet", "gcp:dns/managedZone:ManagedZone"
PUBLISHER, SERVICE = "gcp:pubsub/topicIAMMember:TopicIAMMember", "gcp:projects/service:Service"


def _known(value: Any) -> bool:
    return value is not None and value != UNKNOWN


def _seconds(text: Any) -> float:
    return float(str(text).removesuffix("s") or 0)


def _fails(value: Any, pattern: str) -> bool:
    return _known(value) and re.fullmatch(pattern, str(value), re.ASCII) is None


def _exactly_one(inputs: Inputs, *names: str) -> bool:
    return sum(inputs.get(name) is not None for name in names) == 1


# Names


@alone(ACCOUNT, page=f"{PAGES}/iam/docs/service-accounts-create")
def account_id_has_6_to_30_characters(inputs: Inputs) -> str:
    wrong = _fails(inputs.get("accountId"), r"[a-z][-a-z0-9]{4,28}[a-z0-9]")
    return f"accountId: {inputs.get('accountId')!r} is not 6 to 30 small letters, digits and hyphens" if wrong else ""


@alone(FUNCTION, RUN_JOB, page=f"{PAGES}/run/docs/reference/rest/v2/projects.locations.services")
def service_name_is_a_label_of_dns(inputs: Inputs) -> str:
    wrong = _fails(inputs.get("name"), r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")
    return f"name: {inputs.get('name')!r} is not up to 63 small letters, digits and hyphens" if wrong else ""


@alone(BUCKET, page=f"{PAGES}/storage/docs/buckets#naming")
def bucket_name_is_3_to_63_characters_without_google(inputs: Inputs) -> str:
    name = inputs.get("name")
    wrong = _fails(name, r"[a-z0-9][-_a-z0-9]{1,61}[a-z0-9]")
    wrong = wrong or (_known(name) and (str(name).startswith("goog") or "google" in str(name)))
    return f"name: {name!r} is no name of a bucket" if wrong else ""


@alone(TOPIC, SUBSCRIPTION, page=f"{PAGES}/pubsub/docs/pubsub-basics#resource_names")
def pubsub_name_is_3_to_255_characters_letter_first(inputs: Inputs) -> str:
    name = inputs.get("name")
    wrong = _fails(name, r"[A-Za-z][-A-Za-z0-9_.~+%]{2,254}") or (_known(name) and str(name).startswith("goog"))
    return f"name: {name!r} is no name on Pub/Sub" if wrong else ""


@alone(WORKFLOW, page=f"{PAGES}/workflows/docs/reference/rest/v1/projects.locations.workflows/create")
def workflow_name_is_1_to_64_characters_letter_first(inputs: Inputs) -> str:
    wrong = _fails(inputs.get("name"), r"[A-Za-z](?:[-A-Za-z0-9_]{0,62}[A-Za-z0-9])?")
    return f"name: {inputs.get('name')!r} is no name of a workflow" if wrong else ""


@alone(SECRET, page=f"{PAGES}/secret-manager/docs/reference/rest/v1/projects.secrets/create")
def secret_id_is_letters_digits_hyphens_and_underscores(inputs: Inputs) -> str:
    wrong = _fails(inputs.get("secretId"), r"[-A-Za-z0-9_]{1,255}")
    return f"secretId: {inputs.get('secretId')!r} is no id of a secret" if wrong else ""


@alone(INSTANCE, page=f"{PAGES}/sql/docs/postgres/instance-settings")
def instance_name_has_98_characters_letter_first(inputs: Inputs) -> str:
    wrong = _fails(inputs.get("name"), r"[a-z][-a-z0-9]{0,97}")
    return f"name: {inputs.get('name')!r} is no id of an instance" if wrong else ""


@alone(
    FUNCTION, RUN_JOB, WORKFLOW, TOPIC, SUBSCRIPTION, SECRET, BUCKET, KEY, REPOSITORY, DNS_ZONE,
    page=f"{PAGES}/resource-manager/docs/labels-overview",
)  # fmt: skip
def labels_are_small_letters_digits_hyphens_and_underscores(inputs: Inputs) -> str:
    for key, value in (inputs.get("labels") or {}).items():
        if _fails(key, r"[a-z][-a-z0-9_]{0,62}") or _fails(value, r"[-a-z0-9_]{0,63}"):
            return f"labels: {key}={value!r} is no label"
    return ""


# Properties that do not go together, and their bounds


@alone(SUBSCRIPTION, page=f"{PAGES}/pubsub/docs/subscription-properties")
def acknowledgement_is_awaited_10_to_600_seconds(inputs: Inputs) -> str:
    seconds = inputs.get("ackDeadlineSeconds")
    wrong = _known(seconds) and not 10 <= seconds <= 600
    return f"ackDeadlineSeconds: {seconds} is not between 10 and 600" if wrong else ""


@alone(SUBSCRIPTION, page=f"{PAGES}/pubsub/docs/handling-failures")
def dead_letters_come_after_5_to_100_attempts(inputs: Inputs) -> str:
    attempts = (inputs.get("deadLetterPolicy") or {}).get("maxDeliveryAttempts")
    wrong = _known(attempts) and not 5 <= attempts <= 100
    return f"deadLetterPolicy.maxDeliveryAttempts: {attempts} is not between 5 and 100" if wrong else ""


@alone(SUBSCRIPTION, page=f"{PAGES}/pubsub/docs/exactly-once-delivery")
def exactly_once_delivery_is_for_pull_alone(inputs: Inputs) -> str:
    wrong = inputs.get("enableExactlyOnceDelivery") and inputs.get("pushConfig")
    return "enableExactlyOnceDelivery: a push has none" if wrong else ""


@alone(SUBSCRIPTION, page=f"{PAGES}/pubsub/docs/subscriber")
def a_subscription_delivers_in_one_way(inputs: Inputs) -> str:
    ways = [one for one in ("pushConfig", "bigqueryConfig", "cloudStorageConfig") if inputs.get(one)]
    return f"{ways[1]}: it has {ways[0]} already" if len(ways) > 1 else ""


@alone(SUBSCRIPTION, page=f"{PAGES}/pubsub/docs/push")
def pushes_go_to_https(inputs: Inputs) -> str:
    at = (inputs.get("pushConfig") or {}).get("pushEndpoint")
    wrong = _known(at) and not str(at).startswith("https://")
    return f"pushConfig.pushEndpoint: {at} is not https" if wrong else ""


@alone(SCHEDULE, page=f"{PAGES}/scheduler/docs/reference/rest/v1/projects.locations.jobs")
def a_scheduled_job_has_one_target(inputs: Inputs) -> str:
    targets = ("httpTarget", "pubsubTarget", "appEngineHttpTarget")
    return "" if _exactly_one(inputs, *targets) else f"{targets[0]}: one of {', '.join(targets)} is asked for"


@alone(SCHEDULE, page=f"{PAGES}/scheduler/docs/http-target-auth")
def a_scheduled_call_has_one_kind_of_token(inputs: Inputs) -> str:
    target = inputs.get("httpTarget") or {}
    wrong = target.get("oidcToken") and target.get("oauthToken")
    return "httpTarget: it has oidcToken and oauthToken" if wrong else ""


@alone(SCHEDULE, page=f"{PAGES}/scheduler/docs/reference/rest/v1/projects.locations.jobs")
def a_scheduled_call_is_awaited_15_seconds_to_30_minutes(inputs: Inputs) -> str:
    deadline = inputs.get("attemptDeadline")
    wrong = _known(deadline) and not 15 <= _seconds(deadline) <= 1_800
    return f"attemptDeadline: {deadline} is not between 15s and 1800s" if wrong else ""


@alone(SCHEDULE, page=f"{PAGES}/scheduler/docs/configuring/cron-job-schedules")
def a_schedule_has_five_fields(inputs: Inputs) -> str:
    schedule = inputs.get("schedule")
    wrong = _known(schedule) and _fails(schedule, r"(?:[-*/,\d]+ ){4}[-*/,\d]+")
    return f"schedule: {schedule!r} is no unix-cron" if wrong else ""


@alone(FUNCTION, page=f"{PAGES}/functions/docs/configuring/concurrency")
def concurrency_takes_a_whole_processor(inputs: Inputs) -> str:
    config = inputs.get("serviceConfig") or {}
    several = (config.get("maxInstanceRequestConcurrency") or 1) > 1
    wrong = several and float(config.get("availableCpu") or 0.58) < 1
    return "serviceConfig.maxInstanceRequestConcurrency: more than one request takes one CPU or more" if wrong else ""


@alone(FUNCTION, page=f"{PAGES}/run/docs/configuring/services/memory-limits")
def more_memory_takes_more_processors(inputs: Inputs) -> str:
    config = inputs.get("serviceConfig") or {}
    memory = re.fullmatch(r"(\d+)Mi", str(config.get("availableMemory")))
    most = {1: 4_096, 2: 8_192, 4: 16_384, 6: 24_576, 8: 32_768}.get(int(float(config.get("availableCpu") or 1)), 512)
    wrong = memory is not None and int(memory[1]) > most
    return f"serviceConfig.availableMemory: {config.get('availableMemory')} takes more CPUs" if wrong else ""


@alone(FUNCTION, page=f"{PAGES}/functions/docs/running/direct-vpc")
def a_function_is_in_the_network_in_one_way(inputs: Inputs) -> str:
    config = inputs.get("serviceConfig") or {}
    wrong = config.get("vpcConnector") and config.get("directVpcNetworkInterfaces")
    return "serviceConfig.vpcConnector: it has direct VPC egress already" if wrong else ""


@alone(FUNCTION, page=f"{PAGES}/functions/quotas")
def a_function_answers_within_an_hour(inputs: Inputs) -> str:
    config = inputs.get("serviceConfig") or {}
    seconds = config.get("timeoutSeconds")
    wrong = _known(seconds) and not 1 <= seconds <= (540 if inputs.get("eventTrigger") else 3_600)
    return f"serviceConfig.timeoutSeconds: {seconds} is too long" if wrong else ""


@alone(FUNCTION, page=f"{PAGES}/run/docs/configuring/min-instances")
def no_more_instances_are_kept_than_there_may_be(inputs: Inputs) -> str:
    config = inputs.get("serviceConfig") or {}
    wrong = (config.get("minInstanceCount") or 0) > (config.get("maxInstanceCount") or 100)
    return "serviceConfig.minInstanceCount: it is more than maxInstanceCount" if wrong else ""


@alone(FUNCTION, page=f"{PAGES}/run/docs/container-contract#env-vars")
def no_variable_is_the_platforms(inputs: Inputs) -> str:
    taken = {"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION", "FUNCTION_TARGET", "FUNCTION_SIGNATURE_TYPE"}
    names = {*((inputs.get("serviceConfig") or {}).get("environmentVariables") or {})}
    wrong = sorted(name for name in names if name in taken or name.startswith("X_GOOGLE_"))
    return f"serviceConfig.environmentVariables: {wrong[0]} is the platform's" if wrong else ""


@alone(RUN_JOB, page="https://www.pulumi.com/registry/packages/gcp/api-docs/cloudrunv2/job/#inputs")
def a_jobs_name_and_token_have_62_characters_together(inputs: Inputs) -> str:
    token = inputs.get("runExecutionToken") or inputs.get("startExecutionToken") or ""
    wrong = _known(inputs.get("name")) and len(str(inputs["name"])) + len(str(token)) >= 63
    return "runExecutionToken: with the name it has 63 characters or more" if wrong else ""


@alone(WORKFLOW, page=f"{PAGES}/workflows/quotas")
def a_workflows_source_has_128_kb(inputs: Inputs) -> str:
    size = len(str(inputs.get("sourceContents") or "").encode())
    return f"sourceContents: it has {size} bytes" if size > 128 * 1024 else ""


@alone(WORKFLOW, page=f"{PAGES}/workflows/docs/use-environment-variables")
def a_workflow_has_20_variables_and_none_of_googles(inputs: Inputs) -> str:
    names = [*(inputs.get("userEnvVars") or {})]
    if len(names) > 20:
        return "userEnvVars: there are more than 20"
    wrong = [name for name in names if not name or name.startswith(("GOOGLE", "WORKFLOWS"))]
    return f"userEnvVars: {wrong[0]!r} is Google's" if wrong else ""


@alone(SECRET, page=f"{PAGES}/secret-manager/docs/choosing-replication")
def a_secret_is_replicated_in_one_way(inputs: Inputs) -> str:
    wrong = not _exactly_one(inputs.get("replication") or {}, "auto", "userManaged")
    return "replication: one of auto and userManaged is asked for" if wrong else ""


@alone(INSTANCE, page=f"{PAGES}/sql/docs/postgres/configure-ip")
def an_instance_has_an_address(inputs: Inputs) -> str:
    addresses = (inputs.get("settings") or {}).get("ipConfiguration") or {}
    psc = any(one.get("pscEnabled") for one in addresses.get("pscConfigs") or [])
    wrong = addresses.get("ipv4Enabled") is False and not addresses.get("privateNetwork") and not psc
    return "settings.ipConfiguration: it has neither a public nor a private address" if wrong else ""


@alone(INSTANCE, page=f"{PAGES}/sql/docs/postgres/high-availability")
def a_standby_takes_backups_and_point_in_time_recovery(inputs: Inputs) -> str:
    settings = inputs.get("settings") or {}
    backups = settings.get("backupConfiguration") or {}
    wrong = settings.get("availabilityType") == "REGIONAL" and not (
        backups.get("enabled") and backups.get("pointInTimeRecoveryEnabled")
    )
    return "settings.availabilityType: REGIONAL takes backups and point-in-time recovery" if wrong else ""


@alone(INSTANCE, page=f"{PAGES}/sql/docs/postgres/create-instance#machine-types")
def a_custom_machine_has_a_size_that_there_is(inputs: Inputs) -> str:
    settings = inputs.get("settings") or {}
    custom = re.fullmatch(r"db-custom-(\d+)-(\d+)", str(settings.get("tier")))
    if custom is None:
        return ""
    processors, megabytes = int(custom[1]), int(custom[2])
    if settings.get("edition") == "ENTERPRISE_PLUS":
        return "settings.tier: Enterprise Plus has no custom machines"
    even = processors == 1 or processors % 2 == 0
    fits = megabytes % 256 == 0 and megabytes >= 3_840 and 0.9 * 1_024 <= megabytes / processors <= 6.5 * 1_024
    return "" if even and fits else f"settings.tier: there is no {settings['tier']}"


@alone(INSTANCE, page=f"{PAGES}/sql/docs/postgres/backup-recovery/pitr")
def logs_of_transactions_are_kept_a_week_at_most(inputs: Inputs) -> str:
    settings = inputs.get("settings") or {}
    days = (settings.get("backupConfiguration") or {}).get("transactionLogRetentionDays")
    wrong = _known(days) and days > (35 if settings.get("edition") == "ENTERPRISE_PLUS" else 7)
    return f"settings.backupConfiguration.transactionLogRetentionDays: {days} is too long" if wrong else ""


@alone(SQL_USER, page=f"{PAGES}/sql/docs/postgres/add-manage-iam-users")
def an_iam_user_has_no_password_and_a_short_name(inputs: Inputs) -> str:
    if not str(inputs.get("type")).startswith("CLOUD_IAM"):
        return ""
    if inputs.get("password"):
        return "password: a user of IAM has none"
    wrong = _known(inputs.get("name")) and str(inputs["name"]).endswith(".gserviceaccount.com")
    return "name: .gserviceaccount.com is left out" if wrong else ""


@alone(KEY, page=f"{PAGES}/kms/docs/key-rotation")
def only_symmetric_keys_rotate_and_not_within_a_day(inputs: Inputs) -> str:
    period = inputs.get("rotationPeriod")
    if not _known(period):
        return ""
    if inputs.get("purpose", "ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT":
        return "rotationPeriod: only a symmetric key has one"
    return f"rotationPeriod: {period} is less than a day" if _seconds(period) < 86_400 else ""


@alone(BUCKET, page=f"{PAGES}/storage/docs/bucket-lock")
def retention_is_between_a_second_and_100_years(inputs: Inputs) -> str:
    period = (inputs.get("retentionPolicy") or {}).get("retentionPeriod")
    wrong = _known(period) and not 1 <= int(period) < 3_155_760_000
    return f"retentionPolicy.retentionPeriod: {period} is out of bounds" if wrong else ""


@alone(FIREWALL_RULE, page=f"{PAGES}/firewall/docs/firewall-policies-rule-details")
def hosts_by_name_are_on_their_side_of_a_rule(inputs: Inputs) -> str:
    match = inputs.get("match") or {}
    wrong = match.get("destFqdns") if inputs.get("direction") == "INGRESS" else match.get("srcFqdns")
    return f"match: names of hosts are not matched there in {inputs.get('direction')}" if wrong else ""


@alone(FIREWALL_RULE, page=f"{PAGES}/firewall/docs/firewall-policies-rule-details")
def ports_are_of_tcp_udp_or_sctp(inputs: Inputs) -> str:
    layers = (inputs.get("match") or {}).get("layer4Configs") or []
    wrong = [one for one in layers if one.get("ports") and one.get("ipProtocol") not in {"tcp", "udp", "sctp"}]
    return f"match.layer4Configs: {wrong[0].get('ipProtocol')} has no ports" if wrong else ""


@alone(DNS_ZONE, DNS_RECORD, page=f"{PAGES}/dns/docs/records")
def names_in_dns_end_with_a_dot(inputs: Inputs) -> str:
    names = [inputs.get("dnsName") or inputs.get("name")]
    names += inputs.get("rrdatas") or [] if inputs.get("type") == "CNAME" else []
    wrong = [name for name in names if _known(name) and not str(name).endswith(".")]
    return f"name: {wrong[0]} has no dot at its end" if wrong else ""


@alone(BUDGET, page="https://www.pulumi.com/registry/packages/gcp/api-docs/billing/budget/#budgetallupdatesrule")
def a_budget_tells_five_channels_at_most(inputs: Inputs) -> str:
    channels = (inputs.get("allUpdatesRule") or {}).get("monitoringNotificationChannels") or []
    return f"allUpdatesRule.monitoringNotificationChannels: there are {len(channels)}" if len(channels) > 5 else ""


# What must be there before

API_OF = {
    "artifactregistry": "artifactregistry",
    "billing": "billingbudgets",
    "cloudfunctionsv2": "cloudfunctions",
    "cloudrunv2": "run",
    "cloudscheduler": "cloudscheduler",
    "compute": "compute",
    "dns": "dns",
    "kms": "cloudkms",
    "logging": "logging",
    "monitoring": "monitoring",
    "pubsub": "pubsub",
    "secretmanager": "secretmanager",
    "serviceaccount": "iam",
    "servicenetworking": "servicenetworking",
    "sql": "sqladmin",
    "storage": "storage",
    "workflows": "workflows",
}
BUILT_BY = {FUNCTION: ("run", "cloudbuild", "artifactregistry")}


def _there(others: Others, token: str) -> Iterator[dict[str, Any]]:
    return (one for one in others.values() if one["type"] == token)


@among(page=f"{PAGES}/service-usage/docs/enable-disable")
def its_api_is_enabled(token: str, inputs: Inputs, others: Others) -> str:
    family = token.removeprefix("gcp:").partition("/")[0]
    enabled = {one["inputs"]["service"] for one in _there(others, SERVICE)}
    wanted = [api for api in (API_OF.get(family), *BUILT_BY.get(token, ())) if api]
    if token == "gcp:projects/serviceIdentity:ServiceIdentity":
        wanted = [str(inputs["service"]).removesuffix(".googleapis.com")]
    missing = [api for api in wanted if f"{api}.googleapis.com" not in enabled]
    return f"the API {missing[0]}.googleapis.com is not enabled" if missing else ""


def _keys_of(token: str, inputs: Inputs) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield the keys that a resource is to be encrypted with, and whose agents must be able to use each."""
    match token:
        case _ if token == TOPIC:
            yield inputs.get("kmsKeyName") or "", ["pubsub"]
        case _ if token == BUCKET:
            yield (inputs.get("encryption") or {}).get("defaultKmsKeyName") or "", ["storage"]
        case _ if token == REPOSITORY:
            yield inputs.get("kmsKeyName") or "", ["artifactregistry"]
        case _ if token == FUNCTION:
            yield inputs.get("kmsKeyName") or "", ["cloudfunctions", "run", "artifactregistry", "storage"]
        case _ if token == INSTANCE:
            yield inputs.get("encryptionKeyName") or "", ["sqladmin"]
        case _ if token == WORKFLOW:
            yield inputs.get("cryptoKeyName") or "", ["workflows"]
        case _ if token == SECRET:
            replicas = ((inputs.get("replication") or {}).get("userManaged") or {}).get("replicas") or []
            for one in replicas:
                yield (one.get("customerManagedEncryption") or {}).get("kmsKeyName") or "", ["secretmanager"]
        case _:
            return


@among(
    TOPIC, BUCKET, REPOSITORY, FUNCTION, INSTANCE, WORKFLOW, SECRET,
    page=f"{PAGES}/kms/docs/cmek#how_cmek_works",
)  # fmt: skip
def its_services_agent_may_use_the_key(token: str, inputs: Inputs, others: Others) -> str:
    uses = {
        (one["inputs"]["cryptoKeyId"], one["inputs"]["member"])
        for one in _there(others, KEY_USE)
        if one["inputs"]["role"] == USE_OF_KEYS
    }
    domains = {**AGENTS, "storage": "gs-project-accounts"}
    for key, apis in _keys_of(token, inputs):
        for api in apis if key else ():
            member = f"serviceAccount:service-{PROJECT_NUMBER}@{domains[api]}.iam.gserviceaccount.com"
            if (key, member) not in uses:
                return f"{member} may not use the key {key}"
    return ""


@among(TOPIC, BUCKET, REPOSITORY, FUNCTION, INSTANCE, WORKFLOW, SECRET, page=f"{PAGES}/kms/docs/cmek#location")
def its_key_is_in_its_region(token: str, inputs: Inputs, others: Others) -> str:
    region = inputs.get("location") or inputs.get("region")
    for key, _ in _keys_of(token, inputs):
        found = re.search(r"/locations/([^/]+)/", key)
        if region and found and found[1].lower() != str(region).lower():
            return f"the key is in {found[1]}, and the resource in {region}"
    return ""


@among(FUNCTION, page=f"{PAGES}/functions/docs/securing/cmek")
def a_functions_images_have_its_key(token: str, inputs: Inputs, others: Others) -> str:
    key = inputs.get("kmsKeyName")
    repository = others.get((inputs.get("buildConfig") or {}).get("dockerRepository") or "")
    if not key:
        return ""
    if repository is None:
        return "with a key a function names a repository of its own"
    return "" if repository["inputs"].get("kmsKeyName") == key else "its repository has another key"


@among(FUNCTION, page=f"{PAGES}/functions/docs/deploy#from-cloud-storage")
def a_functions_package_is_uploaded(token: str, inputs: Inputs, others: Others) -> str:
    source = ((inputs.get("buildConfig") or {}).get("source") or {}).get("storageSource") or {}
    there = {(one["inputs"]["bucket"], one["inputs"]["name"]) for one in _there(others, OBJECT)}
    wrong = source and (source.get("bucket"), source.get("object")) not in there
    return f"there is no object {source.get('object')} in {source.get('bucket')}" if wrong else ""


@among(FUNCTION, page=f"{PAGES}/run/docs/configuring/services/secrets")
def a_secret_that_is_referred_to_has_a_version(token: str, inputs: Inputs, others: Others) -> str:
    config = inputs.get("serviceConfig") or {}
    filled = {str(one["inputs"]["secret"]).rpartition("/")[2] for one in _there(others, SECRET_VERSION)}
    wanted = [one["secret"] for one in config.get("secretEnvironmentVariables") or []]
    missing = [one for one in wanted if one not in filled]
    return f"the secret {missing[0]} has no version" if missing else ""


@among(FUNCTION, RUN_JOB, page=f"{PAGES}/run/docs/configuring/vpc-direct-vpc")
def it_is_in_a_subnet_of_its_region_of_26_bits_or_fewer(token: str, inputs: Inputs, others: Others) -> str:
    config = inputs.get("serviceConfig") or {}
    access = ((inputs.get("template") or {}).get("template") or {}).get("vpcAccess") or {}
    for one in config.get("directVpcNetworkInterfaces") or access.get("networkInterfaces") or []:
        subnet = others.get(str(one.get("subnetwork")))
        if subnet is None:
            continue
        if subnet["inputs"]["region"] != inputs["location"]:
            return f"its subnet is in {subnet['inputs']['region']}"
        if int(str(subnet["inputs"]["ipCidrRange"]).rpartition("/")[2]) > 26:
            return "its subnet has fewer than 64 addresses"
    return ""


@among(INSTANCE, page=f"{PAGES}/sql/docs/postgres/configure-private-ip")
def a_private_address_takes_a_peering(token: str, inputs: Inputs, others: Others) -> str:
    network = ((inputs.get("settings") or {}).get("ipConfiguration") or {}).get("privateNetwork")
    made = any(key == network for key in others)  # a network that is there already has its own
    peered = {one["inputs"]["network"] for one in _there(others, PEERING)}
    return f"the network {network} has no private services access" if made and network not in peered else ""


@among(SQL_USER, page=f"{PAGES}/sql/docs/postgres/iam-authentication")
def an_iam_user_takes_an_instance_that_knows_iam(token: str, inputs: Inputs, others: Others) -> str:
    instance = others.get(str(inputs["instance"]))
    if instance is None or not str(inputs.get("type")).startswith("CLOUD_IAM"):
        return ""
    flags = (instance["inputs"].get("settings") or {}).get("databaseFlags") or []
    wanted = {"name": "cloudsql.iam_authentication", "value": "on"}
    return "" if wanted in flags else "its instance has no flag cloudsql.iam_authentication=on"


@among(SUBSCRIPTION, page=f"{PAGES}/pubsub/docs/handling-failures")
def pubsub_may_publish_dead_letters(token: str, inputs: Inputs, others: Others) -> str:
    topic = (inputs.get("deadLetterPolicy") or {}).get("deadLetterTopic")
    if not topic:
        return ""
    if topic not in others:
        return f"there is no topic {topic}"
    agent = f"serviceAccount:service-{PROJECT_NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com"
    publishers = {(one["inputs"]["topic"], one["inputs"]["member"]) for one in _there(others, PUBLISHER)}
    there = (topic.rpartition("/")[2], agent) in publishers
    return "" if there else f"{agent} may not publish to {topic}"


@among(SUBSCRIPTION, page=f"{PAGES}/pubsub/docs/create-subscription")
def its_topic_is_there(token: str, inputs: Inputs, others: Others) -> str:
    topic = str(inputs["topic"])
    names = {str(one["inputs"]["name"]) for one in _there(others, TOPIC)}
    return "" if topic in others or topic in names else f"there is no topic {topic}"


@among(page=f"{PAGES}/iam/docs/granting-changing-revoking-access")
def who_is_granted_something_is_there(token: str, inputs: Inputs, others: Others) -> str:
    member = str(inputs.get("member") or "")
    ours = re.fullmatch(r"serviceAccount:(.+@(?!developer)[^@]+\.iam\.gserviceaccount\.com)", member)
    if ours is None or re.match(r"service-\d+@", ours[1]):
        return ""
    there = {one["state"].get("email") for one in _there(others, ACCOUNT)}
    return "" if ours[1] in there else f"there is no service account {ours[1]}"


@among(FUNCTION, WORKFLOW, SUBSCRIPTION, SCHEDULE, RUN_JOB, page=f"{PAGES}/iam/docs/attach-service-accounts")
def who_it_runs_or_speaks_as_is_there(token: str, inputs: Inputs, others: Others) -> str:
    there = {one["state"].get("email") for one in _there(others, ACCOUNT)}
    named = (
        (inputs.get("serviceConfig") or {}).get("serviceAccountEmail"),
        str(inputs.get("serviceAccount") or "").rpartition("/")[2],
        ((inputs.get("pushConfig") or {}).get("oidcToken") or {}).get("serviceAccountEmail"),
        ((inputs.get("httpTarget") or {}).get("oidcToken") or {}).get("serviceAccountEmail"),
        ((inputs.get("template") or {}).get("template") or {}).get("serviceAccount"),
    )
    missing = [one for one in named if one and one not in there]
    return f"there is no service account {missing[0]}" if missing else ""


@among(FIREWALL_RULE, page=f"{PAGES}/firewall/docs/firewall-policies-rule-details")
def no_two_rules_of_a_policy_have_one_priority(token: str, inputs: Inputs, others: Others) -> str:
    taken = {(one["inputs"]["firewallPolicy"], one["inputs"]["priority"]) for one in _there(others, FIREWALL_RULE)}
    wrong = (inputs["firewallPolicy"], inputs["priority"]) in taken
    return f"the policy has a rule of priority {inputs['priority']}" if wrong else ""


@among(LOG_SINK, page=f"{PAGES}/logging/docs/export/configure_export_v2")
def logs_go_to_a_bucket_that_is_there(token: str, inputs: Inputs, others: Others) -> str:
    bucket = str(inputs["destination"]).removeprefix("logging.googleapis.com/")
    project = str(inputs.get("project"))
    ours = any(one["inputs"].get("project") == project for one in _there(others, LOG_BUCKET))
    return f"there is no bucket {bucket}" if ours and bucket not in others else ""


@among(SUBNETWORK, page=f"{PAGES}/vpc/docs/subnets")
def subnets_of_a_network_do_not_overlap(token: str, inputs: Inputs, others: Others) -> str:
    same = {
        one["inputs"]["ipCidrRange"]
        for one in _there(others, SUBNETWORK)
        if one["inputs"]["network"] == inputs["network"]
    }
    return f"the network has a subnet of {inputs['ipCidrRange']}" if inputs["ipCidrRange"] in same else ""
