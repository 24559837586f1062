"""What Google Cloud documents as conditions of resources that `isthmus.provision` makes."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from preconditions import GOOGLE, SDK_GOOGLE, Asked, World, rule

SERVICE = "gcp:projects/service:Service"
FUNCTION = "gcp:cloudfunctionsv2/function:Function"
TOPIC = "gcp:pubsub/topic:Topic"
SUBSCRIPTION = "gcp:pubsub/subscription:Subscription"
INSTANCE = "gcp:sql/databaseInstance:DatabaseInstance"
BUCKET = "gcp:storage/bucket:Bucket"
ACCOUNT = "gcp:serviceaccount/account:Account"
JOB = "gcp:cloudrunv2/job:Job"
WORKFLOW = "gcp:workflows/workflow:Workflow"
SECRET = "gcp:secretmanager/secret:Secret"
SUBNET = "gcp:compute/subnetwork:Subnetwork"
RULE = "gcp:compute/networkFirewallPolicyRule:NetworkFirewallPolicyRule"
TICK = "gcp:cloudscheduler/job:Job"

NEEDS = {
    "compute/": "compute",
    "servicenetworking/": "servicenetworking",
    "dns/": "dns",
    "sql/": "sqladmin",
    "pubsub/": "pubsub",
    "cloudscheduler/": "cloudscheduler",
    "workflows/": "workflows",
    "cloudfunctionsv2/": "cloudfunctions",
    "cloudrunv2/": "run",
    "kms/": "cloudkms",
    "secretmanager/": "secretmanager",
    "artifactregistry/": "artifactregistry",
    "serviceaccount/": "iam",
    "logging/": "logging",
    "billing/": "billingbudgets",
    "monitoring/": "monitoring",
    "orgpolicy/": "orgpolicy",
}
MEMBERS = (
    "gcp:projects/iAMMember:IAMMember",
    "gcp:pubsub/topicIAMMember:TopicIAMMember",
    "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember",
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
    "gcp:storage/bucketIAMMember:BucketIAMMember",
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
    "gcp:secretmanager/secretIamMember:SecretIamMember",
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember",
)
LABELLED = (FUNCTION, TOPIC, SUBSCRIPTION, BUCKET, WORKFLOW, SECRET, JOB)
EVERYTHING_WITH_AN_API = (
    "gcp:compute/network:Network",
    SUBNET,
    "gcp:compute/globalAddress:GlobalAddress",
    "gcp:compute/networkFirewallPolicy:NetworkFirewallPolicy",
    "gcp:servicenetworking/connection:Connection",
    "gcp:dns/managedZone:ManagedZone",
    INSTANCE,
    TOPIC,
    SUBSCRIPTION,
    TICK,
    WORKFLOW,
    FUNCTION,
    JOB,
    "gcp:kms/keyRing:KeyRing",
    SECRET,
    "gcp:artifactregistry/repository:Repository",
    ACCOUNT,
    "gcp:logging/projectBucketConfig:ProjectBucketConfig",
    "gcp:billing/budget:Budget",
    "gcp:monitoring/notificationChannel:NotificationChannel",
    "gcp:orgpolicy/policy:Policy",
)


def on(world: World, name: str) -> bool:
    """Say whether a service is turned on."""
    return any(one["service"] == f"{name}.googleapis.com" for one in world.of(SERVICE))


def seconds(duration: object) -> float | None:
    """Read `600s`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)s", str(duration or ""))
    return float(found[1]) if found else None


# Services and members


@rule(*EVERYTHING_WITH_AN_API, source=f"{GOOGLE}/service-usage/docs/enable-disable")
def a_resource_comes_after_its_service_is_on(asked: Asked, world: World) -> str:
    kind = asked.token.removeprefix("gcp:")
    wanted = next((service for prefix, service in NEEDS.items() if kind.startswith(prefix)), None)
    return f"{wanted}.googleapis.com is off" if wanted and not on(world, wanted) else ""


@rule(FUNCTION, source=f"{GOOGLE}/functions/docs/deploy")
def a_function_needs_cloud_build_cloud_run_and_artifact_registry(function: Asked, world: World) -> str:
    off = [name for name in ("cloudbuild", "run", "artifactregistry") if not on(world, name)]
    return f"{', '.join(off)} is off" if off else ""


