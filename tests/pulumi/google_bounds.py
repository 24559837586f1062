"""More of what Google Cloud documents: bounds of properties, and properties that do not go together."""

from __future__ import annotations

import re

from google_preconditions import BUCKET, FUNCTION, INSTANCE, JOB, RULE, SECRET, SUBSCRIPTION, TICK, seconds
from preconditions import GOOGLE, SDK_GOOGLE, Asked, rule

KEY = "gcp:kms/cryptoKey:CryptoKey"
ZONE, RECORD = "gcp:dns/managedZone:ManagedZone", "gcp:dns/recordSet:RecordSet"
MOST_MB = {1: 4_096, 2: 8_192, 4: 16_384, 6: 24_576, 8: 32_768}
WAYS_TO_DELIVER = ("pushConfig", "bigqueryConfig", "cloudStorageConfig")
TARGETS = ("httpTarget", "pubsubTarget", "appEngineHttpTarget")
PROJECT, POLICY = "gcp:organizations/project:Project", "gcp:orgpolicy/policy:Policy"
PROJECTS = f"{GOOGLE}/resource-manager/docs/creating-managing-projects"
LOCATIONS = f"{GOOGLE}/resource-manager/docs/organization-policy/defining-locations"


@rule(FUNCTION, source=f"{GOOGLE}/run/docs/configuring/services/memory-limits")
def more_memory_takes_more_cpus(function: Asked) -> str:
    memory = re.fullmatch(r"(\d+)Mi", str(function["serviceConfig.availableMemory"]))
    cpus = int(float(function["serviceConfig.availableCpu"] or 1))
    return f"{memory[0]} with {cpus}" if memory and int(memory[1]) > MOST_MB.get(cpus, 512) else ""


@rule(FUNCTION, source=f"{GOOGLE}/functions/docs/running/direct-vpc")
def a_function_is_in_a_network_by_a_connector_or_directly(function: Asked) -> str:
    both = function["serviceConfig.vpcConnector"] and function.listed("serviceConfig.directVpcNetworkInterfaces")
    return "by both" if both else ""


@rule(JOB, source=f"{SDK_GOOGLE} cloudrunv2.Job")
def a_job_and_the_token_of_its_execution_have_62_characters_together(job: Asked) -> str:
    token = job["runExecutionToken"] or job["startExecutionToken"] or ""
    length = len(str(job["name"] or "")) + len(str(token))
    return f"{length} characters" if token and length >= 63 else ""


@rule(JOB, source=f"{SDK_GOOGLE} cloudrunv2.Job")
def a_job_is_ready_when_an_execution_began_or_when_one_ended(job: Asked) -> str:
    return "both are asked for" if job["runExecutionToken"] and job["startExecutionToken"] else ""


@rule(SUBSCRIPTION, source=f"{GOOGLE}/pubsub/docs/subscriber")
def a_subscription_delivers_in_one_way(subscription: Asked) -> str:
    ways = [way for way in WAYS_TO_DELIVER if subscription[way]]
    return f"{', '.join(ways)}" if len(ways) > 1 else ""


@rule(SUBSCRIPTION, source=f"{SDK_GOOGLE} pubsub.SubscriptionRetryPolicy")
def a_delivery_is_tried_again_after_10_minutes_at_most(subscription: Asked) -> str:
    most = seconds(subscription["retryPolicy.maximumBackoff"])
    return f"{most:g} seconds" if most is not None and most > 600 else ""


@rule(TICK, source=f"{GOOGLE}/scheduler/docs/reference/rest/v1/projects.locations.jobs")
def a_scheduled_job_has_one_target(job: Asked) -> str:
    targets = [target for target in TARGETS if job[target]]
    return "" if len(targets) == 1 else f"it has {', '.join(targets) or 'none'}"


@rule(TICK, source=f"{GOOGLE}/scheduler/docs/http-target-auth")
def a_scheduled_call_has_one_kind_of_token(job: Asked) -> str:
    return "it has both" if job["httpTarget.oidcToken"] and job["httpTarget.oauthToken"] else ""


@rule(SECRET, source=f"{GOOGLE}/secret-manager/docs/reference/rest/v1/projects.secrets/create")
def a_secret_has_255_letters_digits_hyphens_and_underscores_at_most(secret: Asked) -> str:
    name = secret["secretId"]
    return "" if name is None or re.fullmatch(r"[A-Za-z0-9_-]{1,255}", name) else f"{name!r} cannot name one"


@rule(INSTANCE, source=f"{GOOGLE}/sql/docs/postgres/instance-settings")
def an_instance_has_98_lower_case_letters_digits_and_hyphens_at_most(instance: Asked) -> str:
    name = instance["name"]
    return "" if name is None or re.fullmatch(r"[a-z][a-z0-9-]{0,97}", name) else f"{name!r} cannot name one"


@rule(INSTANCE, source=f"{GOOGLE}/sql/docs/postgres/configure-ip")
def an_instance_has_a_public_or_a_private_address(instance: Asked) -> str:
    addresses = instance["settings.ipConfiguration"] or {}
    neither = addresses.get("ipv4Enabled") is False and not addresses.get("privateNetwork")
    return "it has neither" if neither and not addresses.get("pscConfigs") else ""


@rule(INSTANCE, source=f"{SDK_GOOGLE} sql.DatabaseInstanceSettings")
def a_standby_takes_backups_and_recovery_to_a_point_in_time(instance: Asked) -> str:
    backups = instance["settings.backupConfiguration"] or {}
    both = backups.get("enabled") and backups.get("pointInTimeRecoveryEnabled")
    return "it has not both" if instance["settings.availabilityType"] == "REGIONAL" and not both else ""


