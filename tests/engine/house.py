"""An engine in its house: opened, killed and opened again on one database, with a clock that is moved by hand."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text
from stall import STALL, Stall

from isthmus.adapters.local.engine import Engine
from isthmus.adapters.runtime.clock import MovedClock
from isthmus.adapters.runtime.operations import Operations
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.schema import METADATA
from isthmus.adapters.sql.views import RunView, Views
from isthmus.core.composition import Composition
from isthmus.core.testing import Crash

OPENING = datetime(2026, 1, 5, 9, tzinfo=UTC)
SETTLE_SECONDS = 20


class Dying:
    """Crash once, at the named point of the named step; the point after so many others when none is named."""

    def __init__(self, point: str = "", step: str = "", number: int = 1) -> None:
        self.passed: list[tuple[str, str]] = []
        self._point = point
        self._step = step
        self._number = number

    def __call__(self, point: str, _run_id: str, step: str) -> None:
        """Pass a point, or die there."""
        self.passed.append((point, step))
        if (self._point in ("", point)) and (self._step in ("", step)):
            self._number -= 1
            if self._number == 0:
                raise Crash(f"{point} of {step}")


class House:
    """Hold an engine, its database, its clock, and the stall that it works for."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.stall = Stall()
        self.plan = self.stall.plan
        self.clock = MovedClock(OPENING)
        self.database = Database.open(url, migrate=False)
        self.engine: Engine
        self.open()

    def open(self, composition: Composition = STALL, faults: Callable[[str, str, str], None] | None = None) -> Engine:
        """Open an engine; the one before must be closed."""
        self.engine = Engine(composition, self.database, folder=self.folder, clock=self.clock, faults=faults)
        self.engine.open()
        return self.engine

    def reopen(self, composition: Composition = STALL, faults: Callable[[str, str, str], None] | None = None) -> None:
        """End the engine as a process that is killed, and open another."""
        self.engine.abandon()
        self.open(composition, faults)

    def close(self) -> None:
        """End everything."""
        self.engine.close()
        self.database.close()

    def beside(self, composition: Composition = STALL) -> Operations:
        """Return the operations of another process."""
        return Operations(composition, Database.open(self.url, migrate=False), folder=self.folder, clock=self.clock)

    def settle(self) -> None:
        """Let everything go as far as it can without time passing."""
        self.engine.settle(timeout_seconds=SETTLE_SECONDS)

    def move(self, duration: timedelta) -> None:
        """Let time pass, and everything go as far as it can."""
        self.clock.move(duration)
        self.settle()

    def run(self, contract: str, message: Any) -> RunView:
        """Start a run, let everything go as far as it can, and return how it stands."""
        run_id = self.engine.start(contract, message, actor="tester")
        self.settle()
        return self.view(run_id)

    def say(self, key: str, words: str, event_id: str | None = None) -> str:
        """Send a word, let everything go as far as it can, and return what became of it."""
        how = self.engine.send("Word", key=key, message=json.dumps({"text": words}).encode(), event_id=event_id)
        self.settle()
        return how

    def crash(self, contract: str, message: Any, faults: Dying) -> RunView:
        """Start a run, die at the named point, open another engine, and return how the run stands then."""
        self.reopen(faults=faults)
        self.dies(lambda: self.engine.start(contract, message, actor="tester"))
        self.reopen()
        run_id = self.engine.start(contract, message, actor="tester")
        self.settle()
        return self.view(run_id)

    def dies(self, call: Callable[[], object]) -> None:
        """Make a call during which, or after which, the engine dies."""
        try:
            call()
            self.settle()
        except Crash:
            return
        raise AssertionError("nothing died")

    def view(self, run_id: str) -> RunView:
        """Return how a run stands."""
        return self.engine.view(run_id)

    def until(self, happened: Callable[[], object], seconds: float = SETTLE_SECONDS) -> None:
        """Wait until something that another thread or process does has happened."""
        deadline = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.01)

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query, or change something by hand."""
        with self.database.engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []

    def records(self) -> dict[str, Any]:
        """Return what handlers keep: texts of things, and counts."""
        bodies = {key: json.loads(bytes(body)) for key, body in self.rows("select key, body from record")}
        return {key: body.get("text", body.get("count", body)) for key, body in bodies.items()}

    def journal(self, run_id: str) -> list[tuple[str, str]]:
        """Return the (step, kind) of a run's own entries, in the order they were written."""
        rows = self.rows("select step, kind from journal where run_id = :run order by sequence", run=run_id)
        return [(step, kind) for step, kind in rows]

    def kinds(self) -> Counter[str]:
        """Count the journal's entries by kind."""
        return Counter(kind for (kind,) in self.rows("select kind from journal"))

    def steps(self, run_id: str) -> dict[str, str]:
        """Return the state of each recorded step."""
        with Views(self.database) as views:
            return {step.step: step.state for step in views.steps(run_id)}

    def letters(self) -> list[tuple[int, str, str, str]]:
        """Return (number, kind, step, subject) of the dead letters that wait for a person."""
        with Views(self.database) as views:
            return [(one.dead_letter_id, one.kind, one.step, one.subject) for one in views.dead_letters()]

    def replay(self) -> None:
        """Have a person see to every dead letter, and let everything go as far as it can."""
        for number, *_ in self.letters():
            self.engine.replay(number, actor="a person")
        self.settle()

    def statuses(self, contract: str) -> list[str]:
        """Return how the runs of a contract stand."""
        found = self.rows("select status from run where contract = :it order by started_at, run_id", it=contract)
        return [status for (status,) in found]


def everything_in(database: Database, do: str = "select * from") -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of every table of ours, or do something else with each table."""
    with database.engine.begin() as connection:
        found = {}
        for table in reversed(METADATA.sorted_tables):
            result = connection.execute(text(f'{do} "{table.name}"'))
            found[table.name] = [tuple(row) for row in result] if result.returns_rows else []
        return found


def answer(view: RunView) -> Any:
    """Return what a run ended with."""
    return json.loads(view.outcome or b"null")