@rule(*MEMBERS, source=f"{GOOGLE}/iam/docs/principal-identifiers")
def a_member_says_of_what_kind_it_is(member: Asked) -> str:
    kinds = ("serviceAccount:", "user:", "group:", "domain:", "principal://", "principalSet://")
    who = member["member"]
    return "" if who in {None, "allUsers", "allAuthenticatedUsers"} or who.startswith(kinds) else f"{who!r} does not"


@rule(*MEMBERS, source=f"{GOOGLE}/iam/docs/service-accounts-create")
def a_role_is_given_to_an_account_that_is_there(member: Asked, world: World) -> str:
    who = str(member["member"] or "")
    agent = re.search(r":service-\d+@", who)
    if agent or not who.endswith(".iam.gserviceaccount.com"):
        return ""
    known = {f"serviceAccount:{one['email']}" for one in world.outputs(ACCOUNT)}
    return "" if who in known else f"{who} is not"


@rule(*LABELLED, source=f"{GOOGLE}/resource-manager/docs/labels-overview")
def labels_have_63_lower_case_letters_digits_underscores_and_hyphens(asked: Asked) -> str:
    wrong = [
        f"{key}={value}"
        for key, value in (asked["labels"] or {}).items()
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", key) or not re.fullmatch(r"[a-z0-9_-]{0,63}", str(value))
    ]
    return f"{wrong[0]!r} has others" if wrong else ""


# Names


@rule(ACCOUNT, source=f"{SDK_GOOGLE} serviceaccount.Account")
def a_service_account_has_6_to_30_lower_case_letters_digits_and_hyphens(account: Asked) -> str:
    name = account["accountId"]
    fits = name is None or re.fullmatch(r"(?=.{6,30}\Z)[a-z]([-a-z0-9]*[a-z0-9])", name)
    return "" if fits else f"{name!r} cannot name one"


@rule(FUNCTION, source=f"{GOOGLE}/functions/docs/reference/rest/v2/projects.locations.functions")
def a_function_has_63_lower_case_letters_digits_and_hyphens_at_most(function: Asked) -> str:
    name = function["name"]
    fits = name is None or re.fullmatch(r"(?=.{1,63}\Z)[a-z]([a-z0-9-]*[a-z0-9])?", name)
    return "" if fits else f"{name!r} cannot name one"


@rule(TOPIC, SUBSCRIPTION, source=f"{GOOGLE}/pubsub/docs/pubsub-basics#resource_names")
def a_topic_or_subscription_has_3_to_255_of_their_characters(asked: Asked) -> str:
    name = asked["name"]
    fits = name is None or re.fullmatch(r"(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}", name)
    return "" if fits else f"{name!r} cannot name one"


@rule(BUCKET, source=f"{GOOGLE}/storage/docs/buckets#naming")
def a_bucket_has_3_to_63_lower_case_letters_digits_and_hyphens(bucket: Asked) -> str:
    name = bucket["name"]
    fits = name is None or re.fullmatch(r"(?!goog)(?=.{3,63}\Z)[a-z0-9][a-z0-9_-]*[a-z0-9]", name)
    return "" if fits else f"{name!r} cannot name one"


@rule(WORKFLOW, source=f"{GOOGLE}/workflows/docs/reference/rest/v1/projects.locations.workflows/create")
def a_workflow_has_64_letters_digits_underscores_and_hyphens_at_most(workflow: Asked) -> str:
    name = workflow["name"]
    fits = name is None or re.fullmatch(r"(?=.{1,64}\Z)[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?", name)
    return "" if fits else f"{name!r} cannot name one"


# Functions and jobs


@rule(FUNCTION, source=f"{GOOGLE}/functions/docs/runtime-support#python")
def a_function_names_a_runtime_that_there_is(function: Asked) -> str:
    runtime = function["buildConfig.runtime"]
    return "" if runtime is None or re.fullmatch(r"python3(10|11|12|13|14)", runtime) else f"{runtime!r} is none"


@rule(FUNCTION, source=f"{GOOGLE}/functions/docs/configuring/concurrency")
def an_instance_that_does_several_things_at_once_has_a_whole_cpu(function: Asked) -> str:
    several = (function["serviceConfig.maxInstanceRequestConcurrency"] or 1) > 1
    cpu = function["serviceConfig.availableCpu"]
    return f"it has {cpu}" if several and float(cpu or 0) < 1 else ""


