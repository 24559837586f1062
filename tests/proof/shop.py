"""A shop that does what its orders tell it to: each order names how each of its steps will go.

    ok      it does its work
    refuse  it refuses
    few     it fails as often as its retries forgive, and then does its work
    fail    it fails for ever
    lost    (the venue) it fills, and the answer is lost
    unknown (the venue) nobody can say whether it filled

Money moves between accounts that sum to nothing: client -> held -> venue.
"""

from __future__ import annotations

import collections
import threading
from typing import Protocol

from isthmus.core import (
    AnswerUnknown,
    App,
    Event,
    Gateway,
    Message,
    Publisher,
    Records,
    Reference,
    Refusal,
    Retry,
    Undo,
    contract,
    gather,
    handles,
    minutes,
    seconds,
    topic,
    wait_for,
    workflow,
)

ATTEMPTS = 3
AT_ONCE = Retry(attempts=ATTEMPTS, first=seconds(0), factor=1)


class Order(Message, identity="id"):
    id: str
    client: str
    amount: int
    check: str
    hold: str
    fill: str
    book: str
    cancel: str
    release: str


class Checked(Message):
    rule: str


class Held(Message):
    amount: int


class Filled(Message):
    price: int


class Placed(Message):
    id: str
    price: int


class Booked(Message):
    id: str


class Balance(Message):
    amount: int


class Count(Message):
    count: int


class Verdict(Event):
    order: str
    approved: bool


class No(Refusal):
    step: str


class Script(Protocol):
    def next(self, order: str, step: str, how: str) -> None:
        """Refuse or fail as the order says, or return."""
        ...


class Venue(Gateway[Order, Filled], Protocol):
    """Fill orders."""


class CancelDesk(Gateway[Order, Filled], Protocol):
    """Take fills back."""


@contract(refuses=[No])
def place(order: Order) -> Placed:
    """Fill an order, once nobody objects."""


@contract(reads=True, refuses=[No], retry=AT_ONCE)
def check(order: Order) -> Checked:
    """Look whether the order may be placed."""


@contract(retry=AT_ONCE)
def release(undo: Undo[Order, Held]) -> None:
    """Give back what was held."""


@contract(undone_by=release, refuses=[No], retry=AT_ONCE)
def hold(order: Order) -> Held:
    """Hold what the order costs."""


@contract(retry=AT_ONCE)
def cancel(undo: Undo[Order, Filled]) -> None:
    """Take the fill back."""


@contract(undone_by=cancel, refuses=[No], retry=AT_ONCE)
def fill(order: Order) -> Filled:
    """Fill the order at the venue."""


@contract(final=True, retry=AT_ONCE)
def book(order: Order) -> Booked:
    """Book the fill for good, and tell everyone."""


@contract(final=True, retry=AT_ONCE)
def count_booked(booked: Booked) -> None:
    """Count what was booked."""


@contract(final=True, retry=AT_ONCE)
def keep_late(verdict: Verdict) -> None:
    """Count the verdicts that came too late."""


@workflow(place)
async def flow(order: Order) -> Placed:
    await gather(check(order), hold(order))
    filled = await fill(order)
    verdict = await wait_for(Verdict, key=order.id, within=minutes(30))
    if not verdict.approved:
        raise No(step="verdict")
    await book(order)
    return Placed(id=order.id, price=filled.price)


def move(balances: Records[Balance], debit: str, credit: str, amount: int) -> None:
    """Move an amount from one account to another."""
    for account, change in ((debit, -amount), (credit, amount)):
        before = balances.get(account)
        balances.put(account, Balance(amount=change + (before.amount if before else 0)))


def add_one(counts: Records[Count], key: str) -> None:
    """Count one more of something."""
    before = counts.get(key)
    counts.put(key, Count(count=1 + (before.count if before else 0)))


@handles(check)
def check_order(order: Order, script: Script) -> Checked:
    script.next(order.id, "check", order.check)
    return Checked(rule="open")


@handles(hold)
def hold_amount(order: Order, balances: Records[Balance], script: Script) -> Held:
    move(balances, order.client, "held", order.amount)
    script.next(order.id, "hold", order.hold)
    return Held(amount=order.amount)


