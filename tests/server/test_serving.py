"""`isthmus serve` as a process: a real port, a real engine, commands beside it, and a clean stop."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "own-app"
CHANGE = json.loads((EXAMPLE / "requests" / "change-1.json").read_text("utf-8"))
APPROVAL = json.loads((EXAMPLE / "requests" / "approval-1.json").read_text("utf-8"))
ISTHMUS = [sys.executable, "-m", "isthmus.adapters.cli.main"]
SECONDS_MAX = 30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(EXAMPLE, tmp_path / "app", ignore=shutil.ignore_patterns("*.db*", "__pycache__"))
    return tmp_path / "app"


class Serving:
    """Be a server that has said where it listens."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [*ISTHMUS, "serve", "--port", "0"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line + self.process.stderr.read()
        self.client = httpx2.Client(base_url=found[0], timeout=SECONDS_MAX)

    def stop(self, number: int) -> tuple[int, str]:
        self.client.close()
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=SECONDS_MAX)
        return self.process.returncode, errors

    def status(self, run_id: str) -> str:
        return str(self.client.get(f"/workflows/{run_id}").json()["status"])

    def until(self, run_id: str, status: str) -> None:
        deadline = time.monotonic() + SECONDS_MAX
        while (now := self.status(run_id)) != status:
            assert time.monotonic() < deadline, f"{run_id} is {now}"
            time.sleep(0.02)


@pytest.fixture
def serving(folder: Path) -> Iterator[Serving]:
    server = Serving(folder)
    yield server
    if server.process.poll() is None:
        server.stop(signal.SIGKILL)