@rule(FUNCTION, source=f"{GOOGLE}/functions/docs/configuring/min-instances")
def the_fewest_instances_are_no_more_than_the_most(function: Asked) -> str:
    least, most = function["serviceConfig.minInstanceCount"] or 0, function["serviceConfig.maxInstanceCount"] or 100
    return f"{least:g} and {most:g}" if least > most else ""


@rule(FUNCTION, source=f"{GOOGLE}/functions/docs/configuring/timeout")
def a_function_over_http_has_60_minutes_at_most(function: Asked) -> str:
    limit = function["serviceConfig.timeoutSeconds"] or 60
    return f"{limit:g} seconds" if limit > 3_600 else ""


@rule(FUNCTION, JOB, source=f"{GOOGLE}/run/docs/configuring/vpc-direct-vpc")
def a_subnet_for_direct_egress_is_a_26_at_least_in_the_same_region(asked: Asked, world: World) -> str:
    found = [
        *asked.listed("serviceConfig.directVpcNetworkInterfaces"),
        *asked.listed("template.template.vpcAccess.networkInterfaces"),
    ]
    for interface in found:
        subnet = world.get(interface.get("subnetwork", ""))
        if subnet is None:
            return f"{interface.get('subnetwork')} is not there"
        prefix = ipaddress.ip_network(str(subnet["ipCidrRange"])).prefixlen
        if prefix > 26 or subnet["region"] != asked["location"]:
            return f"{interface['subnetwork']} is a /{prefix} in {subnet['region']}"
    return "" if len(found) <= 1 else "there are several"


@rule(FUNCTION, source=f"{GOOGLE}/functions/docs/securing/build-custom-sa")
def the_account_that_builds_may_read_packages_and_write_logs_and_images(function: Asked, world: World) -> str:
    account = str(function["buildConfig.serviceAccount"] or "").rpartition("/")[2]
    if not account:
        return "it is not named: the default one may do too much, or nothing"
    given = {(one["role"], place) for one, place in roles_of(account, world)}
    packages = function["buildConfig.source.storageSource.bucket"]
    images = str(function["buildConfig.dockerRepository"] or "").rpartition("/")[2]
    # The Functions API copies packages into a bucket of its own: cloud.google.com/functions/docs/building.
    wanted = {
        ("roles/logging.logWriter", EVERYWHERE): "write logs",
        ("roles/storage.objectViewer", packages): f"read {packages}",
        ("roles/storage.objectViewer", "gcf-v2-sources"): "read the copies of packages",
        ("roles/artifactregistry.writer", images): f"write to {images}",
    }
    missing = [what for (role, place), what in wanted.items() if not {(role, place), (role, EVERYWHERE)} & given]
    return f"it may not {', '.join(missing)}" if missing else ""


EVERYWHERE = "everywhere in the project"


def roles_of(account: str, world: World) -> Iterator[tuple[Asked, str]]:
    """Yield what an account is given, and in which bucket or repository, or everywhere in the project."""
    for token in MEMBERS:
        for one in world.of(token):
            if not str(one["member"]).endswith(f":{account}"):
                continue
            copies = re.search(r"/buckets/(gcf-v2-sources)-", str(one["condition.expression"] or ""))
            yield one, one["bucket"] or one["repository"] or (copies[1] if copies else EVERYWHERE)


@rule(FUNCTION, source=f"{GOOGLE}/functions/docs/building#image_registry")
def a_function_keeps_its_images_in_its_own_region(function: Asked, world: World) -> str:
    named = function["buildConfig.dockerRepository"]
    repository = world.get(named or "")
    if named and repository is None:
        return f"{named} is not there"
    return f"{named} is elsewhere" if repository and repository["location"] != function["location"] else ""


@rule(FUNCTION, source=f"{GOOGLE}/functions/docs/deploy#from-cloud-storage")
def the_package_of_a_function_is_in_its_bucket(function: Asked, world: World) -> str:
    source = "buildConfig.source.storageSource"
    named = (function[f"{source}.bucket"], function[f"{source}.object"])
    there = {(one["bucket"], one["name"]) for one in world.of("gcp:storage/bucketObject:BucketObject")}
    return "" if None in named or named in there else f"{named[1]} is not in {named[0]}"


