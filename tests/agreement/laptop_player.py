"""Play cases on the laptop: the embedded engine on SQLite, a clock that goes from timer to timer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from case import Case
from showing import Shown, shown_by_database
from stage import Stage

from isthmus.adapters.local.deliveries import SweepWork
from isthmus.adapters.local.engine import Engine
from isthmus.adapters.runtime.clock import MovedClock
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.journal import moment
from isthmus.core.errors import InputError
from isthmus.core.testing import Crash

OPENING = datetime(2026, 1, 5, 9, tzinfo=UTC)


class LaptopPlayer:
    """Play one case; a process that dies is an engine that is abandoned, and another that opens."""

    def __init__(self, stage: Stage, case: Case) -> None:
        self._stage = stage
        self._case = case
        self._clock = MovedClock(OPENING)
        self._passed = 0
        self._runs: list[str] = []
        self._engine = self._opened()

    def _opened(self) -> Engine:
        database = Database.open(self._stage.url, migrate=False)
        engine = Engine(
            self._stage.composition, database, folder=self._stage.folder, clock=self._clock, faults=self._pass
        )
        engine.open()
        return engine

    def _pass(self, point: str, run_id: str, step: str) -> None:
        if self._case.fault is not None and point == self._case.fault[0]:
            self._passed += 1
            if self._passed == self._case.fault[1]:
                raise Crash(f"{point} of {step}")

    def play(self) -> Shown:
        """Do all that comes from outside, and return what that has come to."""
        for action in self._case.actions:
            self._act(action)
        self._do(lambda: self._engine.push(SweepWork(self._engine)))
        self._engine.close()
        return shown_by_database(self._engine.database, self._stage.outside)

    def _act(self, action: tuple[Any, ...]) -> None:
        match action:
            case "start", contract, message:
                body = self._stage.encoded(message)
                run_id = self._do(lambda: self._engine.start(contract, body, actor="tester"))
                if run_id not in self._runs:
                    self._runs.append(run_id)
            case "send", event, key, number, body:
                wire = self._stage.encoded(body)
                self._do(lambda: self._engine.send(event, key=key, message=wire, event_id=number, actor="http"))
            case "move", seconds:
                self._move(seconds)
            case "cancel", number:
                for run_id in self._runs[number : number + 1]:
                    self._do(lambda run_id=run_id: self._cancel(run_id))  # type: ignore[misc]
            case ("repair",):
                self._stage.repair()
            case ("replay",):
                for letter in self._letters():
                    self._do(lambda letter=letter: self._replay(letter))  # type: ignore[misc]

    def _cancel(self, run_id: str) -> None:
        with suppress(InputError):
            self._engine.cancel(run_id, actor="tester")

    def _replay(self, letter: int) -> None:
        with suppress(InputError):
            self._engine.replay(letter, actor="tester")

    def _letters(self) -> list[int]:
        return self._stage.letters(self._engine.database)

    def _move(self, seconds: int) -> None:
        """Go from timer to timer, so that nothing is late."""
        end = self._clock.now() + timedelta(seconds=seconds)
        while (due_us := self._engine._timers.next_due_us()) is not None and moment(due_us) <= end:
            self._clock.move(max(timedelta(), moment(due_us) - self._clock.now()))
            self._do(lambda: None)
        self._clock.move(end - self._clock.now())
        self._do(lambda: None)

    def _do[T](self, call: Callable[[], T]) -> T:
        while True:
            try:
                result = call()
                self._engine.settle(timeout_seconds=30)
            except Crash:
                self._engine.abandon()
                self._engine = self._opened()
            else:
                return result
