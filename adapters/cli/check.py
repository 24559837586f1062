"""`isthmus check`: load an app, and print every problem with what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from isthmus.adapters.cli.faults import SOURCE
from isthmus.adapters.cli.output import counted, say, say_json, say_table
from isthmus.adapters.cli.project import app_of, app_option, loaded

if TYPE_CHECKING:
    from isthmus.core.composition import Composition


@click.command()
@app_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: app, ok, problems, workflows.")
def check(app_reference: str | None, as_json: bool) -> int:  # noqa: FBT001  # click passes it
    """Check an app as every backend will, and print every problem with what to write instead.

    Exits with 1 when there are problems.
    """
    from isthmus.core.app import AppRefused  # noqa: PLC0415  # no app, no import

    app = app_of(app_reference)
    try:
        composition = loaded(app, app_reference)
    except AppRefused as refused:
        if as_json:
            say_json({"app": app.name, "ok": False, "problems": refused.problems, "workflows": []})
        else:
            say("\n\n".join(refused.problems))
            say(f"\napp {app.name}: {counted(len(refused.problems), 'problem')}")
        return SOURCE
    if as_json:
        say_json({"app": app.name, "ok": True, "problems": [], "workflows": composition.blueprint.workflows})
    else:
        _say_what_is_fine(composition)
    return 0


def _say_what_is_fine(composition: Composition) -> None:
    plan = composition.blueprint
    say_table(
        ["workflow", "version", "carries", "calls", "waits for"],
        [
            (
                one.contract,
                one.version[:12],
                _earlier(composition, one.contract, one.version),
                ", ".join(one.calls),
                ", ".join(one.waits_for) or "-",
            )
            for one in plan.workflows
        ],
    )
    say()
    say_table(
        ["handler of", "effect", "undone by", "refuses", "ports"],
        [
            (
                one.contract,
                one.effect,
                one.undone_by or "-",
                ", ".join(one.refuses) or "-",
                ", ".join(one.ports) or "-",
            )
            for one in plan.functions
        ],
    )
    counts = [
        counted(len(plan.workflows), "workflow"),
        counted(len(plan.functions), "handler"),
        counted(len(plan.topics), "topic"),
        counted(len(plan.endpoints), "endpoint"),
    ]
    say(f"\napp {plan.app} is fine: {', '.join(counts)}")


def _earlier(composition: Composition, contract: str, today: str) -> str:
    return ", ".join(one[:12] for name, one in composition.versions if name == contract and one != today) or "-"
