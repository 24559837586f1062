"""`isthmus journal`: everything that was asked, decided and done, for people and for programs."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from isthmus.adapters.cli.output import counted, say, say_json, say_table
from isthmus.adapters.cli.project import database_option
from isthmus.adapters.cli.targets import cloud_of, target_option, views_on
from isthmus.core.errors import NotFound

if TYPE_CHECKING:
    from isthmus.adapters.sql.views import EntryView, Views

SHOWN_MAX = 2_000


def selection[F: Any](function: F) -> F:
    """Add `--order` and `--run` to a command."""
    order = click.option("--order", metavar="ID", help="All runs whose message has this identity.")
    return order(click.option("--run", metavar="RUN", help="One run, by its id or its first characters.")(function))


@click.group()
def journal() -> None:
    """Show or export the journal. Both work beside a running engine, and what is personal stays sealed."""


@journal.command()
@database_option
@target_option
@selection
def show(database_url: str | None, target: str, order: str | None, run: str | None) -> None:
    """Show the entries of an order or a run: who, on whose behalf, what, when, before and after."""
    if order is None and run is None:
        raise click.UsageError("name an --order or a --run; `isthmus journal export` writes everything")
    from isthmus.adapters.cli.shown import ENTRY_COLUMNS, entry_row  # noqa: PLC0415

    with views_on(cloud_of(target), database_url) as views:
        entries = list(_entries(views, order, run))
    say_table(ENTRY_COLUMNS, [entry_row(entry) for entry in entries[:SHOWN_MAX]])
    hidden = len(entries) - SHOWN_MAX
    say(
        counted(len(entries), "entry", "entries")
        + (f", {hidden:,} of them not shown: export them" if hidden > 0 else "")
    )


@journal.command()
@database_option
@target_option
@selection
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "csv"]),
    default="json",
    show_default=True,
    help="JSON: one object a line. CSV: one row an entry, bodies as JSON.",
)
def export(database_url: str | None, target: str, order: str | None, run: str | None, form: str) -> None:
    """Write the entries of an order, of a run, or all there are, in the order they were written."""
    from isthmus.adapters.sql.shown import plain  # noqa: PLC0415

    with views_on(cloud_of(target), database_url) as views:
        entries = _entries(views, order, run)
        if form == "json":
            for entry in entries:
                say_json(plain(entry))
        else:
            _write_csv(entries)


def _entries(views: Views, order: str | None, run: str | None) -> Iterator[EntryView]:
    if order is not None and run is not None:
        raise click.UsageError("name an --order or a --run, not both")
    if order is not None and not views.runs_of_identity(order):
        raise NotFound(
            "no run has this identity", place=f"order {order!r}", instead="`isthmus workflows list` shows them"
        )
    return views.journal(run_id=run, identity=order)


def _write_csv(entries: Iterator[EntryView]) -> None:
    import msgspec  # noqa: PLC0415  # bodies are JSON within the cells

    from isthmus.adapters.sql.shown import plain  # noqa: PLC0415
    from isthmus.adapters.sql.views import EntryView  # noqa: PLC0415

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(EntryView.__struct_fields__)
    for entry in entries:
        row = plain(entry)
        for name in ("before", "after"):
            row[name] = "" if row[name] is None else msgspec.json.encode(row[name]).decode()
        writer.writerow(_harmless(str(value)) for value in row.values())


def _harmless(cell: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula."""
    return "'" + cell if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
