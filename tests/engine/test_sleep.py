"""Sleep: time passes on the clock, and a restart neither shortens nor lengthens it."""

from __future__ import annotations

from datetime import timedelta

from house import House
from stall import a_job


def test_a_run_sleeps_as_long_as_it_said(house: House) -> None:
    run_id = house.run("nap", a_job("1")).run_id
    house.move(timedelta(minutes=59))
    assert house.view(run_id).status == "running"
    house.move(timedelta(minutes=1))
    assert house.view(run_id).status == "completed"
    assert ("1", "slept") in house.journal(run_id)


def test_a_restart_does_not_begin_the_sleep_anew(house: House) -> None:
    run_id = house.run("nap", a_job("1")).run_id
    house.move(timedelta(minutes=40))
    house.reopen()
    house.settle()
    house.move(timedelta(minutes=20))

    assert house.view(run_id).status == "completed"


def test_a_sleep_that_was_over_before_the_engine_opened_ends_when_it_opens(house: House) -> None:
    run_id = house.run("nap", a_job("1")).run_id
    house.engine.abandon()
    house.clock.move(timedelta(days=9))
    house.open()
    house.settle()

    assert house.view(run_id).status == "completed"
    assert house.journal(run_id).count(("1", "slept")) == 1


def test_a_run_that_is_cancelled_does_not_wake(house: House) -> None:
    run_id = house.run("nap", a_job("1")).run_id
    house.engine.cancel(run_id, actor="operator")
    house.settle()
    house.move(timedelta(hours=2))

    assert house.view(run_id).status == "cancelled"
    assert house.plan.count("make", "b") == 0
