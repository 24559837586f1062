"""The App that is measured: one workflow of five contracts whose handlers do nothing."""

from __future__ import annotations

from isthmus.core import App, Message, contract, handles, workflow


class Flow(Message, identity="id"):
    """Name a flow, and carry the number that every step hands on."""

    id: str
    number: int


class Number(Message):
    """Carry a number."""

    number: int


@contract(reads=True)
def go_through(flow: Flow) -> Number:
    """Go through five steps."""


@contract(reads=True)
def first(flow: Flow) -> Number:
    """Hand the number on."""


@contract(reads=True)
def second(flow: Flow) -> Number:
    """Hand the number on."""


@contract(reads=True)
def third(flow: Flow) -> Number:
    """Hand the number on."""


@contract(reads=True)
def fourth(flow: Flow) -> Number:
    """Hand the number on."""


@contract(reads=True)
def fifth(flow: Flow) -> Number:
    """Hand the number on."""


@workflow(go_through)
async def five_steps(flow: Flow) -> Number:
    """Await the five, one after the other."""
    one = await first(flow)
    two = await second(Flow(id=flow.id, number=one.number))
    three = await third(Flow(id=flow.id, number=two.number))
    four = await fourth(Flow(id=flow.id, number=three.number))
    return await fifth(Flow(id=flow.id, number=four.number))


@handles(first)
def do_first(flow: Flow) -> Number:
    """Do nothing."""
    return Number(number=flow.number)


@handles(second)
def do_second(flow: Flow) -> Number:
    """Do nothing."""
    return Number(number=flow.number)


@handles(third)
def do_third(flow: Flow) -> Number:
    """Do nothing."""
    return Number(number=flow.number)


@handles(fourth)
def do_fourth(flow: Flow) -> Number:
    """Do nothing."""
    return Number(number=flow.number)


@handles(fifth)
def do_fifth(flow: Flow) -> Number:
    """Do nothing."""
    return Number(number=flow.number)


app = App("five-steps", fulfils=[five_steps, do_first, do_second, do_third, do_fourth, do_fifth])
