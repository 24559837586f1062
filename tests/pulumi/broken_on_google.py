"""For each of Google's bounds and orders, the change of a good resource that breaks it: as in `broken.py`."""

from __future__ import annotations

from typing import Any

G = "gcp"
FUNCTION, JOB = f"{G}:cloudfunctionsv2/function:Function", f"{G}:cloudrunv2/job:Job"
SUBSCRIPTION, TICK = f"{G}:pubsub/subscription:Subscription", f"{G}:cloudscheduler/job:Job"
INSTANCE, TOPIC = f"{G}:sql/databaseInstance:DatabaseInstance", f"{G}:pubsub/topic:Topic"
SECRET, RULE = f"{G}:secretmanager/secret:Secret", f"{G}:compute/networkFirewallPolicyRule:NetworkFirewallPolicyRule"
PROJECT, POLICY = f"{G}:organizations/project:Project", f"{G}:orgpolicy/policy:Policy"
SETTINGS = "settings.backupConfiguration"


def neither_address(inputs: dict[str, Any]) -> None:
    del inputs["settings"]["ipConfiguration"]["privateNetwork"]


def ports_of_everything(inputs: dict[str, Any]) -> None:
    inputs["match"]["layer4Configs"] = [{"ipProtocol": "all", "ports": ["443"]}]


def another_bucket(inputs: dict[str, Any]) -> None:
    inputs["destination"] += "x"


def regions_by_themselves(inputs: dict[str, Any]) -> None:
    inputs["spec"]["rules"][0]["values"]["allowedValues"] = ["europe-west1"]


BROKEN_ON_GOOGLE: list[tuple[str, str, Any]] = [
    ("more_memory_takes_more_cpus", FUNCTION, {"serviceConfig.availableMemory": "8192Mi"}),
    ("a_function_is_in_a_network_by_a_connector_or_directly", FUNCTION, {"serviceConfig.vpcConnector": "x"}),
    ("a_job_and_the_token_of_its_execution_have_62_characters_together", JOB, {"runExecutionToken": "0" * 60}),
    ("a_job_is_ready_when_an_execution_began_or_when_one_ended", JOB, {"startExecutionToken": "0"}),
    (
        "a_subscription_delivers_in_one_way",
        SUBSCRIPTION,
        {"bigqueryConfig": {"table": "t"}, "pushConfig.pushEndpoint": "https://x"},
    ),
    ("a_delivery_is_tried_again_after_10_minutes_at_most", SUBSCRIPTION, {"retryPolicy.maximumBackoff": "601s"}),
    ("a_scheduled_job_has_one_target", TICK, {"pubsubTarget": {"topicName": "t"}}),
    ("a_scheduled_call_has_one_kind_of_token", TICK, {"httpTarget.oauthToken": {"serviceAccountEmail": "x"}}),
    ("a_secret_has_255_letters_digits_hyphens_and_underscores_at_most", SECRET, {"secretId": "a.b"}),
    ("an_instance_has_98_lower_case_letters_digits_and_hyphens_at_most", INSTANCE, {"name": "Upper"}),
    ("an_instance_has_a_public_or_a_private_address", INSTANCE, neither_address),
    ("a_standby_takes_backups_and_recovery_to_a_point_in_time", INSTANCE, {f"{SETTINGS}.enabled": False}),
    ("logs_of_transactions_are_kept_for_a_week_at_most", INSTANCE, {f"{SETTINGS}.transactionLogRetentionDays": 8}),
    ("enterprise_plus_has_no_custom_sizes", INSTANCE, {"settings.edition": "ENTERPRISE_PLUS"}),
    ("a_user_of_iam_has_no_password", f"{G}:sql/user:User", {"password": "x"}),
    ("only_a_symmetric_key_rotates_and_not_within_a_day", f"{G}:kms/cryptoKey:CryptoKey", {"rotationPeriod": "60s"}),
    (
        "what_is_deleted_is_kept_for_7_to_90_days_or_not_at_all",
        f"{G}:storage/bucket:Bucket",
        {"softDeletePolicy.retentionDurationSeconds": 60},
    ),
    ("only_tcp_udp_and_sctp_have_ports", RULE, ports_of_everything),
    ("names_in_dns_end_with_a_dot", f"{G}:dns/managedZone:ManagedZone", {"dnsName": "run.app"}),
    (
        "a_budget_tells_5_channels_at_most",
        f"{G}:billing/budget:Budget",
        {"allUpdatesRule.monitoringNotificationChannels": ["x"] * 6},
    ),
    ("the_agent_of_a_service_may_use_the_key_that_it_encrypts_with", TOPIC, {"kmsKeyName": "another"}),
    (
        "a_key_is_in_the_region_of_what_it_encrypts",
        f"{G}:storage/bucket:Bucket",
        {"encryption.defaultKmsKeyName": "projects/p/locations/us/keyRings/r/cryptoKeys/k"},
    ),
    ("the_images_of_a_function_with_a_key_have_the_same_key", FUNCTION, {"kmsKeyName": "another"}),
    (
        "a_service_has_an_agent_once_it_is_on",
        f"{G}:projects/serviceIdentity:ServiceIdentity",
        {"service": "aiplatform.googleapis.com"},
    ),
    ("a_subscription_is_of_a_topic_that_is_there", SUBSCRIPTION, {"topic": "projects/desk/topics/none"}),
    (
        "dead_letters_go_to_a_topic_that_is_there",
        SUBSCRIPTION,
        {"deadLetterPolicy.deadLetterTopic": "projects/desk/topics/none"},
    ),
    (
        "what_runs_or_speaks_as_an_account_has_one_that_is_there",
        TICK,
        {"httpTarget.oidcToken.serviceAccountEmail": "nobody@desk.iam.gserviceaccount.com"},
    ),
    (
        "logs_go_to_a_bucket_that_is_there",
        f"{G}:logging/projectSink:ProjectSink",
        another_bucket,
    ),
    (
        "a_project_has_6_to_30_lower_case_letters_digits_and_hyphens_and_neither_google_nor_ssl",
        PROJECT,
        {"projectId": "the-google-desk"},
    ),
    ("a_project_is_in_a_folder_or_in_an_organisation", PROJECT, {"orgId": "1"}),
    ("a_project_in_which_functions_are_built_is_billed_to_an_account", PROJECT, {"billingAccount": ""}),
    ("a_policy_is_called_by_what_it_is_of_and_by_its_constraint", POLICY, {"parent": "projects/another"}),
    ("places_are_allowed_as_groups_of_values", POLICY, regions_by_themselves),
    (
        "the_role_that_sets_policies_is_given_in_an_organisation_and_not_in_a_project",
        f"{G}:projects/iAMMember:IAMMember",
        {"role": "roles/orgpolicy.policyAdmin"},
    ),
    ("what_is_made_is_where_the_policy_of_its_project_allows_it", f"{G}:storage/bucket:Bucket", {"location": "EU"}),
    ("subnets_of_a_network_do_not_overlap", f"{G}:compute/subnetwork:Subnetwork", {"ipCidrRange": "10.80.0.0/16"}),
]
