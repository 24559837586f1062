"""What a person asks of a running app: written down once, told to the hub, left to the sweep where that is silent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

STAND = Path(__file__).parent
NOWHERE = "127.0.0.1:9"


@pytest.fixture
def azure(sides: tuple[Any, Any]) -> Any:
    from isthmus.adapters.runtime.vault import KeyFile  # noqa: PLC0415  # an extra

    KeyFile(sides[1].folder / "isthmus.key")
    return sides[1]


def command(azure: Any, *arguments: str, hub: str | None = None, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command as an operator does, in a process of its own, against the hub of the rehearsal."""
    surroundings = {
        "ISTHMUS_DATABASE": azure.url,
        "ISTHMUS_KEY_FILE": str(azure.folder / "isthmus.key"),
        "ISTHMUS_TASK_HUB": azure.rehearsal.hub.address if hub is None else hub,
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ISTHMUS_")}
    return subprocess.run(
        [sys.executable, "-m", "isthmus.adapters.cli.main", *arguments],
        cwd=STAND,
        env={**kept, **surroundings, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def start(azure: Any, name: str, **options: Any) -> subprocess.CompletedProcess[str]:
    message = json.dumps({"id": name, "refuse": False, "fail": False})
    asked = ("start", "admit", "--app", "stand:app", "--target", "azure", "--input", message)
    return command(azure, *asked, **options)


def status(azure: Any, name: str) -> str:
    from sides import run_of, status_of  # noqa: PLC0415  # an extra

    azure.rehearsal.settle()
    return status_of(azure, run_of("admit", name))


def run_id(name: str) -> str:
    from sides import run_of  # noqa: PLC0415  # an extra

    return run_of("admit", name)


def test_a_start_begins_the_orchestration_and_an_event_wakes_it(azure: Any) -> None:
    said = start(azure, "operated")
    assert said.returncode == 0, said.stderr
    assert "its orchestration is begun" in said.stdout
    assert said.stderr == ""
    azure.rehearsal.settle()
    azure.move(timedelta(minutes=2))

    answer = ("send", "Answer", "--app", "stand:app", "--key", "operated", "--input", '{"text": "yes"}')
    sent = command(azure, *answer, "--target", "azure")

    assert sent.returncode == 0, sent.stderr
    assert status(azure, "operated") == "completed"


def test_a_start_that_is_repeated_is_the_same_run_and_the_same_instance(azure: Any) -> None:
    first, again = start(azure, "repeated"), start(azure, "repeated")

    assert first.returncode == again.returncode == 0
    assert status(azure, "repeated") == "running"
    assert entries_of(azure, "repeated", "started") == 1
    assert entries_of(azure, "repeated", "answered") == 1


def entries_of(azure: Any, name: str, kind: str) -> int:
    """Return how many entries of a kind a run has: `answered` is its first step, before it waits."""
    from sides import journal_of  # noqa: PLC0415  # an extra

    return sum(count for (_, _, found, _), count in journal_of(azure, run_id(name)).items() if found == kind)


def test_a_client_that_loses_every_answer_runs_an_order_once(azure: Any) -> None:
    import grpc  # noqa: PLC0415  # an extra
    from durabletask.client import AsyncTaskHubGrpcClient  # noqa: PLC0415

    from isthmus.adapters.azure.operating import act_on_notes  # noqa: PLC0415
    from isthmus.adapters.azure.task_hub import TaskHubUnavailable, ask_hub  # noqa: PLC0415
    from isthmus.adapters.runtime import operating  # noqa: PLC0415

    class Losing(AsyncTaskHubGrpcClient):
        async def schedule_new_orchestration(self, *given: Any, **named: Any) -> Any:
            with suppress(grpc.aio.AioRpcError):
                await super().schedule_new_orchestration(*given, **named)
            metadata = grpc.aio.Metadata()
            raise grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, metadata, metadata, "the answer was lost")

    host = azure.rehearsal.host
    message = b'{"id": "lost-answer", "refuse": false, "fail": false}'

    async def tell(_client: Any) -> None:
        async with Losing(host_address=azure.rehearsal.hub.address, secure_channel=False) as losing:
            await act_on_notes(losing, host)

    for _ in range(3):
        operating.start(host, "admit", message, actor="test")
        with pytest.raises(TaskHubUnavailable) as fault:
            ask_hub(azure.rehearsal.hub.address, tell, otherwise="left to the sweep")
        assert "UNAVAILABLE" in fault.value.problem
        azure.rehearsal.settle()
    azure.rehearsal.sweep()

    assert status(azure, "lost-answer") == "running"
    assert entries_of(azure, "lost-answer", "started") == 1
    assert entries_of(azure, "lost-answer", "answered") == 1


def test_a_hub_that_cannot_be_reached_leaves_the_start_to_the_sweep_and_says_so(azure: Any) -> None:
    said = start(azure, "unreached", hub=NOWHERE)

    assert said.returncode == 4
    assert "is written down" in said.stdout
    assert "ISTH362" in said.stderr
    assert "sweep" in said.stderr
    assert status(azure, "unreached") == "started"

    azure.rehearsal.sweep()
    assert status(azure, "unreached") == "running"


def test_without_a_hub_an_event_is_handled_when_the_sweep_has_woken_the_run(azure: Any) -> None:
    start(azure, "unwoken")
    azure.rehearsal.settle()
    azure.move(timedelta(minutes=2))
    answer = ("send", "Answer", "--app", "stand:app", "--key", "unwoken", "--input", '{"text": "yes"}')

    sent = command(azure, *answer, "--target", "azure", hub="")
    assert sent.returncode == 0, sent.stderr
    assert "ISTHMUS_TASK_HUB is not set" in sent.stdout
    assert status(azure, "unwoken") == "running"

    azure.rehearsal.sweep()
    assert status(azure, "unwoken") == "completed"


def test_a_run_is_shown_beside_its_orchestration(azure: Any) -> None:
    start(azure, "shown")
    azure.rehearsal.settle()
    show = ("workflows", "show", run_id("shown"), "--target", "azure")

    assert f"instance  {run_id('shown')} is running" in command(azure, *show).stdout
    assert "instance  not known: the task hub does not do it: UNAVAILABLE" in command(azure, *show, hub=NOWHERE).stdout
    as_json = json.loads(command(azure, *show, "--json").stdout)
    assert (as_json["status"], as_json["instances"][0]["status"]) == ("running", "running")
    listed = command(azure, "workflows", "list", "--target", "azure").stdout
    assert run_id("shown")[:12] in listed
    journal = command(azure, "journal", "show", "--order", "shown", "--target", "azure").stdout
    assert "started" in journal


@pytest.mark.parametrize("begun", [True, False], ids=["begun", "never begun"])
def test_a_run_that_is_cancelled_is_taken_back_by_its_orchestration(azure: Any, begun: bool) -> None:
    name = f"cancelled-{begun}"
    start(azure, name, hub=None if begun else "")
    azure.rehearsal.settle()

    said = command(azure, "workflows", "cancel", run_id(name), "--app", "stand:app", "--target", "azure")

    assert said.returncode == 0, said.stderr
    assert status(azure, name) == "cancelled"


def test_what_is_stuck_is_tried_again_when_its_dead_letter_is_replayed(azure: Any) -> None:
    from isthmus.adapters.runtime import driving  # noqa: PLC0415

    start(azure, "mended")
    azure.rehearsal.settle()
    trouble = driving.Trouble(run_id=run_id("mended"), step="", error="Broken", code="ISTH900")
    driving.get_stuck(azure.rehearsal.host, trouble)
    assert status(azure, "mended") == "stuck"
    letters = command(azure, "dead-letters", "list", "--json", "--target", "azure").stdout.splitlines()
    number = next(one["dead_letter_id"] for one in map(json.loads, letters) if one["run_id"] == run_id("mended"))

    said = command(azure, "dead-letters", "replay", str(number), "--app", "stand:app", "--target", "azure")

    assert said.returncode == 0, said.stderr
    assert status(azure, "mended") == "running"


def test_a_handler_is_asked_by_its_endpoint_and_not_from_here(azure: Any) -> None:
    message = '{"id": "x", "refuse": false, "fail": false}'
    said = command(azure, "start", "look", "--app", "stand:app", "--target", "azure", "--input", message)

    assert said.returncode == 3
    assert "ISTH262" in said.stderr


@pytest.mark.parametrize("address", ["ftp://hub", "https://scheduler.example", "https://"])
def test_what_is_no_address_of_a_hub_is_said_to_be_none(azure: Any, address: str) -> None:
    said = start(azure, f"address-{address[-3:].strip(':/')}", hub=address)

    assert said.returncode == 3
    assert "ISTH261" in said.stderr


def test_without_a_database_the_setting_that_is_missing_is_named(azure: Any) -> None:
    said = command(azure, "workflows", "list", "--target", "azure", ISTHMUS_DATABASE="")

    assert said.returncode == 4
    assert "ISTHMUS_DATABASE is not set" in said.stderr


def test_without_the_extra_the_command_says_which_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from isthmus.adapters.cli import extras, targets  # noqa: PLC0415

    monkeypatch.setattr(extras, "_is_there", lambda module: module != "durabletask.azuremanaged")

    with (
        pytest.raises(extras.ExtraMissing, match=r"isthmus\[azure\]") as fault,
        targets.host_on(targets.cloud_of("azure"), None, None, "start"),
    ):
        raise AssertionError
    assert fault.value.place == "start --target azure"
