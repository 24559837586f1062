"""What `isthmus evidence` writes, from a recorded preview."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

type Isthmus = Callable[..., subprocess.CompletedProcess[str]]
type Write = Callable[[str, str], Path]

PREVIEW = Path(__file__).resolve().parents[1] / "residency" / "previews" / "google.json"


def test_a_page_and_a_file_are_written_with_digests_of_what_went_in(isthmus: Isthmus, folder: Path) -> None:
    done = isthmus("evidence", "--preview", str(PREVIEW), "--policy", "eu", "-o", "out", "--stack", "prod")

    assert done.returncode == 0, done
    assert done.stdout == "39 resources that may hold data, no finding: out/evidence.html and out/evidence.json\n"
    written = json.loads((folder / "out" / "evidence.json").read_text("utf-8"))
    assert written["stack"] == "prod"
    assert written["inputs"]["preview"] == sha256(PREVIEW.read_bytes()).hexdigest()
    assert set(written["inputs"]) == {"preview", "policy", "facts about regions", "all of these"}
    assert "Where data lives: prod" in (folder / "out" / "evidence.html").read_text("utf-8")


def test_findings_are_exit_code_1_and_in_what_was_written(isthmus: Isthmus, folder: Path) -> None:
    done = isthmus("evidence", "--preview", str(PREVIEW), "--policy", "uk", "-o", "out")

    assert done.returncode == 1
    assert json.loads((folder / "out" / "evidence.json").read_text("utf-8"))["findings"]


def test_what_is_no_preview_is_bad_input(isthmus: Isthmus, write: Write) -> None:
    write("preview.json", "Previewing update (dev)")

    done = isthmus("evidence", "--preview", "preview.json", "--policy", "eu", "-o", "out")

    assert done.returncode == 3
    assert "preview.json: it is no preview" in done.stderr


def test_without_pulumi_a_preview_has_to_be_given(isthmus: Isthmus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    done = isthmus("evidence", "--policy", "eu", "-o", "out")

    assert done.returncode == 4
    assert "there is no pulumi (install it, or give --preview FILE) [ISTH381]" in done.stderr


def test_what_pulumi_says_when_it_cannot_preview_is_passed_on(
    isthmus: Isthmus, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = folder / "pulumi"
    command.write_text("#!/bin/sh\necho error: no stack named $6 found >&2\nexit 255\n", "utf-8")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    done = isthmus("evidence", "--policy", "eu", "-o", "out", "--stack", "live")

    assert done.returncode == 4
    assert "error: no stack named live found" in done.stderr
