"""The policy pack on the real engine: good programs pass, leaks stop a preview and an update, each by its resource."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RESIDENCY = Path(__file__).resolve().parents[1] / "residency"
sys.path.insert(0, str(RESIDENCY))

from policies import text_of
from recording import PREVIEWS, PROGRAMS, commanded, previewed, reduced

from isthmus.core.residency.preview.resource import read_preview
from isthmus.provision.policy import FOLDER

STATE = '\n[[existing]]\nwhat = "{url}"\ncountry = "NL"\nby = "the tests"\non = 2026-11-28\n'
COUNTRIES = {"azure": ["NL", "SE"], "google": ["NL", "DE"]}

LEAKS = {
    "azure": [
        ('sku={"name": "Standard_ZRS"}, tags=TAGS)', 'sku={"name": "Standard_GRS"}, tags=TAGS)',
         "ledger (azure-native:storage:StorageAccount), sku.name = Standard_GRS", "IE (Ireland)", "pair"),
        ('"geo_redundant_backup": "Disabled"},\n    auth', '"geo_redundant_backup": "Enabled"},\n    auth',
         "books (azure-native:dbforpostgresql:Server), backup.geoRedundantBackup = Enabled", "IE (Ireland)", "pair"),
        ('"regions": [{"name": THERE}]', '"regions": [{"name": "uksouth"}]',
         "hsm (azure-native:keyvault:ManagedHsm), properties.regions[0].name = uksouth", "GB (United Kingdom)", "country"),
        ("storage_account_id=ledger.id, logs", 'storage_account_id="/subscriptions/0/elsewhere", logs',
         "books-logs (azure-native:monitor:DiagnosticSetting), storageAccountId", "elsewhere", "cannot-be-known"),
        ('"Standard", "capacity": 1},\n    properties={"model"', '"GlobalStandard", "capacity": 1},\n    properties={"model"',
         "model (azure-native:cognitiveservices:Deployment), sku.name = GlobalStandard", "any region", "global"),
    ],
    "google": [
        ('"reads", location=HERE', '"reads", location="europe-west2"',
         "reads (gcp:storage/bucket:Bucket), location = europe-west2", "GB (United Kingdom)", "country"),
        ('"backup_configuration": {"enabled": True, "location": HERE}', '"backup_configuration": {"enabled": True}',
         "books (gcp:sql/databaseInstance:DatabaseInstance), settings.backupConfiguration.location", "multi-region", "global"),
        ('"dead", message_storage_policy={"allowed_persistence_regions": [HERE]}, ', '"dead", ',
         "dead (gcp:pubsub/topic:Topic), messageStoragePolicy.allowedPersistenceRegions", "any region", "global"),
        ('{"user_managed": {"replicas": [{"location": HERE}, {"location": THERE}]}}', '{"auto": {}}',
         "password (gcp:secretmanager/secret:Secret), replication.auto", "automatically", "global"),
        ('pulumi.Output.concat("storage.googleapis.com/", journal.name)', '"storage.googleapis.com/elsewhere"',
         "to-bucket (gcp:logging/projectSink:ProjectSink), destination = storage.googleapis.com/elsewhere", "not in this deployment", "cannot-be-known"),
    ],
}  # fmt: skip


@pytest.fixture
def under_the_pack(tmp_path: Path, surroundings: dict[str, str]) -> Callable[..., Any]:
    """Return what runs a command on a program under the policy pack."""

    def run(cloud: str, program: str, *command: str, residency: str | None = None) -> Any:
        url = surroundings["PULUMI_BACKEND_URL"]
        policy = tmp_path / "residency.toml"
        policy.write_text(residency or text_of(COUNTRIES[cloud], more=STATE.format(url=url)), "utf-8")
        environment = {**surroundings, "ISTHMUS_RESIDENCY": str(policy)}
        return commanded(program, environment, tmp_path / "desk", *command, "--policy-pack", str(FOLDER))

    return run


@pytest.fixture
def preview(under_the_pack: Callable[..., Any]) -> Callable[..., Any]:
    """Return what previews a program under the policy pack."""

    def run(cloud: str, program: str, residency: str | None = None) -> Any:
        return under_the_pack(cloud, program, "preview", residency=residency)

    return run


def leaking(cloud: str) -> str:
    """Return the good program with every leak in it."""
    program = (PROGRAMS / f"{cloud}.py").read_text("utf-8")
    for before, after, *_ in LEAKS[cloud]:
        assert program.count(before) >= 1, before
        program = program.replace(before, after, 1)
    return program


@pytest.mark.parametrize("cloud", COUNTRIES)
def test_a_good_program_passes_the_pack(preview: Callable[..., Any], cloud: str) -> None:
    done = preview(cloud, (PROGRAMS / f"{cloud}.py").read_text("utf-8"))

    assert done.returncode == 0, done.stdout + done.stderr
    assert "isthmus-residency" in done.stdout


@pytest.mark.parametrize("cloud", COUNTRIES)
def test_every_leak_stops_a_preview_and_is_told_by_resource_property_and_rule(
    preview: Callable[..., Any], cloud: str
) -> None:
    done = preview(cloud, leaking(cloud))

    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    for _, _, resource, words, rule in LEAKS[cloud]:
        assert resource in said
        assert words in said
        assert f"[rule {rule}]" in said
    assert said.count("[rule ") == len(LEAKS[cloud])


@pytest.mark.parametrize("cloud", COUNTRIES)
def test_an_update_that_leaks_ends_before_anything_is_made(
    under_the_pack: Callable[..., Any], stand_in: Any, cloud: str
) -> None:
    done = under_the_pack(cloud, leaking(cloud), "up", "--yes")

    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    assert said.count("[rule ") == len(LEAKS[cloud])
    assert stand_in.resources() == {}
    assert stand_in.order == []


@pytest.mark.long
@pytest.mark.parametrize("cloud", COUNTRIES)
def test_an_update_without_its_preview_makes_nothing_that_leaks_by_itself(
    under_the_pack: Callable[..., Any], stand_in: Any, cloud: str
) -> None:
    done = under_the_pack(cloud, leaking(cloud), "up", "--yes", "--skip-preview")

    made = {one.split()[1] for one in stand_in.order}
    by_themselves = {row[2].split()[0] for row in LEAKS[cloud] if row[4] != "cannot-be-known"}
    assert done.returncode != 0
    assert by_themselves & made == set()


def test_an_ill_policy_stops_a_preview_with_one_clear_error(preview: Callable[..., Any]) -> None:
    done = preview("google", (PROGRAMS / "google.py").read_text("utf-8"), text_of(["Germany"]))

    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0
    assert said.count("[ISTH275]") == 1
    assert "residency.toml:4: there is no country 'Germany' (did you mean DE?)" in said


@pytest.mark.long
@pytest.mark.parametrize("cloud", COUNTRIES)
def test_what_was_recorded_is_what_the_engine_prints(surroundings: dict[str, str], tmp_path: Path, cloud: str) -> None:
    program = (PROGRAMS / f"{cloud}.py").read_text("utf-8")
    done = previewed(program, surroundings, tmp_path / "desk", "--json")

    def known(text: str) -> set[tuple[str, str, tuple[str, ...]]]:
        resources = read_preview(text.encode(), name=cloud)
        return {(one.type, one.name, tuple(sorted(one.properties))) for one in resources}

    assert done.returncode == 0, done.stdout
    assert known(reduced(done.stdout)) == known((PREVIEWS / f"{cloud}.json").read_text("utf-8"))
