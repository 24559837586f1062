"""What is planned, deployed, deployed again and taken away, on the real Pulumi engine with a cloud that stands in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from isthmus.adapters.cli.extras import missing

sys.path.insert(0, str(Path(__file__).parent))
import booth
from addresses_file import PROJECT, addresses_on
from spelt import spelt

from isthmus.core import App, endpoint, topic

MISSING = [extra for extra in ("serverless", "azure", "google") if missing(extra)]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: isthmus[{','.join(MISSING)}]")


def done(finished: subprocess.CompletedProcess[str]) -> str:
    assert finished.returncode == 0, finished.stdout[-4000:] + finished.stderr[-4000:]
    return finished.stdout


def made(stand_in: Any, kind: str) -> list[dict[str, Any]]:
    return [one for one in stand_in.resources().values() if one["type"] == kind]


def packages(stand_in: Any) -> set[str]:
    return {one["inputs"]["blobName"] for one in made(stand_in, "azure-native:storage:Blob")}


def test_a_service_is_planned_deployed_rolled_back_and_removed_on_azure(
    verb: Any, service: Path, surroundings: dict[str, str], stand_in: Any
) -> None:
    azure = addresses_on("azure")
    planned = done(verb("plan", azure, env=surroundings))
    assert "azure-native:web:WebApp" in planned
    assert stand_in.resources() == {}, "a plan makes nothing"

    said = done(verb("deploy", azure, env=surroundings))
    first = packages(stand_in)
    assert {one["inputs"]["location"] for one in made(stand_in, "azure-native:web:WebApp")} == {"northeurope"}
    [kept] = sorted(path.stem for path in (service / ".isthmus/serverless/azure/kept").iterdir())
    assert f"serverless rollback -t {kept}" in said
    assert "https://" in done(verb("info", azure, env=surroundings)).partition("deployed")[2]

    handlers = service / "addresses" / "handlers.py"
    handlers.write_text(handlers.read_text("utf-8") + "\n# changed\n", "utf-8")
    done(verb("package", azure, env=surroundings))
    time.sleep(1)  # what is kept is told apart by the second
    done(verb("deploy-function", azure, env=surroundings, function="keep"))
    assert packages(stand_in).isdisjoint(first)

    assert kept in done(verb("rollback", azure, env=surroundings))
    done(verb("rollback", azure, env=surroundings, timestamp=kept))
    assert packages(stand_in) == first, "the code of before, and not that of the folder"

    done(verb("remove", azure, env=surroundings))
    assert {one["type"] for one in stand_in.resources().values()} == {"azure-native:keyvault:Key"}
    again = verb("rollback", azure, env=surroundings, timestamp="20200101T000000Z")
    assert (again.returncode, "ISTH288" in again.stderr) == (3, True)


def kiosk_on_google() -> dict[str, Any]:
    app = App(
        "kiosk",
        fulfils=[
            *(booth.travel_once, booth.sell_at_price, booth.count_in_records, booth.print_nothing),
            *(booth.look_around, booth.note_down, booth.sweep_up, booth.keep_late),
        ],
        topics=[topic("sold", booth.Sold, key="line", subscribers=[booth.count_sold])],
        endpoints=[endpoint("POST", "/travels", starts=booth.travel)],
        late_events={booth.Stamp: booth.keep_stamp},
    )
    app.bind(booth.Lines, booth.FixedLines)
    app.bind(booth.Prices, booth.FixedPrices)
    configuration = spelt(app)
    configuration["provider"] |= {
        "cloud": "google",
        "region": "europe-west1",
        "project": PROJECT,
        "environment": {"DESK": "planted-hunter2"},
    }
    return configuration


def test_one_function_is_deployed_with_its_unit_alone_on_google(
    verb: Any, service: Path, surroundings: dict[str, str], stand_in: Any
) -> None:
    module = service / "booth.py"
    module.write_text(Path(booth.__file__).read_text("utf-8"), "utf-8")
    google = kiosk_on_google()
    done(verb("package", google, stage="google", env=surroundings))
    said = done(verb("deploy", google, stage="google", env=surroundings))
    functions = made(stand_in, "gcp:cloudfunctionsv2/function:Function")
    assert len(functions) == 3, "two units, and what migrates"
    for one in functions:
        assert "planted-hunter2" in json.dumps(one["inputs"]["serviceConfig"])
    assert "planted-hunter2" not in said
    state = Path(surroundings["PULUMI_BACKEND_URL"].removeprefix("file://"))
    leaking = [path for path in (*state.rglob("*"), *service.rglob("*")) if path.is_file()]
    leaking = [path for path in leaking if path.stat().st_mode & 0o077 and b"planted-hunter2" in path.read_bytes()]
    assert leaking == [], "neither the state nor a file of the service that others can read"

    module.write_text(module.read_text("utf-8") + "\n# changed\n", "utf-8")
    stand_in.order.clear()
    done(verb("deploy-function", google, stage="google", env=surroundings, function="sell"))

    changed = {one.rpartition(" ")[2] for one in stand_in.order}
    assert {"counter", "migrations", "migrate"} <= changed
    assert not any(one.startswith("normal") for one in changed)
    assert changed.isdisjoint({"normal", "normal-package"})


def test_the_example_is_the_same_app_in_both_of_its_files(service: Path) -> None:
    script = """
