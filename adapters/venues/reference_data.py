"""Reference data from files: instruments and prices, and what surveillance found.

Each adapter reads the files of its own folder, or those of the trading day that comes with Isthmus when it has none.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Final

from isthmus.adapters.venues.day_file import DayFileInvalid, TradingDay
from isthmus.adapters.venues.price_file import PriceBook
from isthmus.contracts.market import Instrument, Isin, Quote
from isthmus.contracts.orders import ClOrdId
from isthmus.core import Configuration

TRADING_DAY: Final = Path(str(files("isthmus.trading_day")))
MARKET_FILES: Final = ("prices.csv", "instruments.csv", "accounts.csv", "positions.csv")
VERDICT_COLUMNS: Final = ("sender", "cl_ord_id", "status", "rule")
REJECTED: Final = "REJECTED"


def folder_with(names: Sequence[str], configuration: Configuration) -> Path:
    """Return the adapter's own folder if it has all of the files, else the trading day's."""
    own = Path(configuration.folder)
    return own if all((own / name).is_file() for name in names) else TRADING_DAY


class FilePrices:
    """Answer from instruments.csv and prices.csv; everything is read once, and kept."""

    def __init__(self, configuration: Configuration) -> None:
        folder = folder_with(MARKET_FILES, configuration)
        self._book = PriceBook.load(folder / "prices.csv")
        self._instruments = {
            listing.isin: Instrument(isin=listing.isin, symbol=symbol, currency=listing.currency)
            for symbol, listing in TradingDay.load(folder).listings.items()
        }

    def instrument(self, isin: Isin) -> Instrument | None:
        """Return the instrument, or None when the file does not list it."""
        return self._instruments.get(isin)

    def quote(self, isin: Isin, on: date) -> Quote | None:
        """Return the last close on or before the day, or None when the file has none."""
        instrument = self._instruments.get(isin)
        day = None if instrument is None else self._book.day(instrument.symbol, on)
        if instrument is None or day is None:
            return None
        return Quote(isin=isin, currency=instrument.currency, price=day.close, volume=day.volume)


class FileSurveillance:
    """Answer from verdicts.csv, which names the trades that surveillance rejects."""

    def __init__(self, configuration: Configuration) -> None:
        self._findings = dict(_findings(folder_with(["verdicts.csv"], configuration) / "verdicts.csv"))

    def finding(self, sender: str, cl_ord_id: ClOrdId) -> str | None:
        """Return the rule that the trade broke, or None when the file does not name it."""
        return self._findings.get((sender, cl_ord_id))


def _findings(path: Path) -> list[tuple[tuple[str, str], str]]:
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines, strict=True)
            missing = [column for column in VERDICT_COLUMNS if column not in (rows.fieldnames or ())]
            if missing:
                raise DayFileInvalid(f"the header lacks {', '.join(missing)} (rule header)", place=path.name)
            return [((row["sender"], row["cl_ord_id"]), row["rule"]) for row in rows if row["status"] == REJECTED]
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise DayFileInvalid(f"cannot be read: {fault}", place=str(path)) from fault
