"""Targets: whether a command works on this machine's engine, or on an app that runs in a cloud.

    --target local     the database of this machine, and an engine of this process or the one that holds it
    --target azure     the app's database, and its task hub (`--task-hub`, or ISTHMUS_TASK_HUB)
    --target google    the app's database, and its executions (`--workflows`, or ISTHMUS_WORKFLOWS)

What stands in the database is read and written there; what carries runs on in the cloud is only told. The settings are
those of the app itself: ISTHMUS_DATABASE (or `--database`), and the master key of what is personal.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

import click

from isthmus.adapters.cli.extras import require
from isthmus.adapters.cli.output import say
from isthmus.adapters.cli.project import database_of

if TYPE_CHECKING:
    from isthmus.adapters.runtime.host import Host
    from isthmus.adapters.runtime.operating import InstanceView
    from isthmus.adapters.sql.database import Database
    from isthmus.adapters.sql.views import RunView, Views
    from isthmus.core.composition import Composition

LOCAL, AZURE, GOOGLE = "local", "azure", "google"

HUB: Final = "ISTHMUS_TASK_HUB"
WORKFLOWS: Final = "ISTHMUS_WORKFLOWS"


class Cloud(Protocol):
    """Be a cloud that an app runs in, as an operator's machine reaches it."""

    name: str
    """What `--target` calls it, and the extra that brings its libraries."""

    setting: str
    """Which setting says where its engine is."""

    carrier: str
    """What carries a run on there: its orchestration, or its execution."""

    def database(self) -> Database:
        """Open the app's database."""
        ...

    def host(self, composition: Composition) -> Host:
        """Return what writes to the app's database."""
        ...

    def tell(self, host: Host) -> bool:
        """Tell the engine what was written down for it; say whether it is known where that is.

        Raises EnvironmentFault.
        """
        ...

    def instances(self, run: RunView) -> tuple[list[InstanceView], str]:
        """Return what the engine has of a run, or why that is not known."""
        ...


def target_option[F: Callable[..., Any]](function: F) -> F:
    """Add `--target` to a command that only looks at the database."""
    return click.option(
        "--target",
        type=click.Choice([LOCAL, AZURE, GOOGLE]),
        default=LOCAL,
        show_default=True,
        help="Where the app runs.",
    )(function)


def cloud_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--target`, and where a cloud's engine is, to a command that takes part in it: as `cloud`, None here."""

    @functools.wraps(function)
    def with_cloud(*given: Any, target: str, task_hub: str | None, workflows_url: str | None, **named: Any) -> Any:
        return function(*given, cloud=cloud_of(target, task_hub, workflows_url), **named)

    hub = click.option(
        "--task-hub",
        metavar="ADDRESS",
        envvar=HUB,
        help=f"With --target azure: HOST:PORT, or https://SCHEDULER/HUB by your own identity. [{HUB}]",
    )
    workflows = click.option(
        "--workflows",
        "workflows_url",
        metavar="URL",
        envvar=WORKFLOWS,
        help="With --target google: https://workflowexecutions.googleapis.com/projects/PROJECT/locations/REGION. "
        f"[{WORKFLOWS}]",
    )
    return target_option(hub(workflows(with_cloud)))


def cloud_of(target: str, task_hub: str | None = None, workflows_url: str | None = None) -> Cloud | None:
    """Return the cloud of a target; None for this machine."""
    if target == AZURE:
        from isthmus.adapters.cli.azure_target import Azure  # noqa: PLC0415  # only when it is asked for

        return Azure(task_hub)
    if target == GOOGLE:
        from isthmus.adapters.cli.google_target import Google  # noqa: PLC0415

        return Google(workflows_url)
    return None


@contextmanager
def views_on(cloud: Cloud | None, database_url: str | None) -> Iterator[Views]:
    """Read the database of a target beside whoever runs, while the block lasts."""
    if cloud is None:
        from isthmus.adapters.cli.engines import views_of  # noqa: PLC0415  # only when it is needed

        with views_of(database_of(database_url)) as views:
            yield views
        return
    from isthmus.adapters.sql.views import Views  # noqa: PLC0415

    _set_database(database_url)
    database = cloud.database()
    try:
        with Views(database) as views:
            yield views
    finally:
        database.close()


@contextmanager
def host_on(cloud: Cloud, composition: Composition, database_url: str | None, command: str) -> Iterator[Host]:
    """Give what writes to the database of an app in a cloud, while the block lasts. Raises ExtraMissing (ISTH331)."""
    require(cloud.name, f"{command} --target {cloud.name}")
    from isthmus.adapters.cli.engines import show_log  # noqa: PLC0415

    show_log(40)
    _set_database(database_url)
    host = cloud.host(composition)
    try:
        yield host
    finally:
        host.close()


def _set_database(given: str | None) -> None:
    """Let `--database` take the place of the setting that the app has."""
    if given is not None:
        os.environ["ISTHMUS_DATABASE"] = database_of(given)


def say_whether_told(cloud: Cloud, *, told: bool, what: str) -> None:
    """Say what the engine was told, or that the sweep will tell it."""
    say(what if told else f"{cloud.setting} is not set: the sweep of the app goes on with it, within a minute")
