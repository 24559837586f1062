"""What Azure would refuse of an App fails when it is packaged: everything at once, with its place and what to do."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from isthmus.core import App, Contract, Message, Records, contract, endpoint, handles, schedule, stream, topic


class Ticket(Message, identity="id"):
    id: str


@contract(final=True)
def post_tickets(ticket: Ticket) -> None:
    """Have the name that the function of an endpoint gets."""


@contract(final=True)
def Keep(ticket: Ticket) -> None:
    """Have the name of another, in letters of another case."""


@contract(final=True)
def keep(ticket: Ticket) -> None:
    """Keep a ticket."""


@contract(final=True)
def keep_every_ticket_of_every_desk_until_the_day_is_over(ticket: Ticket) -> None:
    """Have a name of 53 characters."""


@contract(final=True)
def _hidden(ticket: Ticket) -> None:
    """Have a name that begins with no letter."""


@handles(post_tickets)
def post_it(ticket: Ticket, kept: Records[Ticket]) -> None:
    kept.put(ticket.id, ticket)


@handles(Keep)
def keep_it(ticket: Ticket, kept: Records[Ticket]) -> None:
    kept.put(ticket.id, ticket)


@handles(keep)
def keep_it_too(ticket: Ticket, kept: Records[Ticket]) -> None:
    kept.put(ticket.id, ticket)


@handles(keep_every_ticket_of_every_desk_until_the_day_is_over)
def keep_all(ticket: Ticket, kept: Records[Ticket]) -> None:
    kept.put(ticket.id, ticket)


@handles(_hidden)
def hide_it(ticket: Ticket, kept: Records[Ticket]) -> None:
    kept.put(ticket.id, ticket)


ALL = [post_it, keep_it, keep_it_too, keep_all, hide_it]
LONG: Contract[Ticket, None] = keep_every_ticket_of_every_desk_until_the_day_is_over


def problems_of(fulfils: list[Any], **triggers: Any) -> tuple[str, ...]:
    from isthmus.adapters.azure.app import functions_of_composition  # noqa: PLC0415  # an extra
    from isthmus.adapters.azure.fitness import UnfitForAzure  # noqa: PLC0415

    composition = App("desk", fulfils=fulfils, **triggers).load()
    try:
        functions_of_composition(composition)
    except UnfitForAzure as fault:
        return fault.problems
    return ()


@pytest.mark.parametrize(
    ("fulfils", "triggers", "said"),
    [
        (
            [post_it],
            {"endpoints": [endpoint("POST", "/tickets", starts=post_tickets)]},
            "function post_tickets: it would be several: contract post_tickets, endpoint POST /tickets; rename",
        ),
        ([keep_it, keep_it_too], {}, "function keep: it would be several: contract Keep, contract keep; rename"),
        ([hide_it], {}, "contract _hidden: '_hidden' cannot name a function; give a name"),
        (
            [keep_it_too],
            {"endpoints": [endpoint("POST", f"/{'a' * 123}", starts=keep)]},
            "cannot name a function; give a name",
        ),
        (
            [keep_it_too],
            {
                "endpoints": [endpoint("POST", "/Streams/{id}", starts=keep)],
                "streams": [stream("tickets", Ticket, key="id", into=keep)],
            },
            "POST /streams/{}: it would be taken by several: endpoint POST /Streams/{id}, endpoint",
        ),
        (
            [keep_it_too],
            {"endpoints": [endpoint("POST", "/Admin/tickets", starts=keep)]},
            "endpoint POST /Admin/tickets: the host keeps /admin and /runtime for itself; give another path",
        ),
        (
            [keep_it_too],
            {"topics": [topic("tickets of today", Ticket, key="id", subscribers=[keep], external=True)]},
            "topic tickets of today to keep: Service Bus takes no such topic; give it a name of letters",
        ),
        (
            [keep_it_too],
            {"topics": [topic("t" * 261, Ticket, key="id", subscribers=[keep], external=True)]},
            "Service Bus takes no such topic; give it a name of letters",
        ),
        (
            [keep_all],
            {"topics": [topic("tickets", Ticket, key="id", subscribers=[LONG], external=True)]},
            f"topic tickets to {LONG.name}: Service Bus takes no subscription {LONG.name}; give it a name of",
        ),
        (
            [keep_it_too],
            {"streams": [stream("tickets/all", Ticket, key="id", into=keep)]},
            "stream tickets/all: Event Hubs takes no such hub; give it a name of letters",
        ),
        (
            [keep_it_too],
            {"streams": [stream("-tickets", Ticket, key="id", into=keep)]},
            "stream -tickets: Event Hubs takes no such hub; give it a name of letters",
        ),
        (
            [keep_it_too],
            {"schedules": [schedule("often", every=timedelta(seconds=1.5), starts=keep, message=Ticket(id="1"))]},
            "schedule often: no timer fires every 0:00:01.500000; give whole seconds",
        ),
    ],
    ids=lambda value: value[:50] if isinstance(value, str) else "",
)
def test_what_azure_would_refuse_is_told_with_its_place_and_what_to_do(
    fulfils: list[Any], triggers: dict[str, Any], said: str
) -> None:
    found = problems_of(fulfils, **triggers)

    assert len([one for one in found if said in one]) == 1
    assert len(found) == 1 or triggers.get("topics") or triggers.get("endpoints")


def test_everything_is_told_at_once() -> None:
    found = problems_of(
        ALL,
        endpoints=[endpoint("POST", "/tickets", starts=post_tickets)],
        topics=[topic("tickets", Ticket, key="id", subscribers=[LONG], external=True)],
        streams=[stream("tickets/all", Ticket, key="id", into=keep)],
        schedules=[schedule("often", every=timedelta(seconds=1.5), starts=keep, message=Ticket(id="1"))],
    )

    assert len(found) == 6


@pytest.mark.parametrize("name", ["t" * 120, "Tickets.of-today_1", "a/b"], ids=["long", "signs", "a path"])
def test_a_name_within_the_rules_is_taken(name: str) -> None:
    assert problems_of([keep_it_too], topics=[topic(name, Ticket, key="id", subscribers=[keep], external=True)]) == ()


def test_an_app_that_is_unfit_leaves_the_package_that_was_there(tmp_path: Path) -> None:
    from isthmus.adapters.azure.fitness import UnfitForAzure  # noqa: PLC0415  # an extra
    from isthmus.adapters.azure.package import write_package  # noqa: PLC0415

    fit = App("desk", fulfils=[keep_it_too]).load()
    unfit = App("desk", fulfils=[keep_it_too, hide_it]).load()
    write_package(f"{__name__}:app", fit, tmp_path / "package")
    written = (tmp_path / "package" / "functions.json").read_bytes()
    with pytest.raises(UnfitForAzure):
        write_package(f"{__name__}:app", unfit, tmp_path / "package")

    assert (tmp_path / "package" / "functions.json").read_bytes() == written


GENERIC = """
@app.activity_trigger(input_name="tickets")
def close(tickets: dict[str, str]):
    return "closed"
"""


def test_an_annotation_that_the_worker_rejects_fails_in_its_words(tmp_path: Path) -> None:
    from isthmus.adapters.azure.package import WouldNotIndex, index_package, write_package  # noqa: PLC0415  # an extra

    write_package(f"{__name__}:app", App("desk", fulfils=[keep_it_too]).load(), tmp_path / "package")
    function_app = tmp_path / "package" / "function_app.py"
    function_app.write_text(function_app.read_text("utf-8") + GENERIC, "utf-8")
    with pytest.raises(
        WouldNotIndex, match=r"close function: binding tickets has invalid non-type annotation dict\[str"
    ):
        index_package(tmp_path / "package")
