"""What a price file answers, and what it refuses by line, field and rule."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.adapters.venues.price_file import DayPrice, PriceBook, PriceFileInvalid

HEADER = "Ticker,Date,Open,High,Low,Close,Volume,Adj Close"
ROW = "IBM,2013-03-01,200.65,202.94,199.36,202.91,3308300,175.27118333217"


def written(folder: Path, *lines: str) -> Path:
    path = folder / "prices.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_a_close_is_the_last_one_on_or_before_the_day(trading_day: Path) -> None:
    book = PriceBook.load(trading_day / "prices.csv")

    assert book.symbols == ("AAPL", "FB", "GOOG", "IBM", "MSFT")
    assert book.close("IBM", date(2013, 3, 1)) == Decimal("202.91")
    assert book.close("IBM", date(2013, 3, 3)) == Decimal("202.91")
    assert book.volume("IBM", date(2013, 3, 3)) == 3_308_300
    assert book.close("IBM", date(2000, 1, 1)) is None
    assert book.volume("IBM", date(2000, 1, 1)) is None
    assert book.close("NONE", date(2013, 3, 1)) is None


@given(
    st.lists(st.integers(min_value=0, max_value=60), unique=True, max_size=20),
    st.integers(min_value=-5, max_value=70),
)
def test_a_book_agrees_with_a_search_through_every_day(offsets: list[int], asked: int) -> None:
    start = date(2013, 1, 1)
    days = [DayPrice(start + timedelta(days=offset), Decimal(offset + 1), offset) for offset in offsets]
    on = start + timedelta(days=asked)

    expected = max((day for day in days if day.on <= on), key=lambda day: day.on, default=None)

    assert PriceBook({"X": days}).day("X", on) == expected


def test_rows_may_come_in_any_order(tmp_path: Path) -> None:
    book = PriceBook.load(
        written(tmp_path, HEADER, ROW, ROW.replace("2013-03-01", "2013-02-28").replace("202.91", "200.83"))
    )

    assert (book.close("IBM", date(2013, 2, 28)), book.close("IBM", date(2013, 3, 2))) == (
        Decimal("200.83"),
        Decimal("202.91"),
    )


@pytest.mark.parametrize(
    ("lines", "place", "rule"),
    [
        ([], "line 1, header", "header"),
        (["Ticker,Date,Open"], "line 1, header", "header"),
        ([HEADER + ",Close"], "line 1, header", "header"),
        ([HEADER, ROW, "IBM,2013-03-04"], "line 3, row", "field_count"),
        ([HEADER, ROW, ROW], "line 3, Date", "unique"),
        ([HEADER, ROW.replace("IBM", "i b m")], "line 2, Ticker", "format"),
        ([HEADER, ROW.replace("2013-03-01", "03/01/2013")], "line 2, Date", "format"),
        ([HEADER, ROW.replace("2013-03-01", "2013-02-30")], "line 2, Date", "range"),
        ([HEADER, ROW.replace("202.91", "0.00")], "line 2, Close", "range"),
        ([HEADER, ROW.replace("202.91", "-1")], "line 2, Close", "format"),
        ([HEADER, ROW.replace("202.91", "NaN")], "line 2, Close", "format"),
        ([HEADER, ROW.replace("202.91", "")], "line 2, Close", "format"),
        ([HEADER, ROW.replace("3308300", "3.3e6")], "line 2, Volume", "format"),
        ([HEADER, ROW.replace("3308300", "9" * 30)], "line 2, Volume", "format"),
        ([HEADER, '"IBM"x' + ROW[3:]], "line 2, row", "csv"),
        ([HEADER, "x" * 10_000], "line 2, row", "line"),
        ([HEADER, ROW + "\0"], "line 2, row", "line"),
    ],
)
def test_a_bad_row_is_refused_by_line_field_and_rule(lines: list[str], place: str, rule: str, tmp_path: Path) -> None:
    with pytest.raises(PriceFileInvalid) as raised:
        PriceBook.load(written(tmp_path, *lines))

    assert raised.value.place == f"prices.csv, {place}"
    assert raised.value.problem.endswith(f"(rule {rule})")
    assert raised.value.instead


def test_a_byte_that_is_not_utf8_is_refused_by_line(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_bytes(f"{HEADER}\n{ROW}\n".encode().replace(b"IBM", b"IB\xff"))

    with pytest.raises(PriceFileInvalid) as raised:
        PriceBook.load(path)

    assert raised.value.place == "prices.csv, line 2, Ticker"


@pytest.mark.parametrize("name", ["missing.csv", ".", "\0"])
def test_a_file_that_cannot_be_read_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(PriceFileInvalid, match="cannot be read"):
        PriceBook.load(f"{tmp_path}/{name}")


@given(st.binary(max_size=400) | st.text("\n,\"'IBM2013-0.\r\0", max_size=200).map(str.encode))
def test_no_file_raises_anything_but_an_error_of_ours(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, suppress(PriceFileInvalid):
        file = Path(folder) / "prices.csv"
        file.write_bytes(f"{HEADER}\n{ROW}\n".encode() + content)

        PriceBook.load(file)
