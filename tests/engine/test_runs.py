"""Runs: started once, by an identity that comes from their input, and refused when the input cannot be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from house import House, answer
from stall import Job, Part, Text, a_job

from isthmus.core.errors import IdentityConflict, InputError, MessageInvalid, NotFound


def test_a_doubled_start_runs_once(house: House) -> None:
    first = house.run("chain", a_job("1"))
    second = house.run("chain", a_job("1"))

    assert (first.run_id, first.status) == (second.run_id, "completed")
    assert house.plan.count("make", "a") == 1
    assert house.journal(first.run_id).count(("", "started")) == 1


def test_starts_that_come_all_at_once_run_once(house: House) -> None:
    with ThreadPoolExecutor(8) as threads:
        runs = set(threads.map(lambda _: house.engine.start("chain", a_job("1")), range(24)))
    house.settle()

    assert len(runs) == 1
    assert house.plan.count("make", "a") == house.plan.count("make", "b") == 1


def test_the_same_identity_with_other_content_is_refused_and_journaled(house: House) -> None:
    run = house.run("chain", a_job("1"))

    with pytest.raises(IdentityConflict):
        house.engine.start("chain", a_job("1", a="other"))

    assert house.kinds()["rejected"] == 1
    assert house.view(run.run_id) == run
    assert house.plan.count("make", "other") == 0


def test_one_identity_under_two_contracts_is_two_runs(house: House) -> None:
    assert house.run("chain", a_job("1")).run_id != house.run("side", a_job("1")).run_id


@pytest.mark.parametrize(
    ("contract", "message", "error"),
    [
        ("chains", a_job("1"), NotFound),
        ("make", Part(name="a"), NotFound),
        ("chain", b'{"id": "1"}', MessageInvalid),
        ("chain", b'{"id": 1, "a": {"name": ""}, "b": {"name": ""}, "c": {"name": ""}}', MessageInvalid),
        ("chain", b"\xff\xfe", MessageInvalid),
        ("chain", b"", MessageInvalid),
        ("chain", b'{"id": "\\ud800", "a": {"name": ""}, "b": {"name": ""}, "c": {"name": ""}}', MessageInvalid),
        ("chain", a_job("1", a="x" * 33_000), MessageInvalid),
        ("chain", Text(id="1", text="another message"), InputError),
        ("chain", {"id": "1"}, InputError),
        ("chain", None, InputError),
        pytest.param("chain", object(), InputError, id="chain-an object of no type"),
    ],
    ids=str,
)
def test_bad_input_costs_nothing_and_leaves_only_a_journal_entry(
    house: House, contract: str, message: object, error: type[InputError]
) -> None:
    with pytest.raises(error):
        house.engine.start(contract, message)

    assert house.kinds() == {"rejected": 1}
    assert house.rows("select * from run") == []
    assert house.run("chain", a_job("2")).status == "completed"


def test_a_value_that_breaks_its_type_is_refused_as_its_text_would_be(house: House) -> None:
    wrong = Job(id=1, a=Part(name="a"), b=Part(name="b"), c=Part(name="c"))  # type: ignore[arg-type]

    with pytest.raises(MessageInvalid):
        house.engine.start("chain", wrong)


def test_an_identity_may_hold_any_characters_but_nul(house: House) -> None:
    odd = "\u00fc \u202e /<>:%;'\"\\ \n \U0001d11e"

    assert house.run("listen", a_job(odd)).status == "running"
    assert house.say(odd, "one") == "delivered"
    with pytest.raises(MessageInvalid):
        house.engine.start("listen", a_job("a\0b"))


def test_an_entry_says_who_asked_and_on_whose_behalf(house: House) -> None:
    run_id = house.engine.start("chain", a_job("1"), actor="cli", on_behalf_of="ann")
    house.settle()

    who = house.rows("select distinct actor, on_behalf_of from journal where run_id = :run", run=run_id)
    assert who == [("cli", "ann")]


def test_a_run_that_waited_is_told_at_once_when_it_ended(house: House) -> None:
    run_id = house.engine.start("must_hear", a_job("1"))
    with ThreadPoolExecutor(1) as threads:
        waited = threads.submit(house.engine.wait, run_id, timeout_seconds=20)
        house.say("1", "now")
        assert waited.result(5).status == "completed"
    assert answer(house.view(run_id)) == {"text": "now"}
