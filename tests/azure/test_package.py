"""A package is what Azure would index; what would not be indexed is refused here, in the worker's words."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

STAND = Path(__file__).with_name("stand.py")


def package(folder: Path, reference: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "isthmus.adapters.cli.main", "package", "azure", "--app", reference, *options],
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
    return folder / "dist" / "azure", done.stdout


def test_every_contract_topic_endpoint_and_timer_is_a_function(packaged: tuple[Path, str]) -> None:
    rows = {line.split()[0]: line for line in packaged[1].splitlines() if line.startswith("  ")}

    assert "activityTrigger" in rows["hold"]
    assert "orchestrationTrigger" in rows["admit"]
    assert rows["post_tickets"].endswith("POST /tickets")
    assert rows["told_note"].endswith("told / note")
    assert rows["stream_ticks"].endswith("ticks")
    assert rows["late_Answer_file_late"].endswith("late.Answer / file_late")
    assert "timerTrigger" in rows["isthmus_sweep"]


def test_size_and_import_time_are_told(packaged: tuple[Path, str]) -> None:
    assert "KiB" in packaged[1]
    assert "times these alone" in packaged[1]


def test_a_folder_is_indexed_without_its_app_and_refuses_another_app_when_it_is_invoked(
    packaged: tuple[Path, str], tmp_path: Path
) -> None:
    copied = shutil.copytree(packaged[0], tmp_path / "copied")
    stand = copied / "stand.py"
    stand.write_text(stand.read_text("utf-8").replace('"/tickets"', '"/other"'), "utf-8")
    script = (
        "import sys, function_app; print('stand' in sys.modules, 'sqlalchemy' in sys.modules); "
        "function_app.packaged.load()"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=copied, capture_output=True, text=True, check=False)

    assert done.stdout == "False False\n"
    assert "ISTH142" in done.stderr


def test_requirements_are_pinned_the_worker_included(packaged: tuple[Path, str]) -> None:
    wheel, *lines = (packaged[0] / "requirements.txt").read_text("utf-8").splitlines()

    assert (packaged[0] / wheel).is_file()
    assert all("==" in line for line in lines)
    assert "azure-functions-runtime==1.3.0" in lines


def test_a_package_holds_no_secret_and_leaves_local_settings_behind(packaged: tuple[Path, str]) -> None:
    ignored = (packaged[0] / ".funcignore").read_text("utf-8").splitlines()
    assert {"/settings.json", "local.settings.json"} <= set(ignored)
    assert "AccountKey" not in (packaged[0] / "local.settings.json").read_text("utf-8")


def test_settings_are_of_managed_identities_and_hold_no_secret(packaged: tuple[Path, str]) -> None:
    settings = json.loads((packaged[0] / "settings.json").read_text("utf-8"))

    assert settings["AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"] == "1"
    assert settings["ISTHMUS_SERVICE_BUS__fullyQualifiedNamespace"]
    assert settings["ISTHMUS_EVENT_HUBS__fullyQualifiedNamespace"]
    assert {"AzureWebJobsStorage", "ISTHMUS_SERVICE_BUS"}.isdisjoint(settings)
    written = " ".join(settings.values())
    assert not re.search(r"(?i)accountkey|sharedaccess|endpoint=sb|password|pwd=|//[^/@]*:[^/@]*@", written)


def test_the_same_code_gives_the_same_wheel(tmp_path: Path) -> None:
    from isthmus.adapters.runtime.packaging import write_wheel  # noqa: PLC0415

    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()

    first, second = (write_wheel(folder).read_bytes() for folder in folders)
    assert first == second


def test_an_app_that_is_wrong_fails_at_packaging(tmp_path: Path) -> None:
    source = STAND.read_text("utf-8").replace("        hold_place,\n", "")
    (tmp_path / "stand.py").write_text(source, "utf-8")
    done = package(tmp_path, "stand:app")

    assert done.returncode == 1
    assert "nobody fulfils contract hold" in done.stderr
    assert not (tmp_path / "dist").exists()


def test_a_module_that_is_left_behind_fails_in_the_words_of_the_worker(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("", "utf-8")
    (tmp_path / "stand.py").write_text(
        f"import beside\n{STAND.read_text('utf-8')}".replace("from __future__ import annotations\n", ""), "utf-8"
    )
    done = package(tmp_path, "stand:app")

    assert done.returncode == 1
    assert "ISTH141" in done.stderr
    assert "No module named 'beside'" in done.stderr


def test_a_folder_that_holds_something_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "stand.py").write_text(STAND.read_text("utf-8"), "utf-8")
    done = package(tmp_path, "stand:app", "-o", ".")

    assert done.returncode == 3
    assert "ISTH260" in done.stderr
    assert (tmp_path / "stand.py").is_file()


def test_a_package_carries_the_lock_and_is_refused_while_that_is_stale(tmp_path: Path) -> None:
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
    folder = tmp_path / "dist" / "azure"
    assert (folder / "workflows.lock").read_text("utf-8") == (tmp_path / "workflows.lock").read_text("utf-8")
    kept = {path.name for path in (tmp_path / "workflows.kept").iterdir()}
    assert {path.name for path in (folder / "workflows.kept").iterdir()} == kept
    assert len(kept) == 3


def test_a_package_whose_kept_source_was_changed_would_not_be_indexed(tmp_path: Path) -> None:
    source = STAND.read_text("utf-8")
    (tmp_path / "pyproject.toml").write_text("", "utf-8")
    (tmp_path / "stand.py").write_text(source, "utf-8")
    lock = [sys.executable, "-m", "isthmus.adapters.cli.main", "lock", "--app", "stand:app"]
    subprocess.run(lock, cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "stand.py").write_text(source.replace("    await sleep(minutes(1))\n", ""), "utf-8")
    subprocess.run(lock, cwd=tmp_path, check=True, capture_output=True)
    assert package(tmp_path, "stand:app").returncode == 0

    from isthmus.adapters.azure.package import WouldNotIndex, index_package  # noqa: PLC0415  # an extra

    for kept in (tmp_path / "dist" / "azure" / "workflows.kept").glob("admit_*.py"):
        kept.write_text(kept.read_text("utf-8").replace("await tell(ticket)", "pass"), "utf-8")
    with pytest.raises(WouldNotIndex, match="ISTH115"):
        index_package(tmp_path / "dist" / "azure")
