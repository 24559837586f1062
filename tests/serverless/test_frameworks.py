"""The plugin through the frameworks as they come from npm: `frameworks.test.js`, by node's own test runner."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from isthmus.adapters.cli.extras import missing

HERE = Path(__file__).parent
FRAMEWORKS = Path(__file__).resolve().parents[2] / ".tools" / "frameworks"
SECONDS_MAX = 900

pytestmark = [
    pytest.mark.skipif(shutil.which("npm") is None, reason="node and npm are not installed: the plugin needs them"),
    pytest.mark.skipif(bool(missing("serverless")), reason="isthmus[serverless] is not installed"),
]


@pytest.mark.parametrize("framework", ["osls", "serverless"])
def test_every_verb_does_what_it_says_through_the_framework(framework: str) -> None:
    assert (FRAMEWORKS / framework / "node_modules" / framework).is_dir(), "say: make .tools/frameworks/.ready"

    done = subprocess.run(
        ["node", "--test", "--test-reporter=spec", "frameworks.test.js"],
        cwd=HERE,
        env={**os.environ, "FRAMEWORK": framework, "ISTHMUS_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "fail 0" in done.stdout
    assert "skipped 0" in done.stdout
