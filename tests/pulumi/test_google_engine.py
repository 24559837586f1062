"""The desk on Google Cloud by the real engine: first made, unchanged, drifted, upgraded, held up, taken down."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import google_packages
import pytest

MAIN = """from isthmus.provision.deployment import deploy

deploy()
"""
HERE = Path(__file__).parent
INSTANCE = "gcp:sql/databaseInstance:DatabaseInstance"
FUNCTION, JOB = "gcp:cloudfunctionsv2/function:Function", "gcp:cloudrunv2/job:Job"


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    return google_packages.write_packages("desk:app", tmp_path / "dist")


@pytest.fixture
def desk(project: Callable[..., Any], packages: Path, tmp_path: Path) -> Any:
    (tmp_path / "project").mkdir()
    shutil.copy(HERE / "desk.py", tmp_path / "project" / "desk.py")
    return project(
        app="desk:app",
        cloud="google",
        region="europe-west3",
        packages=str(packages),
        sizes={"instancesMax": 5},
        existing={"project": "desk-project"},
    ).write(MAIN)


def function(stand_in: Any, unit: str) -> dict[str, Any]:
    """Return what there is of a unit's function in the cloud."""
    return next(
        one for key, one in stand_in.resources().items() if one["type"] == FUNCTION and key.endswith(f"-{unit}")
    )


def deployments(stand_in: Any) -> list[str]:
    """Return the functions and the job that were made or changed, in that order."""
    return [one for one in stand_in.order if one.startswith((FUNCTION, JOB))]


def test_the_desk_is_made_unchanged_put_right_upgraded_and_taken_down_beside_a_production_that_stays(
    desk: Any, stand_in: Any, packages: Path
) -> None:
    desk.configure("dev")

    preview = desk.preview()
    assert preview.succeeded, preview.said
    assert "Bills while idle" in preview.said
    assert stand_in.resources() == {}, "a preview makes nothing"

    first = desk.up()
    assert first.succeeded, first.said
    order = deployments(stand_in)
    assert order[:2] == [f"{FUNCTION} migrations", f"{JOB} migrations"], "the database is migrated first"
    assert order[-1] == f"{FUNCTION} normal", "home comes last"
    assert desk.outputs()["sealedJournal"].startswith("gs://desk-dev-journal-")

    again = desk.up("--expect-no-changes")
    assert again.succeeded, again.said

    for of in ("inputs", "state"):
        stand_in.edit(lambda _, of=of: function(stand_in, "risk")[of]["serviceConfig"].update(maxInstanceCount=99))
    drifted = desk.refresh()
    assert drifted.succeeded, drifted.said
    assert drifted.changes.get("updated") == 1, drifted.said

    (packages / "normal" / "requirements.txt").write_text("isthmus[google]==2\n", "utf-8")
    stand_in.failures.named["migrations"] = "the migration ended with 1"
    before = function(stand_in, "normal")["inputs"]
    held_up = desk.up()
    assert not held_up.succeeded, "a migration that fails ends the deployment"
    assert function(stand_in, "normal")["inputs"] == before, "the old code is still there"

    stand_in.failures.named.clear()
    stand_in.order.clear()
    upgraded = desk.up()
    assert upgraded.succeeded, upgraded.said
    wanted = [f"{FUNCTION} migrations", f"{JOB} migrations", f"{FUNCTION} risk", f"{FUNCTION} normal"]
    assert deployments(stand_in) == wanted, "no other has new code, and what had drifted is put right"
    assert function(stand_in, "risk")["inputs"]["serviceConfig"]["maxInstanceCount"] == 5

    there = len(stand_in.resources())
    desk.configure("prod", environment="production")
    beside = desk.up()
    assert beside.succeeded, beside.said
    assert len(stand_in.resources()) > there * 1.7, "all but the APIs and their agents once more"
    refused = desk.destroy()
    assert not refused.succeeded
    assert "protected" in refused.said

    desk.select("dev")
    gone = desk.destroy()
    assert gone.succeeded, gone.said
    left = {key for key, one in stand_in.resources().items() if "desk-dev" in key}
    assert left == set()
    assert INSTANCE in {one["type"] for one in stand_in.resources().values()}, "production stays"


def test_a_configuration_that_cannot_be_ends_in_one_error_before_anything_is_made(desk: Any, stand_in: Any) -> None:
    desk.configure("dev", callers=["203.0.113.0/24"])

    refused = desk.preview()

    assert not refused.succeeded
    assert refused.said.count("ISTH188") == 2, "once as it happens, and once in the summary"
    assert "Traceback" not in refused.said
    assert stand_in.resources() == {}
