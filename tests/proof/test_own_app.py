"""A bug that is planted in somebody's app is found by a verification, and named."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

OWN_APP = Path(__file__).parents[2] / "examples" / "own-app"
VERIFY = """
import json, sys
sys.path.insert(0, sys.argv[1])
from addresses.app import app
from isthmus.adapters.local.verification import verify
print(json.dumps([[b.contract, b.law, b.problem] for b in verify(app.load(), examples=3, only=sys.argv[2:]).breaches]))
"""
PLANTED = {
    "the address is published": (
        "changed = AddressChanged(change=change.id, client=change.client, country=change.country)",
        "changed = AddressChanged(change=change.id, client=change.client, country=change.address)",
        ["keep_address", "personal values never lie open"],
    ),
    "the rating depends on how often it was asked": (
        "return Screened(rating=rating)",
        "SEEN.append(rating); return Screened(rating=f'{rating} {len(SEEN)}')",
        ["screen_country", "an attempt that is repeated answers the same"],
    ),
}


def breaches_of(folder: Path, *only: str) -> list[list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", VERIFY, str(folder), *only], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[list[str]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_app_as_it_is_keeps_every_law() -> None:
    assert breaches_of(OWN_APP) == []


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_found(bug: str, tmp_path: Path) -> None:
    right, wrong, breach = PLANTED[bug]
    folder = Path(shutil.copytree(OWN_APP, tmp_path / "own-app"))
    handlers = folder / "addresses" / "handlers.py"
    source = handlers.read_text()
    assert right in source, "the bug has nowhere to go"
    handlers.write_text(source.replace(right, wrong) + "\n\nSEEN: list[str] = []\n")

    assert breach in [found[:2] for found in breaches_of(folder, breach[0])]
