"""Google itself is told where things may be, in a project that is there or made: before there is data, and which."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import google_made
import google_packages
import pytest
from google_made import PROJECT, REGION, Deployment
from pulumi.automation.errors import CommandError
from sdk_types import inputs_of
from test_google_engine import program

from isthmus.adapters.residency.shipped import facts, policy_of
from isthmus.core.errors import IsthmusError
from isthmus.core.residency.definitions import allowed_regions
from isthmus.provision.policy import FOLDER

POLICY, MADE = "gcp:orgpolicy/policy:Policy", "gcp:organizations/project:Project"
SERVICE = "gcp:projects/service:Service"
EMPTY = {MADE, SERVICE, "gcp:projects/serviceIdentity:ServiceIdentity"}
"""What a project is with nothing in it."""

LABEL = "isthmus-data"
NEW = {"folder": 123456789012, "billingAccount": "01A2B3-C4D5E6-F7A8B9"}
SAID = "folders/123456789012/policies/gcp.resourceLocations"
OURS = """title = "Ours"

[default]
store = ["EU"]
process = ["EU"]
replicate = ["EU"]

[[available]]
services = ["cloud_run", "workflows", "pubsub", "cloud_sql", "cloud_kms", "secret_manager", "cloud_scheduler"]
region = "europe-west3"
by = "A. Platform"
on = 2026-11-20

[[existing]]
what = "{url}"
country = "NL"
by = "the tests"
on = 2026-11-28

[[existing]]
what = "_Default"
country = "DE"
by = "A. Platform"
on = 2026-11-20
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packages")


@pytest.fixture(scope="module")
def confined(folder: Path) -> Deployment:
    return google_made.deployed(folder, residency="eu")


def in_a_project_of_its_own(folder: Path, name: str = "dev", **configuration: Any) -> Deployment:
    return google_made.deployed(folder, name, existing={"project": None}, project=NEW, **configuration)


# Places


def test_google_refuses_the_regions_that_the_policy_does_not_allow(confined: Deployment) -> None:
    (policy,) = confined.of("orgpolicy/policy:Policy")
    allowed = allowed_regions(policy_of("eu"), facts(), "google", ["financial", "personal"])

    assert policy.inputs["parent"] == f"projects/{PROJECT}"
    assert policy.inputs["name"] == f"projects/{PROJECT}/policies/gcp.resourceLocations"
    (rule,) = policy.at("spec.rules")
    assert rule["values"]["allowedValues"] == [f"in:{region}-locations" for region in allowed]
    assert policy.at("spec.inheritFromParent") is False, "the places of a parent would be allowed beside ours"
    assert "orgpolicy.googleapis.com" in {one.inputs["service"] for one in confined.of("projects/service:Service")}


def test_a_topic_keeps_messages_at_home_though_the_policy_allows_more_regions(confined: Deployment) -> None:
    for topic in confined.of("pubsub/topic:Topic"):
        assert topic.at("messageStoragePolicy.allowedPersistenceRegions") == [REGION]
        assert topic.at("messageStoragePolicy.enforceInTransit") is True


def test_without_a_policy_and_where_an_organisation_has_said_it_google_is_told_nothing(folder: Path) -> None:
    silent = google_made.deployed(folder)
    said = google_made.deployed(folder, residency="eu", existing={"resourceLocations": SAID})

    for deployment in (silent, said):
        assert deployment.of("orgpolicy/policy:Policy") == []
        services = {one.inputs["service"] for one in deployment.of("projects/service:Service")}
        assert "orgpolicy.googleapis.com" not in services, "nobody needs the API, nor the role for it"
    with pytest.raises(IsthmusError, match="ISTH280"):
        google_made.deployed(folder, residency="eu", existing={"resourceLocations": "yes"})


@pytest.mark.parametrize("residency", ["us", "singapore"])
def test_a_policy_that_does_not_allow_home_is_refused_before_anything_is_made(
    stand_in: Any, tmp_path: Path, residency: str
) -> None:
    google_packages.write_packages("ticket_desk:app", tmp_path / "dist")

    with pytest.raises(IsthmusError, match="ISTH170"):
        program(tmp_path, "dev", residency=residency)()

    assert stand_in.resources() == {}


# Data


