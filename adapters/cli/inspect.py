"""`isthmus inspect`: each workflow as the program that it became, and the Blueprint that adapters read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from isthmus.adapters.cli.output import say, say_json, say_table
from isthmus.adapters.cli.project import app_option, composition_of
from isthmus.core.errors import NotFound

if TYPE_CHECKING:
    from isthmus.core.blueprint import Blueprint
    from isthmus.core.composition import Composition


@click.command()
@app_option
@click.argument("workflow", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: programs, and the whole Blueprint.")
def inspect(app_reference: str | None, workflow: str | None, as_json: bool) -> None:  # noqa: FBT001  # click passes it
    """Show each workflow (or the one of the contract WORKFLOW) step by step, with the lines of its source.

    Without WORKFLOW the Blueprint follows: what is deployed together, what reaches it, what it needs.
    """
    composition = composition_of(app_reference)
    names = _names(composition, workflow)
    if as_json:
        programs = {name: composition.programs[name] for name in names}
        say_json({"programs": programs, "blueprint": composition.blueprint})
        return
    from isthmus.core.program.explain import explain  # noqa: PLC0415  # only here

    for name in names:
        say(explain(composition.programs[name]).rstrip("\n"))
        say()
    if workflow is None:
        _say_blueprint(composition.blueprint)


def _names(composition: Composition, workflow: str | None) -> list[str]:
    if workflow is None:
        return list(composition.programs)
    if workflow not in composition.programs:
        known = ", ".join(composition.programs) or "it has none"
        raise NotFound(
            f"app {composition.name} has no workflow of {workflow}", place="WORKFLOW", instead=f"name one of: {known}"
        )
    return [workflow]


def _say_blueprint(plan: Blueprint) -> None:
    placed = [(one.unit, one.contract) for one in plan.functions]
    placed += [(one.unit, one.contract) for one in plan.workflows]
    say_table(
        ["unit", "contracts"],
        [(unit, _listed(contract for where, contract in placed if where == unit)) for unit in plan.units],
    )
    _say_section(
        ["topic", "message", "key", "published by", "subscribers"],
        [
            (
                one.name,
                one.message,
                one.key,
                "outside" if one.external else _listed(one.publishers),
                _listed(one.subscribers),
            )
            for one in plan.topics
        ],
    )
    _say_section(
        ["stream", "record", "key", "into"], [(one.name, one.message, one.key, one.into) for one in plan.streams]
    )
    _say_section(
        ["schedule", ">every (s)", "starts"],
        [(one.name, f"{one.every_seconds:g}", one.starts) for one in plan.schedules],
    )
    _say_section(["endpoint", "starts"], [(f"{one.method} {one.path}", one.starts) for one in plan.endpoints])
    _say_section(["event", "when late"], list(plan.late_events))
    _say_section(
        ["port", "kind", "on", "bound to", "secrets", "hosts", "countries"],
        [
            (
                one.port,
                one.kind,
                one.backend or "every backend",
                one.implementation,
                _listed(one.secrets),
                _listed(one.hosts),
                _listed(one.countries),
            )
            for one in plan.ports
        ],
    )


def _say_section(columns: list[str], rows: list[tuple[str, ...]]) -> None:
    if rows:
        say()
        say_table(columns, rows)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "-"
