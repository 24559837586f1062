"""A small app that is right, out of which the tests make wrong ones."""

from typing import Annotated, Any, Protocol

from isthmus.core import (
    FINANCIAL,
    PERSONAL,
    App,
    Event,
    Gateway,
    Message,
    Money,
    Publisher,
    Records,
    Refusal,
    Undo,
    contract,
    days,
    endpoint,
    handles,
    hours,
    schedule,
    stream,
    topic,
    wait_for,
    workflow,
)


class Order(Message, identity="id", subject="client"):
    id: str
    client: str
    name: Annotated[str, PERSONAL]
    amount: Annotated[Money, FINANCIAL]


class Held(Message):
    amount: Money


class Placed(Message):
    order: str


class Tick(Message):
    symbol: str


class Nothing(Message):
    day: str


class Verdict(Event):
    good: bool


class Closed(Refusal):
    rule: str


class Rates(Protocol):
    def rate(self, currency: str) -> int: ...


class Venue(Gateway[Order, Held], Protocol):
    pass


class Bank(Gateway[Order, Held], Protocol):
    pass


@contract()
def release(undo: Undo[Order, Held]) -> None:
    """Give back what was held."""


@contract(undone_by=release, refuses=[Closed])
def hold(order: Order) -> Held:
    """Hold the amount."""


@contract(final=True, unit="books")
def book(order: Order) -> Placed:
    """Book it for good."""


@contract(refuses=[Closed])
def place(order: Order) -> Placed:
    """Place an order."""


@contract(final=True)
def tell(placed: Placed) -> None:
    """Tell somebody."""


@contract(final=True)
def watch(tick: Tick) -> None:
    """Look at a tick."""


@contract(final=True)
def sweep(nothing: Nothing) -> None:
    """Sweep the floor."""


@contract(final=True)
def keep(verdict: Verdict) -> None:
    """Keep a late verdict."""


@workflow(place)
async def place_flow(order: Order) -> Placed:
    await hold(order)
    await wait_for(Verdict, key=order.id, within=days(1))
    return await book(order)


@handles(hold)
def hold_in_records(order: Order, held: Records[Held], rates: Rates) -> Held:
    return Held(amount=order.amount)


@handles(release)
def release_in_records(undo: Undo[Order, Held], held: Records[Held]) -> None:
    held.remove(undo.input.id)


@handles(book)
def book_and_publish(order: Order, placed: Publisher[Placed]) -> Placed:
    return Placed(order=order.id)


@handles(tell)
def tell_nobody(placed: Placed) -> None:
    pass


@handles(watch)
def watch_nothing(tick: Tick) -> None:
    pass


@handles(sweep)
def sweep_nothing(nothing: Nothing) -> None:
    pass


@handles(keep)
def keep_nothing(verdict: Verdict) -> None:
    pass


RIGHT: dict[str, Any] = {
    "fulfils": [
        *(place_flow, hold_in_records, release_in_records, book_and_publish),
        *(tell_nobody, watch_nothing, sweep_nothing, keep_nothing),
    ],
    "topics": [topic("orders.placed", Placed, key="order", subscribers=[tell])],
    "streams": [stream("ticks", Tick, key="symbol", into=watch)],
    "schedules": [schedule("sweep", every=hours(1), starts=sweep, message=Nothing(day="today"))],
    "endpoints": [endpoint("POST", "/orders", starts=place)],
    "late_events": {Verdict: keep},
}


class FixedRates:
    def rate(self, currency: str) -> int:
        return 1


def desk(*, bound: bool = True, **changes: Any) -> App:
    """Return the app, with some of its parts exchanged."""
    app = App("desk", **(RIGHT | changes))
    if bound:
        app.bind(Rates, FixedRates, secrets=["token"], hosts=["rates.example"], countries=["IE"])
    return app


def without(*left_out: Any) -> list[Any]:
    """Return what fulfils the app, but for some."""
    return [one for one in RIGHT["fulfils"] if one not in left_out]
