"""For each condition, the change of a good resource that breaks it: paths with values, or a function of the inputs."""

from __future__ import annotations

from typing import Any

AZ, G = "azure-native", "gcp"
APP, PLAN = f"{AZ}:web:WebApp", f"{AZ}:web:AppServicePlan"
ACCOUNT, VAULT, KEY = f"{AZ}:storage:StorageAccount", f"{AZ}:keyvault:Vault", f"{AZ}:keyvault:Key"
SERVER, BUS = f"{AZ}:dbforpostgresql:Server", f"{AZ}:servicebus:Namespace"
ASSIGNMENT = f"{AZ}:authorization:PolicyAssignment"
SCRIPT, NETWORK = f"{AZ}:resources:AzureCliScript", f"{AZ}:network:VirtualNetwork"
FUNCTION, TOPIC = f"{G}:cloudfunctionsv2/function:Function", f"{G}:pubsub/topic:Topic"
SUBSCRIPTION, BUCKET = f"{G}:pubsub/subscription:Subscription", f"{G}:storage/bucket:Bucket"
INSTANCE, WORKFLOW = f"{G}:sql/databaseInstance:DatabaseInstance", f"{G}:workflows/workflow:Workflow"
TICK, MEMBER = f"{G}:cloudscheduler/job:Job", f"{G}:projects/iAMMember:IAMMember"
FLEX = "functionAppConfig.scaleAndConcurrency"


def setting(inputs: dict[str, Any]) -> None:
    inputs["siteConfig"]["appSettings"].append({"name": "FUNCTIONS_WORKER_RUNTIME", "value": "python"})


def undelegated(inputs: dict[str, Any]) -> None:
    inputs["virtualNetworkSubnetId"] = inputs["virtualNetworkSubnetId"].replace("/functions", "/endpoints")


def subnets_over_each_other(inputs: dict[str, Any]) -> None:
    inputs["subnets"][1]["addressPrefix"] = inputs["subnets"][0]["addressPrefix"]


def priorities_alike(inputs: dict[str, Any]) -> None:
    inputs["securityRules"][1]["priority"] = inputs["securityRules"][0]["priority"]


def hop_without_address(inputs: dict[str, Any]) -> None:
    del inputs["routes"][-1]["nextHopIpAddress"]


def another_part(inputs: dict[str, Any]) -> None:
    inputs["privateLinkServiceConnections"][0]["groupIds"] = ["tables"]


def another_zone(inputs: dict[str, Any]) -> None:
    inputs["privateDnsZoneConfigs"][0]["privateDnsZoneId"] = "/privateDnsZones/privatelink.example.com"


def firewall_elsewhere(inputs: dict[str, Any]) -> None:
    inputs["ipConfigurations"][0]["subnet"]["id"] += "x"


def script_in_endpoints(inputs: dict[str, Any]) -> None:
    subnet = inputs["containerSettings"]["subnetIds"][0]
    subnet["id"] = subnet["id"].replace("/migrations", "/endpoints")


def six_notifications(inputs: dict[str, Any]) -> None:
    one = next(iter(inputs["notifications"].values()))
    inputs["notifications"] = {str(place): one for place in range(6)}


def secret_given(inputs: dict[str, Any]) -> None:
    inputs["serviceConfig"]["secretEnvironmentVariables"] = [
        {"key": "X", "projectId": "desk", "secret": "desk-prod-venue-key", "version": "latest"}
    ]


def names_with_stars(inputs: dict[str, Any]) -> None:
    inputs["match"]["destFqdns"] = ["*.example" for _ in inputs["match"]["destFqdns"]]


def elsewhere(inputs: dict[str, Any]) -> None:
    inputs["serviceConfig"]["directVpcNetworkInterfaces"][0]["subnetwork"] = "projects/other/subnetworks/x"


