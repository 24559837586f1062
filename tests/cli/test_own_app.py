"""An app of one's own, from an empty folder: the wheel is installed, and the example's README is done as it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "own-app"
SOURCES = ("core", "contracts", "handlers", "adapters", "pulumi", "examples/trading-day")
FILES = ("pyproject.toml", "README.md", "LICENSE", "NOTICE")
SECONDS_MAX = 300
UV = os.environ.get("UV") or shutil.which("uv") or "uv"
"""`uv run` says which one it is."""

type Shell = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.skipif(shutil.which(UV) is None, reason="uv builds the wheel and makes the environment")


def ran(command: list[str] | str, folder: Path, path: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    done = subprocess.run(
        command,
        cwd=folder,
        shell=isinstance(command, str),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        env={**environment, "PATH": path, "NO_COLOR": "1"},
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Install the wheel into an environment of its own, copy the example beside it, and run commands there."""
    place = tmp_path_factory.mktemp("own-app")
    source, folder, venv = place / "source", place / "addresses-project", place / "venv"
    ignored = shutil.ignore_patterns("__pycache__", "*.db", ".*_cache")
    for name in SOURCES:
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, source / name)
    shutil.copytree(EXAMPLE, folder, ignore=ignored)
    path = os.environ["PATH"]
    for command in (
        [UV, "build", "--wheel", "--quiet", "--out-dir", str(place / "dist"), str(source)],
        [UV, "venv", "--quiet", "--python", sys.executable, str(venv)],
    ):
        done = ran(command, place, path)
        assert done.returncode == 0, done.stderr
    [wheel] = (place / "dist").glob("isthmus-*.whl")
    wanted = [f"isthmus[testing] @ {wheel.as_uri()}", "pytest>=9"]
    done = ran([UV, "pip", "install", "--quiet", "--python", str(venv), *wanted], place, path)
    assert done.returncode == 0, done.stderr
    path = f"{venv / 'bin'}{os.pathsep}{path}"
    return lambda command: ran(command, folder, path)


def readme_commands() -> list[str]:
    text = (EXAMPLE / "README.md").read_text("utf-8")
    [first, *_] = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return first.strip().splitlines()


def test_the_readme_is_done_as_it_says(shell: Shell) -> None:
    printed = {command: shell(command) for command in readme_commands()}

    for command, done in printed.items():
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    said = {command.split()[1]: done.stdout for command, done in printed.items()}
    assert "app addresses is fine: 1 workflow, 4 handlers, 1 topic, 1 endpoint" in said["check"]
    assert "today's version" in said["lock"]
    assert "SecondOpinion" in said["inspect"]
    assert "running" in said["start"]
    assert "completed" in said["send"]
    assert "change-1" in said["workflows"]
    assert "event_taken" in said["journal"]
    assert "passed" in said["-m"]


def test_the_address_itself_is_in_no_file(shell: Shell) -> None:
    for command in readme_commands()[:5]:
        shell(command)

    found = shell("grep -rl 'Harbour Row' --include='*.db*' . || true")
    assert found.stdout == ""


def test_a_run_of_the_installed_main_job_needs_no_checkout(shell: Shell) -> None:
    done = shell("isthmus run --app isthmus.handlers.app:app --database sqlite:///day.db --json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["orders"]["received"] == 200
