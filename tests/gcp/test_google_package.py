"""A package for Google Cloud is what functions-framework would serve, and what it could not is refused here."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

STAND = Path(__file__).parents[1] / "azure" / "stand.py"


def package(folder: Path, reference: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "isthmus.adapters.cli.main", "package", "google", "--app", reference, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("packaged")
    (folder / "stand.py").write_text(STAND.read_text("utf-8"), "utf-8")
    done = package(folder, "stand:app")
    assert done.returncode == 0, done.stderr
    return folder / "dist" / "google", done.stdout


def test_everything_that_calls_the_app_is_told_with_its_path(packaged: tuple[Path, str]) -> None:
    rows = [" ".join(line.split()) for line in packaged[1].splitlines() if line.startswith("  ")]

    for row in (
        "endpoint POST /tickets dist/google/main.py",
        "push POST /pubsub/told/note told.note dist/google/main.py",
        "push POST /pubsub/late.Answer/file_late late.Answer.file_late dist/google/main.py",
        "push POST /pubsub/stream.ticks/count stream.ticks.count dist/google/main.py",
        "schedule POST /schedules/daily 0 0 * * * dist/google/main.py",
        "sweep POST /sweep * * * * * dist/google/main.py",
    ):
        assert row in rows


def test_every_workflow_is_written_and_could_be_deployed(packaged: tuple[Path, str]) -> None:
    from isthmus.adapters.gcp.interpreter import load  # noqa: PLC0415  # an extra

    files = sorted((packaged[0] / "workflows").iterdir())

    assert [re.sub(r"-[0-9a-f]{16}$", "", file.stem) for file in files] == ["admit", "admit_all"]
    for file in files:
        load(file.read_text("utf-8"), name=file.name)
        assert str(file.relative_to(packaged[0].parents[1])) in packaged[1]


def test_a_new_instance_imports_little_more_than_functions_framework(packaged: tuple[Path, str]) -> None:
    found = re.search(r"\((\d+\.\d+) times that alone\)", packaged[1])

    assert found is not None
    assert float(found[1]) <= 1.25


def test_a_folder_is_loaded_without_its_app(packaged: tuple[Path, str]) -> None:
    script = (
        "import sys, functions_framework.aio as f; f.create_asgi_app('isthmus', 'main.py', 'http'); "
        "print({'stand', 'sqlalchemy', 'isthmus.core', 'google.auth', 'grpc', 'httpx2'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=packaged[0], capture_output=True, text=True, check=False)

    assert done.stdout == "set()\n", done.stderr


def test_a_folder_refuses_another_app_than_it_was_made_from(packaged: tuple[Path, str], tmp_path: Path) -> None:
    copied = shutil.copytree(packaged[0], tmp_path / "copied")
    stand = copied / "stand.py"
    stand.write_text(stand.read_text("utf-8").replace('"/tickets"', '"/other"'), "utf-8")
    script = "import main; main.packaged.load()"
    done = subprocess.run([sys.executable, "-c", script], cwd=copied, capture_output=True, text=True, check=False)

    assert "ISTH142" in done.stderr


def test_requirements_are_pinned_googles_clients_included(packaged: tuple[Path, str]) -> None:
    wheel, *lines = (packaged[0] / "requirements.txt").read_text("utf-8").splitlines()

    assert (packaged[0] / wheel).is_file()
    assert all("==" in line for line in lines)
    names = {line.partition("==")[0] for line in lines}
    assert {"functions-framework", "google-auth", "google-cloud-kms", "google-cloud-workflows", "psycopg"} <= names
    assert not {name for name in names if name.startswith(("azure", "durabletask"))}


def test_settings_hold_no_secret_and_are_left_behind(packaged: tuple[Path, str]) -> None:
    settings = json.loads((packaged[0] / "settings.json").read_text("utf-8"))

    assert {"ISTHMUS_DATABASE", "ISTHMUS_KMS_KEY", "ISTHMUS_WORKFLOWS", "ISTHMUS_URL", "ISTHMUS_CALLERS"} <= set(
        settings
    )
    assert not re.search(r"(?i)password|secret|//[^/@]*:[^/@]*@", " ".join(settings.values()))
    assert "/settings.json" in (packaged[0] / ".gcloudignore").read_text("utf-8").splitlines()


def test_an_app_of_several_units_has_a_folder_for_each_and_its_workflows_in_one(tmp_path: Path) -> None:
    done = package(tmp_path, "isthmus.handlers.app:app")
    assert done.returncode == 0, done.stderr

    folders = {folder.name: folder for folder in (tmp_path / "dist" / "google").iterdir()}
    assert set(folders) == {"critical", "normal"}
    assert [name for name, folder in folders.items() if (folder / "workflows").exists()] == ["critical"]
    manifests = {name: json.loads((folder / "isthmus.json").read_text()) for name, folder in folders.items()}
    assert all({one["unit"] for one in found["triggers"]} == {name} for name, found in manifests.items())
    assert set(manifests["critical"]["addresses"]) == {"ISTHMUS_URL_CRITICAL", "ISTHMUS_URL_NORMAL"}
    assert sum(one["kind"] == "sweep" for found in manifests.values() for one in found["triggers"]) == 1

    again = package(tmp_path, "isthmus.handlers.app:app", "--unit", "normal")
    assert again.returncode == 0, again.stderr
    assert {folder.name for folder in (tmp_path / "dist" / "google").iterdir()} == {"critical", "normal"}
    wrong = package(tmp_path, "isthmus.handlers.app:app", "--unit", "slow")
    assert wrong.returncode == 3
    assert "critical, normal" in wrong.stderr


def test_an_app_that_is_wrong_fails_at_packaging(tmp_path: Path) -> None:
    source = STAND.read_text("utf-8").replace("        hold_place,\n", "")
    (tmp_path / "stand.py").write_text(source, "utf-8")
    done = package(tmp_path, "stand:app")

    assert done.returncode == 1
    assert "nobody fulfils contract hold" in done.stderr
    assert not (tmp_path / "dist").exists()


def test_a_module_that_is_left_behind_would_not_load(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("", "utf-8")
    (tmp_path / "stand.py").write_text(
        f"import beside\n{STAND.read_text('utf-8')}".replace("from __future__ import annotations\n", ""), "utf-8"
    )
    done = package(tmp_path, "stand:app")

    assert done.returncode == 1
    assert "ISTH156" in done.stderr
    assert "No module named 'beside'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_holds_something_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "stand.py").write_text(STAND.read_text("utf-8"), "utf-8")
    done = package(tmp_path, "stand:app", "-o", ".")

    assert done.returncode == 3
    assert "ISTH260" in done.stderr
    assert (tmp_path / "stand.py").is_file()


def test_a_package_carries_all_versions_of_the_lock_and_is_refused_while_that_is_stale(tmp_path: Path) -> None:
    source = STAND.read_text("utf-8")
    (tmp_path / "pyproject.toml").write_text('[tool.isthmus]\napp = "stand:app"\n', "utf-8")
    (tmp_path / "stand.py").write_text(source, "utf-8")
    lock = [sys.executable, "-m", "isthmus.adapters.cli.main", "lock"]
    subprocess.run(lock, cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "stand.py").write_text(source.replace("    await sleep(minutes(1))\n", ""), "utf-8")
    stale = package(tmp_path, "stand:app")
    assert not (tmp_path / "dist").exists()
    subprocess.run(lock, cwd=tmp_path, check=True, capture_output=True)
    carried = package(tmp_path, "stand:app")

    assert stale.returncode == 1
    assert "ISTH116" in stale.stderr
    assert carried.returncode == 0, carried.stderr
    folder = tmp_path / "dist" / "google"
    assert (folder / "workflows.lock").read_text("utf-8") == (tmp_path / "workflows.lock").read_text("utf-8")
    admits = [file for file in (folder / "workflows").iterdir() if file.name.startswith("admit-")]
    assert len(admits) == 2
    assert sum("/runs/pause" in file.read_text("utf-8") for file in admits) == 1
