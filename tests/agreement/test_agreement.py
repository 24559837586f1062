"""That random programs come to the same on every backend and in the model, and that counts are what they must be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from isthmus.adapters.cli.extras import missing

ROOT = Path(__file__).parents[2]
MISSING = [extra for extra in ("azure", "google") if missing(extra)]

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


def agree(folder: Path, *options: str) -> None:
    """Run in a process of its own: drawn modules and the worker's registry are one a process."""
    command = [sys.executable, "-m", "tests.agreement", "--failing", str(folder / "failing-case.json"), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]


def test_two_hundred_random_programs_come_to_the_same_everywhere(tmp_path: Path) -> None:
    agree(tmp_path, "--programs", "200", "--seed", "7", "--azure", "40", "--served", "100")


@pytest.mark.long
@pytest.mark.parametrize("seed", [11, 12])
def test_a_thousand_more_do_so_too(tmp_path: Path, seed: int) -> None:
    agree(tmp_path, "--programs", "1000", "--seed", str(seed), "--azure", "10", "--served", "50")
