"""The desk on Google Cloud by the real engine: everything that an App can ask for, twice in one project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import google_packages
import pytest
import ticket_desk
from pulumi.automation.errors import CommandError

from isthmus.core.errors import IsthmusError
from isthmus.provision.demand import demand_of
from isthmus.provision.google_target import GoogleTarget
from isthmus.provision.packages import migrations_of, packages_of
from isthmus.provision.stack import read_stack

FUNCTION, JOB = "gcp:cloudfunctionsv2/function:Function", "gcp:cloudrunv2/job:Job"
INSTANCE = "gcp:sql/databaseInstance:DatabaseInstance"


def program(folder: Path, name: str, **configuration: Any) -> Callable[[], object]:
    """Return the program of a stack of the desk."""
    values = {"app": "ticket_desk:app", "cloud": "google", "region": "europe-west3", "packages": str(folder / "dist")}
    stack = read_stack({**values, "existing": {"project": "desk-project"}, **configuration}, name)

    def deploy() -> object:
        demand = demand_of(ticket_desk.app.load().blueprint, "google")
        packages = packages_of(stack, demand, folder)
        return GoogleTarget("desk", stack, demand, packages, migrations_of(packages[demand.home.name], stack))

    return deploy


def function(stand_in: Any, unit: str) -> dict[str, Any]:
    """Return what there is of a unit's function in the cloud."""
    return next(one for key, one in stand_in.resources().items() if key.endswith(f"/functions/desk-dev-{unit}"))


def deployments(stand_in: Any) -> list[str]:
    """Return the functions and the job that were made or changed, in that order."""
    return [one for one in stand_in.order if one.startswith((FUNCTION, JOB))]


def test_the_desk_is_made_put_right_and_upgraded_beside_a_production_that_is_not_taken_down_by_mistake(
    inline: Callable[..., Any], stand_in: Any, tmp_path: Path
) -> None:
    google_packages.write_packages("ticket_desk:app", tmp_path / "dist")
    dev = inline(program(tmp_path, "dev"))

    made = dev.up()
    order = deployments(stand_in)
    assert order[:2] == [f"{FUNCTION} migrations", f"{JOB} migrate"], "the database is migrated first"
    assert order[-1] == f"{FUNCTION} normal", "home comes last"
    assert dev.up() == {"same": made["create"]}

    for of in ("inputs", "state"):
        stand_in.edit(lambda _, of=of: function(stand_in, "risk")[of]["serviceConfig"].update(maxInstanceCount=99))
    (tmp_path / "dist" / "normal" / "requirements.txt").write_text("isthmus[google]==2\n", "utf-8")
    assert dev.refresh()["update"] == 1
    stand_in.order.clear()
    dev.up()
    wanted = [f"{FUNCTION} migrations", f"{JOB} migrate", f"{FUNCTION} normal", f"{FUNCTION} risk"]
    assert sorted(deployments(stand_in)) == sorted(wanted), "no other has new code, and what had drifted is put right"
    assert deployments(stand_in)[:2] == wanted[:2]
    assert function(stand_in, "risk")["inputs"]["serviceConfig"]["maxInstanceCount"] == 10

    prod = inline(program(tmp_path, "prod", environment="production"), "prod")
    assert prod.up()["create"] > 0, "the stand-in refuses a name that is taken"
    with pytest.raises(CommandError, match="protect"):
        prod.destroy()

    dev.destroy()
    left = stand_in.resources()
    assert {key for key in left if "desk-dev" in key} == set()
    assert INSTANCE in {one["type"] for one in left.values()}, "production stays"


def test_what_cannot_be_is_told_before_anything_is_made(stand_in: Any, tmp_path: Path) -> None:
    google_packages.write_packages("ticket_desk:app", tmp_path / "dist")

    with pytest.raises(IsthmusError, match="ISTH280"):
        program(tmp_path, "dev", callers=["203.0.113.0/24"])()

    assert stand_in.resources() == {}
