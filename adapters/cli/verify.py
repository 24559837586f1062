"""`isthmus verify`: hold an app's handlers and workflows to what every app must keep, and to their contracts' laws."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING

import click

from isthmus.adapters.cli.extras import require
from isthmus.adapters.cli.faults import SOURCE
from isthmus.adapters.cli.output import counted, say, say_json, say_table
from isthmus.adapters.cli.project import app_option, composition_of

if TYPE_CHECKING:
    from isthmus.adapters.local.verification import Report

VERBOSE = "isthmus.verbose"
TEXT_CHARACTERS_MAX = 800


@click.command()
@app_option
@click.option(
    "--examples", default=10, show_default=True, type=click.IntRange(1, 10_000), help="Messages drawn for each law."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(app_reference: str | None, examples: int, as_json: bool) -> int:  # noqa: FBT001  # click passes it
    """Check what every app must keep, and the laws of its contracts, with drawn messages, repetitions and crashes.

    Everything runs in temporary databases with the ports that are bound for the laptop. Exits with 1 when a law is
    broken, and shows the smallest message for which it is. A handler that fails for a message breaks no law by that:
    what the message presupposes may not be there (see @prepares and samples). It is named with the message, the error
    and the place, and laws that no other message says anything about are listed as not judged. More --examples look
    harder and take longer. What handlers log is shown with `isthmus --verbose verify` alone.
    """
    require("testing", "verify")
    composition = composition_of(app_reference)
    from isthmus.adapters.local.verification import verify as checked  # noqa: PLC0415  # imports Hypothesis

    with _quiet(unless=click.get_current_context().meta.get(VERBOSE, False)):
        report = checked(composition, examples=examples)
    if as_json:
        say_json({"kept": report.kept, **{name: getattr(report, name) for name in report.__struct_fields__}})
    else:
        _say(report)
    return 0 if report.kept else SOURCE


@contextmanager
def _quiet(*, unless: bool) -> Iterator[None]:
    """Keep logs and warnings away: handlers are made to fail on purpose, hundreds of times."""
    if unless:
        yield
        return
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_CHARACTERS_MAX else f"{text[:TEXT_CHARACTERS_MAX]}… (--json shows all)"


def _say(report: Report) -> None:
    broken = {(breach.contract, breach.law) for breach in report.breaches}
    counts = [
        (contract, str(sum(1 for _ in laws)), ", ".join(law for name, law in sorted(broken) if name == contract) or "-")
        for contract, laws in groupby(sorted(report.checked), key=lambda checked: checked[0])
    ]
    say_table(["contract", ">laws", "broken"], counts)
    for breach in report.breaches:
        problem, example = _cut(breach.problem), _cut(breach.example)
        say(f"\n{breach.contract}: {breach.law.replace('_', ' ')}\n  {problem}\n  for {example}")
    for one in report.failures:
        say(f"\n{one.contract} fails\n  {_cut(one.problem)}\n  for {_cut(one.example)}")
    reasons = sorted({(contract, why) for contract, _, why in report.unjudged})
    for contract, why in reasons:
        laws = [law for name, law, reason in report.unjudged if (name, reason) == (contract, why)]
        say(f"\n{contract}: not judged, because {why}\n  " + "\n  ".join(laws))
    failing = {one.contract for one in report.failures}
    summary = [
        f"{counted(len(report.checked), 'law')} checked",
        f"{len(broken)} broken" if broken else "none broken" if report.unjudged else "all kept",
        *([f"{len(report.unjudged)} not judged"] if report.unjudged else []),
        *([f"{counted(len(failing), 'handler')} {'fails' if len(failing) == 1 else 'fail'}"] if failing else []),
    ]
    say(f"\napp {report.app}: {', '.join(summary)}")
