"""Versions: a run keeps the program that it began with; one that is not loaded strands its runs, and drives none."""

from __future__ import annotations

from house import House
from stall import a_job


def test_a_run_of_a_version_that_is_not_loaded_is_left_alone_and_named(house: House) -> None:
    run_id = house.run("must_hear", a_job("1")).run_id
    other = house.run("must_hear", a_job("2")).run_id
    house.engine.abandon()
    house.rows("update run set version = 'an older one' where run_id = :run", run=run_id)
    house.open()
    assert house.say("1", "now") == "delivered"
    assert house.say("2", "now") == "delivered"

    assert house.engine.stranded == [run_id]
    assert house.view(run_id).status == "running"
    assert house.view(other).status == "completed"


def test_it_goes_on_from_where_it_stood_when_its_version_is_loaded_again(house: House) -> None:
    run_id = house.run("must_hear", a_job("1")).run_id
    ((version,),) = house.rows("select version from run")
    house.engine.abandon()
    house.rows("update run set version = 'an older one'")
    house.open()
    house.say("1", "now")
    house.engine.abandon()
    house.rows("update run set version = :version", version=version)
    house.open()
    house.settle()

    assert house.engine.stranded == []
    assert house.view(run_id).status == "completed"
    assert house.plan.count("craft", "a") == 1


def test_a_record_that_the_program_does_not_ask_for_is_an_error_and_never_an_answer(house: House) -> None:
    run_id = house.run("must_hear", a_job("1")).run_id
    house.engine.abandon()
    house.rows("update inbox set contract = 'look' where step = '0'")
    house.open()
    assert house.say("1", "now") == "delivered"

    assert house.view(run_id).status == "stuck"
    assert [kind for _, kind, *_ in house.letters()] == ["step"]
    assert house.run("chain", a_job("2")).status == "completed"
