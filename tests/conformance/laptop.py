"""The laptop: the embedded engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fair import FAIR
from requirement import SKIPS, empty, rows
from stall import Stall

from isthmus.adapters.local.engine import Engine
from isthmus.adapters.runtime.clock import MovedClock
from isthmus.adapters.sql.database import Database
from isthmus.core.testing import Crash

OPENING = datetime(2026, 1, 5, 9, 0, 30, tzinfo=UTC)


class Laptop:
    """Play scenes in this process; a process that dies is an engine that is abandoned, and another that opens."""

    name = "local"

    def __init__(self, url: str, folder: Path) -> None:
        self.skips = SKIPS[self.name]
        self.stall = Stall()
        self.database = Database.open(url, migrate=False)
        self._folder = folder
        self._clock = MovedClock(OPENING)
        self._deaths = 0
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        assert self._engine is not None
        return self._engine

    def _open(self) -> None:
        self._engine = Engine(FAIR, self.database, folder=self._folder, clock=self._clock, faults=self._pass)
        self._engine.open()

    def _pass(self, point: str, _run_id: str, step: str) -> None:
        self._deaths -= 1
        if self._deaths == 0:
            raise Crash(f"{point} of {step}")

    def ways(self, _number: int) -> Iterator[str]:
        yield "as it comes"

    def reset(self) -> None:
        if self._engine is not None:
            self._engine.close()
        empty(self.database)
        self.stall = Stall()
        self._deaths = 0
        self._clock = MovedClock(OPENING)
        self._open()

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()
        self.database.close()

    def _do[T](self, call: Callable[[], T]) -> T:
        """Do something to its end; the process that dies meanwhile is followed by another, which is asked again."""
        for _life in range(3):
            try:
                result = call()
                self.engine.settle(timeout_seconds=120)
            except Crash:
                self.engine.abandon()
                self._open()
            else:
                return result
        raise AssertionError

    def start(self, contract: str, message: Any) -> str:
        return self._do(lambda: self.engine.start(contract, message, actor="tester", on_behalf_of="a client"))

    def send(self, event: str, key: str, body: bytes, event_id: str | None) -> None:
        self._do(lambda: self.engine.send(event, key=key, message=body, event_id=event_id, actor="http"))

    def publish(self, topic: str, body: bytes) -> None:
        self._do(lambda: self.engine.publish(topic, body, actor="http"))

    def feed(self, stream: str, body: bytes) -> None:
        self._do(lambda: self.engine.feed(stream, body, actor="http"))

    def ask(self, contract: str, message: Any, key: str) -> Any:
        return self._do(lambda: self.engine.ask(contract, message, key=key, actor="http"))

    def move(self, duration: timedelta) -> None:
        self._clock.move(duration)
        self._do(lambda: None)

    def cancel(self, run_id: str) -> None:
        self._do(lambda: self.engine.cancel(run_id, actor="operator"))

    def replay_all(self) -> None:
        for (number,) in rows(self, "select dead_letter_id from dead_letter where resolved_at is null order by 1"):
            self._do(lambda number=number: self.engine.replay(number, actor="a person"))  # type: ignore[misc]

    def hurt(self, number: int) -> None:
        self._deaths = number

    def deliver_twice(self) -> None:
        raise NotImplementedError

    def left_open(self) -> list[str]:
        """Return nothing: timers of a laptop end with their run."""
        return []

    def history(self) -> bytes:
        found = b""
        for table in ("run", "inbox", "journal", "outbox", "mailbox", "dead_letter"):
            with suppress(UnicodeEncodeError):
                found += repr([tuple(map(_bytes, row)) for row in rows(self, f'select * from "{table}"')]).encode()
        return found


def _bytes(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value
