"""The market: instruments and their prices, as the outside publishes them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, NewType, Protocol

from isthmus.core import MARKET, Message

Isin = NewType("Isin", str)
"""An instrument by its ISO 6166 identifier."""

Currency = NewType("Currency", str)
"""A currency by its ISO 4217 code."""


class Instrument(Message):
    """Describe what can be traded."""

    isin: Isin
    symbol: str
    currency: Currency


class Quote(Message):
    """Say what an instrument last closed at, and how many were traded that day."""

    isin: Isin
    currency: Currency
    price: Annotated[Decimal, MARKET]
    volume: Annotated[int, MARKET]


class Prices(Protocol):
    """Answer for instruments and their prices; nothing is guessed."""

    def instrument(self, isin: Isin) -> Instrument | None:
        """Return the instrument, or None when it is not known."""
        ...

    def quote(self, isin: Isin, on: date) -> Quote | None:
        """Return the last price on or before the day, or None when there is none."""
        ...
