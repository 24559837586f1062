"""The App that is measured on Azure: an order that is checked and held side by side, waits for a verdict, is booked."""

from __future__ import annotations

from isthmus.core import App, Event, Message, contract, gather, handles, minutes, wait_for, workflow


class Placed(Message, identity="id"):
    """Name an order."""

    id: str


class Seen(Message):
    """Say that an order was seen."""

    id: str


class Verdict(Event):
    """Say that an order may go on."""

    rule: str


@contract(reads=True)
def place(placed: Placed) -> Seen:
    """Take an order through."""


@contract(reads=True)
def validate(placed: Placed) -> Seen:
    """See the order."""


@contract(reads=True)
def check(placed: Placed) -> Seen:
    """See the order."""


@contract(reads=True)
def hold(placed: Placed) -> Seen:
    """See the order."""


@contract(reads=True)
def book(placed: Placed) -> Seen:
    """See the order."""


@contract(reads=True)
def keep_late(verdict: Verdict) -> None:
    """Let go of a verdict that came late."""


@workflow(place)
async def placing(placed: Placed) -> Seen:
    """Await them."""
    await validate(placed)
    await gather(check(placed), hold(placed))
    await wait_for(Verdict, key=placed.id, within=minutes(30))
    return await book(placed)


def _seen(placed: Placed) -> Seen:
    return Seen(id=placed.id)


@handles(validate)
def validated(placed: Placed) -> Seen:
    """See it."""
    return _seen(placed)


@handles(check)
def checked(placed: Placed) -> Seen:
    """See it."""
    return _seen(placed)


@handles(hold)
def held(placed: Placed) -> Seen:
    """See it."""
    return _seen(placed)


@handles(book)
def booked(placed: Placed) -> Seen:
    """See it."""
    return _seen(placed)


@handles(keep_late)
def kept(verdict: Verdict) -> None:
    """Do nothing."""


app = App("bench", fulfils=[placing, validated, checked, held, booked, kept], late_events={Verdict: keep_late})