def test_every_resource_says_by_a_label_which_classes_of_data_it_may_hold(confined: Deployment) -> None:
    labelled = [
        one
        for one in confined.resources
        # A range of a network holds nothing.
        if "labels" in inputs_of(one.token) and one.token != "gcp:compute/globalAddress:GlobalAddress"
    ]
    said = {one.name: (one.inputs.get("labels") or {}).get(LABEL) for one in labelled}

    assert [name for name, label in said.items() if label is None] == []
    assert said["tickets.bought"] == said["tickets.bought.book"] == "none", "an id is no class"
    assert said["normal"] == "personal", "home sends what any unit left"
    assert said["risk"] == "personal"
    assert said["books"] == "none"
    assert said["desk-dev-journal"] == "personal"
    assert said["desk-dev-packages"] == said["images"] == "none", "code is no data"
    (instance,) = confined.of("sql/databaseInstance:DatabaseInstance")
    assert instance.at("settings.userLabels")[LABEL] == "personal"


# A project of its own


def test_a_project_is_made_where_none_is_named_and_everything_is_in_it(folder: Path) -> None:
    made = in_a_project_of_its_own(folder)
    (project,) = made.of("organizations/project:Project")
    name = project.inputs["projectId"]

    assert re.fullmatch(r"desk-dev-[0-9a-f]{5}", name)
    assert project.inputs["folderId"] == str(NEW["folder"])
    assert project.inputs["billingAccount"] == NEW["billingAccount"]
    assert project.inputs["autoCreateNetwork"] is False
    assert {one.inputs["project"] for one in made.resources if "project" in one.inputs} == {name}
    assert PROJECT not in str(made.resources)


def test_a_project_has_an_id_that_no_other_stack_folder_or_app_gives_and_production_is_not_deleted(
    folder: Path,
) -> None:
    dev, prod = in_a_project_of_its_own(folder), in_a_project_of_its_own(folder, "prod", environment="production")
    elsewhere = google_made.deployed(folder, existing={"project": None}, project={**NEW, "folder": 1})
    named = google_made.deployed(folder, existing={"project": None}, project={**NEW, "id": "our-desk"})

    projects = [one.of("organizations/project:Project")[0] for one in (dev, prod, elsewhere, named)]
    assert len({one.inputs["projectId"] for one in projects}) == 4
    assert projects[3].inputs["projectId"] == "our-desk"
    assert [one.inputs["deletionPolicy"] for one in projects] == ["DELETE", "PREVENT", "DELETE", "DELETE"]
    assert "isthmus:project.id" in "\n".join(dev.review)
    with pytest.raises(IsthmusError, match="ISTH280"):
        google_made.deployed(folder, existing={"project": None}, project={**NEW, "id": "our-google-desk"})


# By the engine


def test_a_project_is_made_then_confined_then_filled_and_production_stays(
    inline: Callable[..., Any], stand_in: Any, tmp_path: Path
) -> None:
    google_packages.write_packages("ticket_desk:app", tmp_path / "dist")
    ours = {"existing": {}, "project": NEW, "residency": "eu"}
    dev = inline(program(tmp_path, "dev", **ours))

    stand_in.failures.named["resource-locations"] = "roles/orgpolicy.policyAdmin is missing"
    with pytest.raises(CommandError, match="policyAdmin is missing"):
        dev.up()
    assert stand_in.order[0] == f"{MADE} project"
    assert {one["type"] for one in stand_in.resources().values()} <= EMPTY, "nothing is made that is not confined"
    stand_in.failures.named.clear()
    dev.up()
    assert set(dev.up()) == {"same"}
    dev.destroy()
    left = {one["type"] for one in stand_in.resources().values()}
    assert left <= EMPTY - {MADE}, "what a project has is gone with it"

    prod = inline(program(tmp_path, "prod", environment="production", **ours), "prod")
    prod.up()
    with pytest.raises(CommandError, match="protect"):
        prod.destroy()
    assert any(one["type"] == MADE for one in stand_in.resources().values())


def test_the_policy_pack_finds_nothing_in_what_is_made(
    inline: Callable[..., Any], surroundings: dict[str, str], tmp_path: Path
) -> None:
    google_packages.write_packages("ticket_desk:app", tmp_path / "dist")
    policy = tmp_path / "residency.toml"
    policy.write_text(OURS.format(url=surroundings["PULUMI_BACKEND_URL"]), "utf-8")
    surroundings["ISTHMUS_RESIDENCY"] = str(policy)
    stack = inline(program(tmp_path, "dev", residency=str(policy), existing={}, project=NEW))

    stack.stack.preview(on_output=stack._hear, policy_packs=[str(FOLDER)])

    assert "isthmus-residency" in stack.said
    assert "[rule " not in stack.said
