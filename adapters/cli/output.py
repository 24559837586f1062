"""What commands print: tables on a terminal, aligned plain text elsewhere, JSON where it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import msgspec

NUMERIC_MARK = ">"
"""A column whose heading begins with this mark is set flush right."""


def printable(text: str) -> str:
    """Replace control characters, so that no input from outside can steer the terminal that shows it."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)


def say(text: str = "") -> None:
    """Print a line to standard output."""
    sys.stdout.write(printable(text) + "\n")


def complain(text: str) -> None:
    """Print a line to standard error."""
    sys.stderr.write(printable(text) + "\n")


def say_json(value: Any) -> None:
    """Print a value as one JSON object."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 order`, `2 orders`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def on_terminal() -> bool:
    """Say whether standard output is a terminal."""
    return sys.stdout.isatty()


def say_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str = "") -> None:
    """Print rows under headings, and nothing at all when there are none."""
    if not rows:
        return
    cells = [[printable(str(cell)) for cell in row] for row in rows]
    if on_terminal():
        _rich_table(columns, cells, title)
    else:
        _plain_table(columns, cells, title)


def _heading(column: str) -> str:
    return column.removeprefix(NUMERIC_MARK)


def _plain_table(columns: Sequence[str], cells: Sequence[Sequence[str]], title: str) -> None:
    if title:
        sys.stdout.write(title + "\n")
    lines = [[_heading(column) for column in columns], *cells]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        padded = [
            cell.rjust(width) if column.startswith(NUMERIC_MARK) else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        ]
        sys.stdout.write(("  " + "  ".join(padded)).rstrip() + "\n")


def _rich_table(columns: Sequence[str], cells: Sequence[Sequence[str]], title: str) -> None:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415  # only on a terminal
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(title=title or None, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(_heading(column), justify="right" if column.startswith(NUMERIC_MARK) else "left")
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
