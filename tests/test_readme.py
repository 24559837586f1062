"""The app of the README does at the command line what the page says."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parent.parent / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("payouts")
    source = re.search(r"```python\n(# payouts\.py\n.*?)```", PAGE, re.DOTALL)
    assert source
    (folder / "payouts.py").write_text(source[1], "utf-8")
    return folder


def commands() -> list[str]:
    """Return the commands that the page runs on its own app, one a line."""
    block = re.search(r"Check it, run it, look at it:\n\n```sh\n(.*?)```", PAGE, re.DOTALL)
    assert block
    return block[1].splitlines()


def ran(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    _, *arguments = shlex.split(command, comments=True)
    return subprocess.run(
        [sys.executable, "-m", "isthmus.adapters.cli.main", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_every_command_of_the_page_works_in_the_order_of_the_page(folder: Path) -> None:
    said = {}
    for command in commands():
        done = ran(command, folder)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        said[command.split()[1]] = done.stdout

    assert len(said) >= 6
    assert "completed" in said["workflows"]
    assert "payout" in said["journal"]
    assert "DE02120300000000202051" not in "".join(said.values())


def test_a_command_of_the_page_that_is_given_twice_counts_once(folder: Path) -> None:
    [deposit] = [command for command in commands() if "start pay_in" in command]
    first, again = ran(deposit, folder), ran(deposit, folder)

    assert first.returncode == again.returncode == 0
    assert first.stdout == again.stdout


def test_the_day_ends_as_the_page_says(tmp_path: Path) -> None:
    shown = re.search(r"`make run` prints .*?```text\n(.*?)```", PAGE, re.DOTALL)
    assert shown
    facts = [line for line in shown[1].splitlines() if not re.search(r"…|\d\.\d\d$| in \d", line)]

    printed = ran("isthmus run", tmp_path).stdout.splitlines()

    assert [line for line in facts if line.rstrip() not in {line.rstrip() for line in printed}] == []


@pytest.mark.skipif(importlib.util.find_spec("azure_functions_runtime") is None, reason="needs isthmus[azure]")
def test_the_app_of_the_page_is_packaged_for_azure_as_the_page_says(folder: Path) -> None:
    shown = re.search(r"prints every function with what reaches it:\n\n```text\n(.*?)```", PAGE, re.DOTALL)
    assert shown

    done = ran("isthmus package azure --app payouts:app", folder)

    assert done.returncode == 0, done.stderr
    printed = [line.split() for line in done.stdout.splitlines()]
    assert [line for line in shown[1].splitlines() if line.split() not in printed] == []
