"""`serverless invoke` through the plugin, on Google: the run's execution is begun in the app, and carries it on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deployed import Deployed

from isthmus.adapters.cli.extras import missing
from isthmus.adapters.runtime.runs import run_id_of

ROOT = Path(__file__).resolve().parents[2]
OSLS = ROOT / ".tools" / "frameworks" / "osls" / "node_modules" / "osls" / "bin" / "serverless.js"
PLUGIN = ROOT / "adapters" / "serverless"
SERVICE = {
    "service": "stand",
    "provider": {"name": "isthmus", "cloud": "google", "region": "europe-west1", "project": "desk-eu"},
    "plugins": ["serverless-isthmus"],
    "custom": {"isthmus": {"app": "stand:app"}},
}

pytestmark = [
    pytest.mark.skipif(shutil.which("npm") is None, reason="node and npm are not installed: the plugin needs them"),
    pytest.mark.skipif(bool(missing("serverless")), reason="isthmus[serverless] is not installed"),
]


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory, postgresql: Any) -> Iterator[Deployed]:
    deployed = Deployed(tmp_path_factory.mktemp("invoked"), postgresql.create())
    (deployed.folder / "serverless.yml").write_text(json.dumps(SERVICE), "utf-8")  # JSON is YAML
    installed = deployed.folder / "node_modules" / "serverless-isthmus"
    installed.parent.mkdir()
    installed.symlink_to(PLUGIN)
    yield deployed
    deployed.close()


def invoke(google: Deployed, function: str, name: str) -> subprocess.CompletedProcess[str]:
    assert OSLS.is_file(), "say: make .tools/frameworks/.ready"
    message = json.dumps({"id": name, "refuse": False, "fail": False})
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ISTHMUS_", "GOOGLE_"))}
    quiet = {"SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off"}
    return subprocess.run(
        ["node", str(OSLS), "invoke", "--stage", "google", "-f", function, "-d", message],
        cwd=google.folder,
        env={**kept, **google.settings, **quiet, "ISTHMUS_PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_invoke_begins_one_execution_which_runs_to_the_end(google: Deployed) -> None:
    run_id = run_id_of("admit", "invoked")

    first, again = invoke(google, "admit", "invoked"), invoke(google, "admit", "invoked")

    assert (first.returncode, again.returncode) == (0, 0), first.stdout + first.stderr + again.stderr
    assert "its execution is begun" in first.stdout
    executions = [
        one for one in google.workflows.running.values() if json.loads(one.shown.argument)["run_id"] == run_id
    ]
    assert len(executions) == 1
    google.wait_until(lambda: google.waits(run_id))
    google.command(
        *("send", "Answer", "--app", "stand:app", "--key", "invoked", "--input", '{"text": "yes"}'),
        *("--target", "google"),
    )
    google.wait_until(lambda: google.status(run_id) == "completed")


def test_a_handler_is_asked_by_its_endpoint(google: Deployed) -> None:
    refused = invoke(google, "look", "x")

    assert (refused.returncode, "ISTH262" in refused.stdout + refused.stderr) == (1, True)
