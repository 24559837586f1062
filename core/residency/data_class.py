"""The classes of data that a field may carry, and that residency rules speak of."""

from __future__ import annotations

import msgspec


class DataClass(msgspec.Struct, frozen=True):
    """Name a class of data; put it on a field as `Annotated[str, PERSONAL]`."""

    name: str


PERSONAL = DataClass("personal")
"""About a living person: sealed under that person's key everywhere outside a handler."""

FINANCIAL = DataClass("financial")
"""Money, holdings and orders of a client."""

CONFIDENTIAL = DataClass("confidential")
"""Business secrets that are about no person: limits, models, counterparties' terms."""

MARKET = DataClass("market")
"""Prices and reference data, often under a licence that names places of use."""
