"""Lines: orders of one account one after another, those of different accounts side by side.

What an account may spend depends on the order in which its orders are worked on. One line for each account makes a
day's outcome the same however many orders are under way, and whenever the process was killed and started again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Final, NamedTuple

from isthmus.adapters.venues.fix_order import NewOrderSingle
from isthmus.contracts.orders import Order

HELD_MAX: Final = 1_000
"""How many orders are kept in memory, those under way included."""

PATIENCE_SECONDS: Final = 0.5

type Ended = Callable[[], None]


class _Placed(NamedTuple):
    """Be an order at the head of its line, under way."""

    number: int
    account: str
    read: NewOrderSingle
    future: Future[str]


class Lines:
    """Place orders in their lines, with a bounded number in memory.

    `place` starts an order, and calls what it is given once the order's run has ended; `placed` hears of each order
    that was started, or could not be; `is_idle` says whether nothing is under way.
    """

    def __init__(
        self,
        place: Callable[[Order, NewOrderSingle, Ended], Future[str]],
        placed: Callable[[NewOrderSingle, Future[str]], None],
        is_idle: Callable[[], bool],
    ) -> None:
        self._place = place
        self._placed = placed
        self._is_idle = is_idle
        self._lines: dict[str, deque[tuple[Order, NewOrderSingle]]] = {}
        self._heads: dict[str, _Placed] = {}
        self._ended: SimpleQueue[tuple[str, int]] = SimpleQueue()
        self._held = 0
        self._count = 0

    def add(self, order: Order, read: NewOrderSingle) -> None:
        """Put an order into its account's line; wait for others to end when there is no more room."""
        while self._held >= HELD_MAX:
            self._go_on()
        line = self._lines.setdefault(order.account, deque())
        line.append((order, read))
        self._held += 1
        if len(line) == 1:
            self._begin(order.account)

    def finish(self) -> None:
        """Wait until every order has ended, or waits for something that is not in the file."""
        while self._held:
            self._go_on()

    def _begin(self, account: str) -> None:
        order, read = self._lines[account][0]
        self._count += 1
        number = self._count
        future = self._place(order, read, lambda: self._ended.put((account, number)))
        self._heads[account] = _Placed(number, account, read, future)
        future.add_done_callback(lambda done: self._ended.put((account, number)) if done.exception() else None)

    def _go_on(self) -> None:
        """Begin the next order of an account whose last one has ended; of all of them, when all of those wait."""
        try:
            account, number = self._ended.get(timeout=PATIENCE_SECONDS)
        except Empty:
            if self._is_idle():
                for waiting in list(self._heads.values()):
                    self._follow(waiting)
            return
        head = self._heads.get(account)
        if head is not None and head.number == number:
            self._follow(head)

    def _follow(self, head: _Placed) -> None:
        self._placed(head.read, head.future)
        del self._heads[head.account]
        line = self._lines[head.account]
        line.popleft()
        self._held -= 1
        if line:
            self._begin(head.account)
        else:
            del self._lines[head.account]
