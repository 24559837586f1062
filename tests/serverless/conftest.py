"""The Pulumi engine with the cloud that stands in, as the tests of the program have them; and the plugin's part."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

_spec = importlib.util.spec_from_file_location("pulumi_harness", ROOT / "tests" / "pulumi" / "conftest.py")
assert _spec is not None
assert _spec.loader is not None
_harness = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_harness)

pulumi_command = _harness.pulumi_command
stand_in = _harness.stand_in
surroundings = _harness.surroundings

type Verb = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """Return the folder of a service: the example, on its own."""
    folder = tmp_path / "service"
    shutil.copytree(ROOT / "examples" / "own-app", folder, ignore=shutil.ignore_patterns("__pycache__", "*.db*"))
    return folder


@pytest.fixture
def verb(service: Path) -> Iterator[Verb]:
    """Return what does a verb as the plugin asks for it, in a process of its own."""

    def do(name: str, configuration: dict[str, Any], stage: str = "azure", **given: Any) -> Any:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ISTHMUS_")}
        options = {key: value for key, value in given.items() if key != "env"}
        request = {"plugin": "0.1.0", "stage": stage, "options": options, "configuration": configuration}
        return subprocess.run(
            [sys.executable, "-m", "isthmus.adapters.cli.main", "serverless", name],
            cwd=service,
            env={**environment, **given.get("env", {})},
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=False,
        )

    return do
