"""`pulumi` as a platform team runs it: in a repository of its own, with the command and the SDK."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from recorded import CONFIGURED

pytest.importorskip("azure.functions", reason="isthmus[azure] is not installed")

ROOT = Path(__file__).resolve().parents[2]
PLANTED = "hunter2-planted-in-a-secret"


def test_an_app_of_its_own_is_begun_packaged_deployed_and_changed(project, stand_in, tmp_path) -> None:
    folder = tmp_path / "own-app"
    shutil.copytree(ROOT / "examples" / "own-app", folder, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    command = [sys.executable, "-m", "isthmus.adapters.cli.main", "pulumi", "init"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    stack = project(folder, app="addresses.app:app", **CONFIGURED["azure"]).configure("dev")

    first = stack.up()
    assert first.succeeded, first.said
    assert "Bills while idle" in first.said
    assert stack.outputs()["sealedJournal"].endswith(".blob.core.windows.net/journal")
    again = stack.up("--expect-no-changes")
    assert again.succeeded, again.said

    handlers = folder / "addresses" / "handlers.py"
    handlers.write_text(handlers.read_text("utf-8") + "\n# A change of the code, and of nothing else.\n", "utf-8")
    stand_in.order.clear()
    changed = stack.up()
    assert changed.succeeded, changed.said
    kinds = [one.split()[0].rpartition(":")[2] for one in stand_in.order]
    assert kinds == ["Blob", "Deployment", "AzureCliScript", "Blob", "Deployment"] or sorted(kinds) == sorted(
        ["Blob", "Deployment", "AzureCliScript", "Blob", "Deployment"]
    )


def test_what_is_wrong_with_a_stack_is_one_error_before_anything_is_asked_of_a_cloud(project, stand_in) -> None:
    main = "from isthmus.provision.deployment import deploy\n\ndeploy()\n"
    written = project(app="isthmus.handlers.app:app", **CONFIGURED["azure"]).write(main)
    stack = written.configure("dev", sizes={"instancesMax": 500})

    done = stack.preview()

    diagnostics = done.said.partition("Diagnostics:")[2]
    assert done.status != 0
    assert diagnostics.count("error:") == 1, diagnostics
    assert "ISTH283" in diagnostics
    assert "Traceback" not in done.said
    assert stand_in.order == []


def test_a_secret_that_somebody_puts_into_the_cloud_is_nowhere_else(project, stand_in, tmp_path) -> None:
    """The value is planted where a person would put it; the state, the outputs, what is said and packages have none."""
    folder = tmp_path / "own-app"
    shutil.copytree(ROOT / "examples" / "own-app", folder, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    main = "from isthmus.provision.deployment import deploy\n\ndeploy()\n"
    stack = project(folder, app="addresses.app:app", **CONFIGURED["azure"]).write(main).configure("dev")
    said = [stack.up().said]
    vault = next(one for one in stand_in.resources().values() if one["type"].endswith(":Vault"))

    def plant(resources: dict[str, Any]) -> None:
        name = f"/vaults/{vault['inputs']['vaultName']}/secrets/risk-token"
        resources[name] = {"type": "azure-native:keyvault:Secret", "inputs": {"value": PLANTED}, "state": {}}

    stand_in.edit(plant)
    said += [stack.refresh().said, stack.up().said, stack.run("stack", "output", "--show-secrets").said]

    assert PLANTED not in "".join([*said, stack.state()])
    assert PLANTED not in text_of(tmp_path)
    assert "@Microsoft.KeyVault(SecretUri=" in stack.state(), "it is referenced"


def text_of(folder: Path) -> str:
    """Return all that is in a folder, archives included as they are."""
    return "".join(file.read_bytes().decode("latin-1") for file in folder.rglob("*") if file.is_file())


def test_the_brokerages_own_program_can_be_previewed_in_its_folder(project, tmp_path) -> None:
    pytest.importorskip("functions_framework", reason="isthmus[google] is not installed")
    folder = tmp_path / "pulumi"
    folder.mkdir()
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / "pulumi" / name, folder / name)
    stack = project(folder, app="isthmus.handlers.app:app", **CONFIGURED["google"]).configure("dev")

    done = stack.preview()

    assert done.succeeded, done.said
    assert done.changes["create"] > 100
