"""Run the command as people do: a process of its own, in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

type Isthmus = Callable[..., subprocess.CompletedProcess[str]]

SECONDS_MAX = 120


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make an empty folder to stand in."""
    made = tmp_path / "project"
    made.mkdir()
    return made


@pytest.fixture
def isthmus(folder: Path) -> Isthmus:
    """Return a function that runs `isthmus` in the folder, and that never lets a traceback pass."""

    def run(*arguments: str, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "isthmus.adapters.cli.main", *arguments],
            cwd=cwd or folder,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120"},
            check=False,
        )
        assert "Traceback" not in done.stderr + done.stdout, done.stderr
        return done

    return run


@pytest.fixture
def write(folder: Path) -> Callable[[str, str], Path]:
    """Return a function that writes a file into the folder."""

    def write(name: str, text: str) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), "utf-8")
        return path

    return write
