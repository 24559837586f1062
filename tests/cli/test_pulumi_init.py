"""`isthmus pulumi init`: two files, and nothing that was there is touched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-m", "isthmus.adapters.cli.main", "pulumi", "init"]


def init(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def test_a_project_is_two_files_of_which_one_has_five_lines(tmp_path: Path) -> None:
    done = init(tmp_path)

    assert done.returncode == 0, done.stderr
    assert "pulumi config set isthmus:app isthmus.handlers.app:app" in done.stdout
    assert (tmp_path / "Pulumi.yaml").read_text().startswith("name: brokerage\n")
    assert len((tmp_path / "__main__.py").read_text().splitlines()) == 5


def test_a_project_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("mine")

    done = init(tmp_path)

    assert done.returncode == 3
    assert "__main__.py is there already" in done.stderr
    assert "ISTH284" in done.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["__main__.py"]
    assert (tmp_path / "__main__.py").read_text() == "mine"
