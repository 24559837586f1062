"""Streams: records from outside reach their contract once, in order within a key."""

from __future__ import annotations

import pytest
from house import House
from stall import Price

from isthmus.core.errors import MessageInvalid, NotFound


def test_records_reach_their_contract_in_order_within_a_key(house: House) -> None:
    for price in range(20):
        house.engine.feed("prices", Price(name=f"paper {price % 2}", price=price))
    house.settle()

    assert house.records() == {"paper 0": 18, "paper 1": 19}
    assert house.kinds()["answered"] == 20


def test_records_that_were_fed_before_a_crash_arrive_after_it(house: House) -> None:
    house.engine.abandon()
    house.beside().feed("prices", Price(name="paper", price=7))
    house.open()
    house.settle()

    assert house.records() == {"paper": 7}


def test_a_bad_record_costs_nothing(house: House) -> None:
    with pytest.raises(NotFound):
        house.engine.feed("rices", Price(name="paper", price=7))
    with pytest.raises(MessageInvalid):
        house.engine.feed("prices", b'{"name": "paper", "price": "7"}')

    assert house.kinds() == {"rejected": 2}
