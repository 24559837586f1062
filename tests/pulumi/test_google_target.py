"""What an App becomes on Google Cloud: where it is, who may do what, what leaves, what is encrypted, what stays."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import google_made
import pytest
from google_made import PROJECT, REGION, Deployment, Made
from google_order import ENCRYPTED, keys_of
from hypothesis import given, settings
from hypothesis import strategies as st
from preconditions import Asked, all_rules
from sdk_types import inputs_of

from isthmus.core.errors import IsthmusError
from isthmus.provision.google_target.network import prefix_of
from isthmus.provision.google_target.telemetry import filter_of
from isthmus.provision.naming import Names

BUDGET = {"amount": 500, "since": "2027-01-01", "alert": ["desk@example.com"], "billingAccount": "01-02-03"}
EXISTING = {
    "network": {
        "network": "projects/net/global/networks/shared",
        "functions": f"projects/net/regions/{REGION}/subnetworks/run",
    },
    "database": {"server": "shared-database", "host": "10.1.2.3", "connectionsMax": 900},
    "key": f"projects/keys/locations/{REGION}/keyRings/ring/cryptoKeys/desk",
    "logWorkspace": f"projects/{PROJECT}/locations/{REGION}/buckets/shared-logs",
}
UNITS = {"normal", "books", "critical", "risk"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packages")


@pytest.fixture(scope="module")
def dev(folder: Path) -> Deployment:
    return google_made.deployed(folder, budget=BUDGET)


@pytest.fixture(scope="module")
def prod(folder: Path) -> Deployment:
    return google_made.deployed(folder, "prod", environment="production")


# Where it is


def places(made: Made) -> set[str]:
    found = {made.inputs.get("region"), made.inputs.get("location")}
    found |= {*(made.at("messageStoragePolicy.allowedPersistenceRegions") or [])}
    found |= {one["location"] for one in made.at("replication.userManaged.replicas") or []}
    return {one for one in found if one}


def test_every_resource_that_has_a_region_says_the_stacks(dev: Deployment) -> None:
    regional = [one for one in dev.resources if {"region", "location"} & {*inputs_of(one.token)}]

    assert len(regional) > 20
    # A policy of a service is where its service is; keys are where their ring is.
    assert {one.token: places(one) for one in regional if places(one) != {REGION}} == {}


def test_nothing_is_copied_out_of_the_region_behind_its_back(dev: Deployment) -> None:
    assert all(
        places(one) == {REGION} and one.at("messageStoragePolicy.enforceInTransit")
        for one in dev.of("pubsub/topic:Topic")
    )
    assert all(places(one) == {REGION} for one in dev.of("secretmanager/secret:Secret"))
    assert dev.of("sql/databaseInstance:DatabaseInstance")[0].at("settings.backupConfiguration.location") == REGION
    assert [one.inputs["location"] for one in dev.of("logging/projectBucketConfig:ProjectBucketConfig")] == [REGION]


def test_the_stacks_logs_go_to_its_region_and_are_kept_out_of_the_global_bucket(dev: Deployment) -> None:
    (sink,), (kept_out,) = (
        dev.of("logging/projectSink:ProjectSink"),
        dev.of("logging/projectExclusion:ProjectExclusion"),
    )

    assert sink.inputs["filter"] == kept_out.inputs["filter"] == filter_of("desk-dev-")
    assert f"/locations/{REGION}/buckets/desk-dev-logs" in sink.inputs["destination"]


def test_every_resource_says_its_project(dev: Deployment) -> None:
    silent = {one.token for one in dev.resources if "project" in inputs_of(one.token) and "project" not in one.inputs}

    assert silent == set()


# Who may do what


def test_no_role_is_a_basic_one_and_nothing_is_given_to_everybody(dev: Deployment) -> None:
    assert {role for _, role, _ in dev.grants()} & {"owner", "editor", "viewer"} == set()
    assert {whose for whose, _, _ in dev.grants()} & {"allUsers", "allAuthenticatedUsers"} == set()


def test_a_unit_publishes_to_the_topics_of_its_contracts_alone_and_home_relays_all(dev: Deployment) -> None:
    given = {(whose, made.inputs["topic"]) for whose, role, made in dev.grants() if role == "pubsub.publisher"}

    assert {topic for whose, topic in given if whose == "critical"} == {"desk-dev-tickets.bought"}
    assert {whose for whose, _ in given} == {"critical", "normal", "gcp-sa-pubsub"}
    assert {topic for whose, topic in given if whose == "normal"} == {
        "desk-dev-tickets.bought",
        "desk-dev-late.Verdict",
        "desk-dev-stream.quotes",
    }


def test_a_secret_is_read_by_the_unit_whose_port_declares_it(dev: Deployment) -> None:
    given = {(whose, made.inputs["secretId"]) for whose, role, made in dev.grants() if role.startswith("secretmanager")}

    assert given == {("risk", "desk-dev-rater-token")}


def test_the_key_of_what_is_personal_is_used_by_units_that_see_it_and_by_no_agent(dev: Deployment) -> None:
    users = {
        whose for whose, _, made in dev.grants() if made.inputs.get("cryptoKeyId", "").endswith("personal-1234567")
    }

    assert users == {"normal", "critical", "risk"}


def test_a_unit_is_called_by_those_that_are_to_and_by_nobody_else(dev: Deployment) -> None:
    callers: dict[str, set[str]] = {}
    for whose, role, made in dev.grants():
        if role == "run.invoker":
            callers.setdefault(made.inputs["name"].removeprefix("desk-dev-"), set()).add(whose)

    assert callers == {
        "normal": {"workflows", "ticks"},
        "books": {"workflows", "pushes", "ticks"},
        "critical": {"workflows"},
        "risk": {"workflows"},
    }
    told = {
        one.name: one.at("serviceConfig.environmentVariables.ISTHMUS_CALLERS")
        for one in dev.of("cloudfunctionsv2/function:Function")
    }
    for unit, whose in callers.items():
        assert {google_made.who(email) for email in told[unit].split(",")} == whose


def test_each_unit_logs_in_as_itself_to_its_own_instance_and_only_migrations_own_the_schema(dev: Deployment) -> None:
    users = dev.of("sql/user:User")

    assert {one.name for one in users} == UNITS | {"migrations"}
    assert {one.inputs["type"] for one in users} == {"CLOUD_IAM_SERVICE_ACCOUNT"}
    assert not any("password" in key.lower() for one in users for key in one.inputs)
    assert {one.name for one in users if one.inputs.get("databaseRoles")} == {"migrations"}
    conditions = {made.at("condition.expression") for _, role, made in dev.grants() if role == "cloudsql.instanceUser"}
    (condition,) = conditions
    assert f"projects/{PROJECT}/instances/desk-dev-database-1234567" in condition


def test_home_adds_to_the_sealed_journal_and_nobody_deletes_from_it(dev: Deployment) -> None:
    journal = dev.outputs["journal"].removeprefix("gs://")
    given = {(whose, role) for whose, role, made in dev.grants() if made.inputs.get("bucket") == journal}

    assert given == {("normal", "storage.objectCreator"), ("normal", "storage.objectViewer")}


def test_builds_read_packages_and_write_images_and_no_more(dev: Deployment) -> None:
    given = {
        (role, (made.at("condition.expression") or "")[:62]) for whose, role, made in dev.grants() if whose == "builds"
    }

    assert given == {
        ("logging.logWriter", ""),
        ("artifactregistry.writer", ""),
        ("storage.objectViewer", ""),
        ("storage.objectViewer", 'resource.name.startsWith("projects/_/buckets/gcf-v2-sources-12'),
    }


# What is reached, and what leaves


def test_nothing_but_what_the_stack_names_is_reached_from_outside(dev: Deployment, folder: Path) -> None:
    functions = dev.of("cloudfunctionsv2/function:Function")
    assert {one.at("serviceConfig.ingressSettings") for one in functions} == {"ALLOW_INTERNAL_ONLY"}
    assert dev.of("sql/databaseInstance:DatabaseInstance")[0].at("settings.ipConfiguration.ipv4Enabled") is False
    assert {one.inputs["publicAccessPrevention"] for one in dev.of("storage/bucket:Bucket")} == {"enforced"}

    called = google_made.deployed(folder, callers=["group:traders@example.com"])

    public = {
        one.name
        for one in called.of("cloudfunctionsv2/function:Function")
        if one.at("serviceConfig.ingressSettings") == "ALLOW_ALL"
    }
    admitted = {made.inputs["name"] for whose, _, made in called.grants() if whose == "traders"}
    assert public == {"normal", "books"}, "the units that have endpoints"
    assert admitted == {"desk-dev-normal", "desk-dev-books"}


def test_a_unit_reaches_the_hosts_of_its_ports_and_the_others_have_no_way_out(dev: Deployment) -> None:
    rules = {one.name: one for one in dev.of("compute/networkFirewallPolicyRule:NetworkFirewallPolicyRule")}
    subnets = {one.name: one.inputs["ipCidrRange"] for one in dev.of("compute/subnetwork:Subnetwork")}
    (translated,) = dev.of("compute/routerNat:RouterNat")

    assert rules["hosts-of-risk"].at("match.destFqdns") == ["raters.example"]
    assert rules["hosts-of-risk"].at("match.srcIpRanges") == [subnets["desk-dev-risk"]]
    assert [one["name"].rpartition("/")[2] for one in translated.inputs["subnetworks"]] == ["desk-dev-risk-1234567"]
    last = max(rules.values(), key=lambda rule: rule.inputs["priority"])
    assert (last.inputs["action"], last.at("match.destIpRanges")) == ("deny", ["0.0.0.0/0"])
    assert {one.inputs["action"] for one in rules.values() if one is not last} == {"allow"}
    assert {one.at("serviceConfig.directVpcEgress") for one in dev.of("cloudfunctionsv2/function:Function")} == {
        "VPC_EGRESS_ALL_TRAFFIC"
    }


@given(st.lists(st.integers(0, 63), unique=True, min_size=2))
def test_subnets_never_overlap_and_stay_in_their_space(units: list[int]) -> None:
    from ipaddress import ip_network  # noqa: PLC0415

    found = [ip_network(prefix_of(place)) for place in units]

    assert all(one.subnet_of(ip_network("10.80.0.0/16")) for one in found)
    assert not any(one.overlaps(other) for one in found for other in found if one is not other)


# What is at rest


def test_everything_that_keeps_data_is_encrypted_with_the_stacks_key(dev: Deployment) -> None:
    kept = [one for one in dev.resources if one.token in ENCRYPTED]
    used = {(one.token, one.name): [key for key, _ in keys_of(Asked(one.token, one.inputs))] for one in kept}

    assert {one.token for one in kept} == {*ENCRYPTED}
    assert all(keys and all(str(key).endswith("at-rest-1234567") for key in keys) for keys in used.values()), used


def test_no_value_of_a_secret_is_in_the_program_and_one_is_referred_to_when_the_stack_says_it_is_filled(
    dev: Deployment, folder: Path
) -> None:
    assert dev.of("secretmanager/secretVersion:SecretVersion") == []
    assert dev.one("cloudfunctionsv2/function:Function", "risk").at("serviceConfig.secretEnvironmentVariables") == []

    filled = google_made.deployed(folder, secrets=["rater-token"])

    given = {
        one.name: one.at("serviceConfig.secretEnvironmentVariables")
        for one in filled.of("cloudfunctionsv2/function:Function")
        if one.at("serviceConfig.secretEnvironmentVariables")
    }
    assert given == {
        "risk": [
            {
                "key": "ISTHMUS_SECRET_RATER_TOKEN",
                "projectId": PROJECT,
                "secret": "desk-dev-rater-token",
                "version": "latest",
            }
        ]
    }


# What runs, and what calls it


def test_units_with_critical_contracts_are_warm_and_the_others_are_not(dev: Deployment, folder: Path) -> None:
    def least(deployment: Deployment) -> dict[str, int]:
        functions = deployment.of("cloudfunctionsv2/function:Function")
        return {one.name: one.at("serviceConfig.minInstanceCount") for one in functions}

    assert least(dev) == {"normal": 0, "critical": 1, "risk": 1, "books": 0, "migrations": 0}
    sized = google_made.deployed(
        folder, sizes={"alwaysReady": 2, "instancesMax": 4, "units": {"risk": {"alwaysReady": 0}}}
    )
    assert least(sized) == {"normal": 0, "critical": 2, "risk": 0, "books": 0, "migrations": 0}


def test_new_code_is_a_new_object_and_the_same_code_is_the_same(dev: Deployment, folder: Path, tmp_path: Path) -> None:
    def objects(deployment: Deployment) -> dict[str, str]:
        return {one.name: one.inputs["name"] for one in deployment.of("storage/bucketObject:BucketObject")}

    again = google_made.deployed(folder)
    changed = google_made.deployed(tmp_path)
    assert objects(again) == objects(dev) == objects(changed), "other folders, the same code"
    (tmp_path / "risk" / "main.py").write_text("print()", "utf-8")
    now = objects(google_made.deployed(tmp_path))
    assert {name for name in now if now[name] != objects(dev)[name]} == {"package-risk"}


def test_migrations_are_home_s_code_in_the_network_once_for_each_digest(dev: Deployment) -> None:
    (job,) = dev.of("cloudrunv2/job:Job")
    function = dev.one("cloudfunctionsv2/function:Function", "migrations")
    container = job.at("template.template.containers.0")

    assert job.inputs["runExecutionToken"] in function.inputs["description"]
    assert container["image"].startswith(f"{REGION}-docker.pkg.dev/{PROJECT}/")
    assert container["args"] == ["python3", "-m", "isthmus.adapters.gcp.migrating"]
    assert job.at("template.template.maxRetries") == 0
    assert job.at("template.template.vpcAccess.egress") == "ALL_TRAFFIC"
    settings = {one["name"]: one["value"] for one in container["envs"]}
    assert settings["ISTHMUS_DATABASE"].startswith("postgresql+psycopg://desk-dev-migrations%40")
    assert f'"desk-dev-books@{PROJECT}.iam":["records"]' in settings["ISTHMUS_PRINCIPALS"]


def test_what_calls_units_is_what_the_package_lists(dev: Deployment) -> None:
    import ticket_desk  # noqa: PLC0415  # on the path of these tests

    from isthmus.adapters.gcp.triggers import triggers_of  # noqa: PLC0415

    home = {unit: f"https://desk-dev-{unit}-123456789012.{REGION}.run.app" for unit in UNITS}
    listed = triggers_of(ticket_desk.app.load())

    assert {
        (one.at("pushConfig.pushEndpoint"), one.name, one.inputs["topic"].rpartition("/")[2])
        for one in dev.of("pubsub/subscription:Subscription")
        if one.inputs.get("pushConfig")
    } == {
        (f"{home[one.unit]}{one.path}", one.subscription, f"desk-dev-{one.topic}")
        for one in listed
        if one.kind == "push"
    }
    assert {(one.at("httpTarget.uri"), one.inputs["schedule"]) for one in dev.of("cloudscheduler/job:Job")} == {
        (f"{home[one.unit]}{one.path}", one.cron) for one in listed if one.kind in {"schedule", "sweep"}
    }


@given(st.integers(1, 100_000).map(lambda minutes: 60 * minutes))
def test_a_schedule_fires_as_the_package_says(every_seconds: int) -> None:
    from isthmus.adapters.runtime.cron import cron_of as listed  # noqa: PLC0415
    from isthmus.provision.google_target.triggers import cron_of  # noqa: PLC0415

    assert cron_of(every_seconds) == listed(timedelta(seconds=every_seconds))


def test_what_the_package_says_calls_a_unit_is_made(dev: Deployment) -> None:
    pushes = {one.name: one.at("pushConfig.pushEndpoint") for one in dev.of("pubsub/subscription:Subscription")}
    calls = {one.name: (one.inputs["schedule"], one.at("httpTarget.uri")) for one in dev.of("cloudscheduler/job:Job")}
    books = f"https://desk-dev-books-123456789012.{REGION}.run.app"

    assert pushes["tickets.bought.book"] == f"{books}/pubsub/tickets.bought/book"
    assert pushes["stream.quotes.keep_quote"] == f"{books}/pubsub/stream.quotes/keep_quote"
    assert pushes["late.Verdict.keep_late"] == f"{books}/pubsub/late.Verdict/keep_late"
    assert pushes["isthmus.undelivered"] is None, "a person pulls"
    assert calls == {
        "sweep": ("* * * * *", f"https://desk-dev-normal-123456789012.{REGION}.run.app/sweep"),
        "schedules-night": ("0 0 * * *", f"{books}/schedules/night"),
    }


def test_messages_keep_their_order_and_what_is_not_taken_is_kept_for_a_person(dev: Deployment) -> None:
    for one in dev.of("pubsub/subscription:Subscription"):
        assert one.at("expirationPolicy.ttl") == "", "it never ends by itself"
        if one.name != "isthmus.undelivered":
            assert one.inputs["enableMessageOrdering"] is True
            assert one.at("deadLetterPolicy.deadLetterTopic").endswith("desk-dev-isthmus.undelivered")
            assert one.at("pushConfig.oidcToken.audience") == one.at("pushConfig.pushEndpoint").partition("/pubsub")[0]


def test_a_workflow_knows_where_units_listen_and_the_app_how_its_name_begins(dev: Deployment) -> None:
    (flow,) = dev.of("workflows/workflow:Workflow")
    home = dev.one("cloudfunctionsv2/function:Function", "normal").at("serviceConfig.environmentVariables")

    assert {*flow.inputs["userEnvVars"]} == {f"ISTHMUS_URL_{unit.upper()}" for unit in UNITS}
    assert 'sys.get_env("ISTHMUS_URL_NORMAL")' in flow.inputs["sourceContents"]
    begins = home["ISTHMUS_WORKFLOWS"].rpartition("/workflows/")[2]
    assert flow.inputs["name"] == f"{begins}{flow.name}"
    assert home["ISTHMUS_PUBSUB"].endswith("/topics/desk-dev-")
    assert home["ISTHMUS_URL"] == dev.outputs["endpoints"]["normal"]


def test_the_settings_of_a_unit_are_those_that_its_package_reads(dev: Deployment) -> None:
    from isthmus.adapters.gcp.settings import app_settings  # noqa: PLC0415

    for one in dev.of("cloudfunctionsv2/function:Function"):
        if one.name in UNITS:
            missing = {*app_settings(one.name)} - {*one.at("serviceConfig.environmentVariables")}
            assert missing == set()


# What is given instead of made


def test_what_is_there_already_is_used_and_not_made(folder: Path) -> None:
    given = google_made.deployed(folder, existing=EXISTING)
    made = {one.token for one in given.resources}

    assert not {one for one in made if one.startswith(("gcp:compute/", "gcp:dns/", "gcp:servicenetworking/"))}
    assert not made & {
        "gcp:sql/databaseInstance:DatabaseInstance",
        "gcp:kms/keyRing:KeyRing",
        "gcp:kms/cryptoKey:CryptoKey",
        "gcp:logging/projectBucketConfig:ProjectBucketConfig",
    }
    risk = given.one("cloudfunctionsv2/function:Function", "risk")
    assert risk.at("serviceConfig.directVpcNetworkInterfaces.0.subnetwork") == EXISTING["network"]["functions"]
    assert "@10.1.2.3/" in risk.at("serviceConfig.environmentVariables.ISTHMUS_DATABASE")
    assert {one.inputs["instance"] for one in given.of("sql/user:User")} == {"shared-database"}
    assert {one.inputs["cryptoKeyId"] for one in given.of("kms/cryptoKeyIAMMember:CryptoKeyIAMMember")} == {
        EXISTING["key"]
    }
    assert given.of("logging/projectSink:ProjectSink")[0].inputs["destination"].endswith("/buckets/shared-logs")


# Environments


def test_what_cannot_be_undone_is_for_production_alone_and_the_lock_for_a_deployment_of_its_own(
    dev: Deployment, prod: Deployment, folder: Path
) -> None:
    def undoable(deployment: Deployment) -> tuple[Any, ...]:
        (instance,) = deployment.of("sql/databaseInstance:DatabaseInstance")
        journal = next(one for one in deployment.of("storage/bucket:Bucket") if "retentionPolicy" in one.inputs)
        return (
            journal.at("retentionPolicy.isLocked"),
            instance.at("settings.deletionProtectionEnabled"),
            instance.at("settings.availabilityType"),
        )

    assert undoable(dev) == (False, False, "ZONAL")
    assert undoable(prod) == (False, True, "REGIONAL")
    locked = google_made.deployed(folder, "prod", environment="production", lock=True)
    assert undoable(locked)[0] is True
    assert {one.inputs["deletionProtection"] for one in prod.of("workflows/workflow:Workflow")} == {False}, "see lock"
    assert "Cannot be undone:" in locked.review
    assert "Cannot be undone:" not in prod.review
    with pytest.raises(IsthmusError, match="ISTH280"):
        google_made.deployed(folder, lock=True)


def test_two_stacks_of_a_project_have_no_name_in_common(dev: Deployment, prod: Deployment) -> None:
    def names(deployment: Deployment) -> set[tuple[str, str]]:
        named = ("name", "accountId", "secretId", "repositoryId", "bucketId")
        shared = {"gcp:projects/service:Service", "gcp:projects/serviceIdentity:ServiceIdentity"}
        return {
            (one.token, one.inputs[key])
            for one in deployment.resources
            for key in named
            if key in one.inputs
            and one.token not in shared
            and "iam" not in one.token.lower()
            # What these are in has a name of the stack's own: a zone, an instance, a bucket.
            and not one.token.startswith(("gcp:dns/recordSet", "gcp:sql/user", "gcp:storage/bucketObject"))
        }

    assert len(names(dev)) >= 25
    assert names(dev) & names(prod) == set()


@settings(deadline=None)
@given(
    st.from_regex(r"[A-Za-z][A-Za-z0-9 _-]{0,30}", fullmatch=True),
    st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True),
)
def test_whatever_an_app_and_a_stack_are_called_the_names_are_taken_or_refused(app: str, stack: str) -> None:
    from isthmus.provision.google_target.site import hold_to_prefix  # noqa: PLC0415
    from isthmus.provision.stack import Stack, StackInvalid  # noqa: PLC0415

    names = Names(app, stack)
    try:
        hold_to_prefix(Stack(app="x:y", cloud="google", region=REGION, name=stack), names)
    except StackInvalid:
        assert len("-".join(re.findall(r"[a-z0-9]+", f"{app} {stack}".lower()))) > 24
        return
    account = names.whole("critical", longest=30)
    assert re.fullmatch(r"[a-z][-a-z0-9]{4,28}[a-z0-9]", account)
    assert re.fullmatch(r"[a-z][-a-z0-9]{0,48}[a-z0-9]", names.whole("critical", longest=50))


# What is refused before anything is made


def test_callers_are_principals_and_not_addresses_nor_everybody(folder: Path) -> None:
    for caller in ("203.0.113.0/24", "allUsers", "allAuthenticatedUsers", "somebody@example.com"):
        with pytest.raises(IsthmusError, match="ISTH280"):
            google_made.deployed(folder, callers=[caller])


def test_a_stack_whose_names_would_be_cut_is_refused(folder: Path) -> None:
    with pytest.raises(IsthmusError, match="ISTH280"):
        google_made.deployed(folder, "a-name-that-leaves-no-room-at-all")


def test_a_package_without_a_workflow_of_the_app_is_refused(tmp_path: Path) -> None:
    shutil.rmtree(google_made.packaged(tmp_path) / "normal" / "workflows")

    with pytest.raises(IsthmusError, match="ISTH186"):
        google_made.deployed(tmp_path)


def test_a_workflow_whose_name_has_no_room_for_the_stacks_is_refused(tmp_path: Path) -> None:
    flows = google_made.packaged(tmp_path) / "normal" / "workflows"
    (flows / f"{'a' * 47}-{'0' * 16}.yaml").write_text("main: {steps: []}", "utf-8")

    with pytest.raises(IsthmusError, match="ISTH187"):
        google_made.deployed(tmp_path)


def test_a_preview_tells_what_bills_while_idle_and_what_remains(dev: Deployment, prod: Deployment) -> None:
    told = "\n".join(dev.review)

    assert "db-custom-2-7680" in told
    assert "unit risk: 1 instances at least" in told
    assert "raters.example" in told
    assert "Google Cloud deletes neither" in told
    assert "protected" in "\n".join(prod.review)


# What the stand-in refuses


def test_at_least_fifteen_conditions_of_googles_pages_are_held_to_and_each_names_its_page() -> None:
    ours = [one for one in all_rules() if any(token.startswith("gcp:") for token in one.tokens)]

    assert len(ours) > 60
    assert all(one.source.startswith(("https://cloud.google.com/", "pulumi-gcp")) for one in ours)


def test_the_budget_watches_what_carries_the_stacks_label(dev: Deployment) -> None:
    (budget,) = dev.of("billing/budget:Budget")

    assert budget.at("amount.specifiedAmount.units") == "500"
    assert budget.at("budgetFilter.labels") == {"stack": "dev"}
    assert [one["thresholdPercent"] for one in budget.inputs["thresholdRules"]] == [0.5, 0.8, 1.0]
    assert [one.at("labels.email_address") for one in dev.of("monitoring/notificationChannel:NotificationChannel")] == [
        "desk@example.com"
    ]