BROKEN: list[tuple[str, str, Any]] = [
    ("a_storage_account_has_3_to_24_lower_case_letters_and_digits", ACCOUNT, {"accountName": "Desk-Journal"}),
    ("a_vault_has_3_to_24_letters_digits_and_single_hyphens_a_letter_first", VAULT, {"vaultName": "desk--v"}),
    ("a_function_app_has_2_to_60_letters_digits_and_inner_hyphens", APP, {"name": "orders-"}),
    ("a_database_server_has_3_to_63_lower_case_letters_digits_and_inner_hyphens", SERVER, {"serverName": "Data"}),
    ("a_namespace_has_6_to_50_letters_digits_and_hyphens_a_letter_first", BUS, {"namespaceName": "1-bus"}),
    (
        "a_container_has_3_to_63_lower_case_letters_digits_and_single_hyphens",
        f"{AZ}:storage:BlobContainer",
        {"containerName": "app_orders"},
    ),
    ("a_subscription_has_50_characters_at_most", f"{AZ}:servicebus:Subscription", {"subscriptionName": "x" * 51}),
    ("a_scheduler_has_3_to_64_letters_digits_and_hyphens", f"{AZ}:durabletask:Scheduler", {"schedulerName": "a_b_c"}),
    ("a_plan_of_flex_consumption_is_linux", PLAN, {"reserved": False}),
    ("an_app_of_flex_consumption_has_none_of_the_settings_that_its_configuration_replaced", APP, setting),
    ("an_app_of_flex_consumption_says_its_runtime_scale_and_deployment", APP, {"functionAppConfig.runtime": {}}),
    ("an_instance_of_flex_consumption_has_512_2048_or_4096_mb", APP, {f"{FLEX}.instanceMemoryMB": 1024}),
    ("an_app_of_flex_consumption_has_1000_instances_at_most", APP, {f"{FLEX}.maximumInstanceCount": 1001}),
    ("the_identity_that_reads_packages_is_one_of_the_app", APP, {"identity.userAssignedIdentities": ["/other"]}),
    ("the_subnet_of_flex_consumption_is_delegated_to_app_environments", APP, undelegated),
    (
        "a_provider_of_identities_that_is_on_has_a_client",
        f"{AZ}:web:WebAppAuthSettingsV2",
        {"identityProviders.azureActiveDirectory.registration.clientId": None},
    ),
    (
        "an_immutability_policy_is_not_created_locked",
        ACCOUNT,
        {"immutableStorageWithVersioning.immutabilityPolicy.state": "Locked"},
    ),
    ("purge_protection_is_on_or_left_out", VAULT, {"properties.enablePurgeProtection": False}),
    ("what_is_deleted_is_kept_for_7_to_90_days", VAULT, {"properties.softDeleteRetentionInDays": 91}),
    ("an_rsa_key_has_2048_3072_or_4096_bits", KEY, {"properties.keySize": 1024}),
    (
        "the_subnet_of_a_server_is_delegated_to_flexible_servers",
        SERVER,
        {"network.delegatedSubnetResourceId": "/n/subnets/x"},
    ),
    (
        "the_dns_zone_of_a_server_has_the_right_end_and_not_the_servers_name",
        SERVER,
        {"network.privateDnsZoneArmResourceId": "/privateDnsZones/data.example"},
    ),
    (
        "the_dns_zone_of_a_server_is_linked_to_its_network",
        SERVER,
        {"network.privateDnsZoneArmResourceId": "/privateDnsZones/x.private.postgres.database.azure.com"},
    ),
    ("a_burstable_server_has_no_standby", SERVER, {"sku.tier": "Burstable"}),
    ("backups_are_kept_for_7_to_35_days", SERVER, {"backup.backupRetentionDays": 36}),
    ("storage_of_a_server_has_one_of_the_sizes", SERVER, {"storage.storageSizeGB": 100}),
    (
        "a_server_lets_somebody_in_and_a_password_has_a_user",
        SERVER,
        {"authConfig.activeDirectoryAuth": "Disabled"},
    ),
    ("only_a_premium_namespace_is_closed_to_the_public", BUS, {"sku.name": "Standard"}),
    ("only_a_premium_namespace_has_units_of_1_2_4_8_or_16", BUS, {"sku.capacity": 3}),
    (
        "duplicates_are_found_within_7_days_at_most",
        f"{AZ}:servicebus:Topic",
        {"duplicateDetectionHistoryTimeWindow": "P8D"},
    ),
    ("a_message_is_locked_for_5_minutes_at_most", f"{AZ}:servicebus:Subscription", {"lockDuration": "PT6M"}),
    ("a_standard_hub_has_32_partitions_and_keeps_7_days_at_most", f"{AZ}:eventhub:EventHub", {"partitionCount": 33}),
    ("subnets_are_inside_the_network_and_apart", NETWORK, subnets_over_each_other),
    (
        "rules_have_priorities_of_100_to_4096_each_its_own",
        f"{AZ}:network:NetworkSecurityGroup",
        priorities_alike,
    ),
    ("a_firewall_is_in_a_subnet_of_its_name_of_26_at_least", f"{AZ}:network:AzureFirewall", firewall_elsewhere),
    ("a_standard_address_is_static", f"{AZ}:network:PublicIPAddress", {"publicIPAllocationMethod": "Dynamic"}),
    ("a_route_names_an_address_exactly_when_an_appliance_is_next", f"{AZ}:network:RouteTable", hop_without_address),
    ("an_endpoint_names_a_part_that_its_resource_has", f"{AZ}:network:PrivateEndpoint", another_part),
    ("an_endpoint_is_found_by_the_zone_of_its_part", f"{AZ}:network:PrivateDnsZoneGroup", another_zone),
    ("a_script_is_kept_for_1_to_26_hours", SCRIPT, {"retentionInterval": "P2D"}),
    ("a_script_in_a_network_has_a_delegated_subnet_and_an_account_of_its_own", SCRIPT, script_in_endpoints),
    (
        "the_identity_of_a_script_in_a_network_may_write_files",
        SCRIPT,
        {"identity.userAssignedIdentities": ["/other"]},
    ),
    (
        "a_budget_begins_on_the_first_of_a_month_and_tells_5_times_at_most",
        f"{AZ}:consumption:Budget",
        six_notifications,
    ),
    (
        "a_role_for_an_identity_that_is_new_says_what_it_is",
        f"{AZ}:authorization:RoleAssignment",
        {"principalType": None},
    ),
    (
        "a_role_that_is_given_is_a_built_in_one_that_is_known",
        f"{AZ}:authorization:RoleAssignment",
        {"roleDefinitionId": "/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"},
    ),
    (
        "an_assignment_has_64_characters_at_most_and_24_in_a_management_group",
        ASSIGNMENT,
        {"scope": "/providers/Microsoft.Management/managementGroups/desk"},
    ),
    (
        "the_name_of_an_assignment_has_none_of_the_characters_that_addresses_use",
        ASSIGNMENT,
        {"policyAssignmentName": "allowed/locations"},
    ),
    (
        "an_assignment_is_shown_by_128_characters_and_described_by_512_at_most",
        ASSIGNMENT,
        {"displayName": "x" * 129},
    ),
    (
        "an_assignment_gives_its_definition_the_parameters_that_it_has",
        ASSIGNMENT,
        {"parameters": {"locations": {"value": ["westeurope"]}}},
    ),
    (
        "a_policy_is_assigned_to_what_is_there",
        ASSIGNMENT,
        {"scope": "/subscriptions/0/resourceGroups/elsewhere"},
    ),
    ("a_resource_is_only_made_in_a_location_that_is_allowed", ACCOUNT, {"location": "uksouth"}),
    ("a_group_is_only_made_in_a_location_that_is_allowed", f"{AZ}:resources:ResourceGroup", {"location": "uksouth"}),
    ("a_member_says_of_what_kind_it_is", MEMBER, {"member": "somebody@example.com"}),
    (
        "a_role_is_given_to_an_account_that_is_there",
        MEMBER,
        {"member": "serviceAccount:nobody@desk.iam.gserviceaccount.com"},
    ),
    (
        "labels_have_63_lower_case_letters_digits_underscores_and_hyphens",
        TOPIC,
        {"labels": {"app": "Desk"}},
    ),
    (
        "a_service_account_has_6_to_30_lower_case_letters_digits_and_hyphens",
        f"{G}:serviceaccount/account:Account",
        {"accountId": "desk"},
    ),
    ("a_function_has_63_lower_case_letters_digits_and_hyphens_at_most", FUNCTION, {"name": "desk_orders"}),
    ("a_topic_or_subscription_has_3_to_255_of_their_characters", TOPIC, {"name": "late:Verdict"}),
    ("a_bucket_has_3_to_63_lower_case_letters_digits_and_hyphens", BUCKET, {"name": "Journal"}),
    ("a_workflow_has_64_letters_digits_underscores_and_hyphens_at_most", WORKFLOW, {"name": "x" * 65}),
    ("a_function_names_a_runtime_that_there_is", FUNCTION, {"buildConfig.runtime": "cobol"}),
    (
        "an_instance_that_does_several_things_at_once_has_a_whole_cpu",
        FUNCTION,
        {"serviceConfig.availableCpu": "0.5", "serviceConfig.maxInstanceRequestConcurrency": 8},
    ),
    ("the_fewest_instances_are_no_more_than_the_most", FUNCTION, {"serviceConfig.minInstanceCount": 999}),
    ("a_function_over_http_has_60_minutes_at_most", FUNCTION, {"serviceConfig.timeoutSeconds": 3601}),
    ("a_subnet_for_direct_egress_is_a_26_at_least_in_the_same_region", FUNCTION, elsewhere),
    (
        "the_account_that_builds_may_read_packages_and_write_logs_and_images",
        FUNCTION,
        {"buildConfig.serviceAccount": "projects/desk/serviceAccounts/other@desk.iam.gserviceaccount.com"},
    ),
    ("a_function_keeps_its_images_in_its_own_region", FUNCTION, {"location": "us-central1"}),
    ("the_package_of_a_function_is_in_its_bucket", FUNCTION, {"buildConfig.source.storageSource.object": "x.zip"}),
    ("a_secret_that_a_function_is_given_has_a_version_and_lets_it_in", FUNCTION, secret_given),
    ("a_function_sets_no_reserved_variable", FUNCTION, {"serviceConfig.environmentVariables": {"PORT": "1"}}),
    ("a_message_is_dead_after_5_to_100_attempts", SUBSCRIPTION, {"deadLetterPolicy.maxDeliveryAttempts": 4}),
    (
        "pubsubs_own_account_may_publish_dead_letters",
        SUBSCRIPTION,
        {"deadLetterPolicy.deadLetterTopic": "projects/desk/topics/executed"},
    ),
    ("a_message_is_acknowledged_within_10_to_600_seconds", SUBSCRIPTION, {"ackDeadlineSeconds": 601}),
    ("messages_are_kept_for_10_minutes_to_31_days", TOPIC, {"messageRetentionDuration": "60s"}),
    (
        "only_what_is_pulled_is_delivered_exactly_once",
        SUBSCRIPTION,
        lambda inputs: inputs.update(enableExactlyOnceDelivery=bool(inputs["pushConfig"])),
    ),
    (
        "a_push_goes_to_https_in_the_name_of_an_account_that_may_call",
        SUBSCRIPTION,
        lambda inputs: inputs["pushConfig"]["oidcToken"].update(serviceAccountEmail="x@desk.iam.gserviceaccount.com"),
    ),
    (
        "an_instance_without_a_public_address_needs_a_connected_network",
        INSTANCE,
        {"settings.ipConfiguration.privateNetwork": "projects/desk/global/networks/other"},
    ),
    ("a_size_has_1_or_an_even_number_of_cpus_and_fitting_memory", INSTANCE, {"settings.tier": "db-custom-3-7680"}),
    (
        "a_service_account_logs_in_without_its_domain_where_iam_is_on",
        f"{G}:sql/user:User",
        {"name": "orders@desk.iam.gserviceaccount.com"},
    ),
    (
        "a_key_is_destroyed_after_24_hours_to_120_days",
        f"{G}:kms/cryptoKey:CryptoKey",
        {"destroyScheduledDuration": "3600s"},
    ),
    (
        "a_secret_is_replicated_in_exactly_one_way",
        f"{G}:secretmanager/secret:Secret",
        {"replication.auto": {}},
    ),
    (
        "a_retention_is_less_than_100_years_and_excludes_versions",
        BUCKET,
        {"retentionPolicy.retentionPeriod": "3155760000"},
    ),
    (
        "addresses_for_googles_services_are_a_24_at_least",
        f"{G}:compute/globalAddress:GlobalAddress",
        {"prefixLength": 25},
    ),
    (
        "a_connection_names_addresses_that_are_kept_for_it",
        f"{G}:servicenetworking/connection:Connection",
        {"reservedPeeringRanges": ["other"]},
    ),
    (
        "rules_of_a_policy_have_priorities_of_their_own",
        f"{G}:compute/networkFirewallPolicyRule:NetworkFirewallPolicyRule",
        lambda inputs: inputs.update(priority=1_000 if inputs["priority"] != 1_000 else 1_010),
    ),
    (
        "a_rule_by_name_allows_100_names_for_what_leaves",
        f"{G}:compute/networkFirewallPolicyRule:NetworkFirewallPolicyRule",
        names_with_stars,
    ),
    ("a_gateway_has_addresses_of_its_own_or_given_ones", f"{G}:compute/routerNat:RouterNat", {"natIps": ["x"]}),
    ("a_workflow_has_20_variables_and_none_of_googles", WORKFLOW, {"userEnvVars": {"GOOGLE_X": "1"}}),
    ("the_source_of_a_workflow_has_128_kb_at_most", WORKFLOW, {"sourceContents": "x" * 131_073}),
    ("a_workflow_runs_as_an_account_that_is_there", WORKFLOW, {"serviceAccount": "projects/desk/serviceAccounts/x"}),
    ("a_call_over_http_has_15_seconds_to_30_minutes", TICK, {"attemptDeadline": "3600s"}),
    ("a_schedule_is_a_line_of_five_fields", TICK, {"schedule": "0 0 0 * * *"}),
    (
        "logs_are_kept_for_1_to_3650_days",
        f"{G}:logging/projectBucketConfig:ProjectBucketConfig",
        {"retentionDays": 3651},
    ),
    (
        "a_budget_looks_at_one_label_at_most",
        f"{G}:billing/budget:Budget",
        {"budgetFilter.labels": {"a": "1", "b": "2"}},
    ),
]
