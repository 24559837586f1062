"""Timers: work that is due at a moment of the engine's clock, and can be called off before."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from isthmus.adapters.local.work import Work

SLACK = 256
"""How many moments of called off work may stay behind before they are cleared away."""


class Timers:
    """Keep work by the moment when it is due, in microseconds."""

    __slots__ = ("_moments", "_number", "_retries", "_works")

    def __init__(self) -> None:
        self._moments: list[tuple[int, int]] = []
        self._works: dict[int, Work] = {}
        self._number = 0
        self._retries: set[int] = set()

    @property
    def has_retries(self) -> bool:
        """Say whether something that failed is to be tried again."""
        return bool(self._retries)

    def __iter__(self) -> Iterator[Work]:
        """Yield the work that is set, in no order."""
        return iter(self._works.values())

    def set(self, due_us: int, work: Work, *, retry: bool = False) -> int:
        """Set work, and return the number by which it can be called off."""
        self._number += 1
        if retry:
            self._retries.add(self._number)
        self._works[self._number] = work
        heapq.heappush(self._moments, (due_us, self._number))
        return self._number

    def call_off(self, number: int) -> None:
        """Forget work that was set, if it is not done already."""
        self._works.pop(number, None)
        if len(self._moments) > 2 * len(self._works) + SLACK:
            self._moments = [moment for moment in self._moments if moment[1] in self._works]
            heapq.heapify(self._moments)

    def next_due_us(self) -> int | None:
        """Return the earliest moment at which something is due, or None when nothing is set."""
        while self._moments and self._moments[0][1] not in self._works:
            heapq.heappop(self._moments)
        return self._moments[0][0] if self._moments else None

    def take_due(self, now_us: int) -> Iterator[Work]:
        """Take off the work that is due, the earliest first."""
        while (due_us := self.next_due_us()) is not None and due_us <= now_us:
            number = heapq.heappop(self._moments)[1]
            self._retries.discard(number)
            yield self._works.pop(number)
