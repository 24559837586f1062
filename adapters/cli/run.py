"""`isthmus run`: the main job. FIX orders go through the brokerage's flow, and the day is summed up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from isthmus.adapters.cli.faults import INPUT, SOURCE
from isthmus.adapters.cli.output import counted, say, say_json, say_table
from isthmus.adapters.cli.project import app_of, app_option, database_of, database_option, loaded

if TYPE_CHECKING:
    from isthmus.adapters.cli.intake import Report

ORDERS_FILE: Final = "orders-priced.fix"
REASONS_SHOWN_MAX: Final = 15


@click.command()
@app_option
@database_option
@click.option(
    "--orders",
    "orders_files",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Files of FIX 4.2 or 4.4 messages, or - for standard input. Default: those of the trading day.",
)
@click.option(
    "--day",
    "day_folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="accounts.csv, positions.csv and instruments.csv to begin with; prices.csv and verdicts.csv if it has them. "
    "Default: the trading day that comes with Isthmus.",
)
@click.option(
    "--strict/--lenient",
    "strict",
    default=True,
    help="Refuse every deviation from FIX (default), or forgive those that change no meaning, and record each.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the summary.")
@click.argument("more_files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
def run(
    app_reference: str | None,
    database_url: str | None,
    orders_files: tuple[Path, ...],
    day_folder: Path | None,
    strict: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
    more_files: tuple[Path, ...],
) -> int:
    """Put the orders of FIX files through the brokerage, and sum up the day.

    Accounts are opened first. Files are streamed, however large. Everything is in the database as it happens: stopped
    at any instant, the same command goes on; run again, it changes nothing and says so. A message that cannot be read
    is refused by the rule it breaks, and journaled. Exits with 1 when an order waits for a person or the books do not
    balance, with 3 when a message could not be read; the rest of the day is done all the same.
    """
    from isthmus.adapters.cli.intake import Day, readable  # noqa: PLC0415  # the brokerage is slow to import
    from isthmus.adapters.venues.day_ports import bind_day  # noqa: PLC0415

    day = Day.load(day_folder, [*orders_files, *more_files], default=ORDERS_FILE)
    readable(day.files)
    app = app_of(app_reference)
    if day_folder is not None:
        bind_day(app, day_folder)
    report = day.run(loaded(app, app_reference), database_of(database_url), strict=strict, quiet=as_json)
    if as_json:
        say_json(report.as_json())
    else:
        say_report(report)
    if not report.is_well:
        return SOURCE
    return INPUT if report.unreadable else 0


def say_report(report: Report) -> None:
    """Print the summary of a day."""
    _say_orders(report)
    _say_messages(report)
    _say_holdings(report)
    books = report.books
    say(
        f"\nBooks: {'balanced' if books.balanced else 'NOT BALANCED'}: {counted(books.accounts, 'account')}, "
        f"{counted(books.transfers, 'transfer')}, {counted(books.commodities, 'commodity', 'commodities')}"
    )
    say(f"Journal: {counted(report.journal_entries, 'entry', 'entries')}, {report.journal_new:,} of them new")
    _say_stages(report)
    say(
        f"\n{counted(report.received, 'order')} in {report.seconds:.1f} s: "
        f"{report.orders_per_second:,.0f} orders per second. Database: {report.database}"
    )
    if not report.changed:
        say("Nothing changed: every one of these orders had been worked on before.")
    if report.unfinished:
        verb = "is" if report.unfinished == 1 else "are"
        say(f"{counted(report.unfinished, 'order')} {verb} not finished: the same command goes on from there.")
    if report.outcomes.orders["dead"]:
        say("Orders wait for a person: isthmus dead-letters list")


def _say_orders(report: Report) -> None:
    outcomes = report.outcomes.counted()
    rows = [
        (name.replace("_", " "), f"{number:,}") for name, number in outcomes.items() if number or name == "received"
    ]
    say_table(["orders", ">"], rows)
    reasons = report.outcomes.reasons.most_common(REASONS_SHOWN_MAX)
    if reasons:
        say()
        say_table(["reason", ">orders"], [(reason, f"{number:,}") for reason, number in reasons])
    hidden = len(report.outcomes.reasons) - len(reasons)
    if hidden > 0:
        say(f"  … and {counted(hidden, 'reason')} more (--json shows all)")


def _say_messages(report: Report) -> None:
    rows = [("forgiven: " + name, f"{number:,}") for name, number in sorted(report.forgiven.items())]
    rows += [("skipped: " + name, f"{number:,}") for name, number in sorted(report.skipped.items())]
    if report.repeated:
        rows.append(("the same order again", f"{report.repeated:,}"))
    if rows:
        say()
        say_table(["messages", ">"], rows)
    for line in report.examples:
        say(f"  {line}")
    if report.would_be_forgiven:
        say(f"  {report.would_be_forgiven:,} of the refused messages broke a rule that --lenient may forgive")


def _say_holdings(report: Report) -> None:
    say()
    rows = [(one.account, *report.written(one.held)) for one in report.holdings]
    hidden = report.client_accounts - len(report.holdings)
    rows.append((f"all {report.client_accounts:,}", *report.written(report.totals)))
    say_table(["account", "cash", "positions"], rows)
    if hidden > 0:
        say(f"  … and {counted(hidden, 'account')} more")


def _say_stages(report: Report) -> None:
    rows = [
        (name, f"{timing.count:,}", f"{timing.seconds:.2f}", f"{1000 * timing.seconds / timing.count:.2f}")
        for name, timing in sorted(report.timings.items(), key=lambda item: -item[1].seconds)
        if timing.count
    ]
    if rows:
        say()
        say_table(["stage", ">times", ">seconds", ">ms each"], rows)
