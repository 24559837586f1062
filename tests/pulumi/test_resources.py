"""What is made of an App: least privilege, nothing in the clear, nothing irreversible unless it is asked for."""

from __future__ import annotations

import json
import re

import pytest
from apps import addresses, brokerage, desk
from recorded import recorded, stack_of

from isthmus.provision.azure_target.identity import Role

CLOUDS = ["azure", "google"]
ASSIGNMENT = "azure-native:authorization:RoleAssignment"
APP = "azure-native:web:WebApp"
FUNCTION = "gcp:cloudfunctionsv2/function:Function"


def roles_on_azure(made) -> dict[str, set[tuple[str, str]]]:
    """Return by identity the roles that it is given, each with the last word of what it is given on."""
    who = {
        computed_principal(one.inputs["resourceName"]): one.name.rpartition("-")[2]
        for one in made.of("azure-native:managedidentity:UserAssignedIdentity")
    }
    given: dict[str, set[tuple[str, str]]] = {}
    for one in made.of(ASSIGNMENT):
        role = Role(one.inputs["roleDefinitionId"].rpartition("/")[2]).name
        given.setdefault(who[one.inputs["principalId"]], set()).add((role, one.inputs["scope"].rpartition("/")[2]))
    return given


def computed_principal(name: str) -> str:
    import computed  # noqa: PLC0415

    return str(computed.azure_identity("azure-native:managedidentity:UserAssignedIdentity",
                                       {"resourceName": name, "resourceGroupName": "g"})[1]["principalId"])  # fmt: skip


def settings_of(app) -> dict[str, str]:
    return {one["name"]: one["value"] for one in app.inputs["siteConfig"]["appSettings"]}


def test_on_azure_a_unit_may_read_its_own_secrets_and_send_to_its_own_topics_alone() -> None:
    given = roles_on_azure(recorded(stack_of("azure"), desk(streams=())))

    secrets = {who: {on for role, on in roles if role == "SECRETS_USER"} for who, roles in given.items()}
    sends = {who: {on for role, on in roles if role == "SERVICE_BUS_SENDER"} for who, roles in given.items()}
    assert secrets == {"orders": set(), "prices": {"quotes-token"}, "venues": {"venue-key"}, "migrations": set()}
    assert sends == {
        "orders": {"executed", "late.Verdict"},
        "prices": set(),
        "venues": {"executed"},
        "migrations": set(),
    }


def test_on_azure_only_home_carries_workflows_on_and_writes_the_sealed_journal() -> None:
    given = roles_on_azure(recorded(stack_of("azure"), desk()))

    may = {who for who, roles in given.items() if {role for role, _ in roles} & {"DURABLE_TASK_CONTRIBUTOR"}}
    assert may == {"orders"}
    assert {who for who, roles in given.items() if ("BLOB_CONTRIBUTOR", "journal") in roles} == {"orders"}


def test_on_azure_migrations_alone_administer_the_database() -> None:
    made = recorded(stack_of("azure"), desk())
    (administrator,) = made.of("azure-native:dbforpostgresql:Administrator")

    assert administrator.inputs["principalName"].startswith("desk-dev-migrations")
    asked = settings_of(made.one(APP, "migrations"))
    assert {name.rpartition("-")[2][:6]: of for name, of in json.loads(asked["ISTHMUS_PRINCIPALS"]).items()} == {
        "orders": ["ledger", "records"],
        "prices": ["records"],
        "venues": [],
    }


def test_on_google_a_unit_may_read_its_own_secrets_and_send_to_its_own_topics_alone() -> None:
    made = recorded(stack_of("google"), desk())

    def given(token: str, on: str, role: str) -> set[tuple[str, str]]:
        return {
            (re.sub(r".*desk-dev-(\w+)@.*", r"\1", one.inputs["member"]), one.inputs[on])
            for one in made.of(token)
            if one.inputs["role"] == role and "@desk." in one.inputs["member"]
        }

    secrets = given(
        "gcp:secretmanager/secretIamMember:SecretIamMember", "secretId", "roles/secretmanager.secretAccessor"
    )
    assert secrets == {("prices", "desk-dev-quotes-token"), ("venues", "desk-dev-venue-key")}
    sends = given("gcp:pubsub/topicIAMMember:TopicIAMMember", "topic", "roles/pubsub.publisher")
    assert sends == {
        ("orders", "desk-dev-executed"),
        ("orders", "desk-dev-late.Verdict"),
        ("orders", "desk-dev-stream.quotes"),
        ("venues", "desk-dev-executed"),
    }


