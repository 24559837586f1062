"""A run that began before a redeployment ends by the program that it began with; new runs go by today's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
STAND = (HERE / "stand.py").read_text("utf-8")
BEFORE = """    await hold(ticket)
    await sleep(minutes(1))
    answer = await wait_for(Answer, key=ticket.id, within=minutes(30))
    await gather(look(ticket), look(ticket))
    await tell(ticket)
"""
AFTER = """    await tell(ticket)
    await look(ticket)
    answer = await wait_for(Answer, key=ticket.id, within=minutes(45))
    if not ticket.refuse:
        await hold(ticket)
"""
OLD_STEPS = ["0 hold", "1 ", "2 Answer", "3/0 look", "3/1 look", "4 tell"]
NEW_STEPS = ["0 tell", "1 look", "2 Answer", "3.then.0 hold"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "pyproject.toml").write_text("", "utf-8")
    return tmp_path


def process(folder: Path, source: str, ticket: str, answer: str) -> dict[str, dict[str, Any]]:
    """Deploy a source, and let a process of its own work on what there is."""
    (folder / "project" / "stand.py").write_text(source, "utf-8")
    done = subprocess.run(
        [sys.executable, "-B", str(HERE / "redeployed.py"), str(folder), ticket, answer],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {told["name"]: told for told in map(json.loads, done.stdout.splitlines())}


def test_a_run_ends_by_its_own_version_after_a_redeployment(folder: Path) -> None:
    (folder / "lock").touch()
    assert BEFORE in STAND
    begun = process(folder, STAND, "old", "")
    assert begun["old"]["status"] == "running"
    ended = process(folder, STAND.replace(BEFORE, AFTER), "new", "yes")

    assert {name: (told["status"], told["said"]["said"]) for name, told in ended.items()} == {
        "old": ("completed", "yes"),
        "new": ("completed", "yes"),
    }
    assert ended["old"]["steps"] == OLD_STEPS
    assert ended["new"]["steps"] == NEW_STEPS
    assert len(list((folder / "package" / "workflows.kept").iterdir())) == 3


def test_without_a_lock_a_run_of_an_earlier_version_is_left_to_a_person(folder: Path) -> None:
    process(folder, STAND, "old", "")
    ended = process(folder, STAND.replace(BEFORE, AFTER), "new", "yes")

    assert ended["new"]["status"] == "completed"
    assert ended["old"]["status"] == "stuck"
    assert ended["old"]["steps"] == OLD_STEPS[:3]
