"""Steps: done once for each key, their answers recorded; refusals are answers, and failures are tried again."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from house import House, answer
from stall import No, Part, Person, a_job

from isthmus.adapters.runtime.asking import HandlerFailed
from isthmus.adapters.runtime.deployment import Deployment
from isthmus.adapters.runtime.invocation import StepRequest, perform
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.runtime.vault import KeyFile
from isthmus.adapters.sql.faults import Conflict, Duplicate
from isthmus.core.errors import IdentityConflict


def test_a_repeated_key_returns_the_recorded_answer(house: House) -> None:
    first = house.engine.ask("make", Part(name="a"), key="k")
    house.plan["make", "a"] = ["another answer"]

    assert house.engine.ask("make", Part(name="a"), key="k") == first
    assert house.plan.count("make", "a") == 1
    assert house.kinds()["answered"] == 1


def test_a_repeated_key_with_another_input_is_refused(house: House) -> None:
    house.engine.ask("make", Part(name="a"), key="k")

    with pytest.raises(IdentityConflict):
        house.engine.ask("make", Part(name="b"), key="k")
    assert "b" not in house.records()
    assert house.kinds()["rejected"] == 1


def test_what_is_asked_about_a_new_person_outlives_a_transaction_that_is_done_again(house: House) -> None:
    """The key of the person was made in the transaction that was rolled back: what it sealed is sealed anew."""
    once = iter([True])

    def conflict(_point: str, _run: str, _step: str) -> None:
        if next(once, False):
            raise Conflict("lost")

    house.reopen(faults=conflict)

    assert house.engine.ask("meet", Person(id="p", name="Ann"), key="k").name == "Ann"
    assert house.kinds() == {"changed": 1, "answered": 1}


def test_a_refusal_is_recorded_undoes_the_handlers_effects_and_is_never_retried(house: House) -> None:
    house.plan["make", "a"] = ["no", "ok"]

    for _time in range(2):
        with pytest.raises(No, match="why='a'"):
            house.engine.ask("make", Part(name="a"), key="k")

    assert house.records() == {}
    assert house.plan.count("make", "a") == 1
    assert house.kinds() == {"refused": 1}


def test_a_refusal_that_the_contract_does_not_declare_is_a_failure_and_retried(house: House) -> None:
    house.plan["make", "a"] = ["stranger", "ok"]

    assert house.engine.ask("make", Part(name="a"), key="k").text == "make a"
    assert house.kinds() == {"failed": 1, "changed": 1, "answered": 1}


def test_a_failure_leaves_none_of_its_effects_and_is_tried_again(house: House) -> None:
    house.plan["make", "a"] = ["fail", "fail", "ok"]

    run = house.run("chain", a_job("1"))

    assert run.status == "completed"
    assert house.journal(run.run_id).count(("0", "changed")) == 1
    assert house.plan.count("make", "a") == 3


def test_attempts_are_counted_and_end(house: House) -> None:
    house.plan["make", "a"] = ["fail"]

    with pytest.raises(HandlerFailed, match="3 times"):
        house.engine.ask("make", Part(name="a"), key="k")
    with pytest.raises(HandlerFailed):
        house.engine.ask("make", Part(name="a"), key="k")
    assert house.plan.count("make", "a") == 3


def test_retries_wait_longer_each_time_on_the_clock(house: House) -> None:
    house.plan["craft", "b"] = ["fail", "fail", "ok"]
    run_id = house.run("slow", a_job("1")).run_id
    asked = []
    for _second in range(7):
        asked.append(house.plan.count("craft", "b"))
        house.move(timedelta(seconds=5))

    assert asked == [1, 1, 2, 2, 2, 2, 3]  # after 10 seconds, and 20 more
    assert house.view(run_id).status == "completed"


def test_attempts_survive_a_restart(house: House) -> None:
    house.plan["craft", "b"] = ["fail"]
    run_id = house.run("slow", a_job("1")).run_id
    for _restart in range(4):
        house.reopen()
        house.move(timedelta(minutes=1))

    assert house.view(run_id).status == "failed"
    assert house.plan.count("craft", "b") == 3


def test_an_answer_over_the_limit_is_a_failure(house: House) -> None:
    house.plan["make", "b"] = ["large"]

    run = house.run("chain", a_job("1"))

    assert run.status == "failed"
    assert answer(run)["error"] == "AnswerInvalid"
    assert house.records() == {}


def test_a_recorded_step_never_runs_again(house: House) -> None:
    run_id = house.run("nap", a_job("1")).run_id
    house.plan["make", "a"] = ["fail"]
    for _restart in range(2):
        house.reopen()
    house.move(timedelta(hours=1))

    assert house.view(run_id).status == "completed"
    assert house.plan.count("make", "a") == 1


def test_concurrent_deliveries_of_one_key_run_it_once(house: House) -> None:
    """Two processes hold the same delivery, as two workers of a cloud would."""
    house.engine.close()
    started, barrier = [], threading.Barrier(2)

    def both_at_once() -> str:
        started.append(threading.get_ident())
        if len(started) <= 2 and house.database.dialect == "postgresql":
            barrier.wait(5)
        return "made once"

    house.plan["look", "a"] = [both_at_once]
    answers: list[bytes] = []
    threads = [threading.Thread(target=lambda: answers.append(_deliver(house))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert answers == [b'{"text":"made once"}'] * 2
    assert house.rows("select count(*) from inbox") == [(1,)]
    assert house.kinds() == {"answered": 1}
    house.open()


def _deliver(house: House) -> bytes:
    """Perform one step in a transaction of its own, again while it loses against another."""
    deployment = Deployment(
        house.engine.composition,
        backend="local",
        master=lambda: KeyFile(house.folder / "isthmus.key"),
        clock=house.clock,
        configure=lambda _binding: None,  # type: ignore[arg-type, return-value]
    )
    request = StepRequest(
        run_id="r", step="0", contract="look", input=b'{"name":"a"}', ordinal=0, branch=0, expects=None
    )
    while True:
        try:
            with house.database.transaction() as transaction:
                unit = UnitOfWork(
                    deployment, transaction, run_id="r", step="0", workflow="", actor="it", on_behalf_of="it"
                )
                outcome = perform(unit, request)
        except (Conflict, Duplicate):
            continue
        return outcome.answer  # type: ignore[union-attr]