def test_on_google_nobody_calls_a_unit_but_whoever_has_to() -> None:
    made = recorded(stack_of("google"), desk())

    calls = {
        (re.sub(r".*desk-dev-(\w+)@.*", r"\1", one.inputs["member"]), one.inputs["name"].removeprefix("desk-dev-"))
        for one in made.of("gcp:cloudrunv2/serviceIamMember:ServiceIamMember")
    }
    assert calls == {
        ("workflows", "orders"),
        ("workflows", "prices"),
        ("workflows", "venues"),
        ("pushes", "orders"),
        ("pushes", "prices"),
        ("ticks", "orders"),
    }
    assert {one.inputs["serviceConfig"]["ingressSettings"] for one in made.of(FUNCTION)} == {"ALLOW_INTERNAL_ONLY"}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_an_app_without_hosts_has_no_way_out(cloud) -> None:
    made = recorded(stack_of(cloud), brokerage())

    assert made.of("azure-native:network:AzureFirewall") == []
    assert made.of("gcp:compute/routerNat:RouterNat") == []
    if cloud == "azure":
        rules = made.one("azure-native:network:NetworkSecurityGroup").inputs["securityRules"]
        assert [one["access"] for one in rules if one["destinationAddressPrefix"] == "Internet"] == ["Deny"]


def test_the_way_out_leads_to_the_declared_hosts_alone() -> None:
    azure = recorded(stack_of("azure"), addresses())
    google = recorded(stack_of("google"), addresses())

    (group,) = azure.of("azure-native:network:FirewallPolicyRuleCollectionGroup")
    rules = [rule for collection in group.inputs["ruleCollections"] for rule in collection["rules"]]
    assert [rule["targetFqdns"] for rule in rules] == [["risk.example"]]
    rules = google.of("gcp:compute/networkFirewallPolicyRule:NetworkFirewallPolicyRule")
    assert [one.inputs["match"]["destFqdns"] for one in rules if "destFqdns" in one.inputs["match"]] == [
        ["risk.example"]
    ]
    assert max(rules, key=lambda one: one.inputs["priority"]).inputs["action"] == "deny"


@pytest.mark.parametrize("cloud", CLOUDS)
def test_critical_units_are_warm_and_others_are_not(cloud) -> None:
    made = recorded(stack_of(cloud), desk())

    if cloud == "azure":
        scale = {one.name: one.inputs["functionAppConfig"]["scaleAndConcurrency"] for one in made.of(APP)}
        warm = {name for name, one in scale.items() if one.get("alwaysReady")}
    else:
        warm = {one.inputs["name"] for one in made.of(FUNCTION) if one.inputs["serviceConfig"]["minInstanceCount"]}
    assert warm == {"desk-dev-orders", "desk-dev-venues"}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_what_cannot_be_undone_is_in_production_alone_and_locked_only_when_it_is_asked_for(cloud) -> None:
    def irreversible(**configuration) -> set[str]:
        made = recorded(stack_of(cloud, **configuration), brokerage())
        text = made.text
        return {*re.findall(r'"(?:state": "Locked|isLocked": true|enablePurgeProtection": true)', text)}

    locked = '"state": "Locked' if cloud == "azure" else '"isLocked": true'
    assert irreversible() == set()
    assert irreversible(environment="staging") == set()
    assert locked not in irreversible(environment="production")
    assert locked in irreversible(environment="production", lock=True)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_what_is_there_is_used_and_not_made(cloud) -> None:
    network = {"network": "/there/network", "functions": "/there/functions", "database": "/there/database",
               "endpoints": "/there/endpoints", "migrations": "/there/migrations"}  # fmt: skip
    key = "https://theirs.vault.azure.net/keys/personal" if cloud == "azure" else "projects/x/cryptoKeys/personal"
    existing = {
        "resourceGroup": "theirs", "project": "desk", "network": network, "key": key, "logWorkspace": "/there/logs",
        "database": {"server": "theirs", "host": "data.example", "connectionsMax": 900},
        **({"vault": "/there/vaults/theirs"} if cloud == "azure" else {}),
    }  # fmt: skip
    made = recorded(stack_of(cloud, existing=existing), brokerage())
    tokens = {one.token for one in made.made}

    assert not tokens & {
        "azure-native:resources:ResourceGroup",
        "azure-native:network:VirtualNetwork",
        "azure-native:keyvault:Vault",
        "azure-native:keyvault:Key",
        "azure-native:dbforpostgresql:Server",
        "azure-native:operationalinsights:Workspace",
        "gcp:compute/network:Network",
        "gcp:kms/cryptoKey:CryptoKey",
        "gcp:sql/databaseInstance:DatabaseInstance",
        "gcp:logging/projectBucketConfig:ProjectBucketConfig",
    }
    assert "data.example" in made.text
    assert made.faults() == []