def command(folder: Path, *arguments: str) -> Any:
    done = subprocess.run(
        [*ISTHMUS, *arguments], cwd=folder, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_a_run_is_started_told_and_looked_at_over_http(serving: Serving) -> None:
    started = serving.client.post("/changes", json=CHANGE)
    assert (started.status_code, started.headers["location"]) == (202, f"/workflows/{started.json()['run_id']}")
    told = serving.client.post("/events/SecondOpinion/change-1", json=APPROVAL)
    assert told.status_code == 202

    serving.until(started.json()["run_id"], "completed")


def test_bad_requests_name_field_and_rule_and_change_nothing(serving: Serving) -> None:
    answers = [
        serving.client.post("/changes", json={**CHANGE, "country": 3}),
        serving.client.post("/changes", content=b"{", headers={"content-type": "application/json"}),
        serving.client.post("/events/Nothing/k", json={}),
        serving.client.get("/workflows/ffff"),
        serving.client.post("/topics/addresses.changed", json={}),
    ]

    assert [answer.status_code for answer in answers[:4]] == [400, 400, 404, 404]
    assert answers[4].status_code in (400, 404)
    assert all(answer.headers["content-type"] == "application/problem+json" for answer in answers)
    assert "country" in answers[0].json()["detail"]
    assert json.loads(command(serving.folder, "workflows", "list", "--json").stdout) == []


def test_the_same_identity_with_other_content_is_a_conflict(serving: Serving) -> None:
    serving.client.post("/changes", json=CHANGE)
    again = serving.client.post("/changes", json=CHANGE)
    other = serving.client.post("/changes", json={**CHANGE, "country": "FR"})

    assert (again.status_code, other.status_code, other.json()["code"]) == (202, 409, "ISTH202")


def test_a_handlers_endpoint_does_the_same_identity_once(folder: Path) -> None:
    app = folder / "addresses" / "app.py"
    text = app.read_text("utf-8").replace("    keep_late_opinion,\n)", "    keep_address,\n    keep_late_opinion,\n)")
    kept = 'starts=change_address), endpoint("POST", "/kept", starts=keep_address)]'
    app.write_text(text.replace("starts=change_address)]", kept), "utf-8")
    server = Serving(folder)
    answers = [server.client.post("/kept", json=CHANGE) for _ in range(2)]
    other = server.client.post("/kept", json={**CHANGE, "country": "FR"})
    server.stop(signal.SIGTERM)

    assert [answer.status_code for answer in (*answers, other)] == [200, 200, 409]
    lines = command(folder, "journal", "export").stdout.splitlines()
    kinds = [(entry["kind"], entry["subject"]) for entry in map(json.loads, lines)]
    assert kinds.count(("answered", "keep_address")) == 1


def test_commands_beside_a_server_reach_its_engine(serving: Serving) -> None:
    started = command(serving.folder, "start", "change_address", "--input", json.dumps(CHANGE), "--json")
    run_id = json.loads(started.stdout)["run_id"]
    serving.until(run_id, "running")
    sent = command(serving.folder, "send", "SecondOpinion", "--key", "change-1", "--input", json.dumps(APPROVAL))

    assert sent.returncode == 0, sent.stderr
    serving.until(run_id, "completed")


def test_a_run_can_be_cancelled_beside_a_server(serving: Serving) -> None:
    run_id = serving.client.post("/changes", json=CHANGE).json()["run_id"]
    done = command(serving.folder, "workflows", "cancel", run_id)

    assert done.returncode == 0, done.stderr
    serving.until(run_id, "cancelled")


def test_a_second_server_refuses_and_says_who_holds_the_database(serving: Serving) -> None:
    done = command(serving.folder, "serve", "--port", "0")

    assert (done.returncode, "ISTH302" in done.stderr) == (4, True)
    assert str(serving.process.pid) in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly_and_the_next_start_goes_on(folder: Path, number: int) -> None:
    server = Serving(folder)
    run_id = server.client.post("/changes", json=CHANGE).json()["run_id"]
    server.until(run_id, "running")
    code, errors = server.stop(number)
    assert (code, errors.strip()) == (0, "stopped")

    server = Serving(folder)
    server.client.post("/events/SecondOpinion/change-1", json=APPROVAL)
    server.until(run_id, "completed")
    assert server.stop(number)[0] == 0


def test_a_server_whose_engine_can_do_no_more_stops_and_says_why(serving: Serving) -> None:
    with contextlib.closing(sqlite3.connect(serving.folder / "addresses.db")) as database, database:
        database.execute("update epoch set epoch = epoch + 1, holder = 'another engine'")
    serving.process.wait(timeout=SECONDS_MAX)
    assert serving.process.stderr is not None
    errors = serving.process.stderr.read()

    assert (serving.process.returncode, "ISTH303" in errors) == (4, True), errors
    assert "another engine has taken the database over" in errors
    assert "Traceback" not in errors


def test_a_handler_that_fails_is_a_line_of_the_log_without_its_data(folder: Path) -> None:
    handlers = folder / "addresses" / "handlers.py"
    text = handlers.read_text("utf-8").replace(
        "before = counts", "raise OSError(changed.client)\n    before = counts", 1
    )
    handlers.write_text(text, "utf-8")
    server = Serving(folder)
    run_id = server.client.post("/changes", json=CHANGE).json()["run_id"]
    server.client.post("/events/SecondOpinion/change-1", json=APPROVAL)
    server.until(run_id, "completed")
    assert server.process.stderr is not None
    line = server.process.stderr.readline()
    _, errors = server.stop(signal.SIGTERM)

    assert re.fullmatch(
        rf"WARNING: count_change failed in attempt 1 \(run {run_id}, step \S+>count_change\): "
        r"OSError at handlers.py:\d+ in count_in_records\n",
        line,
    )
    assert "client-7" not in line + errors


def test_what_is_personal_is_not_in_what_the_server_shows(serving: Serving) -> None:
    run_id = serving.client.post("/changes", json=CHANGE).json()["run_id"]

    assert "Harbour" not in serving.client.get(f"/workflows/{run_id}").text


def test_a_port_that_is_taken_is_the_machines_fault(serving: Serving) -> None:
    port = str(serving.client.base_url.port)
    done = command(serving.folder, "serve", "--port", port, "--database", "sqlite:///other.db")

    assert (done.returncode, "ISTH330" in done.stderr) == (4, True)
