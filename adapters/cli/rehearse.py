"""`isthmus rehearse`: run the trading day as a cloud would, and hold its journal against the laptop's."""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from isthmus.adapters.cli.engines import show_log
from isthmus.adapters.cli.extras import require
from isthmus.adapters.cli.faults import INPUT, SOURCE
from isthmus.adapters.cli.output import complain, counted, say, say_table
from isthmus.adapters.cli.project import app_option, composition_of, reference_of
from isthmus.adapters.cli.run import ORDERS_FILE
from isthmus.core.errors import InputError

if TYPE_CHECKING:
    from isthmus.adapters.azure.rehearsal import Rehearsal
    from isthmus.adapters.cli.intake import Day, Desk
    from isthmus.adapters.gcp.rehearsal import Rehearsal as GoogleRehearsal
    from isthmus.adapters.sql.database import Database
    from isthmus.core.composition import Composition

SOON: Final = timedelta(minutes=1)
"""A timer that comes so soon is one of a retry: it is waited for."""

AFTERWARDS: Final = timedelta(hours=1)
"""How long the clock is moved once everything has come to rest, so that what waits is timed out."""

SETTLE_SECONDS: Final = 600
LOOK_SECONDS: Final = 0.02
DIFFERENCES_SHOWN_MAX: Final = 20

JOURNAL: Final = "select run_id, step, kind, subject from journal"

type Entries = Counter[tuple[str, str, str, str]]
type OnCloud = Callable[[str, Composition, Day, Path], tuple[Entries, int]]


@click.group()
def rehearse() -> None:
    """Run the trading day as another backend would, and compare."""


def orders_option[F: Callable[..., Any]](function: F) -> F:
    """Add `--orders` to a command that rehearses."""
    return click.option(
        "--orders",
        "orders_files",
        multiple=True,
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Files of FIX 4.2 or 4.4 messages. Default: those of the trading day.",
    )(function)


@rehearse.command()
@app_option
@orders_option
def azure(app_reference: str | None, orders_files: tuple[Path, ...]) -> int:
    """Run the day in Azure's worker library and an in-memory task hub, and compare its journal with the laptop's.

    The folder that `isthmus package azure` writes is what runs. Entries are compared by run, place, kind and subject;
    times and hosts are left out. Exits with 1 when the journals differ, with 3 when a message could not be read.
    """
    require("azure", "rehearse azure")
    return _compare("azure", app_reference, orders_files, _on_azure)


@rehearse.command()
@app_option
@orders_option
@click.option("--serve", is_flag=True, help="Have functions-framework listen on ports of this machine.")
def google(app_reference: str | None, orders_files: tuple[Path, ...], serve: bool) -> int:  # noqa: FBT001
    """Run the day as compiled workflows in the interpreter, and compare its journal with the laptop's.

    The workflows that `isthmus compile` prints are what runs, against the App within functions-framework. Entries are
    compared by run, place, kind and subject; times and hosts are left out. Exits with 1 when the journals differ,
    with 3 when a message could not be read.
    """
    require("google", "rehearse google")
    return _compare("google", app_reference, orders_files, partial(_on_google, serve=serve))


def _compare(name: str, app_reference: str | None, orders_files: tuple[Path, ...], on_cloud: OnCloud) -> int:
    """Run a day on the laptop and as a cloud would, and say whether the journals are the same."""
    show_log(logging.ERROR)
    from isthmus.adapters.cli.intake import Day, readable  # noqa: PLC0415  # the brokerage is slow to import

    if Path("-") in orders_files:
        raise click.UsageError("a rehearsal reads the orders twice, and standard input once: name a file")
    day = Day.load(None, orders_files, default=ORDERS_FILE)
    readable(day.files)
    composition = composition_of(app_reference)
    with tempfile.TemporaryDirectory(prefix="isthmus-") as folder:
        (laptop, unreadable), here = _timed(lambda: _on_laptop(composition, day, Path(folder) / "laptop"))
        (cloud, _), there = _timed(lambda: on_cloud(reference_of(app_reference), composition, day, Path(folder) / name))
    width = max(len("laptop"), len(name)) + 1
    say(f"{'laptop:':{width}} {laptop.total():,} journal entries in {here:.1f} s")
    say(f"{f'{name}:':{width}} {cloud.total():,} journal entries in {there:.1f} s")
    if laptop != cloud:
        _say_differences(name, laptop, cloud)
        return SOURCE
    say("The journals are the same, times and hosts aside.")
    if unreadable:
        complain(f"{counted(unreadable, 'message')} could not be read: `isthmus run` says why")
        return INPUT
    return 0


def _timed[T](work: Callable[[], T]) -> tuple[T, float]:
    begun = time.perf_counter()
    return work(), time.perf_counter() - begun


def _say_differences(name: str, laptop: Entries, cloud: Entries) -> None:
    rows = [("laptop", *entry) for entry in sorted((laptop - cloud).elements())]
    rows += [(name, *entry) for entry in sorted((cloud - laptop).elements())]
    say_table(["only on", "run", "place", "kind", "subject"], rows[:DIFFERENCES_SHOWN_MAX])
    say(f"The journals differ in {len(rows):,} entries.")


def _on_laptop(composition: Composition, day: Day, folder: Path) -> tuple[Entries, int]:
    from isthmus.adapters.local.engine import Engine  # noqa: PLC0415
    from isthmus.adapters.runtime.clock import HurriedClock  # noqa: PLC0415

    clock = HurriedClock()
    with _database_in(folder) as (database, _), Engine(composition, database, folder=folder, clock=clock) as engine:
        unreadable = _take_in(engine, day)
        engine.settle(timeout_seconds=SETTLE_SECONDS)
        clock.move(AFTERWARDS)
        engine.settle(timeout_seconds=SETTLE_SECONDS)
        return _entries(database), unreadable


