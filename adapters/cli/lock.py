"""`isthmus lock`: keep the versions of workflows that may have live runs, with their sources, like migrations."""

from __future__ import annotations

from pathlib import Path

import click

from isthmus.adapters.cli.output import counted, say
from isthmus.adapters.cli.project import app_of, app_option, composition_of, database_of, database_option, module_of
from isthmus.core.errors import InputError, NotFound


class VersionInUse(InputError):
    """Report a version that may not be dropped, because there are runs of it or there may be."""

    code = "ISTH270"


@click.command()
@app_option
@database_option
@click.option("--check", is_flag=True, help="Write nothing; fail when a workflow changed and is not locked.")
@click.option(
    "--drop",
    nargs=2,
    metavar="CONTRACT VERSION",
    help="Take a version off the lock; refused while --database has live runs of it.",
)
def lock(
    app_reference: str | None,
    database_url: str | None,
    check: bool,  # noqa: FBT001  # click passes it
    drop: tuple[str, str] | None,
) -> None:
    """Add today's version of every workflow to workflows.lock, and keep its source in workflows.kept/.

    Runs go on by the version that they began with, as long as the lock lists it. Commit both. The lock stands beside
    the pyproject.toml of the app's module, else beside that module.

    Exits with 1 when the lock is not what it should be, with 3 when a version has live runs.
    """
    from isthmus.adapters.runtime import workflows_lock  # noqa: PLC0415  # no app, no import

    if check and drop:
        raise click.UsageError("--check writes nothing: use it without --drop")
    if drop:
        _drop(app_reference, *drop, database_url)
        return
    if check:
        composition = composition_of(app_reference)
        workflows_lock.hold_to_lock(composition, workflows_lock.home_of(module_of(app_reference)))
        say(f"{workflows_lock.LOCK} lists today's version of every workflow.")
        return
    app = app_of(app_reference)
    folder = workflows_lock.home_of(module_of(app_reference))
    added = workflows_lock.update_lock(app, folder)
    for contract, version in added:
        say(f"locked {contract} {version}")
    say(f"{_near(folder / workflows_lock.LOCK)}: {len(added)} new, and the earlier ones can be loaded.")


def _near(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _drop(app_reference: str | None, contract: str, version: str, database_url: str | None) -> None:
    from isthmus.adapters.cli.engines import views_of  # noqa: PLC0415
    from isthmus.adapters.runtime.workflows_lock import LOCK, drop_version, home_of, read_tables  # noqa: PLC0415

    app = app_of(app_reference)
    folder = home_of(module_of(app_reference))
    place = str(folder / LOCK)
    locked = read_tables(folder).get(app.name, {}).get(contract, [])
    found = [one for one in locked if version and one.startswith(version)]
    if len(found) != 1:
        raise NotFound(
            f"{version!r} names {len(found) or 'no'} versions of {contract}",
            place=place,
            instead=f"name one of: {', '.join(locked)}" if locked else f"it lists none; see: {LOCK}",
        )
    today = app.load().programs.get(contract)
    if today is not None and today.version == found[0]:
        raise VersionInUse(
            f"{found[0]} is what the workflow of {contract} is today, and runs begin with it",
            place=place,
            instead="drop it when the workflow has changed and its runs have ended",
        )
    with views_of(database_of(database_url)) as views:
        live = views.live_runs(contract, found[0])
    if live:
        raise VersionInUse(
            f"{counted(live, 'live run')} of {contract} began with version {found[0]}",
            place=place,
            instead="let them end, or cancel them; see: isthmus workflows list",
        )
    drop_version(app.name, folder, contract, found[0])
    say(f"dropped {contract} {found[0]}: the database has no live run of it")
