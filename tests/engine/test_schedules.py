"""Schedules: a contract is asked at each of its moments, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from house import Dying, House
from stall import SWEPT

HOUR = timedelta(hours=1)


def swept(house: House, who: str) -> int:
    return house.plan.count("sweep", who)


@pytest.fixture(autouse=True)
def _swept(house: House) -> None:
    house.reopen(SWEPT)
    house.settle()


def test_a_handler_is_asked_and_a_workflow_started_when_it_is_time(house: House) -> None:
    asked = []
    for _half in range(8):
        asked.append((swept(house, "handler"), swept(house, "workflow")))
        house.move(HOUR / 2)

    # it is 9:00 when the engine opens: the next full hour is 10:00, the next even one as well
    assert asked == [(0, 0), (0, 0), (1, 1), (1, 1), (2, 1), (2, 1), (3, 2), (3, 2)]
    assert house.statuses("tick") == ["completed"] * 2
    assert house.rows("select distinct actor from run") == [("schedule:mop",)]


def test_the_moments_are_the_same_whenever_the_engine_was_opened(house: House) -> None:
    house.move(HOUR / 2)
    house.reopen(SWEPT)
    house.settle()
    house.move(HOUR / 2)

    assert swept(house, "handler") == 1


def test_a_tick_is_done_once_though_the_engine_opens_again_at_its_moment(house: House) -> None:
    house.move(HOUR)
    house.reopen(SWEPT)
    house.settle()
    house.move(timedelta(0))

    assert swept(house, "handler") == swept(house, "workflow") == 1


def test_a_tick_that_fails_is_tried_again_and_the_next_one_comes(house: House) -> None:
    house.plan["sweep", "handler"] = ["fail", "fail", "ok"]
    house.move(HOUR)
    assert swept(house, "handler") == 3
    house.move(HOUR)
    assert swept(house, "handler") == 4


def test_a_tick_that_fails_in_every_attempt_waits_for_a_person_who_has_it_asked_again(house: House) -> None:
    house.plan["sweep", "handler"] = ["fail"]
    house.move(HOUR)
    assert swept(house, "handler") == 3
    assert [(kind, subject) for _, kind, _, subject in house.letters()] == [("delivery", "sweep")]
    house.reopen(SWEPT)
    house.settle()
    assert len(house.letters()) == 1

    house.plan["sweep", "handler"] = ["ok"]
    house.replay()
    assert house.letters() == []
    assert swept(house, "handler") == 4
    assert ("schedule:broom",) in house.rows("select actor from journal where kind = 'answered'")


def test_a_tick_that_was_not_answered_is_carried_on_by_the_next_engine(house: House) -> None:
    house.reopen(SWEPT, faults=Dying("before_commit", "broom@2026-01-05T10:00:00+00:00>sweep"))
    house.dies(lambda: house.move(HOUR))
    house.reopen(SWEPT)
    house.settle()

    assert swept(house, "handler") == 2
    assert len(house.rows("select 1 from journal where kind = 'answered' and actor = 'schedule:broom'")) == 1
