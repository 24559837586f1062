"""Two sides that play the same scenes: the laptop's engine, and a rehearsal of Azure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import text
from stand import app

from isthmus.adapters.azure.package import write_package
from isthmus.adapters.azure.rehearsal import Rehearsal
from isthmus.adapters.local.engine import Engine
from isthmus.adapters.runtime.clock import MovedClock
from isthmus.adapters.runtime.runs import run_id_of
from isthmus.adapters.sql.database import Database
from isthmus.core.composition import Composition

OPENING = datetime(2026, 1, 5, 9, tzinfo=UTC)
COMPOSITION = app.load()


class Side(Protocol):
    """Play a scene."""

    database: Database

    def open(self) -> None: ...
    def close(self) -> None: ...
    def admit(self, contract: str, message: dict[str, Any]) -> None: ...
    def answer(self, key: str, words: str, event_id: str) -> None: ...
    def move(self, duration: timedelta) -> None: ...


class Laptop:
    def __init__(self, folder: Path, url: str, composition: Composition = COMPOSITION) -> None:
        self.clock = MovedClock(OPENING)
        self.database = Database.open(url)
        self.engine = Engine(composition, self.database, folder=folder, clock=self.clock)

    def open(self) -> None:
        self.engine.open()

    def close(self) -> None:
        self.engine.close()
        self.database.close()

    def admit(self, contract: str, message: dict[str, Any]) -> None:
        self.engine.start(contract, json.dumps(message).encode())
        self.engine.settle()

    def answer(self, key: str, words: str, event_id: str) -> None:
        self.engine.send("Answer", key=key, message=json.dumps({"text": words}).encode(), event_id=event_id)
        self.engine.settle()

    def move(self, duration: timedelta) -> None:
        self.clock.move(duration)
        self.engine.settle()


class Azure:
    def __init__(
        self,
        folder: Path,
        url: str,
        *,
        own_process: bool = False,
        composition: Composition = COMPOSITION,
        package: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.database = Database.open(url)
        self.url, self.folder = url, folder
        if package is None:
            package = folder / "package"
            write_package("stand:app", composition, package)
        self.rehearsal = Rehearsal(
            package,
            composition,
            url,
            folder=folder,
            clock=MovedClock(OPENING),
            own_process=own_process,
            settings=settings,
        )

    def open(self) -> None:
        self.rehearsal.__enter__()

    def close(self) -> None:
        self.rehearsal.__exit__()
        self.database.close()

    def admit(self, contract: str, message: dict[str, Any]) -> None:
        started = self.rehearsal.begin(contract, json.dumps(message).encode(), actor="test", on_behalf_of="test")
        started.result()
        self.rehearsal.settle()

    def answer(self, key: str, words: str, event_id: str) -> None:
        status, _ = self.rehearsal.send("Answer", key, json.dumps({"text": words}).encode(), event_id)
        assert status == 202
        self.rehearsal.settle()

    def move(self, duration: timedelta) -> None:
        self.rehearsal.move(duration)


@contextmanager
def both(folder_of: Callable[[str], Path]) -> Iterator[tuple[Laptop, Azure]]:
    """Open both sides, each on a database of its own; the worker is a process of its own."""
    folders = [folder_of(name) for name in ("laptop", "azure")]
    urls = [f"sqlite:///{folder / 'isthmus.db'}" for folder in folders]
    laptop, azure = Laptop(folders[0], urls[0]), Azure(folders[1], urls[1], own_process=True)
    laptop.open()
    azure.open()
    yield laptop, azure
    laptop.close()
    azure.close()


def play(laptop: Side, azure: Side, scene: Callable[[Any, str], None], contract: str, status: str) -> None:
    """Play a scene on both sides, which come to the same status by the same journal."""
    run_id = run_of(contract, scene.__name__)
    for side in (laptop, azure):
        scene(side, scene.__name__)

    assert [status_of(side, run_id) for side in (laptop, azure)] == [status, status]
    assert journal_of(laptop, run_id)
    assert journal_of(azure, run_id) == journal_of(laptop, run_id)


def run_of(contract: str, identity: str) -> str:
    return run_id_of(contract, identity)


def status_of(side: Side, run_id: str) -> str:
    with side.database.engine.connect() as connection:
        return str(connection.execute(text("select status from run where run_id = :run"), {"run": run_id}).scalar())


def journal_of(side: Side, run_id: str) -> Counter[tuple[str, ...]]:
    """Return the entries of a run and of its children, times and hosts aside."""
    statement = text(
        "select run_id, step, kind, subject from journal where run_id = :run "
        "or run_id in (select run_id from run where parent_run = :run)"
    )
    with side.database.engine.connect() as connection:
        return Counter(tuple(map(str, row)) for row in connection.execute(statement, {"run": run_id}))
