"""What type checkers must infer of every await: nothing here runs, it only has to type-check."""

from typing import assert_type

from isthmus.core import (
    App,
    Configuration,
    Event,
    Message,
    Publisher,
    Records,
    Refusal,
    TimedOut,
    Undo,
    contract,
    each,
    endpoint,
    gather,
    handles,
    hours,
    minutes,
    sleep,
    topic,
    wait_for,
    workflow,
)


class Order(Message, identity="id"):
    """Ask for a quantity of an item."""

    id: str
    item: str
    quantity: int


class Reserved(Message):
    """Say where the item waits."""

    shelf: str


class Paid(Message):
    """Say what was paid, and how."""

    amount: int


class Shipped(Message):
    """Say how the item travels."""

    parcel: str


class Delivered(Event):
    """Say that the parcel arrived."""

    parcel: str
    signed: bool


class OutOfStock(Refusal):
    """Refuse an order for want of the item."""

    item: str


@contract()
def release(undo: Undo[Order, Reserved]) -> None:
    """Put the item back."""
    ...


class Closed(Refusal):
    """Refuse an order after hours."""


@contract(undone_by=release, refuses=[OutOfStock, Closed])
def reserve(order: Order) -> Reserved:
    """Take the item from its shelf."""
    ...


@contract(reads=True, refuses=[OutOfStock, Closed])
def price(order: Order) -> Paid:
    """Say what the order costs."""
    ...


@contract(final=True)
def note(order: Order) -> None:
    """Write the order down."""
    ...


@contract(refuses=[Closed, OutOfStock])
def ship(order: Order) -> Shipped:
    """Ship the order: a sub-workflow."""
    ...


@contract(refuses=(Closed, OutOfStock))
def sell(order: Order) -> Shipped:
    """Sell what was ordered."""
    ...


@workflow(ship)
async def ship_flow(order: Order) -> Shipped:
    """Await the other contracts of the shop."""
    assert_type(await price(order), Paid)
    return Shipped(parcel=order.id)


@workflow(sell)
async def sell_flow(order: Order) -> Shipped:
    """Await everything that can be awaited."""
    assert_type(order.quantity, int)
    assert_type(await reserve(order), Reserved)
    await note(order)
    assert_type(await gather(reserve(order), price(order)), tuple[Reserved, Paid])
    assert_type(await gather(reserve(order), price(order), ship(order)), tuple[Reserved, Paid, Shipped])
    assert_type(await each(price, [order, order], at_most=2), list[Paid])
    assert_type(await ship(order), Shipped)
    await sleep(hours(1))
    try:
        delivered = await wait_for(Delivered, key=order.id, within=minutes(5))
    except TimedOut:
        raise OutOfStock(item=order.item) from None
    assert_type(delivered, Delivered)
    assert_type(delivered.signed, bool)
    return await ship(order)


@handles(reserve)
def reserve_in_records(order: Order, shelves: Records[Reserved], published: Publisher[Shipped]) -> Reserved:
    """Ask for two ports by their types."""
    assert_type(shelves.get(order.item), Reserved | None)
    published.publish(Shipped(parcel=order.id))
    return Reserved(shelf="a")


@handles(release)
def release_in_records(undo: Undo[Order, Reserved]) -> None:
    """Take what an undo is given."""
    assert_type(undo.input, Order)
    assert_type(undo.result, Reserved | None)


class Rates:
    """Be a port of the app's own."""

    def __init__(self, configuration: Configuration) -> None:
        self.token = configuration.secret("rates-token")


app = App(
    "shop",
    fulfils=[ship_flow, sell_flow, reserve_in_records, release_in_records],
    topics=[topic("shipped", Shipped, key="parcel")],
    endpoints=[endpoint("POST", "/orders", starts=sell)],
)
app.bind(Rates, Rates, secrets=["rates-token"], hosts=["rates.example"], countries=["IE"])