@rule(FUNCTION, source=f"{GOOGLE}/functions/docs/configuring/secrets")
def a_secret_that_a_function_is_given_has_a_version_and_lets_it_in(function: Asked, world: World) -> str:
    email = function["serviceConfig.serviceAccountEmail"]
    for given in function.listed("serviceConfig.secretEnvironmentVariables"):
        name = given["secret"]
        versions = [str(one["secret"]) for one in world.of("gcp:secretmanager/secretVersion:SecretVersion")]
        if not any(version.rpartition("/")[2] == name for version in versions):
            return f"{name} has no version"
        members = world.of("gcp:secretmanager/secretIamMember:SecretIamMember")
        if not any(one["secretId"] == name and str(one["member"]).endswith(f":{email}") for one in members):
            return f"{email} may not read {name}"
    return ""


@rule(FUNCTION, source=f"{GOOGLE}/functions/docs/configuring/env-var#reserved")
def a_function_sets_no_reserved_variable(function: Asked) -> str:
    reserved = {"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION", "FUNCTION_TARGET", "FUNCTION_SIGNATURE_TYPE"}
    found = sorted(reserved & {*(function["serviceConfig.environmentVariables"] or {})})
    return f"{found[0]} is" if found else ""


# Messaging


@rule(SUBSCRIPTION, source=f"{SDK_GOOGLE} pubsub.SubscriptionDeadLetterPolicy")
def a_message_is_dead_after_5_to_100_attempts(subscription: Asked) -> str:
    attempts = subscription["deadLetterPolicy.maxDeliveryAttempts"]
    return "" if attempts is None or 5 <= attempts <= 100 else f"{attempts:g} attempts"


@rule(SUBSCRIPTION, source=f"{GOOGLE}/pubsub/docs/handling-failures#grant_forwarding_permissions")
def pubsubs_own_account_may_publish_dead_letters(subscription: Asked, world: World) -> str:
    letters = str(subscription["deadLetterPolicy.deadLetterTopic"] or "").rpartition("/")[2]
    if not letters:
        return ""
    given = any(
        one["topic"] == letters and one["role"] == "roles/pubsub.publisher" and "@gcp-sa-pubsub" in str(one["member"])
        for one in world.of("gcp:pubsub/topicIAMMember:TopicIAMMember")
    )
    return "" if given else f"it may not publish to {letters}"


@rule(SUBSCRIPTION, source=f"{GOOGLE}/pubsub/docs/lease-management")
def a_message_is_acknowledged_within_10_to_600_seconds(subscription: Asked) -> str:
    deadline = subscription["ackDeadlineSeconds"]
    return "" if deadline is None or 10 <= deadline <= 600 else f"{deadline:g} seconds"


@rule(TOPIC, SUBSCRIPTION, source=f"{GOOGLE}/pubsub/quotas")
def messages_are_kept_for_10_minutes_to_31_days(asked: Asked) -> str:
    kept = seconds(asked["messageRetentionDuration"])
    return "" if kept is None or 600 <= kept <= 31 * 86_400 else f"{kept:g} seconds"


@rule(SUBSCRIPTION, source=f"{GOOGLE}/pubsub/docs/exactly-once-delivery")
def only_what_is_pulled_is_delivered_exactly_once(subscription: Asked) -> str:
    pushed = subscription["pushConfig.pushEndpoint"] is not None
    return "it is pushed" if pushed and subscription["enableExactlyOnceDelivery"] else ""


@rule(SUBSCRIPTION, source=f"{GOOGLE}/pubsub/docs/authenticate-push-subscriptions")
def a_push_goes_to_https_in_the_name_of_an_account_that_may_call(subscription: Asked, world: World) -> str:
    endpoint, who = subscription["pushConfig.pushEndpoint"], subscription["pushConfig.oidcToken.serviceAccountEmail"]
    if endpoint is None:
        return ""
    if not endpoint.startswith("https://") or not who:
        return f"{endpoint} in the name of {who}"
    members = world.of("gcp:cloudrunv2/serviceIamMember:ServiceIamMember")
    called = [one for one in members if f"https://{one['name']}-" in endpoint and one["role"] == "roles/run.invoker"]
    return "" if any(str(one["member"]).endswith(f":{who}") for one in called) else f"{who} may not call {endpoint}"


