"""The real Pulumi engine, a cloud that stands in for both, and projects that are deployed to it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("pulumi.runtime", "pulumi_azure_native", "pulumi_gcp")


def missing() -> str:
    """Say which package of the extra `pulumi` is not here; nothing when all are."""
    for name in NEEDED:
        try:
            if importlib.util.find_spec(name) is None:
                return name
        except ModuleNotFoundError:
            return name
    return ""


MISSING = missing()
collect_ignore_glob = ["test_[!e]*.py"] if MISSING else []  # test_extra.py says why


@pytest.fixture(scope="session")
def pulumi_command() -> Path:
    """Return the folder of the `pulumi` command: the one on PATH, or the pinned one, built when it is not there yet."""
    on_path = shutil.which("pulumi")
    if on_path and shutil.which("pulumi-language-python"):
        return Path(on_path).parent
    tool = [sys.executable, str(ROOT / "tools" / "pulumi" / "build.py")]
    done = subprocess.run(tool, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"the Pulumi engine is not here: {done.stderr.strip()}")
    return Path(done.stdout.strip())


@pytest.fixture
def stand_in() -> Iterator[Any]:
    """Return a stand-in for both clouds, listening on this machine."""
    import standin  # noqa: PLC0415  # an extra

    cloud, server, port = standin.serve()
    cloud.port = port
    yield cloud
    server.stop(0)


@pytest.fixture
def surroundings(tmp_path: Path, pulumi_command: Path, stand_in: Any) -> dict[str, str]:
    """Return the environment in which the engine knows no login, no network and no other cloud."""
    state = tmp_path / "state"
    state.mkdir()
    return {
        "PATH": os.pathsep.join([str(pulumi_command), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "of the tests",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DEBUG_PROVIDERS": f"azure-native:{stand_in.port},gcp:{stand_in.port}",
        "PULUMI_PYTHON_CMD": sys.executable,
    }


@pytest.fixture
def project(tmp_path: Path, surroundings: dict[str, str]) -> Callable[..., Any]:
    """Return what deploys a project from a folder, as its owner would."""
    import project_folder  # noqa: PLC0415

    def make(folder: Path | None = None, **configuration: Any) -> Any:
        inside = folder or tmp_path / "project"
        return project_folder.Project(inside, surroundings, configuration)

    return make


@pytest.fixture
def inline(tmp_path: Path, surroundings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return what deploys a program of this process."""
    import inline as module  # noqa: PLC0415

    monkeypatch.setenv("PATH", surroundings["PATH"])  # the SDK looks for the command in its own
    return lambda program, name="dev": module.Inline(surroundings, tmp_path, program, name)
