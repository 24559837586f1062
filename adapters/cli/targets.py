"""Targets: whether a command works on this machine's engine, or on an app that runs on Azure.

    --target local     the database of this machine, and an engine of this process or the one that holds it
    --target azure     the app's database, and its task hub (`--task-hub`, or ISTHMUS_TASK_HUB)

What stands in the database is read and written there; the hub is only told. The settings are those of the app itself:
ISTHMUS_DATABASE (or `--database`), and the master key of what is personal.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from isthmus.adapters.cli.extras import require
from isthmus.adapters.cli.output import say
from isthmus.adapters.cli.project import database_of

if TYPE_CHECKING:
    from isthmus.adapters.azure.operating import InstanceView
    from isthmus.adapters.runtime.host import Host
    from isthmus.adapters.sql.views import Views
    from isthmus.core.composition import Composition

AZURE: Final = "azure"

NOT_TOLD: Final = "ISTHMUS_TASK_HUB is not set: the sweep of the app goes on with it, within a minute"


def target_option[F: Callable[..., Any]](function: F) -> F:
    """Add `--target` to a command that only looks at the database."""
    return click.option(
        "--target", type=click.Choice(["local", AZURE]), default="local", show_default=True, help="Where the app runs."
    )(function)


def hub_option[F: Callable[..., Any]](function: F) -> F:
    """Add `--target` and `--task-hub` to a command that the task hub takes part in."""
    hub = click.option(
        "--task-hub",
        metavar="ADDRESS",
        envvar="ISTHMUS_TASK_HUB",
        help="With --target azure: HOST:PORT, or https://SCHEDULER/HUB by your own identity. [ISTHMUS_TASK_HUB]",
    )
    return target_option(hub(function))


@contextmanager
def views_on(target: str, database_url: str | None) -> Iterator[Views]:
    """Read the database of a target beside whoever runs, while the block lasts."""
    if target != AZURE:
        from isthmus.adapters.cli.engines import views_of  # noqa: PLC0415  # only when it is needed

        with views_of(database_of(database_url)) as views:
            yield views
        return
    from isthmus.adapters.azure.surroundings import OperatorSettings  # noqa: PLC0415
    from isthmus.adapters.sql.views import Views  # noqa: PLC0415

    _set_database(database_url)
    database = OperatorSettings().database()
    try:
        with Views(database) as views:
            yield views
    finally:
        database.close()


@contextmanager
def host_on_azure(composition: Composition, database_url: str | None, command: str) -> Iterator[Host]:
    """Give what writes to the database of an app on Azure, while the block lasts. Raises ExtraMissing (ISTH331)."""
    require(AZURE, f"{command} --target azure")
    from isthmus.adapters.azure.surroundings import OperatorSettings, host_of  # noqa: PLC0415  # an extra
    from isthmus.adapters.cli.engines import show_log  # noqa: PLC0415
    from isthmus.adapters.runtime.host import surrounded_by  # noqa: PLC0415

    show_log(40)
    _set_database(database_url)
    with surrounded_by(OperatorSettings()):
        host = host_of(composition)
    try:
        yield host
    finally:
        host.close()


def _set_database(given: str | None) -> None:
    """Let `--database` take the place of the setting that the app has."""
    if given is not None:
        os.environ["ISTHMUS_DATABASE"] = database_of(given)


def tell_hub(host: Host, address: str | None) -> bool:
    """Tell the task hub what was written down for it; say whether there is one.

    Raises TaskHubUnavailable (ISTH362).
    """
    if not address:
        return False
    from isthmus.adapters.azure.operating import act_on_notes  # noqa: PLC0415  # an extra
    from isthmus.adapters.azure.task_hub import LEFT_TO_SWEEP, ask_hub  # noqa: PLC0415

    ask_hub(address, lambda client: act_on_notes(client, host), otherwise=LEFT_TO_SWEEP)
    return True


def say_whether_told(*, told: bool, what: str) -> None:
    """Say what the hub was told, or that the sweep will tell it."""
    say(what if told else NOT_TOLD)


def instances_on_azure(address: str | None, run_id: str) -> tuple[list[InstanceView], str]:
    """Return what the task hub has of a run, or why that is not known."""
    require(AZURE, "workflows show --target azure")
    if not address:
        return [], "ISTHMUS_TASK_HUB is not set"
    from isthmus.adapters.azure.operating import instances_of  # noqa: PLC0415  # an extra
    from isthmus.adapters.azure.task_hub import TaskHubUnavailable, ask_hub  # noqa: PLC0415

    try:
        found = ask_hub(address, lambda client: instances_of(client, run_id), otherwise="")
    except TaskHubUnavailable as fault:
        return [], fault.problem
    return found, "" if found else "the task hub has none of this run"
