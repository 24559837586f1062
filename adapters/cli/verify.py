"""`isthmus verify`: hold an app's handlers and workflows to what every app must keep, and to their contracts' laws."""

from __future__ import annotations

from itertools import groupby

import click

from isthmus.adapters.cli.extras import require
from isthmus.adapters.cli.faults import SOURCE
from isthmus.adapters.cli.output import say, say_json, say_table
from isthmus.adapters.cli.project import app_option, composition_of


@click.command()
@app_option
@click.option(
    "--examples", default=25, show_default=True, type=click.IntRange(1, 10_000), help="Messages drawn for each law."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(app_reference: str | None, examples: int, as_json: bool) -> int:  # noqa: FBT001  # click passes it
    """Check what every app must keep, and the laws of its contracts, with drawn messages, repetitions and crashes.

    Everything runs in temporary databases with the ports that are bound for the laptop. Exits with 1 when a law is
    broken, and shows the smallest message for which it is.
    """
    require("testing", "verify")
    composition = composition_of(app_reference)
    from isthmus.adapters.local.verification import verify as checked  # noqa: PLC0415  # imports Hypothesis

    report = checked(composition, examples=examples)
    if as_json:
        say_json({"kept": report.kept, **{name: getattr(report, name) for name in report.__struct_fields__}})
        return 0 if report.kept else SOURCE
    broken = {(breach.contract, breach.law) for breach in report.breaches}
    rows = [
        (contract, str(sum(1 for _ in laws)), ", ".join(law for name, law in sorted(broken) if name == contract) or "-")
        for contract, laws in groupby(sorted(report.checked), key=lambda checked: checked[0])
    ]
    say_table(["contract", ">laws", "broken"], rows)
    for breach in report.breaches:
        say(f"\n{breach.contract}: {breach.law.replace('_', ' ')}\n  {breach.problem}\n  for {breach.example}")
    count = len(report.checked)
    say(f"\napp {report.app}: {count} laws checked, " + (f"{len(broken)} broken" if broken else "all kept"))
    return 0 if report.kept else SOURCE
