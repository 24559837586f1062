"""Clocks: the system's, and one that tests move."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The moment from which the ticks of every schedule are counted."""


def last_tick(now: datetime, every: timedelta) -> datetime:
    """Return the last tick of a schedule: the same for every engine, whenever it was opened."""
    return BEGINNING + (now - BEGINNING) // every * every


class SystemClock:
    """Tell the time of this machine."""

    moves_by_itself: Final = True

    def now(self) -> datetime:
        """Return this moment, in aware UTC."""
        return datetime.now(UTC)

    def seconds_until(self, moment: datetime) -> float | None:
        """Return how long to sleep until a moment comes."""
        return max(0.0, (moment - self.now()).total_seconds())

    def when_moved(self, wake: Callable[[], None]) -> None:
        """Do nothing: this clock moves by itself."""


class MovedClock:
    """Tell a time that stands still until it is moved."""

    moves_by_itself: Final = False

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._wake: list[Callable[[], None]] = []
        self._lock = Lock()

    def now(self) -> datetime:
        """Return the moment that the clock stands at."""
        return self._now

    def move(self, duration: timedelta) -> None:
        """Let time pass, and wake what waits for it."""
        with self._lock:
            self._now += duration
            woken = list(self._wake)
        for wake in woken:
            wake()

    def seconds_until(self, _moment: datetime) -> float | None:
        """Return None: no sleeping makes this clock move."""
        return None

    def when_moved(self, wake: Callable[[], None]) -> None:
        """Call `wake` whenever the clock was moved."""
        with self._lock:
            self._wake.append(wake)


class HurriedClock(SystemClock):
    """Tell a time that passes by itself, and can be moved on besides."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._wake: list[Callable[[], None]] = []
        self._lock = Lock()

    def now(self) -> datetime:
        """Return this machine's moment, and what it was moved by."""
        return super().now() + self._ahead

    def move(self, duration: timedelta) -> None:
        """Let time pass, and wake what waits for it."""
        with self._lock:
            self._ahead += duration
            woken = list(self._wake)
        for wake in woken:
            wake()

    def when_moved(self, wake: Callable[[], None]) -> None:
        """Call `wake` whenever the clock was moved."""
        with self._lock:
            self._wake.append(wake)