import sys
sys.path[:0] = [{tests!r}, "."]
from addresses_file import addresses_on
from spelt import requested, unordered
from isthmus.adapters.serverless.composition import app_of
from isthmus.adapters.serverless.service import service_of
from addresses.app import app
described = app_of(service_of(requested(addresses_on("google"))).composed)
print(unordered(described.load().blueprint) == unordered(app.load().blueprint))
"""
    command = [sys.executable, "-c", script.format(tests=str(Path(__file__).parent))]
    said = subprocess.run(command, cwd=service, capture_output=True, text=True, check=False)

    assert said.stdout == "True\n", said.stderr


@pytest.fixture
def slow_pulumi(tmp_path: Path) -> tuple[dict[str, str], Path]:
    """Return the surroundings in which `pulumi` takes its time, and says in a file how it was told to stop."""
    told = tmp_path / "told"
    command = tmp_path / "bin" / "pulumi"
    command.parent.mkdir()
    command.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, signal, sys, time\n"
        f"told = pathlib.Path({str(told)!r})\n"
        "if sys.argv[1] == 'stack': sys.exit(0)\n"
        "def stop(number, frame):\n"
        "    told.write_text(told.read_text() + signal.Signals(number).name + ' ')\n"
        "signal.signal(signal.SIGINT, stop)\n"
        "told.write_text('')\n"
        "for _ in range(600):\n"
        "    time.sleep(0.1)\n"
        "    if told.read_text(): time.sleep(1); sys.exit(255)\n",
        "utf-8",
    )
    command.chmod(0o755)
    return {"PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}"}, told


def test_a_deployment_that_is_interrupted_is_told_once_and_waited_for(
    verb: Any, service: Path, slow_pulumi: tuple[dict[str, str], Path]
) -> None:
    environment, told = slow_pulumi
    azure = addresses_on("azure")
    done(verb("package", azure))
    request = {"plugin": "0.1.0", "stage": "azure", "options": {}, "configuration": azure}

    running = subprocess.Popen(
        [sys.executable, "-m", "isthmus.adapters.cli.main", "serverless", "deploy"],
        cwd=service,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdin is not None
    running.stdin.write(json.dumps(request))
    running.stdin.close()
    running.stdin = None
    while not told.exists():
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    time.sleep(0.2)  # a pending signal of the same number would be one in any case
    running.send_signal(signal.SIGTERM)
    _, errors = running.communicate(timeout=30)

    assert told.read_text("utf-8").split() == ["SIGINT"]
    assert running.returncode == 4
    assert errors.strip().splitlines()[-1].startswith("error: pulumi up: it was told to stop (SIGINT)")
    assert not (service / ".isthmus/serverless/azure/kept").exists(), "what did not go well is not kept"


WRONG = [
    ("deploy", {"cloud": "local", "region": None}, "the cloud of stage azure is local"),
    ("package", {"cloud": "local", "region": None}, "the cloud of stage azure is local"),
    ("plan", {"region": None}, "stage azure has no region"),
    ("deploy", {"residency": "eu", "region": "eastus"}, "residency eu does not let the data of addresses be in eastus"),
    ("plan", {"residency": "eu", "region": "eastus"}, "residency eu does not let the data of addresses be in eastus"),
    ("deploy", {"residency": "nowhere.toml"}, "nowhere.toml"),
    ("logs", {}, "write -f NAME"),
    ("invoke", {}, "write -f NAME"),
]


@pytest.mark.parametrize(("name", "changes", "said"), WRONG)
def test_what_cannot_be_done_calls_no_cloud(
    verb: Any, name: str, changes: dict[str, Any], said: str, slow_pulumi: tuple[dict[str, str], Path]
) -> None:
    environment, told = slow_pulumi
    azure = addresses_on("azure", **changes)

    refused = verb(name, azure, env=environment)

    assert refused.returncode in {1, 3}
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not told.exists()


def test_without_pulumi_the_command_says_what_to_install(verb: Any) -> None:
    azure = addresses_on("azure")
    done(verb("package", azure))

    refused = verb("deploy", azure, env={"PATH": "/nowhere"})

    assert refused.returncode == 4
    assert "pulumi is not on PATH" in refused.stderr


def test_a_region_on_the_command_line_is_never_ignored(verb: Any) -> None:
    refused = verb("info", addresses_on("azure"), region="eastus")

    assert (refused.returncode, "--region: stage azure is in northeurope" in refused.stderr) == (3, True)
    done(verb("info", addresses_on("azure"), region="northeurope"))


def test_an_archive_of_another_stage_is_not_deployed(verb: Any, service: Path, tmp_path: Path) -> None:
    done(verb("package", addresses_on("azure")))
    google = addresses_on("google")

    for archive in (service / ".serverless" / "isthmus.zip", tmp_path / "none.zip"):
        refused = verb("deploy", google, stage="google", archive=str(archive), env={"PATH": os.environ["PATH"]})
        assert (refused.returncode, "ISTH287" in refused.stderr) == (3, True), refused.stderr


def test_only_the_last_few_deployments_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415

    from isthmus.adapters.serverless.archive import KEPT_AT_MOST, keep, kept  # noqa: PLC0415  # an extra

    monkeypatch.chdir(tmp_path)
    archive = tmp_path / "isthmus.zip"
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("stage.json", "{}")
    begun = datetime(2026, 11, 28, tzinfo=UTC)
    for hour in range(KEPT_AT_MOST + 3):
        keep(archive, "azure", begun + timedelta(hours=hour))

    assert len(kept("azure")) == KEPT_AT_MOST
    assert kept("azure")[0] == "20261128T030000Z"
