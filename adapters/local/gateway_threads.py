"""Threads that ask gateways: so many at most, and none that keeps the process from ending."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue


class GatewayThreads:
    """Do calls in threads of their own, the first first.

    The threads of `concurrent.futures` are joined when the interpreter ends: a gateway that never returns would hold
    up the end of the process for ever.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._open = 0
        """How many calls wait for a thread, or have one."""

    def submit(self, call: Callable[[], None]) -> None:
        """Have a call done; it raises nothing."""
        with self._lock:
            self._open += 1
            if self._open > len(self._threads) and len(self._threads) < self._most:
                self._threads.append(threading.Thread(target=self._work, name="gateway", daemon=True))
                self._threads[-1].start()
        self._calls.put(call)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            try:
                call()
            finally:
                with self._lock:
                    self._open -= 1

    def close(self, seconds: float) -> int:
        """Drop what has not begun, wait so long at most for what has, and return how many calls are left behind."""
        try:
            while True:
                self._calls.get_nowait()
        except Empty:
            pass
        for _thread in self._threads:
            self._calls.put(None)
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return sum(thread.is_alive() for thread in self._threads)
