"""`serverless invoke` on Azure: the run is begun in the app, as `isthmus start --target azure` begins it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from isthmus.adapters.cli.extras import missing

STAND = Path(__file__).parent

pytestmark = pytest.mark.skipif(bool(missing("serverless")), reason="isthmus[serverless] is not installed")


def invoke(azure: Any, function: str, message: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    configuration = {
        "service": "stand",
        "provider": {"name": "isthmus", "cloud": "azure", "region": "northeurope"},
        "custom": {"isthmus": {"app": "stand:app"}},
    }
    options = {"function": function, "data": json.dumps(message)}
    request = {"plugin": "0.1.0", "stage": "azure", "options": options, "configuration": configuration}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ISTHMUS_")}
    return subprocess.run(
        [sys.executable, "-m", "isthmus.adapters.cli.main", "serverless", "invoke"],
        cwd=STAND,
        env={
            **kept,
            "ISTHMUS_DATABASE": azure.url,
            "ISTHMUS_KEY_FILE": str(azure.folder / "isthmus.key"),
            "ISTHMUS_TASK_HUB": azure.rehearsal.hub.address,
        },
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
    )


def test_invoke_begins_one_run_in_the_app(sides: tuple[Any, Any]) -> None:
    from sides import run_of, status_of  # noqa: PLC0415  # an extra

    from isthmus.adapters.runtime.vault import KeyFile  # noqa: PLC0415

    azure = sides[1]
    KeyFile(azure.folder / "isthmus.key")
    ticket = {"id": "invoked", "refuse": False, "fail": False}

    first, again = invoke(azure, "admit", ticket), invoke(azure, "admit", ticket)
    azure.rehearsal.settle()

    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert "its orchestration is begun" in first.stdout
    assert status_of(azure, run_of("admit", "invoked")) == "running"


def test_a_handler_is_asked_by_its_endpoint(sides: tuple[Any, Any]) -> None:
    refused = invoke(sides[1], "look", {"id": "x", "refuse": False, "fail": False})

    assert (refused.returncode, "ISTH262" in refused.stderr) == (3, True)
