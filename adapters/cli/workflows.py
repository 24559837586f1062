"""`isthmus workflows`: runs, how they stand, and an operator's order to take one back."""

from __future__ import annotations

import click

from isthmus.adapters.cli.output import counted, say, say_json, say_table
from isthmus.adapters.cli.project import app_option, composition_of, database_of, database_option
from isthmus.adapters.cli.start import ACTOR
from isthmus.adapters.cli.targets import (
    Cloud,
    cloud_of,
    cloud_option,
    host_on,
    say_whether_told,
    target_option,
    views_on,
)

STATUSES = (
    *("started", "running", "completed", "taking_back", "refused"),
    *("failed", "timed_out", "cancelled", "taken_back", "stuck"),
)


@click.group()
def workflows() -> None:
    """List, show and cancel runs. Listing and showing work beside a running engine."""


@workflows.command("list")
@database_option
@target_option
@click.option("--status", type=click.Choice(STATUSES), help="Only runs with this status.")
@click.option("--contract", help="Only runs of this contract.")
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="How many, the newest first."
)
@click.option("--after", metavar="RUN", help="Go on after this run.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def list_runs(
    database_url: str | None,
    target: str,
    status: str | None,
    contract: str | None,
    limit: int,
    after: str | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """List runs, the newest first."""
    from isthmus.adapters.cli.shown import RUN_COLUMNS, run_row  # noqa: PLC0415
    from isthmus.adapters.sql.shown import plain  # noqa: PLC0415

    with views_on(cloud_of(target), database_url) as views:
        runs = views.runs(status=status, contract=contract, limit=limit, after=after)
        counts = views.counts()
    if as_json:
        say_json([plain(run) for run in runs])
        return
    say_table(RUN_COLUMNS, [run_row(run) for run in runs])
    total = ", ".join(f"{number:,} {name}" for name, number in counts.runs.items()) or "no runs"
    say(f"{total}; {counted(counts.dead_letters, 'dead letter')}")


@workflows.command("show")
@database_option
@cloud_option
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show_run(
    database_url: str | None,
    cloud: Cloud | None,
    run: str,
    as_json: bool,  # noqa: FBT001  # click passes it
) -> None:
    """Show RUN: what was asked, what its steps recorded, and how it stands. The first characters of its id suffice.

    With --target azure or google its orchestration or execution is shown beside it, as the cloud knows it.
    """
    from isthmus.adapters.cli.shown import STEP_COLUMNS, body_text, moment_text, step_row  # noqa: PLC0415
    from isthmus.adapters.sql.shown import plain  # noqa: PLC0415

    with views_on(cloud, database_url) as views:
        found = views.run(run)
        steps = views.steps(found.run_id)
    instances, unknown = cloud.instances(found) if cloud is not None else ([], "")
    if as_json:
        there = {"instances": [plain(one) for one in instances]} if cloud is not None else {}
        say_json({**plain(found), "steps": [plain(step) for step in steps], **there})
        return
    say(f"run {found.run_id} of {found.contract}, version {found.version[:RUN_VERSION]}")
    say(f"  identity  {found.identity}")
    say(f"  status    {found.status}{f' ({found.ending})' if found.ending else ''}")
    say(f"  asked by  {found.actor} on behalf of {found.on_behalf_of}")
    say(f"  started   {moment_text(found.started_at)}, ended {moment_text(found.ended_at)}")
    say(f"  input     {body_text(found.input, 400)}")
    say(f"  outcome   {body_text(found.outcome, 400)}")
    for one in instances:
        since = "" if one.updated_at is None else f", since {moment_text(one.updated_at)}"
        say(f"  instance  {one.instance_id} is {one.status}{since}")
    if unknown:
        say(f"  instance  not known: {unknown}")
    say_table(STEP_COLUMNS, [step_row(step) for step in steps])


RUN_VERSION = 12


@workflows.command()
@app_option
@database_option
@cloud_option
@click.argument("run")
@click.option("--actor", default=ACTOR, show_default=True, help="Who orders it, for the journal.")
def cancel(app_reference: str | None, database_url: str | None, cloud: Cloud | None, run: str, actor: str) -> None:
    """Cancel RUN: what it did is taken back."""
    if cloud is not None:
        _cancel_on(cloud, app_reference, database_url, run, actor)
        return
    from isthmus.adapters.cli.engines import engine_or_operations, views_of  # noqa: PLC0415

    composition = composition_of(app_reference)
    url = database_of(database_url)
    with views_of(url) as views:
        run_id = views.run(run).run_id
    with engine_or_operations(composition, url) as engine:
        engine.cancel(run_id, actor=actor)
        if hasattr(engine, "settle"):
            engine.settle(timeout_seconds=60)
    with views_of(url) as views:
        say(f"run {run_id} is {views.run(run_id).status}")


def _cancel_on(cloud: Cloud, app_reference: str | None, database_url: str | None, run: str, actor: str) -> None:
    """Fence the run in its database; what carries it on takes it back when it has been told."""
    with host_on(cloud, composition_of(app_reference), database_url, "workflows cancel") as host:
        from isthmus.adapters.runtime import operating  # noqa: PLC0415
        from isthmus.adapters.sql.views import Views  # noqa: PLC0415

        with Views(host.database) as views:
            run_id = views.run(run).run_id
        operating.cancel(host, run_id, actor=actor)
        say(f"run {run_id} is cancelled: what it did is taken back")
        say_whether_told(cloud, told=cloud.tell(host), what=f"its {cloud.carrier} is told")