@rule(INSTANCE, source=f"{SDK_GOOGLE} sql.DatabaseInstanceSettingsBackupConfiguration")
def logs_of_transactions_are_kept_for_a_week_at_most(instance: Asked) -> str:
    days = instance["settings.backupConfiguration.transactionLogRetentionDays"]
    most = 35 if instance["settings.edition"] == "ENTERPRISE_PLUS" else 7
    return f"{days:g} days" if days is not None and days > most else ""


@rule(INSTANCE, source=f"{GOOGLE}/sql/docs/postgres/editions-intro")
def enterprise_plus_has_no_custom_sizes(instance: Asked) -> str:
    custom = str(instance["settings.tier"]).startswith("db-custom-")
    return f"{instance['settings.tier']}" if custom and instance["settings.edition"] == "ENTERPRISE_PLUS" else ""


@rule("gcp:sql/user:User", source=f"{SDK_GOOGLE} sql.User")
def a_user_of_iam_has_no_password(user: Asked) -> str:
    return "it has one" if str(user["type"]).startswith("CLOUD_IAM") and user["password"] else ""


@rule(KEY, source=f"{SDK_GOOGLE} kms.CryptoKey")
def only_a_symmetric_key_rotates_and_not_within_a_day(key: Asked) -> str:
    period = seconds(key["rotationPeriod"])
    if period is None:
        return ""
    if (key["purpose"] or "ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT":
        return f"it is for {key['purpose']}"
    return f"{period:g} seconds" if period < 86_400 else ""


@rule(BUCKET, source=f"{GOOGLE}/storage/docs/soft-delete")
def what_is_deleted_is_kept_for_7_to_90_days_or_not_at_all(bucket: Asked) -> str:
    kept = bucket["softDeletePolicy.retentionDurationSeconds"]
    return "" if not kept or 7 * 86_400 <= kept <= 90 * 86_400 else f"{kept:g} seconds"


@rule(RULE, source=f"{GOOGLE}/firewall/docs/firewall-policies-rule-details#protocols-and-ports")
def only_tcp_udp_and_sctp_have_ports(asked: Asked) -> str:
    layers = asked.listed("match.layer4Configs")
    wrong = [
        one["ipProtocol"] for one in layers if one.get("ports") and one["ipProtocol"] not in {"tcp", "udp", "sctp"}
    ]
    return f"{wrong[0]}" if wrong else ""


@rule(ZONE, RECORD, source=f"{GOOGLE}/dns/docs/records")
def names_in_dns_end_with_a_dot(asked: Asked) -> str:
    names = [asked["dnsName"] if asked.token == ZONE else asked["name"]]
    names += asked.listed("rrdatas") if asked["type"] == "CNAME" else []
    wrong = [name for name in names if name is not None and not name.endswith(".")]
    return f"{wrong[0]}" if wrong else ""


@rule("gcp:billing/budget:Budget", source=f"{SDK_GOOGLE} billing.BudgetAllUpdatesRule")
def a_budget_tells_5_channels_at_most(budget: Asked) -> str:
    channels = budget.listed("allUpdatesRule.monitoringNotificationChannels")
    return f"{len(channels)}" if len(channels) > 5 else ""


# Projects, and what an organisation says of them


@rule(PROJECT, source=PROJECTS)
def a_project_has_6_to_30_lower_case_letters_digits_and_hyphens_and_neither_google_nor_ssl(project: Asked) -> str:
    name = str(project["projectId"])
    fits = re.fullmatch(r"(?=.{6,30}\Z)[a-z][a-z0-9-]*[a-z0-9]", name) and not re.search("google|ssl", name)
    return "" if fits else f"{name!r} cannot name one"


@rule(PROJECT, source=f"{SDK_GOOGLE} organizations.Project")
def a_project_is_in_a_folder_or_in_an_organisation(project: Asked) -> str:
    inside = [one for one in ("folderId", "orgId") if project[one]]
    return "" if len(inside) == 1 else f"it is in {inside or 'none'}"


@rule(PROJECT, source=f"{GOOGLE}/functions/docs/building")
def a_project_in_which_functions_are_built_is_billed_to_an_account(project: Asked) -> str:
    return "" if project["billingAccount"] else "it has none"


@rule(POLICY, source=f"{SDK_GOOGLE} orgpolicy.Policy")
def a_policy_is_called_by_what_it_is_of_and_by_its_constraint(policy: Asked) -> str:
    name, of = str(policy["name"]), policy["parent"]
    return "" if re.fullmatch(rf"{of}/policies/[A-Za-z.]+", name) else f"{name} of {of}"


@rule(POLICY, source=f"{LOCATIONS}#location_types")
def places_are_allowed_as_groups_of_values(policy: Asked) -> str:
    values = [
        one for each in policy.listed("spec.rules") for one in (each.get("values") or {}).get("allowedValues", ())
    ]
    if not str(policy["name"]).endswith("/gcp.resourceLocations"):
        return ""
    wrong = [one for one in values if not re.fullmatch(r"in:[a-z0-9-]+-locations", one)]
    return f"{wrong[:1] or 'none'}" if wrong or not values else ""


@rule("gcp:projects/iAMMember:IAMMember", source=f"{GOOGLE}/iam/docs/roles-permissions/orgpolicy")
def the_role_that_sets_policies_is_given_in_an_organisation_and_not_in_a_project(member: Asked) -> str:
    return f"{member['project']} is a project" if member["role"] == "roles/orgpolicy.policyAdmin" else ""
