"""An app as it is deployed, and what a person asks of it: written down once, told to its executions, or to the sweep."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from deployed import Deployed

from isthmus.adapters.runtime.runs import run_id_of

NOWHERE = "http://127.0.0.1:9/projects/desk/locations/europe-west3"


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    deployed = Deployed(tmp_path_factory.mktemp("deployed"))
    yield deployed
    deployed.close()


@pytest.fixture(autouse=True)
def served(google: Deployed) -> None:
    """Let every test find the app as the others have."""
    google.workflows.code, google.workflows.loses_answers = None, 0
    if google.process is None:
        google.start()


def start(google: Deployed, name: str, **settings: str) -> subprocess.CompletedProcess[str]:
    message = json.dumps({"id": name, "refuse": False, "fail": False})
    return google.command("start", "admit", "--app", "stand:app", "--target", "google", "--input", message, **settings)


def answer(google: Deployed, name: str, **settings: str) -> subprocess.CompletedProcess[str]:
    send = ("send", "Answer", "--app", "stand:app", "--key", name, "--input", '{"text": "yes"}', "--target", "google")
    return google.command(*send, **settings)


def run_id(name: str) -> str:
    return run_id_of("admit", name)


def executions_of(google: Deployed, name: str) -> list[Any]:
    return [
        one for one in google.workflows.running.values() if json.loads(one.shown.argument)["run_id"] == run_id(name)
    ]


def waits(google: Deployed, name: str) -> bool:
    """Say whether a run waits for its event: then its execution has a callback."""
    show = google.command("workflows", "show", run_id(name), "--json", "--target", "google")
    return any(step["state"] == "waiting" for step in json.loads(show.stdout)["steps"])


def test_a_start_begins_an_execution_and_an_event_wakes_it(google: Deployed) -> None:
    said = start(google, "operated")
    assert said.returncode == 0, said.stderr
    assert "its execution is begun" in said.stdout
    assert said.stderr == ""
    google.wait_until(lambda: waits(google, "operated"))

    begun = time.monotonic()
    sent = answer(google, "operated")
    assert sent.returncode == 0, sent.stderr
    google.wait_until(lambda: google.status(run_id("operated")) == "completed", 15)

    assert time.monotonic() - begun < 15  # not by the end of its wait
    assert [one["attributes"]["run"] for one in google.pubsub.taken["told"]] == [run_id("operated")]
    google.push("told", "note")