@handles(release)
def release_amount(undo: Undo[Order, Held], balances: Records[Balance], script: Script) -> None:
    script.next(undo.input.id, "release", undo.input.release)
    if undo.result is not None:
        move(balances, "held", undo.input.client, undo.result.amount)


@handles(fill)
def fill_at_venue(order: Order, venue: Venue, reference: Reference, balances: Records[Balance]) -> Filled:
    filled = venue.call(reference, order)
    if filled.price < 0:
        raise No(step="fill")
    move(balances, "held", "venue", order.amount)
    return filled


@handles(cancel)
def cancel_at_desk(
    undo: Undo[Order, Filled], desk: CancelDesk, reference: Reference, balances: Records[Balance]
) -> None:
    desk.call(reference, undo.input)
    if undo.result is not None:
        move(balances, "venue", "held", undo.input.amount)


@handles(book)
def book_order(order: Order, counts: Records[Count], publisher: Publisher[Booked], script: Script) -> Booked:
    add_one(counts, f"booked {order.id}")
    script.next(order.id, "book", order.book)
    booked = Booked(id=order.id)
    publisher.publish(booked)
    return booked


@handles(count_booked)
def count_in_records(booked: Booked, counts: Records[Count]) -> None:
    add_one(counts, f"told {booked.id}")


@handles(keep_late)
def count_late(verdict: Verdict, counts: Records[Count]) -> None:
    add_one(counts, f"late {verdict.order}")


class Played:
    """Play the script of every order: `few` fails as often as the retries forgive."""

    def __init__(self) -> None:
        self._failed: collections.Counter[tuple[str, str]] = collections.Counter()
        self._lock = threading.Lock()

    def next(self, order: str, step: str, how: str) -> None:
        if how == "refuse":
            raise No(step=step)
        if how == "fail" or (how == "few" and self._fails_again(order, step)):
            raise ConnectionError(f"{step} of {order} is down")

    def _fails_again(self, order: str, step: str) -> bool:
        with self._lock:
            self._failed[order, step] += 1
            return self._failed[order, step] < ATTEMPTS


class Outside:
    """Be the venue, or its cancel desk: it refuses a reference that it knows, and keeps what it did."""

    def __init__(self, step: str) -> None:
        self.done: collections.Counter[str] = collections.Counter()
        self._step = step
        self._played = Played()
        self._answers: dict[str, Filled] = {}
        self._unknown: set[str] = set()

    def call(self, reference: str, request: Order) -> Filled:
        """Do as the order says."""
        how: str = getattr(request, self._step)
        if reference in self._answers or reference in self._unknown:
            raise AssertionError(f"{self._step} of {request.id} was asked for twice")
        if how in ("fail", "few"):
            self._played.next(request.id, self._step, how)
        if how == "unknown":
            self._unknown.add(reference)
            raise ConnectionError("the answer was lost, and the outside with it")
        self._answers[reference] = Filled(price=-1 if how == "refuse" else 7)
        self.done[request.id] += how != "refuse"
        if how == "lost":
            raise ConnectionError("the answer was lost")
        return self._answers[reference]

    def inquire(self, reference: str, request: Order) -> Filled | None:
        """Say what was answered."""
        if reference in self._unknown:
            raise AnswerUnknown("nobody knows", place=f"{self._step} of {request.id}")
        return self._answers.get(reference)


class Shop:
    """Hold what stands outside the database of one world; the shop that was made last is the one that is open."""

    def __init__(self) -> None:
        self.venue = Outside("fill")
        self.desk = Outside("cancel")
        self.script = Played()
        OPEN[:] = [self]


OPEN: list[Shop] = []

app = App(
    "shop",
    fulfils=[
        *(flow, check_order, hold_amount, release_amount, fill_at_venue, cancel_at_desk),
        *(book_order, count_in_records, count_late),
    ],
    topics=[topic("booked", Booked, key="id", subscribers=[count_booked])],
    late_events={Verdict: keep_late},
)
app.bind(Venue, lambda: OPEN[0].venue)
app.bind(CancelDesk, lambda: OPEN[0].desk)
app.bind(Script, lambda: OPEN[0].script)
SHOP = app.load()