def _on_azure(reference: str, composition: Composition, day: Day, folder: Path) -> tuple[Entries, int]:
    from isthmus.adapters.azure.package import write_package  # noqa: PLC0415  # an extra
    from isthmus.adapters.azure.rehearsal import Rehearsal  # noqa: PLC0415
    from isthmus.adapters.runtime.clock import HurriedClock  # noqa: PLC0415

    with _database_in(folder) as (database, url):
        package = folder / "package"
        write_package(reference, composition, package)
        with Rehearsal(package, composition, url, folder=folder, clock=HurriedClock()) as rehearsal:
            with _AzureDesk(rehearsal, database) as desk:
                unreadable = _take_in(desk, day)
            rehearsal.settle(timeout_seconds=SETTLE_SECONDS)
            rehearsal.move(AFTERWARDS)
        return _entries(database), unreadable


def _on_google(
    _reference: str, composition: Composition, day: Day, folder: Path, *, serve: bool
) -> tuple[Entries, int]:
    from isthmus.adapters.gcp.rehearsal import Rehearsal  # noqa: PLC0415  # an extra

    now = datetime.now(UTC).replace(microsecond=0)
    with (
        _database_in(folder) as (database, url),
        Rehearsal(composition, url, folder=folder, beginning=now, serve=serve) as rehearsal,
    ):
        unreadable = _take_in(_GoogleDesk(rehearsal, database), day)
        rehearsal.move(AFTERWARDS)
        return _entries(database), unreadable


@contextmanager
def _database_in(folder: Path) -> Iterator[tuple[Database, str]]:
    from isthmus.adapters.sql.database import Database  # noqa: PLC0415

    folder.mkdir()
    url = f"sqlite:///{folder / 'isthmus.db'}"
    database = Database.open(url)
    try:
        yield database, url
    finally:
        database.close()


def _take_in(desk: Desk, day: Day) -> int:
    """Put a day's orders in, and return how many messages could not be read."""
    from isthmus.adapters.cli.intake import Intake, Report  # noqa: PLC0415
    from isthmus.adapters.cli.progress import Progress  # noqa: PLC0415
    from isthmus.adapters.venues.fix_message import Mode  # noqa: PLC0415

    report = Report(database=desk.database.name)
    intake = Intake(desk, day.beginning, report, Mode.STRICT)
    intake.open_accounts()
    with Progress(quiet=True) as progress:
        for name in day.files:
            intake.read(name, progress)
        intake.finish()
    return report.unreadable


def _entries(database: Database) -> Entries:
    from sqlalchemy import text  # noqa: PLC0415

    with database.engine.connect() as connection:
        return Counter(
            (str(run), str(step), str(kind), str(subject))
            for run, step, kind, subject in connection.execute(text(JOURNAL))
        )


class _AzureDesk:
    """Take orders in for a rehearsal: each is started as its endpoint would, and watched until it has ended."""

    def __init__(self, rehearsal: Rehearsal, database: Database) -> None:
        self.composition = rehearsal.composition
        self.database = database
        self._rehearsal = rehearsal
        self._watched: dict[str, Callable[[], None]] = {}
        self._starting = 0
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="desk", daemon=True)

    def __enter__(self) -> _AzureDesk:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._closed.set()
        self._thread.join()

    def ask(self, contract: str, message: Any, *, key: str) -> Any:
        """Ask one handler's contract alone."""
        return self._rehearsal.ask(contract, message, key=key)

    def submit(
        self, contract: str, message: Any, *, actor: str, on_behalf_of: str, ended: Callable[[], None]
    ) -> Future[str]:
        """Start a run, and watch it."""
        with self._lock:
            self._starting += 1
        future = self._rehearsal.begin(contract, message, actor=actor, on_behalf_of=on_behalf_of)

        def started(done: Future[str]) -> None:
            with self._lock:
                self._starting -= 1
                if done.exception() is None:
                    self._watched[done.result()] = ended

        future.add_done_callback(started)
        return future

    @property
    def in_flight(self) -> int:
        """Say whether anything is under way."""
        return self._starting + (not self._rehearsal.is_idle)

    def _watch(self) -> None:
        while not self._closed.wait(LOOK_SECONDS):
            with self._lock:
                over = [run_id for run_id in self._watched if self._rehearsal.hub.has_ended(run_id)]
                calls = [self._watched.pop(run_id) for run_id in over]
            for call in calls:
                call()


class _GoogleDesk:
    """Take orders in for a rehearsal: each is started as its endpoint would, and goes as far as it can."""

    def __init__(self, rehearsal: GoogleRehearsal, database: Database) -> None:
        self.composition = rehearsal.composition
        self.database = database
        self._rehearsal = rehearsal

    @property
    def in_flight(self) -> int:
        """Say that nothing is under way between two orders."""
        return 0

    def ask(self, contract: str, message: Any, *, key: str) -> Any:
        """Ask one handler's contract alone."""
        answer = self._rehearsal.ask(contract, message, key=key)
        self._rehearsal.settle(patience=SOON)
        return answer

    def submit(
        self, contract: str, message: Any, *, actor: str, on_behalf_of: str, ended: Callable[[], None]
    ) -> Future[str]:
        """Start a run, and carry it on until it has ended or waits."""
        future: Future[str] = Future()
        try:
            run_id = self._rehearsal.begin(contract, message, actor=actor, on_behalf_of=on_behalf_of)
            self._rehearsal.settle(patience=SOON)
        except InputError as error:
            future.set_exception(error)
        else:
            future.set_result(run_id)
            ended()
        return future
