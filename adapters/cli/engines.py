"""Databases and engines for commands: an engine of this process, or words to the one that holds the database."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from isthmus.adapters.cli.project import find_project
from isthmus.adapters.local.engine import Engine
from isthmus.adapters.runtime.clock import SystemClock
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.views import Views
from isthmus.core.errors import EngineBusy

if TYPE_CHECKING:
    from isthmus.adapters.runtime.operations import Operations
    from isthmus.core.composition import Composition


VERBOSE: Final = "isthmus.verbose"


def folder_of(database: Database) -> Path:
    """Return the folder of the key file and of what ports keep: beside the database file, else in the project."""
    if database.file is not None:
        return database.file.with_name(f"{database.file.name}.files")
    return find_project(Path.cwd()).folder / ".isthmus"


def show_log(level: int) -> None:
    """Show what engines log from a level on, with `--verbose` everything: retries are warnings of a busy day."""
    context = click.get_current_context(silent=True)
    if context is not None and context.meta.get(VERBOSE):
        level = logging.DEBUG
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    log = logging.getLogger("isthmus")
    log.handlers, log.propagate = [handler], False
    log.setLevel(level)


@contextmanager
def engine_of(composition: Composition, database_url: str, *, log_from: int = logging.ERROR) -> Iterator[Engine]:
    """Run an engine while the block lasts.

    Raises EngineBusy (ISTH302) when another process holds the database.
    """
    show_log(log_from)
    database = Database.open(database_url)
    try:
        with Engine(composition, database, folder=folder_of(database), clock=SystemClock()) as engine:
            yield engine
    finally:
        database.close()


@contextmanager
def views_of(database_url: str) -> Iterator[Views]:
    """Read beside whoever runs, while the block lasts."""
    database = Database.open(database_url, migrate=False)
    try:
        with Views(database) as views:
            yield views
    finally:
        database.close()


@contextmanager
def engine_or_operations(composition: Composition, database_url: str) -> Iterator[Engine | Operations]:
    """Run an engine while the block lasts, or give what writes to the one that holds the database."""
    from isthmus.adapters.runtime.operations import Operations  # noqa: PLC0415  # only when it is needed

    show_log(logging.ERROR)
    database = Database.open(database_url)
    try:
        engine = Engine(composition, database, folder=folder_of(database), clock=SystemClock())
        try:
            opened = engine.__enter__()
        except EngineBusy:
            yield Operations(composition, database, folder=folder_of(database))
            return
        try:
            yield opened
        finally:
            engine.__exit__(None, None, None)
    finally:
        database.close()
