"""A stage with a residency: every resource of its program is held to it, before anything is made."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from isthmus.adapters.cli.extras import missing

sys.path.insert(0, str(Path(__file__).parent))
from addresses_file import addresses_on, residency_text

MISSING = [extra for extra in ("serverless", "azure") if missing(extra)]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: isthmus[{','.join(MISSING)}]")

PROGRAM = """
import pulumi_azure_native as azure

azure.storage.StorageAccount(
    "books",
    account_name="books",
    resource_group_name="desk",
    location="{location}",
    kind="StorageV2",
    sku={{"name": "Standard_LRS"}},
    tags={{"isthmus-data": "financial"}},
)
"""


@pytest.fixture
def azure(service: Path, surroundings: dict[str, str]) -> dict[str, Any]:
    """Return the stage on Azure, with a residency that knows where Pulumi's state is."""
    text = residency_text("azure", surroundings["PULUMI_BACKEND_URL"])
    (service / "residency.toml").write_text(text, "utf-8")
    return addresses_on("azure", residency="residency.toml")


@pytest.fixture
def own_program(service: Path, azure: dict[str, Any]) -> Any:
    """Return what writes a program of the service's own, and gives the configuration of its stage."""

    def write(location: str) -> dict[str, Any]:
        folder = service / "own"
        folder.mkdir()
        (folder / "Pulumi.yaml").write_text("name: own\nruntime: python\n", "utf-8")
        (folder / "__main__.py").write_text(PROGRAM.format(location=location), "utf-8")
        azure["custom"]["isthmus"]["program"] = "own"
        return azure

    return write


def test_a_leak_in_any_resource_is_told_by_plan_and_stops_deploy(
    verb: Any, own_program: Any, surroundings: dict[str, str], stand_in: Any
) -> None:
    leaking = own_program("uksouth")

    for name in ("plan", "deploy"):
        refused = verb(name, leaking, env=surroundings)

        said = " ".join(refused.stdout.split())
        assert "books (azure-native:storage:StorageAccount), location = uksouth" in said, said + refused.stderr
        assert "GB (United Kingdom) is not allowed" in said
        assert "[rule country]" in said
        assert refused.returncode == 4
        assert refused.stderr.splitlines()[-1].endswith("stands under Policies) [ISTH392]")
        assert stand_in.resources() == {}, name


def test_what_is_where_it_may_be_is_deployed(
    verb: Any, own_program: Any, surroundings: dict[str, str], stand_in: Any
) -> None:
    fitting = own_program("northeurope")
    own_python = {key: value for key, value in surroundings.items() if key != "PULUMI_PYTHON_CMD"}

    verb("package", fitting)
    deployed = verb("deploy", fitting, env=own_python)
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    assert deployed.stdout.count("isthmus-residency") == 2, "before anything is made, and while it is"
    assert {one["inputs"]["location"] for one in stand_in.resources().values()} == {"northeurope"}


def test_every_resource_of_the_app_itself_is_held_and_passes(
    verb: Any, azure: dict[str, Any], surroundings: dict[str, str], stand_in: Any
) -> None:
    fits = verb("plan", azure, env=surroundings)
    assert fits.returncode == 0, fits.stdout + fits.stderr
    assert "azure-native:dbforpostgresql:Server" in fits.stdout
    assert "isthmus-residency" in fits.stdout
    assert stand_in.resources() == {}
