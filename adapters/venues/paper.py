"""A venue on paper: it fills at the day's closing price, and fails as real venues do.

    filled            up to a share of the day's volume: what is larger is filled in part, the rest is cancelled
    nothing filled    unknown_instrument, wrong_currency, no_price, limit_not_reached, no_liquidity
    answer lost       the fill stands and the venue says nothing: one reference in twenty-five, always the same ones
    refused           a reference that was used before: venues reject it, they do not repeat their answer

What happens follows from the reference and the request alone, so every run of a day ends alike. The venue keeps its own
file, which outlives the process that calls it, as a real venue would.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Final

from isthmus.adapters.venues.reference_data import FilePrices
from isthmus.contracts.execution import VenueBust, VenueOrder, VenueReport
from isthmus.contracts.market import Prices
from isthmus.contracts.orders import Side
from isthmus.core import Configuration, EnvironmentFault

VOLUME_SHARE: Final = 2_000
"""One order is filled up to this part of the day's volume."""

LOST_ANSWERS: Final = 25
"""Of so many references, the answer to one is lost."""

SCHEMA: Final = """
create table if not exists report (
    reference text primary key, last_qty integer not null, avg_px text not null, reason text not null
) without rowid
"""
FIND: Final = "select last_qty, avg_px, reason from report where reference = ?"
KEEP: Final = "insert or ignore into report values (?, ?, ?, ?)"
BUST: Final = "update report set last_qty = 0, reason = 'busted' where reference = ?"
ZERO: Final = Decimal(0)


class VenueSilent(EnvironmentFault):
    """Report that the venue did not answer. It may have acted: inquire."""

    code = "ISTH340"


class ReferenceUsed(EnvironmentFault):
    """Report that the venue knows the reference, and has acted on it before."""

    code = "ISTH341"


class PaperVenue:
    """Fill orders from the price file, once for each reference; safe to call from several threads."""

    def __init__(self, configuration: Configuration) -> None:
        folder = Path(configuration.folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._prices: Prices = FilePrices(configuration)
        self._lock = Lock()
        self._file = sqlite3.connect(folder / "paper-venue.db", isolation_level=None, check_same_thread=False)
        self._file.execute("pragma journal_mode = wal")
        self._file.execute("pragma synchronous = off")
        self._file.execute(SCHEMA)

    def call(self, reference: str, request: VenueOrder | VenueBust) -> VenueReport:
        """Fill an order or bust a fill. Raises ReferenceUsed, and VenueSilent when its answer is lost."""
        with self._lock, self._transaction():
            report = self._report(request)
            if not self._keep(reference, report):
                raise ReferenceUsed(f"reference {reference} was used before", instead="inquire what came of it")
            if isinstance(request, VenueBust):
                self._bust(request.reference)
        if isinstance(request, VenueOrder) and loses_answer(reference):
            raise VenueSilent(f"no answer for reference {reference}", instead="inquire what came of it")
        return report

    def inquire(self, reference: str, request: VenueOrder | VenueBust) -> VenueReport | None:  # noqa: ARG002
        """Return what was answered for the reference, or None when it never arrived."""
        with self._lock:
            return self._find(reference)

    def close(self) -> None:
        """Close the venue's file."""
        with self._lock:
            self._file.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._file.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._file.execute("rollback")
            raise
        self._file.execute("commit")

    def _report(self, request: VenueOrder | VenueBust) -> VenueReport:
        if isinstance(request, VenueOrder):
            return fill(request, self._prices)
        busted = self._find(request.reference)
        return VenueReport(
            last_qty=busted.last_qty if busted else 0, avg_px=busted.avg_px if busted else ZERO, reason="busted"
        )

    def _bust(self, reference: str) -> None:
        """Bust what was filled, and keep the reference of an order that has not arrived yet from being filled."""
        if not self._keep(reference, VenueReport(last_qty=0, avg_px=ZERO, reason="busted")):
            self._file.execute(BUST, (reference,))

    def _keep(self, reference: str, report: VenueReport) -> bool:
        row = (reference, report.last_qty, str(report.avg_px), report.reason)
        return self._file.execute(KEEP, row).rowcount == 1

    def _find(self, reference: str) -> VenueReport | None:
        row = self._file.execute(FIND, (reference,)).fetchone()
        return None if row is None else VenueReport(last_qty=row[0], avg_px=Decimal(row[1]), reason=row[2])


def loses_answer(reference: str) -> bool:
    """Say whether the answer for a reference is lost."""
    return int.from_bytes(sha256(reference.encode()).digest()[:4]) % LOST_ANSWERS == 0


def fill(order: VenueOrder, prices: Prices) -> VenueReport:
    """Say what is filled of an order: at the day's price, within its limit, up to a share of the day's volume."""
    instrument = prices.instrument(order.instrument)
    quote = prices.quote(order.instrument, order.trading_date)
    if instrument is None:
        return _nothing("unknown_instrument")
    if instrument.currency != order.currency:
        return _nothing("wrong_currency")
    if quote is None:
        return _nothing("no_price")
    if order.limit is not None and not _reached(order.side, order.limit, quote.price):
        return _nothing("limit_not_reached")
    quantity = min(order.quantity, quote.volume // VOLUME_SHARE)
    if quantity <= 0:
        return _nothing("no_liquidity")
    return VenueReport(last_qty=quantity, avg_px=quote.price, reason="filled")


def _reached(side: Side, limit: Decimal, price: Decimal) -> bool:
    return price <= limit if side is Side.BUY else price >= limit


def _nothing(reason: str) -> VenueReport:
    return VenueReport(last_qty=0, avg_px=ZERO, reason=reason)
