"""A small kiosk: contracts, handlers and a workflow, out of which the tests compose apps."""

from __future__ import annotations

from typing import Protocol

from isthmus.core import (
    Configuration,
    Event,
    Message,
    Publisher,
    Records,
    Refusal,
    contract,
    days,
    handles,
    wait_for,
    workflow,
)


class Ticket(Message, identity="id"):
    id: str
    line: str
    price: int


class Sold(Message):
    ticket: str
    line: str


class Seen(Message):
    line: str
    seat: str


class Sweep(Message):
    day: str = "today"


class Stamp(Event):
    good: bool


class NotValid(Refusal):
    rule: str


class Prices(Protocol):
    def of(self, line: str) -> int: ...


class Lines(Protocol):
    def names(self) -> list[str]: ...


class FixedPrices:
    def of(self, line: str) -> int:
        return 3


class AskedPrices:
    def __init__(self, configuration: Configuration) -> None:
        self.token = configuration.secret("prices-token")

    def of(self, line: str) -> int:
        return len(self.token)


class FixedLines:
    def names(self) -> list[str]:
        return ["1", "2"]


@contract(final=True, unit="counter")
def sell(ticket: Ticket) -> Sold:
    """Sell a ticket."""


@contract(refuses=[NotValid])
def travel(ticket: Ticket) -> Sold:
    """Sell a ticket, and see it stamped."""


@contract(final=True)
def count_sold(sold: Sold) -> None:
    """Count what was sold."""


@contract(final=True)
def print_sold(sold: Sold) -> None:
    """Print what was sold."""


@contract(final=True)
def look(seen: Seen) -> None:
    """Look at a seat."""


@contract(final=True)
def note(seen: Seen) -> None:
    """Note a seat."""


@contract(final=True)
def sweep(given: Sweep) -> None:
    """Sweep the floor."""


@contract(final=True)
def keep_stamp(stamp: Stamp) -> None:
    """Keep a late stamp."""


@workflow(travel)
async def travel_once(ticket: Ticket) -> Sold:
    stamp = await wait_for(Stamp, key=ticket.id, within=days(1))
    if not stamp.good:
        raise NotValid(rule="stamp")
    return await sell(ticket)


@handles(sell)
def sell_at_price(ticket: Ticket, prices: Prices, lines: Lines, sold: Publisher[Sold]) -> Sold:
    made = Sold(ticket=ticket.id, line=ticket.line)
    sold.publish(made)
    return made


@handles(count_sold)
def count_in_records(sold: Sold, counted: Records[Sold]) -> None:
    counted.put(sold.ticket, sold)


@handles(print_sold)
def print_nothing(sold: Sold) -> None:
    pass


@handles(look)
def look_around(seen: Seen) -> None:
    pass


@handles(note)
def note_down(seen: Seen, noted: Records[Seen]) -> None:
    noted.put(seen.seat, seen)


@handles(sweep)
def sweep_up(given: Sweep) -> None:
    pass


@handles(keep_stamp)
def keep_late(stamp: Stamp) -> None:
    pass


async def no_workflow(ticket: Ticket) -> None:
    pass
