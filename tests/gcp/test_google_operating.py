"""An app as it is deployed, and what a person asks of it: written down once, told to its executions or to the sweep."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from deployed import Deployed

from isthmus.adapters.runtime.runs import run_id_of

NOWHERE = "http://127.0.0.1:9/projects/desk/locations/europe-west3"


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory, postgresql: Any) -> Iterator[Deployed]:
    deployed = Deployed(tmp_path_factory.mktemp("deployed"), postgresql.create())
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


def test_a_start_begins_an_execution_and_an_event_wakes_it(google: Deployed) -> None:
    said = start(google, "operated")
    assert said.returncode == 0, said.stderr
    assert "its execution is begun" in said.stdout
    assert said.stderr == ""
    google.wait_until(lambda: google.waits(run_id("operated")))

    sent = answer(google, "operated")
    assert sent.returncode == 0, sent.stderr
    google.wait_until(lambda: google.status(run_id("operated")) == "completed")

    assert [one["attributes"]["run"] for one in google.pubsub.taken["told"]] == [run_id("operated")]
    google.push("told", "note")


def test_a_start_that_is_repeated_is_the_same_run_and_its_execution_goes_on(google: Deployed) -> None:
    first = start(google, "repeated")
    google.wait_until(lambda: google.waits(run_id("repeated")))
    again = start(google, "repeated")

    assert first.returncode == again.returncode == 0
    assert [one.shown.state.name for one in executions_of(google, "repeated")] == ["ACTIVE"]
    assert google.entries(run_id("repeated"), "started") == 1


def test_executions_whose_answers_were_lost_run_an_order_once(google: Deployed) -> None:
    google.workflows.loses_answers = 1
    lost = start(google, "lost")
    assert lost.returncode == 4
    assert "ISTH369" in lost.stderr
    assert "sweep" in lost.stderr
    again = start(google, "lost")
    assert again.returncode == 0, again.stderr
    assert google.call("/sweep").status_code == 204
    google.wait_until(lambda: google.waits(run_id("lost")))
    answer(google, "lost")
    google.wait_until(lambda: google.status(run_id("lost")) == "completed")

    assert len(executions_of(google, "lost")) >= 2
    for kind in ("started", "completed"):
        assert google.entries(run_id("lost"), kind) == 1
    published = [one["attributes"] for one in google.pubsub.taken["told"] if one["attributes"]["run"] == run_id("lost")]
    assert len(published) == 1


def test_without_workflows_a_start_is_left_to_the_sweep_and_says_so(google: Deployed) -> None:
    said = start(google, "unreached", ISTHMUS_WORKFLOWS="")
    assert said.returncode == 0, said.stderr
    assert "ISTHMUS_WORKFLOWS is not set: the sweep" in said.stdout
    assert google.status(run_id("unreached")) == "started"

    assert google.call("/sweep").status_code == 204
    google.wait_until(lambda: google.status(run_id("unreached")) == "running")


def test_workflows_that_cannot_be_reached_leave_a_start_to_the_sweep_and_say_so(google: Deployed) -> None:
    said = start(google, "silent", ISTHMUS_WORKFLOWS=NOWHERE)

    assert said.returncode == 4
    assert "is written down" in said.stdout
    assert "ISTH369" in said.stderr
    assert "the app's sweep goes on with it" in said.stderr
    assert "Traceback" not in said.stderr
    google.call("/sweep")
    google.wait_until(lambda: google.status(run_id("silent")) == "running")


@pytest.mark.parametrize(
    ("code", "words"),
    [(grpc.StatusCode.PERMISSION_DENIED, "forbids it"), (grpc.StatusCode.RESOURCE_EXHAUSTED, "quota")],
    ids=["forbidden", "quota"],
)
def test_what_workflows_refuses_is_told_in_words_of_ours(google: Deployed, code: grpc.StatusCode, words: str) -> None:
    google.workflows.code = code
    said = start(google, f"refused-{code.name}")

    assert said.returncode == 4
    assert words in said.stderr
    assert "s3cr3t" not in said.stderr + said.stdout


def test_a_workflow_that_is_not_deployed_is_named(google: Deployed) -> None:
    said = start(google, "elsewhere", ISTHMUS_WORKFLOWS=google.workflows.url.replace("west3", "west4"))

    assert said.returncode == 4
    assert "no such workflow" in said.stderr


def test_without_workflows_an_event_is_heard_of_when_the_sweep_has_woken_the_execution(google: Deployed) -> None:
    start(google, "unwoken")
    google.wait_until(lambda: google.waits(run_id("unwoken")))
    sent = answer(google, "unwoken", ISTHMUS_WORKFLOWS="")
    assert sent.returncode == 0, sent.stderr

    google.call("/sweep")
    google.wait_until(lambda: google.status(run_id("unwoken")) == "completed")


def test_a_run_is_shown_beside_its_execution(google: Deployed) -> None:
    start(google, "shown")
    google.wait_until(lambda: google.waits(run_id("shown")))
    show = ("workflows", "show", run_id("shown"), "--target", "google")

    (execution,) = executions_of(google, "shown")
    name = execution.shown.name.partition("/workflows/")[2]
    assert f"instance  {name} is active" in google.command(*show).stdout
    assert "instance  not known: Workflows does not do it" in google.command(*show, ISTHMUS_WORKFLOWS=NOWHERE).stdout
    assert "instance  not known: ISTHMUS_WORKFLOWS is not set" in google.command(*show, ISTHMUS_WORKFLOWS="").stdout
    as_json = json.loads(google.command(*show, "--json").stdout)
    assert (as_json["status"], as_json["instances"][0]["status"]) == ("running", "active")
    assert run_id("shown")[:12] in google.command("workflows", "list", "--target", "google").stdout


@pytest.mark.parametrize("begun", [True, False], ids=["begun", "never begun"])
def test_a_run_that_is_cancelled_is_taken_back(google: Deployed, begun: bool) -> None:
    name = f"cancelled-{begun}"
    start(google, name, **({} if begun else {"ISTHMUS_WORKFLOWS": ""}))
    if begun:
        google.wait_until(lambda: google.waits(run_id(name)))

    said = google.command("workflows", "cancel", run_id(name), "--app", "stand:app", "--target", "google")

    assert said.returncode == 0, said.stderr
    assert "its execution is told" in said.stdout
    google.wait_until(lambda: google.status(run_id(name)) == "cancelled")
    assert google.entries(run_id(name), "undone") == (1 if begun else 0)


def test_a_function_that_is_killed_is_asked_again_and_does_nothing_twice(google: Deployed) -> None:
    start(google, "killed")
    google.wait_until(lambda: google.status(run_id("killed")) == "running")
    google.kill()
    time.sleep(0.5)
    google.start()
    google.wait_until(lambda: google.waits(run_id("killed")))
    google.kill()
    google.start()
    answer(google, "killed")
    google.wait_until(lambda: google.status(run_id("killed")) == "completed")

    assert google.entries(run_id("killed"), "started") == 1
    published = [one for one in google.pubsub.taken["told"] if one["attributes"]["run"] == run_id("killed")]
    assert len({one["attributes"]["message_id"] for one in published}) == 1


def test_an_execution_that_somebody_ends_is_followed_by_one_that_takes_the_run_back(google: Deployed) -> None:
    start(google, "ended")
    google.wait_until(lambda: google.waits(run_id("ended")))
    (execution,) = executions_of(google, "ended")
    execution.cancel()
    execution.ended.wait(10)

    google.call("/sweep")
    google.wait_until(lambda: google.status(run_id("ended")) == "failed")


def test_a_private_path_is_closed_to_whoever_has_no_token_for_it(google: Deployed) -> None:
    strangers = {
        "no token": "",
        "another audience": google.signer.token(aud="https://other.run.app"),
        "another account": google.signer.token(aud=google.url, email="eve@desk.iam.gserviceaccount.com"),
        "expired": google.signer.token(aud=google.url, exp=int(time.time()) - 60),
    }
    for path in ("/runs/load", "/contracts/hold", "/events/take", "/pubsub/told/note", "/schedules/daily", "/sweep"):
        for who, token in strangers.items():
            answered = google.call(path, {"run_id": "r1"}, token=token)
            assert answered.status_code == (403 if who == "another account" else 401), (path, who)
            assert who not in answered.text


def test_a_message_without_attributes_is_taken_in_and_one_that_is_none_is_refused_once(google: Deployed) -> None:
    from base64 import b64encode  # noqa: PLC0415

    good = b64encode(b'{"key": "k1", "number": 1, "word": "heard"}').decode()
    for number, data in enumerate([good, good, b64encode(b"no").decode(), "!!"]):
        body = {"message": {"data": data, "messageId": f"others-{number}"}}
        assert google.call("/pubsub/others/hear", body).status_code == 204
    for body in ({"message": {"data": good}}, {}, []):
        assert google.call("/pubsub/others/hear", body or {"x": 1}).status_code == 400
    assert google.call("/pubsub/none/hear", {"message": {"data": good, "messageId": "1"}}).status_code == 404


def test_a_handler_is_asked_by_its_endpoint_and_not_from_here(google: Deployed) -> None:
    message = '{"id": "x", "refuse": false, "fail": false}'
    said = google.command("start", "look", "--app", "stand:app", "--target", "google", "--input", message)

    assert said.returncode == 3
    assert "ISTH262" in said.stderr


@pytest.mark.parametrize("url", ["ftp://x", "https://workflows.example/projects/desk/locations/x", "desk"])
def test_what_is_no_address_of_workflows_is_said_to_be_none(google: Deployed, url: str) -> None:
    said = start(google, "address", ISTHMUS_WORKFLOWS=url)

    assert said.returncode == 3
    assert "ISTH266" in said.stderr


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("ISTHMUS_DATABASE", "", "ISTHMUS_DATABASE is not set"),
        ("ISTHMUS_KEY_FILE", "", "ISTHMUS_KEY_FILE is not set"),
        ("ISTHMUS_KEY_FILE", "/nowhere", "set ISTHMUS_KMS_KEY"),
        ("ISTHMUS_KMS_KEY", "master", "ISTH265"),
    ],
)
def test_a_setting_that_is_missing_or_wrong_is_named(google: Deployed, setting: str, value: str, words: str) -> None:
    said = start(google, "unset", **{setting: value})

    assert said.returncode in {3, 4}
    assert words in said.stderr
    assert "Traceback" not in said.stderr


def test_without_the_extra_the_command_says_which_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from isthmus.adapters.cli import extras, targets  # noqa: PLC0415

    monkeypatch.setattr(extras, "_is_there", lambda module: module != "google.cloud.workflows")
    cloud: Any = targets.cloud_of("google")
    nothing: Any = None
    with pytest.raises(extras.ExtraMissing, match=r"isthmus\[google\]"), targets.host_on(cloud, nothing, None, "start"):
        raise AssertionError


def test_the_log_of_the_function_holds_no_token(google: Deployed) -> None:
    assert "eyJ" not in google.log()
    assert "ya29" not in google.log()
