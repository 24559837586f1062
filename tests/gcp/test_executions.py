"""Executions by Google's own client, against a service of this machine in front of the interpreter."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import grpc
import pytest
from executions_service import PARENT, ExecutionsService

from isthmus.adapters.gcp.executions import ExecutionState
from isthmus.adapters.gcp.workflows import GoogleExecutions, WorkflowsUnavailable, WorkflowsUrlInvalid
from isthmus.core.errors import EnvironmentFault

ANSWER = "main: {params: [args], steps: [{done: {return: '${args.run_id}'}}]}"
SLEEP = "main: {params: [args], steps: [{nap: {call: sys.sleep, args: {seconds: 600}}}]}"
FAIL = "main: {params: [args], steps: [{fail: {raise: 'failed'}}]}"


@pytest.fixture
def service() -> Iterator[ExecutionsService]:
    served = ExecutionsService({"answer-1": ANSWER, "sleep-1": SLEEP, "fail-1": FAIL})
    yield served
    served.close()


@pytest.fixture
def executions(service: ExecutionsService) -> GoogleExecutions:
    return GoogleExecutions(service.url)


def test_an_execution_is_begun_with_its_argument_and_named_without_project_and_region(
    service: ExecutionsService, executions: GoogleExecutions
) -> None:
    name = executions.create("answer-1", {"run_id": "r1"})
    service.wait()

    workflow, kind, execution_id = name.split("/")
    assert (workflow, kind) == ("answer-1", "executions")
    assert executions.state(name) is ExecutionState.SUCCEEDED
    shown = service.running[f"{PARENT}/workflows/{name}"].shown
    assert json.loads(shown.result) == "r1"
    assert dict(shown.labels) == {"run_id": "r1"}
    assert execution_id


def test_states_are_told_as_google_calls_them(service: ExecutionsService, executions: GoogleExecutions) -> None:
    active, failed = executions.create("sleep-1", {}), executions.create("fail-1", {})
    assert executions.state(active) is ExecutionState.ACTIVE
    service.running[f"{PARENT}/workflows/{failed}"].ended.wait(10)

    assert executions.state(failed) is ExecutionState.FAILED
    assert executions.state("answer-1/executions/none") is ExecutionState.UNKNOWN


def test_an_execution_is_ended_and_one_that_has_ended_or_is_not_there_is_left_alone(
    service: ExecutionsService, executions: GoogleExecutions
) -> None:
    active, ended = executions.create("sleep-1", {}), executions.create("answer-1", {"run_id": "r1"})
    service.running[f"{PARENT}/workflows/{ended}"].ended.wait(10)
    for name in (active, active, ended, "answer-1/executions/none", "other-1/executions/none"):
        executions.cancel(name)

    assert executions.state(active) is ExecutionState.CANCELLED
    assert executions.state(ended) is ExecutionState.SUCCEEDED
    service.wait()


def test_one_that_goes_on_and_may_not_be_ended_is_a_fault(
    service: ExecutionsService, executions: GoogleExecutions, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = executions.create("sleep-1", {})
    monkeypatch.setattr("executions_service.ENDED", (service.running[f"{PARENT}/workflows/{name}"].shown.state,))

    with pytest.raises(WorkflowsUnavailable):
        executions.cancel(name)


def test_an_execution_whose_answer_was_lost_is_there_and_another_may_be_begun(
    service: ExecutionsService, executions: GoogleExecutions
) -> None:
    service.loses_answers = 1
    with pytest.raises(WorkflowsUnavailable, match="ServiceUnavailable"):
        executions.create("answer-1", {"run_id": "r1"})
    executions.create("answer-1", {"run_id": "r1"})
    service.wait()

    assert service.states() == ["SUCCEEDED", "SUCCEEDED"]


def test_nothing_is_asked_twice_by_the_client_itself(service: ExecutionsService, executions: GoogleExecutions) -> None:
    service.code = grpc.StatusCode.UNAVAILABLE
    with pytest.raises(WorkflowsUnavailable):
        executions.create("answer-1", {"run_id": "r1"})

    assert service.asked == ["CreateExecution"]


ASKED: dict[str, Callable[[GoogleExecutions], object]] = {
    "create": lambda executions: executions.create("answer-1", {"run_id": "r1"}),
    "cancel": lambda executions: executions.cancel("answer-1/executions/e1"),
    "state": lambda executions: executions.state("answer-1/executions/e1"),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED.keys())
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, "Workflows Invoker"),
        (grpc.StatusCode.UNAUTHENTICATED, "does not know who asks"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "quota"),
        (grpc.StatusCode.UNAVAILABLE, "ServiceUnavailable"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "DeadlineExceeded"),
        (grpc.StatusCode.INTERNAL, "InternalServerError"),
    ],
)
def test_what_workflows_does_not_do_is_a_fault_that_says_what_to_do_and_not_its_words(
    service: ExecutionsService,
    executions: GoogleExecutions,
    ask: Callable[[GoogleExecutions], object],
    code: grpc.StatusCode,
    words: str,
) -> None:
    service.code = code
    with pytest.raises(EnvironmentFault, match=words) as fault:
        ask(executions)
    assert "ISTH368" in str(fault.value)
    assert "s3cr3t" not in str(fault.value)


def test_a_workflow_that_is_not_deployed_is_named(executions: GoogleExecutions) -> None:
    with pytest.raises(WorkflowsUnavailable, match="no such workflow") as fault:
        executions.create("place-order-1a2b", {"run_id": "r1"})
    assert fault.value.place == "place-order-1a2b"


def test_at_a_wrong_address_nothing_is_known_of_executions_rather_than_that_they_are_gone(
    service: ExecutionsService, executions: GoogleExecutions
) -> None:
    name = executions.create("answer-1", {"run_id": "r1"})
    elsewhere = GoogleExecutions(service.url.replace("europe-west3", "europe-west4"))

    with pytest.raises(WorkflowsUnavailable, match="project and region"):
        elsewhere.state(name)


def test_a_service_that_is_not_there_is_a_fault(service: ExecutionsService, executions: GoogleExecutions) -> None:
    service.close()
    began = time.monotonic()
    with pytest.raises(WorkflowsUnavailable):
        executions.state("answer-1/executions/e1")
    assert time.monotonic() - began < 10


HERE = "http://127.0.0.1:8431"
GOOGLE = "https://workflowexecutions.googleapis.com"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "desk",
        GOOGLE,
        f"{GOOGLE}/projects/desk",
        f"{GOOGLE}/projects//locations/europe-west3",
        f"{GOOGLE}/projects/desk/locations/europe-west3/workflows/place",
        f"{GOOGLE}/projects/desk/locations/europe-west3?x=1",
        GOOGLE.replace("https", "http") + "/projects/desk/locations/europe-west3",
        "https://workflowexecutions.evil.example/projects/desk/locations/europe-west3",
        "http://127.0.0.1/projects/desk/locations/europe-west3",
        "http://10.0.0.1:80/projects/desk/locations/europe-west3",
    ],
)
def test_what_names_no_project_and_region_is_refused(url: str) -> None:
    with pytest.raises(WorkflowsUrlInvalid, match="ISTH266"):
        GoogleExecutions(url)


@pytest.mark.parametrize("base", [HERE, GOOGLE, "https://europe-west3-workflowexecutions.googleapis.com"])
def test_an_address_is_taken_without_asking_anybody(base: str) -> None:
    assert GoogleExecutions(f"{base}/projects/desk/locations/europe-west3/").url.endswith("europe-west3")
