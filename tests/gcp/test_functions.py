"""What compiled workflows ask is done once, for the execution that has claimed the run, and for nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from counter import KIOSK, MINUTE, Counter, opened

from isthmus.adapters.gcp.executions import ExecutionState
from isthmus.adapters.gcp.interpreter import Open, Request
from isthmus.adapters.gcp.naming import workflow_name
from isthmus.adapters.gcp.network import Fate
from isthmus.adapters.runtime.hosting import start
from isthmus.adapters.runtime.operations import resolve
from isthmus.adapters.runtime.runs import cancel_run
from isthmus.adapters.sql.notes import ABOUT_RUN, NOTE
from isthmus.core.errors import EnvironmentFault

VERSIONS = {name: [program.version] for name, program in KIOSK.programs.items()}


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    with opened(tmp_path) as made:
        yield made


def started(counter: Counter, name: str) -> str:
    """Start an admission that no execution carries on."""
    return start(counter.rehearsal.app.host, "admit", json.dumps({"id": name}).encode(), "test", "test")


def load(counter: Counter, run_id: str, claimant: str, contract: str = "admit") -> dict[str, Any]:
    return counter.told("/runs/load", run_id=run_id, claimant=claimant, versions=VERSIONS[contract])


def cancel(counter: Counter, run_id: str) -> None:
    def work(unit: Any) -> None:
        cancel_run(unit, run_id)
        unit.transaction.run(NOTE, ABOUT_RUN, run_id)

    counter.rehearsal.app.host.do_from_outside("cancel", "operator", "", work)


# Who may ask


PRIVATE = (
    *("/contracts/hold", "/runs/load", "/runs/child", "/runs/recall", "/runs/pause", "/runs/finish", "/runs/take-back"),
    *("/events/register", "/events/take", "/pubsub/others/hear", "/schedules/daily", "/sweep", "/runs/else"),
)


@pytest.mark.parametrize("path", PRIVATE)
@pytest.mark.parametrize("token", [None, "Bearer rehearsed:http://another.unit", "Bearer x"])
def test_a_private_path_asked_without_an_identity_is_turned_away_and_nothing_happens(
    counter: Counter, path: str, token: str | None
) -> None:
    run_id = counter.admit("1")
    before = counter.counts()
    body = json.dumps({"run_id": run_id, "step": "0", "contract": "hold", "input": {"id": "2"}}).encode()
    response = counter.rehearsal.request("POST", path, body, {"authorization": token} if token else {})

    assert response.code == 401
    assert b"rehears" not in response.body
    assert counter.counts() == before


def test_nothing_is_told_of_private_paths_that_there_are_not(counter: Counter) -> None:
    assert counter.post("/runs/else", {}, signed=True)[0] == 404
    assert counter.post("/contracts/else", {}, signed=True)[0] == 404
    assert counter.rehearsal.request("GET", "/sweep", signed=True).code == 405


@pytest.mark.parametrize("body", [b"", b"[]", b'{"run_id": 1}', b"\xff\xfe", b"[" * 20_000])
def test_what_no_workflow_sends_is_turned_away(counter: Counter, body: bytes) -> None:
    before = counter.counts()
    assert counter.post("/contracts/hold", body, signed=True)[0] == 400
    assert counter.counts() == before


# Claims


def test_of_two_executions_one_claims_a_run_and_the_other_ends(counter: Counter) -> None:
    run_id = started(counter, "1")
    first, second, again = (load(counter, run_id, name) for name in ("one", "two", "one"))

    assert first["state"] == again["state"] == "running"
    assert first["answer"] == {"id": "1", "marks": [], "refuse": False, "fail": False}
    assert second["state"] == "fenced"


def test_a_child_is_claimed_by_whoever_carries_its_parent_on_and_goes_along_when_that_changes(counter: Counter) -> None:
    message = json.dumps({"id": "all", "tickets": [{"id": "1"}]}).encode()
    run_id = start(counter.rehearsal.app.host, "admit_all", message, "test", "test")
    load(counter, run_id, "one", "admit_all")
    step = {"run_id": run_id, "step": "0/0", "contract": "admit", "input": {"id": "1"}}
    child = counter.told("/runs/child", **step)["child"]

    assert load(counter, child, "two")["state"] == "running"  # nobody had claimed it
    assert load(counter, child, "one")["state"] == "running"  # whoever has the parent takes it
    assert load(counter, child, "two")["state"] == "fenced"
    assert counter.told("/runs/child", **step)["child"] == child


def test_a_version_that_the_execution_does_not_carry_is_left_to_the_next_one(counter: Counter) -> None:
    run_id = started(counter, "1")
    told = counter.told("/runs/load", run_id=run_id, claimant="old", versions=["0000000000000000"])

    assert told["state"] == "fenced"
    counter.rehearsal.sweep()
    counter.rehearsal.settle()
    assert counter.kept() == {"1"}


# What Workflows makes of JSON


def test_an_input_that_workflows_has_written_anew_is_the_same_input(counter: Counter) -> None:
    run_id = started(counter, "1")
    load(counter, run_id, "one")
    step = b'{"run_id": "%s", "step": "0", "contract": "hold", "input": %s}'
    first = b'{"id": "1", "marks": [{"name": "a", "count": 2}], "refuse": false, "fail": false}'
    anew = b'{"fail": false, "marks": [{"count": 2, "name": "a"}], "refuse": false, "id": "1"}'
    told = [counter.post("/contracts/hold", step % (run_id.encode(), one), signed=True) for one in (first, anew)]

    assert told[0] == told[1] == (200, {**told[0][1], "state": "answered", "answer": {"id": "1"}, "bytes": 10})
    assert len(counter.journaled("answered")) == 1


def test_another_input_at_the_same_step_is_no_answer_and_asks_a_person(counter: Counter) -> None:
    run_id = started(counter, "1")
    load(counter, run_id, "one")
    for name, state in (("1", "answered"), ("2", "stuck")):
        told = counter.told("/contracts/hold", run_id=run_id, step="0", contract="hold", input={"id": name})
        assert told["state"] == state
    assert counter.status(run_id) == "stuck"


# Requests that get lost


@pytest.mark.parametrize("fate", [Fate.NEVER_SENT, Fate.REQUEST_LOST, Fate.ANSWER_LOST, Fate.DELIVERED_TWICE])
@pytest.mark.parametrize("refuse", [False, True])
def test_whatever_is_lost_or_comes_twice_everything_happens_once(tmp_path: Path, fate: Fate, refuse: bool) -> None:
    with opened(tmp_path) as counter:
        seen: set[str] = set()

        def once(request: Request) -> Fate:
            fresh = request.url not in seen
            seen.add(request.url)
            return fate if fresh else Fate.DELIVERED

        counter.rehearsal.network.fate = once
        run_id = counter.admit("1", refuse=refuse)
        counter.rehearsal.move(2 * MINUTE)
        counter.answer("1")
        counter.rehearsal.move(2 * MINUTE)

        assert counter.status(run_id) == ("refused" if refuse else "completed")
        assert counter.kept() == (set() if refuse else {"1"})
        assert len(counter.journaled("slept")) == 1
        assert len(counter.journaled("event_taken")) == 1
        paths = {"/runs/load", "/contracts/hold", "/runs/pause", "/events/register", "/events/take", "/contracts/look"}
        paths |= {"/runs/finish", "/runs/take-back" if refuse else "/contracts/tell"}
        assert seen == {f"http://app.rehearsal{path}" for path in paths}


def test_a_lost_answer_of_create_execution_runs_an_order_once(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = counter.executions.create

    def lost(workflow: str, argument: Any) -> str:
        create(workflow, argument)
        raise EnvironmentFault("the answer was lost")

    monkeypatch.setattr(counter.executions, "create", lost)
    run_id = counter.admit("1")
    monkeypatch.undo()
    counter.rehearsal.move(MINUTE)
    counter.change("update run set status = 'started', claimed_by = null where run_id = :it", it=run_id)
    counter.rehearsal.sweep()
    counter.rehearsal.settle()
    counter.answer("1")

    assert counter.status(run_id) == "completed"
    assert len(counter.executions.names) == 2
    assert counter.journaled("answered") == ["hold", "look", "tell", "note"]


# Waking


def test_a_wake_that_is_lost_is_made_again_by_the_sweep(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = counter.admit("1")
    counter.rehearsal.move(MINUTE)

    def lost(_url: str) -> None:
        raise EnvironmentFault("nobody answers")

    monkeypatch.setattr(counter.executions, "post", lost)
    counter.answer("1")
    assert counter.status(run_id) == "running"
    monkeypatch.undo()
    counter.rehearsal.sweep()
    counter.rehearsal.settle()

    assert counter.status(run_id) == "completed"
    assert counter.counts()["callback"] == counter.counts()["wake"] == 0


def test_the_sweep_wakes_again_until_the_execution_has_heard(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = counter.admit("1")
    counter.rehearsal.move(MINUTE)
    posted: list[str] = []
    monkeypatch.setattr(counter.executions, "post", posted.append)  # accepted, and lost
    counter.answer("1")
    for times in (2, 3):
        counter.rehearsal.sweep()
        counter.rehearsal.settle()
        assert len(posted) == times
    assert counter.status(run_id) == "running"
    monkeypatch.undo()
    counter.rehearsal.sweep()
    counter.rehearsal.settle()

    assert counter.status(run_id) == "completed"


class EarlyIsLost:
    """Let a request before the wait be accepted and lost, as the pages allow."""

    def choose(self, point: Open, count: int) -> int:
        return 1 if point is Open.EARLY_CALLBACK else 0


def test_an_event_between_the_registration_and_the_wait_is_heard_of_at_the_next_sweep(tmp_path: Path) -> None:
    with opened(tmp_path, choices=EarlyIsLost()) as counter:
        asked = counter.rehearsal.network.fate

        def then_answer(request: Request) -> Fate:
            if request.url.endswith("/events/register"):
                send = counter.rehearsal.network._reached.send

                def answered(one: Request) -> Any:
                    response = send(one)
                    counter.rehearsal.network._reached.send = send  # type: ignore[method-assign]
                    assert counter.post("/events/Answer/1", {"text": "early"})[0] == 202
                    return response

                counter.rehearsal.network._reached.send = answered  # type: ignore[method-assign]
            return asked(request)

        counter.rehearsal.network.fate = then_answer
        run_id = counter.admit("1")
        counter.rehearsal.move(MINUTE)
        assert counter.status(run_id) == "running"
        counter.rehearsal.sweep()
        counter.rehearsal.settle()
        assert counter.status(run_id) == "completed"


def test_a_callback_to_a_finished_execution_is_no_error(counter: Counter) -> None:
    run_id = counter.admit("1")
    counter.rehearsal.move(MINUTE)
    ((url,),) = counter.rows("select url from callback")
    counter.answer("1")
    assert counter.status(run_id) == "completed"
    before = counter.counts()
    counter.executions.post(url)
    counter.rehearsal.settle()

    assert counter.counts() == before


# Executions that end, and others that follow them


def test_a_run_that_is_cancelled_while_it_sleeps_is_taken_back_by_another_execution(counter: Counter) -> None:
    run_id = counter.admit("1")
    sleeping = counter.execution_of(run_id)
    cancel(counter, run_id)
    counter.rehearsal.sweep()
    counter.rehearsal.settle()

    assert counter.status(run_id) == "cancelled"
    assert counter.kept() == set()
    assert counter.executions.state(sleeping) is ExecutionState.CANCELLED
    assert counter.executions.state(counter.execution_of(run_id)) is ExecutionState.SUCCEEDED


def test_a_run_whose_execution_was_ended_from_outside_is_taken_back(counter: Counter) -> None:
    run_id = counter.admit("1")
    counter.executions.cancel(counter.execution_of(run_id))
    counter.rehearsal.sweep()
    counter.rehearsal.settle()

    assert counter.status(run_id) == "failed"
    assert counter.kept() == set()


def test_the_sweep_leaves_alone_what_waits_for_a_person(counter: Counter) -> None:
    counter.post("/tickets", {"id": "1"})
    message = json.dumps({"id": "all", "tickets": [{"id": "2"}]}).encode()
    parent = counter.rehearsal.begin("admit_all", message, actor="test", on_behalf_of="test")
    counter.rehearsal.settle()
    ((child,),) = counter.rows("select run_id from run where parent_run = :it", it=parent)
    counter.told("/contracts/hold", run_id=child, step="0", contract="hold", input={"id": "other"})
    counter.rehearsal.move(2 * MINUTE)
    begun = len(counter.executions.names)
    counter.rehearsal.sweep()
    counter.rehearsal.settle()

    assert [counter.status(child), counter.status(parent)] == ["stuck", "running"]
    assert len(counter.executions.names) == begun


def test_what_a_person_has_resolved_goes_on_in_another_execution_from_where_it_stood(counter: Counter) -> None:
    run_id = counter.admit("1")
    counter.told("/contracts/hold", run_id=run_id, step="0", contract="hold", input={"id": "other"})
    assert counter.status(run_id) == "stuck"

    def replay(unit: Any) -> None:
        unit.transaction.run(NOTE, ABOUT_RUN, resolve(unit, 1).run_id)

    counter.rehearsal.app.host.do_from_outside("replay", "a person", "", replay)
    counter.rehearsal.sweep()
    counter.rehearsal.move(2 * MINUTE)
    counter.answer("1")

    assert counter.status(run_id) == "completed"
    assert len(counter.journaled("slept")) == 1
    assert counter.rows("select count(*) from inbox where contract = 'hold'") == [(1,)]


def test_an_execution_that_wrongly_ended_is_followed_by_another(counter: Counter) -> None:
    run_id = counter.admit("1")
    name = counter.execution_of(run_id)
    counter.executions.cancel(name)
    counter.executions._cancelled.clear()
    counter.executions._executions[name].outcome = type(counter.executions.outcome(name))(result="fenced")  # type: ignore[misc]
    counter.rehearsal.sweep()
    counter.rehearsal.move(2 * MINUTE)
    counter.answer("1")

    assert counter.status(run_id) == "completed"


# Units


@pytest.mark.parametrize("serve", [False, True], ids=["in this process", "served"])
def test_units_of_their_own_do_what_is_theirs_and_undo_it(tmp_path: Path, serve: bool) -> None:
    with opened(tmp_path, split=True, serve=serve) as counter:
        asked: list[str] = []
        asking = counter.rehearsal.network.fate

        def noted(request: Request) -> Fate:
            asked.append(request.url)
            return asking(request)

        counter.rehearsal.network.fate = noted
        run_id = counter.admit("1", refuse=True)
        counter.rehearsal.move(MINUTE)
        counter.answer("1")

        places = counter.rehearsal.apps["places"].host
        assert set(places.elsewhere) == {"look", "tell", "untell", "note", "hear", "count", "file_late"}
        assert counter.status(run_id) == "refused"
        assert counter.kept() == set()
        bases = {url.rpartition("/contracts/hold")[0] for url in asked if url.endswith("/contracts/hold")}
        undoing = {url.rpartition("/runs/take-back")[0] for url in asked if url.endswith("/runs/take-back")}
        assert len(bases) == 1
        assert bases < undoing


def test_a_workflow_is_named_by_its_contract_and_version_within_what_google_allows() -> None:
    assert workflow_name("admit", "0123456789abcdef") == "admit-0123456789abcdef"
    assert len(workflow_name("x" * 100, "0123456789abcdef")) <= 64


def test_days_of_sleep_are_one_execution(counter: Counter) -> None:
    run_id = counter.admit("1")
    counter.rehearsal.move(timedelta(days=3))
    assert counter.status(run_id) == "timed_out"
    assert len(counter.executions.names) == 1
