"""An app that asks a cloud for everything: units, a port that reaches outside, topics, a stream, a schedule, a wait."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, NewType, Protocol

from isthmus.core import (
    CRITICAL,
    PERSONAL,
    App,
    Event,
    Message,
    Publisher,
    contract,
    endpoint,
    handles,
    minutes,
    schedule,
    stream,
    topic,
    wait_for,
    workflow,
)
from isthmus.core.ports import Records

TicketId = NewType("TicketId", str)


class Ticket(Message, identity="id", subject="client"):
    """Ask for something to be bought."""

    id: TicketId
    client: str
    name: Annotated[str, PERSONAL]


class Rated(Message):
    """Say how a ticket was rated."""

    ticket: TicketId
    good: bool


class Bought(Message):
    """Say that it was bought."""

    ticket: TicketId


class Quote(Message):
    """Say what something costs."""

    isin: str
    cents: int


class Night(Message):
    """Be a night."""

    of: str


class Verdict(Event):
    """Say what a person decided."""

    ticket: TicketId
    good: bool


class Raters(Protocol):
    """Rate tickets, outside."""

    def rate(self, ticket: TicketId) -> bool:
        """Say whether a ticket is good."""
        ...


@contract(reads=True, latency=CRITICAL, unit="risk")
def rate_ticket(ticket: Ticket) -> Rated:
    """Rate a ticket."""


@contract(final=True, latency=CRITICAL)
def buy(ticket: Ticket) -> Bought:
    """Buy what a ticket asks for."""


@contract(final=True)
def handle_ticket(ticket: Ticket) -> Bought:
    """Rate a ticket, wait for a person, and buy."""


@contract(final=True, unit="books")
def book(bought: Bought) -> None:
    """Write down that something was bought."""


@contract(final=True, unit="books")
def keep_quote(quote: Quote) -> None:
    """Keep what something costs."""


@contract(final=True, unit="books")
def close_night(night: Night) -> None:
    """Close the books."""


@contract(final=True, unit="books")
def keep_late(verdict: Verdict) -> None:
    """Keep a verdict that nobody waited for."""


@handles(rate_ticket)
def rate_outside(ticket: Ticket, raters: Raters) -> Rated:
    return Rated(ticket=ticket.id, good=raters.rate(ticket.id))


@handles(buy)
def buy_it(ticket: Ticket, bought: Publisher[Bought]) -> Bought:
    bought.publish(Bought(ticket=ticket.id))
    return Bought(ticket=ticket.id)


@handles(book)
def book_it(bought: Bought, kept: Records[Bought]) -> None:
    kept.put(bought.ticket, bought)


@handles(keep_quote)
def keep_it(quote: Quote, kept: Records[Quote]) -> None:
    kept.put(quote.isin, quote)


@handles(close_night)
def close_it(night: Night) -> None:
    assert night.of


@handles(keep_late)
def keep_it_late(verdict: Verdict, kept: Records[Verdict]) -> None:
    kept.put(verdict.ticket, verdict)


@workflow(handle_ticket)
async def ticket_flow(ticket: Ticket) -> Bought:
    await rate_ticket(ticket)
    await wait_for(Verdict, key=ticket.id, within=minutes(5))
    return await buy(ticket)


class OutsideRaters:
    """Rate by a service."""

    def rate(self, ticket: TicketId) -> bool:
        """Say whether a ticket is good."""
        return bool(ticket)


app = App(
    "desk",
    fulfils=[rate_outside, buy_it, book_it, keep_it, close_it, keep_it_late, ticket_flow],
    topics=[topic("tickets.bought", Bought, key="ticket", subscribers=[book])],
    streams=[stream("quotes", Quote, key="isin", into=keep_quote)],
    schedules=[schedule("night", every=timedelta(days=1), starts=close_night, message=Night(of="today"))],
    endpoints=[endpoint("POST", "/tickets", starts=handle_ticket), endpoint("POST", "/quotes", starts=keep_quote)],
    late_events={Verdict: keep_late},
)
app.bind(Raters, OutsideRaters, secrets=["rater-token"], hosts=["raters.example"], countries=["IE"])