def test_every_app_setting_that_a_package_asks_for_is_set() -> None:
    settings = pytest.importorskip("isthmus.adapters.azure.settings")
    composition = __import__("isthmus.handlers.app", fromlist=["app"]).app.load()
    made = recorded(stack_of("azure"), composition.blueprint)

    for unit in ("critical", "normal"):
        asked = {*settings.app_settings(composition, unit)}
        assert asked - {*settings_of(made.one(APP, unit))} == set(), unit


def test_every_variable_that_a_google_package_asks_for_is_set() -> None:
    settings = pytest.importorskip("isthmus.adapters.gcp.settings")
    composition = __import__("isthmus.handlers.app", fromlist=["app"]).app.load()
    made = recorded(stack_of("google"), composition.blueprint)

    for unit in ("critical", "normal"):
        function = made.one(FUNCTION, unit)
        asked = {*settings.app_settings(unit)}
        assert asked - {*function.inputs["serviceConfig"]["environmentVariables"]} == set(), unit


def test_on_azure_the_scheduler_of_workflows_answers_in_the_network_and_otherwise_deployers_alone() -> None:
    scheduler, endpoint = "azure-native:durabletask:Scheduler", "azure-native:network:PrivateEndpoint"
    closed = recorded(stack_of("azure"), desk())
    opened = recorded(stack_of("azure", deployers=["192.0.2.1"]), desk())

    (connection,) = closed.one(endpoint, "tasks-scheduler").inputs["privateLinkServiceConnections"]
    assert connection["groupIds"] == ["scheduler"]
    assert connection["privateLinkServiceId"].rpartition("/")[2].startswith("desk-dev-tasks")
    said = [one.one(scheduler).inputs["properties"] for one in (closed, opened)]
    assert [(one["publicNetworkAccess"], one["ipAllowlist"]) for one in said] == [
        ("Disabled", []),
        ("Enabled", ["192.0.2.1"]),
    ]


def test_on_azure_what_goes_to_azures_own_services_is_let_out_and_led_past_the_firewall() -> None:
    made = recorded(stack_of("azure"), desk())
    rules = made.one("azure-native:network:NetworkSecurityGroup").inputs["securityRules"]
    routes = made.one("azure-native:network:RouteTable").inputs["routes"]

    let_out = {one["destinationAddressPrefix"] for one in rules if one["access"] == "Allow"}
    led_past = {one["addressPrefix"] for one in routes if one["nextHopType"] == "Internet"}
    assert let_out - {"VirtualNetwork", "Internet"} == led_past
    assert "ServiceBus" in led_past
    assert [one["addressPrefix"] for one in routes if one["nextHopType"] == "VirtualAppliance"] == ["0.0.0.0/0"]


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_recovery_copy_in_another_region_is_never_made_by_default(cloud) -> None:
    made = recorded(stack_of(cloud, environment="production"), desk())
    text = made.text

    assert not re.search(r'Standard_(GRS|RAGRS|GZRS)|"geoRedundantBackup": "Enabled"|"auto": ', text)
    places = {value for one in made.made for key, value in one.inputs.items() if key in ("location", "region")}
    assert places <= {"westeurope", "Global", "europe-west1"}


def test_every_resource_of_azure_that_has_a_place_is_told_it() -> None:
    import sdk_types  # noqa: PLC0415

    made = recorded(stack_of("azure"), desk())
    tracked = {one.token for one in made.made if "tags" in sdk_types.inputs_of(one.token)}
    left_out = [one for one in made.made if one.token in tracked and "location" in sdk_types.inputs_of(one.token)]

    assert [(one.token, one.name) for one in left_out if not one.inputs.get("location")
            and one.token not in ("azure-native:resources:Deployment", "azure-native:keyvault:Key")] == []  # fmt: skip


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_stack_in_development_and_one_in_production_share_no_name(cloud) -> None:
    project = {"existing": {"project": "desk-prod"}} if cloud == "google" else {}
    dev = recorded(stack_of(cloud), brokerage())
    prod = recorded(stack_of(cloud, name="prod", environment="production", **project), brokerage())

    def named(made) -> set[tuple[str, str, str]]:
        import computed  # noqa: PLC0415

        inside = ("resourceGroupName", "project", "keyRing", "bucket", "instance")
        names = ((one, one.inputs.get(computed.name_property(one.token))) for one in made.made)
        return {
            (one.token, str([one.inputs.get(key) for key in inside]), str(name))
            for one, name in names
            if name and "RoleAssignment" not in one.token and "bucketObject" not in one.token
        }

    assert named(dev) & named(prod) == set()
