"""What the venue on paper promises: real prices, one answer for one reference, and the faults of real venues."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from isthmus.adapters.venues.paper import (
    LOST_ANSWERS,
    VOLUME_SHARE,
    PaperVenue,
    ReferenceUsed,
    VenueSilent,
    loses_answer,
)
from isthmus.contracts.execution import VenueBust, VenueOrder
from isthmus.contracts.market import Currency, Isin
from isthmus.contracts.orders import Side

IBM = Isin("US4592001014")
CLOSE, VOLUME = Decimal("202.91"), 3_308_300
HEARD = next(name for name in map(str, range(100)) if not loses_answer(name))
LOST = next(name for name in map(str, range(1000)) if loses_answer(name))


def asked(**fields: Any) -> VenueOrder:
    made: dict[str, Any] = {
        "instrument": IBM,
        "side": Side.BUY,
        "quantity": 100,
        "limit": None,
        "currency": Currency("USD"),
        "trading_date": date(2013, 3, 1),
    }
    return VenueOrder(**{**made, **fields})


def test_an_order_is_filled_at_the_price_of_the_day(venue: PaperVenue) -> None:
    report = venue.call(HEARD, asked())

    assert (report.last_qty, report.avg_px, report.reason) == (100, CLOSE, "filled")


def test_a_large_order_is_filled_up_to_a_share_of_the_volume(venue: PaperVenue) -> None:
    assert venue.call(HEARD, asked(quantity=10**6)).last_qty == VOLUME // VOLUME_SHARE


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"instrument": Isin("US0000000000")}, "unknown_instrument"),
        ({"currency": Currency("EUR")}, "wrong_currency"),
        ({"trading_date": date(1990, 1, 1)}, "no_price"),
        ({"limit": CLOSE - Decimal("0.01")}, "limit_not_reached"),
        ({"limit": CLOSE + Decimal("0.01"), "side": Side.SELL}, "limit_not_reached"),
        ({"quantity": 0}, "no_liquidity"),
    ],
)
def test_nothing_is_filled_and_the_reason_is_told(venue: PaperVenue, fields: dict[str, Any], reason: str) -> None:
    report = venue.call(HEARD, asked(**fields))

    assert (report.last_qty, report.reason) == (0, reason)


@pytest.mark.parametrize("side", list(Side))
def test_a_limit_that_is_just_reached_is_filled(venue: PaperVenue, side: Side) -> None:
    assert venue.call(HEARD, asked(limit=CLOSE, side=side)).last_qty == 100


def test_a_repeated_reference_is_refused_and_can_be_inquired(venue: PaperVenue) -> None:
    report = venue.call(HEARD, asked())

    with pytest.raises(ReferenceUsed):
        venue.call(HEARD, asked(quantity=7))
    assert venue.inquire(HEARD, asked()) == report


def test_a_lost_answer_is_found_by_inquiring(venue: PaperVenue) -> None:
    with pytest.raises(VenueSilent):
        venue.call(LOST, asked())

    found = venue.inquire(LOST, asked())
    assert found is not None
    assert found.last_qty == 100


def test_one_answer_in_twenty_five_is_lost() -> None:
    lost = sum(loses_answer(f"reference {number}") for number in range(4000))

    assert 0.5 * 4000 / LOST_ANSWERS < lost < 1.5 * 4000 / LOST_ANSWERS


def test_a_reference_that_never_arrived_has_no_answer(venue: PaperVenue) -> None:
    assert venue.inquire("never", asked()) is None


def test_a_bust_takes_the_fill_back(venue: PaperVenue) -> None:
    venue.call(HEARD, asked())

    assert venue.call("bust", VenueBust(reference=HEARD)).last_qty == 100
    found = venue.inquire(HEARD, asked())
    assert found is not None
    assert (found.last_qty, found.reason) == (0, "busted")
    with pytest.raises(ReferenceUsed):
        venue.call("bust", VenueBust(reference=HEARD))


def test_a_bust_of_an_order_that_never_arrived_keeps_it_from_being_filled_later(venue: PaperVenue) -> None:
    assert venue.call("bust", VenueBust(reference=HEARD)).last_qty == 0

    with pytest.raises(ReferenceUsed):
        venue.call(HEARD, asked())


def test_the_venue_remembers_when_it_is_opened_again(venue: PaperVenue, reopened: Callable[[], PaperVenue]) -> None:
    report = venue.call(HEARD, asked())
    again = reopened()

    assert again.inquire(HEARD, asked()) == report
    again.close()