# Database


@rule(INSTANCE, source=f"{GOOGLE}/sql/docs/postgres/configure-private-services-access")
def an_instance_without_a_public_address_needs_a_connected_network(instance: Asked, world: World) -> str:
    if instance["settings.ipConfiguration.ipv4Enabled"] is not False:
        return ""
    network = instance["settings.ipConfiguration.privateNetwork"]
    links = world.of("gcp:servicenetworking/connection:Connection")
    return "" if any(one["network"] == network for one in links) else f"{network} is not connected"


@rule(INSTANCE, source=f"{GOOGLE}/sql/docs/postgres/instance-settings")
def a_size_has_1_or_an_even_number_of_cpus_and_fitting_memory(instance: Asked) -> str:
    found = re.fullmatch(r"db-custom-(\d+)-(\d+)", str(instance["settings.tier"]))
    if not found:
        return ""
    cpus, megabytes = int(found[1]), int(found[2])
    fits = (cpus == 1 or not cpus % 2) and cpus <= 96 and not megabytes % 256 and megabytes >= 3_840
    per_cpu = 0.9 <= megabytes / 1024 / cpus <= 6.5
    return "" if fits and per_cpu else f"{found[0]} is none"


@rule("gcp:sql/user:User", source=f"{GOOGLE}/sql/docs/postgres/add-manage-iam-users")
def a_service_account_logs_in_without_its_domain_where_iam_is_on(user: Asked, world: World) -> str:
    if user["type"] != "CLOUD_IAM_SERVICE_ACCOUNT":
        return ""
    if str(user["name"]).endswith(".gserviceaccount.com"):
        return f"{user['name']} has its domain"
    instance = world.get(str(user["instance"]))
    flags = instance.listed("settings.databaseFlags") if instance else []
    iam = any(one == {"name": "cloudsql.iam_authentication", "value": "on"} for one in flags)
    return "" if instance is None or iam else "cloudsql.iam_authentication is off"


# Keys, secrets, storage


@rule(
    "gcp:kms/cryptoKey:CryptoKey", source=f"{GOOGLE}/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys"
)
def a_key_is_destroyed_after_24_hours_to_120_days(key: Asked) -> str:
    after = seconds(key["destroyScheduledDuration"])
    return "" if after is None or 86_400 <= after <= 120 * 86_400 else f"{after:g} seconds"


@rule(SECRET, source=f"{GOOGLE}/secret-manager/docs/choosing-replication")
def a_secret_is_replicated_in_exactly_one_way(secret: Asked) -> str:
    ways = [way for way in ("auto", "userManaged") if (secret["replication"] or {}).get(way) is not None]
    return "" if len(ways) == 1 else f"{ways or 'none'}"


@rule(BUCKET, source=f"{GOOGLE}/storage/docs/bucket-lock")
def a_retention_is_less_than_100_years_and_excludes_versions(bucket: Asked) -> str:
    period = bucket["retentionPolicy.retentionPeriod"]
    if period is None:
        return ""
    return "" if 0 < int(period) < 3_155_760_000 else f"{period} seconds"


@rule(BUCKET, source=f"{GOOGLE}/storage/docs/bucket-lock#lock-bucket")
def a_locked_retention_only_grows(bucket: Asked, world: World) -> str:
    before = Asked(bucket.token, bucket.before or {})
    if not before["retentionPolicy.isLocked"]:
        return ""
    shrinks = int(bucket["retentionPolicy.retentionPeriod"] or 0) < int(before["retentionPolicy.retentionPeriod"])
    return "it is locked" if shrinks or not bucket["retentionPolicy.isLocked"] else ""


# Network


@rule("gcp:compute/globalAddress:GlobalAddress", source=f"{GOOGLE}/vpc/docs/configure-private-services-access")
def addresses_for_googles_services_are_a_24_at_least(address: Asked) -> str:
    bits = address["prefixLength"]
    return f"a /{bits:g}" if address["purpose"] == "VPC_PEERING" and bits is not None and bits > 24 else ""


