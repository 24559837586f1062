"""The contracts that the workflows of these tests are written against; read as text and run for each."""

import asyncio
import datetime as dt
import enum
import os
import random
import time
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

import httpx2
import msgspec

from isthmus import core
from isthmus.core import (
    PERSONAL,
    Event,
    Message,
    Money,
    Refusal,
    TimedOut,
    Undo,
    contract,
    days,
    each,
    gather,
    hours,
    minutes,
    seconds,
    sleep,
    wait_for,
    workflow,
)

LIMIT = 3
WINDOW = minutes(30)
PREFIX = "order"
lower = 5


class Side(enum.StrEnum):
    BUY = "buy"
    SELL = "sell"


class Size(enum.Enum):
    SMALL = 1
    LARGE = 2


class Line(Message):
    sku: str
    quantity: int


class Order(Message, identity="id", subject="client"):
    id: str
    client: str
    name: Annotated[str, PERSONAL]
    side: Side
    quantity: int
    urgent: bool
    price: Money
    rate: Decimal
    at: datetime
    limit: Money | None = None
    note: str | None = None
    lines: list[Line] = msgspec.field(default_factory=list)
    orders: list["Order"] = msgspec.field(default_factory=list)
    tags: list[str] = msgspec.field(default_factory=list)


class Nest(Message):
    inside: list["Nest"] = msgspec.field(default_factory=list)


class Letter(Message, subject="client"):
    client: str
    name: Annotated[str, PERSONAL]
    text: str = ""


class Open(Message):
    text: str


class Done(Message):
    id: str
    side: Side = Side.BUY
    quantity: int = 0
    note: str | None = None


class Verdict(Event):
    id: str
    good: bool


class Rejected(Refusal):
    rule: str


class Short(Refusal):
    missing: int = 0


class Foreign(Refusal):
    country: str


@contract(reads=True, refuses=[Rejected])
def check(order: Order) -> Done:
    """Decide whether the order may go on."""


@contract(reads=True)
def look(order: Order) -> Done:
    """Look something up."""


@contract(reads=True)
def look_at(line: Line) -> Done:
    """Look a line up."""


@contract(reads=True)
def may(order: Order) -> Done | None:
    """Look something up that may not be there."""


@contract()
def release(undo: Undo[Order, Done]) -> None:
    """Undo a hold."""


@contract(undone_by=release, refuses=[Short])
def hold(order: Order) -> Done:
    """Hold funds."""


@contract(final=True)
def settle(order: Order) -> Done:
    """Settle for good."""


@contract(final=True, refuses=[Rejected])
def book(order: Order) -> Done:
    """Book for good, or refuse."""


@contract(reads=True)
def write(letter: Letter) -> None:
    """Write a letter."""


@contract()
def vague(order: Order) -> Done:
    """Do something, whatever it means."""


@contract(reads=True, refuses=[Foreign])
def locate(order: Order) -> Done:
    """Say where the order is from."""


@contract(refuses=[Rejected, Short])
def place(order: Order) -> Done:
    """Place an order: what the workflows of these tests fulfil."""


@contract(refuses=[Rejected, Short])
def child(order: Order) -> Done:
    """Be fulfilled by another workflow."""


@contract(reads=True)
def survey(order: Order) -> Done:
    """Promise to read only."""


@contract()
def tidy(order: Order) -> None:
    """Answer nothing."""


class Broken:
    @property
    def x(self):
        raise ValueError("x")


broken = Broken()


def helper(order: Order) -> Done:
    return Done(id=order.id)


async def other(order: Order) -> Done:
    return Done(id=order.id)
