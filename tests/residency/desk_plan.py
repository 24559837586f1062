"""A desk of a broker: contracts that carry each class of data, for what a policy makes of an App."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Protocol

from isthmus.core import (
    CONFIDENTIAL,
    FINANCIAL,
    MARKET,
    PERSONAL,
    App,
    Message,
    Publisher,
    contract,
    handles,
    topic,
    workflow,
)
from isthmus.core.blueprint import Blueprint


class Ticket(Message, identity="id", subject="client"):
    id: str
    client: str
    name: Annotated[str, PERSONAL]


class Amount(Message, identity="id"):
    id: str
    value: Annotated[int, FINANCIAL]


class Quote(Message, identity="id"):
    id: str
    price: Annotated[int, MARKET]


class Limit(Message, identity="id"):
    id: str
    value: Annotated[int, CONFIDENTIAL]


class Plain(Message, identity="id"):
    id: str


class News(Protocol):
    def fetch(self, key: str) -> str: ...


@contract(reads=True)
def greet(message: Ticket) -> Plain:
    """Greet a client."""
    ...


@contract(final=True)
def book(message: Amount) -> Plain:
    """Book an amount."""
    ...


@contract(reads=True)
def look_up(message: Plain) -> Quote:
    """Look a price up."""
    ...


@contract(reads=True)
def limit_of(message: Plain) -> Limit:
    """Return a limit."""
    ...


@contract(final=True)
def sell(message: Plain) -> Plain:
    """Sell something."""
    ...


@contract(final=True)
def tell(message: Plain) -> Plain:
    """Tell what was sold."""
    ...


@handles(greet)
def greet_by_name(message: Ticket) -> Plain:
    return Plain(id=message.id)


@handles(book)
def book_it(message: Amount, prices: Publisher[Quote]) -> Plain:
    prices.publish(Quote(id=message.id, price=1))
    return Plain(id=message.id)


@handles(look_up)
def look_it_up(message: Plain, news: News) -> Quote:
    return Quote(id=news.fetch(message.id), price=1)


@handles(limit_of)
def limit_of_all(message: Plain) -> Limit:
    return Limit(id=message.id, value=1)


@handles(tell)
def tell_it(message: Plain) -> Plain:
    return message


@workflow(sell)
async def sell_it(message: Plain) -> Plain:
    await limit_of(message)
    return await tell(message)


class Wire:
    def fetch(self, key: str) -> str:
        return key


def blueprint(*, hosts: Sequence[str] = (), countries: Sequence[str] = (), on: str | None = None) -> Blueprint:
    """Return what the desk asks for; its news come from some hosts in some countries."""
    app = App(
        "desk",
        fulfils=[greet_by_name, book_it, look_it_up, limit_of_all, sell_it, tell_it],
        topics=[topic("quotes", Quote, key="id", subscribers=[])],
    )
    app.bind(News, Wire, hosts=hosts, countries=countries)
    if on is not None:
        app.bind(News, Wire, on=on)
    return app.load().blueprint
