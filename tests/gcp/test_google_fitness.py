"""What Google Cloud would refuse of an App, or take for something else, is told before anything is written."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.adapters.gcp.fitness import UnfitForGoogle, workflows_of
from isthmus.adapters.runtime.clock import last_tick
from isthmus.adapters.runtime.cron import cron_of
from isthmus.core import (
    App,
    Message,
    Records,
    contract,
    endpoint,
    handles,
    schedule,
    stream,
    topic,
    workflow,
)


class Ticket(Message, identity="id"):
    id: str


@contract(final=True)
def keep(ticket: Ticket) -> None:
    """Keep a ticket."""


@contract(final=True, unit="Night_shift")
def keep_apart(ticket: Ticket) -> None:
    """Keep a ticket elsewhere."""


@contract(final=True, unit="night-shift")
def keep_near(ticket: Ticket) -> None:
    """Keep a ticket nearer."""


@contract(final=True)
def _hidden(ticket: Ticket) -> None:
    """Hide a ticket."""


@contract(final=True)
def größer(ticket: Ticket) -> None:  # noqa: PLC2401  # that is what is refused
    """Keep a larger ticket."""


@contract(final=True)
def post(ticket: Ticket) -> None:
    """Post a ticket."""


@handles(keep)
def keep_it(ticket: Ticket, kept: Records[Ticket]) -> None:
    kept.put(ticket.id, ticket)


@handles(keep_apart)
def keep_it_apart(ticket: Ticket, kept: Records[Ticket]) -> None:
    kept.put(ticket.id, ticket)


@handles(keep_near)
def keep_it_near(ticket: Ticket, kept: Records[Ticket]) -> None:
    kept.put(ticket.id, ticket)


@handles(_hidden)
def hide_it(ticket: Ticket, kept: Records[Ticket]) -> None:
    kept.put(ticket.id, ticket)


@handles(größer)
def keep_it_larger(ticket: Ticket, kept: Records[Ticket]) -> None:
    kept.put(ticket.id, ticket)


@workflow(post)
async def post_it(ticket: Ticket) -> None:
    await keep(ticket)


def problems_of(*fulfils: Any, **triggers: Any) -> tuple[str, ...]:
    composition = App("desk", fulfils=[keep_it, *fulfils], **triggers).load()
    try:
        workflows_of(composition)
    except UnfitForGoogle as fault:
        return fault.problems
    return ()


def external(name: str) -> Any:
    return topic(name, Ticket, key="id", subscribers=[keep], external=True)


def every(duration: timedelta, name: str = "often") -> Any:
    return schedule(name, every=duration, starts=keep, message=Ticket(id="1"))


OURS = "are asked by Google's services; give a path that none of these can be"


@pytest.mark.parametrize(
    "path",
    [
        "/sweep",
        "/runs/load",
        "/runs/mine",
        "/contracts/{name}",
        "/pubsub/told/note",
        "/schedules/daily",
        "/events/register",
        "/events/{name}",
        "/{what}",
        "/{kind}/{id}",
        "/{rest:path}",
        "/{a}/{b}/{c}",
    ],
)
def test_an_endpoint_at_a_path_of_ours_is_refused_since_it_would_not_always_be_asked(path: str) -> None:
    (said,) = problems_of(endpoints=[endpoint("POST", path, starts=keep)])

    assert said.startswith(f"endpoint POST {path}: ")
    assert said.endswith(OURS)


@pytest.mark.parametrize(
    "path", ["/", "/tickets", "/tickets/{id}", "/run/{id}", "/sweeps", "/tickets/{id}/events/register"]
)
def test_other_endpoints_are_taken(path: str) -> None:
    assert problems_of(endpoints=[endpoint("POST", path, starts=keep)]) == ()


@pytest.mark.parametrize("path", ["/robots.txt", "/favicon.ico"])
def test_a_path_that_the_framework_answers_itself_is_refused(path: str) -> None:
    (said,) = problems_of(endpoints=[endpoint("GET", path, starts=keep)])

    assert (
        said
        == f"endpoint GET {path}: functions-framework answers /robots.txt and /favicon.ico itself; give another path"
    )


@pytest.mark.parametrize("name", ["ab", "1st", "goog.tickets", "tickets of today", "a/b", "größer", "t" * 256])
def test_a_topic_that_pubsub_would_not_take_is_refused(name: str) -> None:
    (said,) = problems_of(topics=[external(name)])

    assert said.startswith(f"topic {name}: Pub/Sub takes no such topic; give it a name of 3 to 255 letters")


def test_a_subscription_that_pubsub_would_not_take_is_refused() -> None:
    (said,) = problems_of(topics=[external("t" * 252)])

    assert "Pub/Sub takes no subscription ttt" in said


def test_topics_that_would_be_one_are_refused() -> None:
    said = problems_of(topics=[external("stream.tickets")], streams=[stream("tickets", Ticket, key="id", into=keep)])

    assert said == ("topic stream.tickets: it would be several: stream.tickets, stream:tickets; rename all but one",)


@pytest.mark.parametrize(
    "duration", [timedelta(seconds=30), timedelta(seconds=90), timedelta(seconds=0.5), timedelta(hours=1, seconds=1)]
)
def test_a_schedule_that_no_cron_expresses_is_refused(duration: timedelta) -> None:
    (said,) = problems_of(schedules=[every(duration)])

    assert said == f"schedule often: no job calls every {duration}; give whole minutes"


def test_a_schedule_whose_name_cannot_be_a_job_is_refused() -> None:
    (said,) = problems_of(schedules=[every(timedelta(hours=1), "every hour")])

    assert said.startswith("schedule every hour: Cloud Scheduler takes no such job")


@given(st.integers(1, 60 * 24 * 9))
def test_the_cron_of_a_period_fires_at_every_tick_of_it(minutes: int) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415

    period = timedelta(minutes=minutes)
    tick = last_tick(datetime(2026, 11, 28, 21, 45, tzinfo=UTC), period)
    minute, hour, *rest = cron_of(period).split()

    assert rest == ["*"] * 3
    for moment in (tick, tick + period, tick + 2 * period):
        assert _fits(minute, moment.minute)
        assert _fits(hour, moment.hour)


def _fits(field: str, value: int) -> bool:
    if field == "*":
        return True
    return value % int(field[2:]) == 0 if field.startswith("*/") else value == int(field)


@pytest.mark.parametrize("fulfilment", [hide_it, keep_it_larger])
def test_a_contract_that_cannot_name_a_workflow_or_a_path_is_refused(fulfilment: Any) -> None:
    (said,) = problems_of(fulfilment)

    assert said.startswith(f"contract {fulfilment.contract.name}: it cannot name a workflow or a path; give a name")


def test_units_that_cannot_name_services_or_would_share_an_address_are_refused() -> None:
    said = problems_of(keep_it_apart, keep_it_near)

    assert [one.partition(":")[0] for one in said] == ["unit Night_shift", "unit night-shift"]
    assert "lower case letters" in said[0]
    assert "its address would be that of unit Night_shift" in said[1]


def test_everything_is_told_at_once_and_what_was_there_stays(tmp_path: Path) -> None:
    from isthmus.adapters.gcp.package import write_units  # noqa: PLC0415

    fit = App("desk", fulfils=[keep_it, post_it]).load()
    unfit = App(
        "desk",
        fulfils=[keep_it, hide_it, post_it],
        endpoints=[endpoint("POST", "/sweep", starts=keep)],
        topics=[external("a b")],
        schedules=[every(timedelta(seconds=90))],
    ).load()
    folder = tmp_path / "package"
    write_units(f"{__name__}:app", fit, folder)
    written = (folder / "isthmus.json").read_bytes()
    with pytest.raises(UnfitForGoogle, match="app desk has 4 problems on Google Cloud") as fault:
        write_units(f"{__name__}:app", unfit, folder)

    assert len(fault.value.problems) == 4
    assert (folder / "isthmus.json").read_bytes() == written


def test_a_workflow_that_is_too_large_is_told_beside_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    from isthmus.adapters.gcp import limits  # noqa: PLC0415

    monkeypatch.setattr(limits, "SOURCE_BYTES_MAX", 1_000)
    said = problems_of(post_it, hide_it)

    assert [one for one in said if "too much for Workflows: post has" in one]
    assert [one for one in said if one.startswith("contract _hidden")]


def test_the_brokerage_is_fit() -> None:
    from isthmus.handlers.app import app  # noqa: PLC0415

    assert set(workflows_of(app.load()))
