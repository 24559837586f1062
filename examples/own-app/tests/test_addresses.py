"""The rules of the app, as tests: handlers are called as functions, the whole runs on a laptop with a moved clock."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from isthmus.core.testing import World, messages, run_locally

from addresses.app import app
from addresses.contracts import (
    AddressChange,
    Changed,
    ChangeId,
    ChangeRejected,
    ClientId,
    OfficerId,
    Rule,
    SecondOpinion,
    change_address,
)
from addresses.handlers import screen_by_rating
from addresses.risk import ListedRisk

CHANGE = AddressChange(
    id=ChangeId("change-1"),
    client=ClientId("client-7"),
    asked_by=OfficerId("officer-anna"),
    country="IE",
    address="1 Harbour Row, Cobh",
)


def opinion(officer: str, *, approved: bool = True) -> SecondOpinion:
    return SecondOpinion(change=CHANGE.id, officer=OfficerId(officer), approved=approved)


def rows(world: World, table: str) -> int:
    return len(world.tables()[table])


def test_a_second_officer_lets_the_change_happen() -> None:
    with run_locally(app) as world:
        run_id = world.start(change_address, CHANGE)
        assert (world.ended(run_id).status, rows(world, "record")) == ("running", 0)
        world.send(opinion("officer-ben"), key=CHANGE.id)

        ended = world.ended(run_id)
        assert ended.answer == Changed(change=CHANGE.id, approved_by=OfficerId("officer-ben"))
        assert rows(world, "record") == 2, "the address, and the count that the topic's subscriber keeps"


def test_an_opinion_may_come_before_the_change_asks_for_it() -> None:
    with run_locally(app) as world:
        run_id = world.start(change_address, CHANGE)
        world.send(opinion("officer-ben"), key=CHANGE.id)
        world.send(opinion("officer-carl", approved=False), key=CHANGE.id)

        assert world.ended(run_id).status == "completed", "the first opinion decides, the second is late"


@pytest.mark.parametrize(
    ("second", "rule"),
    [
        (opinion("officer-anna"), Rule.SAME_OFFICER),
        (opinion("officer-ben", approved=False), Rule.OFFICER_REFUSED),
        (None, Rule.NOBODY_DECIDED),
    ],
)
def test_otherwise_nothing_changes(second: SecondOpinion | None, rule: Rule) -> None:
    with run_locally(app) as world:
        run_id = world.start(change_address, CHANGE)
        if second is not None:
            world.send(second, key=CHANGE.id)
        world.move(timedelta(days=6))

        ended = world.ended(run_id)
        assert isinstance(ended.refusal, ChangeRejected)
        assert (ended.refusal.rule, rows(world, "record")) == (rule, 0)


@given(messages(AddressChange))
def test_a_country_that_nobody_rated_is_barred(change: AddressChange) -> None:
    rating = ListedRisk().rating(change.country)

    if rating == "barred":
        with pytest.raises(ChangeRejected):
            screen_by_rating(change, ListedRisk())
    else:
        assert screen_by_rating(change, ListedRisk()).rating == rating