@rule("gcp:servicenetworking/connection:Connection", source=f"{GOOGLE}/vpc/docs/configure-private-services-access")
def a_connection_names_addresses_that_are_kept_for_it(connection: Asked, world: World) -> str:
    kept = [
        one["name"] for one in world.of("gcp:compute/globalAddress:GlobalAddress") if one["purpose"] == "VPC_PEERING"
    ]
    missing = [one for one in connection.listed("reservedPeeringRanges") if one not in kept]
    return f"{missing[0]} is not kept" if missing else ""


@rule(RULE, source=f"{GOOGLE}/firewall/docs/firewall-policies-rule-details")
def rules_of_a_policy_have_priorities_of_their_own(asked: Asked, world: World) -> str:
    mine = (asked["firewallPolicy"], asked["priority"])
    taken = [one["ruleName"] for one in world.of(RULE) if (one["firewallPolicy"], one["priority"]) == mine]
    return f"{taken[0]} has {mine[1]:g}" if taken else ""


@rule(RULE, source=f"{GOOGLE}/firewall/docs/firewall-policies-rule-details#fqdn-objects")
def a_rule_by_name_allows_100_names_for_what_leaves(asked: Asked) -> str:
    names = asked.listed("match.destFqdns")
    if not names:
        return ""
    wild = [name for name in names if "*" in name]
    return f"{wild or len(names)}" if wild or len(names) > 100 or asked["direction"] != "EGRESS" else ""


@rule("gcp:compute/routerNat:RouterNat", source=f"{GOOGLE}/nat/docs/ports-and-addresses")
def a_gateway_has_addresses_of_its_own_or_given_ones(gateway: Asked) -> str:
    both = gateway["natIpAllocateOption"] == "AUTO_ONLY" and gateway.listed("natIps")
    return "it has both" if both else ""


# Workflows, schedules, logs, budgets


@rule(WORKFLOW, source=f"{SDK_GOOGLE} workflows.Workflow")
def a_workflow_has_20_variables_and_none_of_googles(workflow: Asked) -> str:
    names = [*(workflow["userEnvVars"] or {})]
    wrong = [name for name in names if not name or name.startswith(("GOOGLE", "WORKFLOWS"))]
    return f"{wrong[:1] or len(names)}" if wrong or len(names) > 20 else ""


@rule(WORKFLOW, source=f"{GOOGLE}/workflows/quotas")
def the_source_of_a_workflow_has_128_kb_at_most(workflow: Asked) -> str:
    size = len(str(workflow["sourceContents"] or "").encode())
    return f"{size} bytes" if size > 128 * 1024 else ""


@rule(WORKFLOW, source=f"{GOOGLE}/workflows/docs/authentication")
def a_workflow_runs_as_an_account_that_is_there(workflow: Asked, world: World) -> str:
    named = workflow["serviceAccount"]
    return "" if named is None or world.get(named) else f"{named} is not"


@rule(TICK, source=f"{SDK_GOOGLE} cloudscheduler.Job")
def a_call_over_http_has_15_seconds_to_30_minutes(job: Asked) -> str:
    deadline = seconds(job["attemptDeadline"])
    return "" if deadline is None or 15 <= deadline <= 1_800 else f"{deadline:g} seconds"


@rule(TICK, source=f"{GOOGLE}/scheduler/docs/configuring/cron-job-schedules")
def a_schedule_is_a_line_of_five_fields(job: Asked) -> str:
    schedule = job["schedule"]
    return "" if schedule is None or re.fullmatch(r"(\S+ ){4}\S+", schedule) else f"{schedule!r} is not"


@rule("gcp:logging/projectBucketConfig:ProjectBucketConfig", source=f"{GOOGLE}/logging/docs/buckets#custom-retention")
def logs_are_kept_for_1_to_3650_days(bucket: Asked) -> str:
    days = bucket["retentionDays"]
    return "" if days is None or 1 <= days <= 3_650 else f"{days:g} days"


@rule("gcp:billing/budget:Budget", source=f"{SDK_GOOGLE} billing.BudgetBudgetFilter")
def a_budget_looks_at_one_label_at_most(budget: Asked) -> str:
    labels = budget["budgetFilter.labels"] or {}
    return f"{sorted(labels)}" if len(labels) > 1 else ""
