"""Read a file of daily prices into a book that answers for any day.

    Ticker,Date,Open,High,Low,Close,Volume,Adj Close
    AAPL,2000-03-01,118.56,132.06,118.5,130.31,9616100,4.186662803811

    book = PriceBook.load(path)
    book.close("AAPL", on=date(2000, 3, 4))       the last close on or before the day: a weekend has Friday's
    book.volume("AAPL", on=date(2000, 3, 4))      and the volume of that same day

`Close` is what was paid that day, not adjusted for splits. Rows may come in any order, each symbol and date once.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Final, Self, TextIO

from isthmus.core.errors import InputError

COLUMNS: Final = ("Ticker", "Date", "Close", "Volume")
SYMBOL: Final = re.compile(r"[A-Z0-9][A-Z0-9.\-]{0,11}")
DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
PRICE: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,8})?")
VOLUME: Final = re.compile(r"[0-9]{1,15}")
LINE_CHARACTERS_MAX: Final = 4096


class PriceFileInvalid(InputError):
    """Report a file of prices that cannot be read, or a row of it that breaks a rule."""

    code = "ISTH230"


@dataclass(frozen=True, slots=True)
class DayPrice:
    """Hold what one instrument closed at on one day, and how many were traded."""

    on: date
    close: Decimal
    volume: int


class PriceBook:
    """Answer for the last price on or before a day."""

    def __init__(self, days: Mapping[str, list[DayPrice]]) -> None:
        self._days = {symbol: tuple(sorted(found, key=lambda day: day.on)) for symbol, found in days.items()}
        self._dates = {symbol: [day.on for day in found] for symbol, found in self._days.items()}

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a price file; the first row that breaks a rule raises, and names line, field and rule."""
        days: dict[str, dict[date, DayPrice]] = {}
        for place, symbol, day in _rows(Path(path)):
            found = days.setdefault(symbol, {})
            if day.on in found:
                raise _invalid(place, "Date", f"{symbol} has {day.on} twice", "unique", "keep one row of it")
            found[day.on] = day
        return cls({symbol: list(found.values()) for symbol, found in days.items()})

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return the symbols that have prices, in order."""
        return tuple(sorted(self._days))

    def day(self, symbol: str, on: date) -> DayPrice | None:
        """Return the last day of a symbol on or before a date, or None when there is none."""
        place = bisect_right(self._dates.get(symbol, ()), on)
        return self._days[symbol][place - 1] if place else None

    def close(self, symbol: str, on: date) -> Decimal | None:
        """Return the last closing price on or before a date, or None when there is none."""
        day = self.day(symbol, on)
        return None if day is None else day.close

    def volume(self, symbol: str, on: date) -> int | None:
        """Return the volume of the last day on or before a date, or None when there is none."""
        day = self.day(symbol, on)
        return None if day is None else day.volume


def _rows(path: Path) -> Iterator[tuple[str, str, DayPrice]]:
    """Yield each row's place, symbol and prices."""
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as lines:
            rows = csv.reader(_short(lines, path.name), strict=True)
            columns = _columns(next(rows, []), path.name)
            for row in rows:
                place = f"{path.name}, line {rows.line_num}"
                if len(row) != len(columns):
                    problem = f"the row has {len(row)} fields, the header {len(columns)}"
                    raise _invalid(place, "row", problem, "field_count", "write as many fields as the header")
                cells = dict(zip(columns, row, strict=True))
                yield place, *_row(cells, place)
    except csv.Error as error:
        place = f"{path.name}, line {rows.line_num}"
        raise _invalid(
            place, "row", f"the row is not CSV: {error}", "csv", "quote fields as RFC 4180 has it"
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        instead = "name a readable file of prices"
        raise PriceFileInvalid(f"cannot be read: {reason}", place=str(path), instead=instead) from error


def _short(file: TextIO, name: str) -> Iterator[str]:
    """Yield lines, and refuse one that no row of prices can be before it fills the memory."""
    for number in count(1):
        line = file.readline(LINE_CHARACTERS_MAX)
        if not line:
            return
        if len(line) == LINE_CHARACTERS_MAX or "\0" in line:
            problem = f"the line is not a row of fewer than {LINE_CHARACTERS_MAX} characters"
            raise _invalid(f"{name}, line {number}", "row", problem, "line", "give a CSV file of daily prices")
        yield line


def _columns(header: list[str], name: str) -> list[str]:
    missing = [column for column in COLUMNS if column not in header]
    if missing or len(set(header)) != len(header):
        problem = f"the header lacks {', '.join(missing)}" if missing else "the header names a column twice"
        raise _invalid(f"{name}, line 1", "header", problem, "header", f"name each once: {', '.join(COLUMNS)}")
    return header


def _row(cells: dict[str, str], place: str) -> tuple[str, DayPrice]:
    symbol = _cell(cells, "Ticker", SYMBOL, "a symbol of 1 to 12 capital letters, digits, '.' and '-'", place)
    text = _cell(cells, "Date", DATE, "a date as 2013-03-01", place)
    try:
        on = date.fromisoformat(text)
    except ValueError:
        raise _invalid(place, "Date", f"{text} does not exist", "range", "write a date of the calendar") from None
    close = Decimal(_cell(cells, "Close", PRICE, "a price of digits and a decimal point", place))
    if close <= 0:
        raise _invalid(place, "Close", f"{close} is out of range", "range", "write a price above zero")
    return symbol, DayPrice(on, close, int(_cell(cells, "Volume", VOLUME, "a whole number", place)))


def _cell(cells: dict[str, str], column: str, pattern: re.Pattern[str], expected: str, place: str) -> str:
    text = cells[column]
    if not pattern.fullmatch(text):
        raise _invalid(place, column, f"{text[:40]!r} is not {expected}", "format", f"write {expected}")
    return text


def _invalid(place: str, field: str, problem: str, rule: str, instead: str) -> PriceFileInvalid:
    return PriceFileInvalid(f"{problem} (rule {rule})", place=f"{place}, {field}", instead=instead)
