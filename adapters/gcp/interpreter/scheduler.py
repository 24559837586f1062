"""Who runs next: tasks that take turns in one thread, timers, and a clock that is virtual or real.

A task is a generator. It yields `PAUSE` where others may go first, or a `Suspend` that says how it is to be woken.
What can go on is one list, timers that are due included; when there is more than one, a choice decides. On the virtual
clock nothing waits: time jumps to the next timer when nobody can go on.
"""

from __future__ import annotations

import heapq
import itertools
import queue
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Protocol

from isthmus.adapters.gcp.interpreter.choices import Choices, First, Open

THREADS_MAX: Final = 20


class Clock(Protocol):
    """Tell the time, and whether it passes by itself."""

    real: bool

    def now(self) -> float:
        """Return the seconds since 1970."""
        ...


class RealClock:
    """Tell the time of this machine: sleeps sleep, and calls run at the same time."""

    real = True

    def now(self) -> float:
        """Return the seconds since 1970."""
        return time.time()


class VirtualClock:
    """Tell a time that stands still until everybody waits for it, and then jumps."""

    real = False

    def __init__(self, start: float = 1_767_225_600.0) -> None:
        self._now = start

    def now(self) -> float:
        """Return the seconds since 1970."""
        return self._now

    def jump(self, to: float) -> None:
        """Move to a time, never back."""
        self._now = max(self._now, to)


type Wake = Callable[[Any, BaseException | None], None]
"""Let a task go on with a value, or with an exception; only the first call counts."""


@dataclass(frozen=True, slots=True)
class Suspend:
    """Stop a task until what `start` begins calls what it is given."""

    start: Callable[[Wake], None]


class _Pause:
    """Let others go first."""


PAUSE: Final = _Pause()

type Coroutine = Generator[Suspend | _Pause, Any, Any]


class Task:
    """Hold a generator that is run, whose it is, and whom to tell when it ends."""

    __slots__ = ("alive", "coroutine", "on_end", "owner")

    def __init__(self, coroutine: Coroutine, owner: object, on_end: Wake) -> None:
        self.coroutine = coroutine
        self.owner = owner
        self.on_end = on_end
        self.alive = True


class Scheduler:
    """Run tasks until all have ended. Executions that share one share its time."""

    def __init__(self, clock: Clock | None = None, choices: Choices | None = None) -> None:
        self.clock = clock or VirtualClock()
        self.choices = choices or First()
        self._ready: list[Callable[[], None]] = []
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._outside = 0
        self._tasks: set[Task] = set()
        self._pool: ThreadPoolExecutor | None = None

    @property
    def crowded(self) -> bool:
        """Say whether anybody else could go on now."""
        return bool(self._ready) or self.clock.real

    def spawn(self, coroutine: Coroutine, owner: object, on_end: Wake) -> None:
        """Make a task that can go on."""
        task = Task(coroutine, owner, on_end)
        self._tasks.add(task)
        self._ready.append(lambda: self._resume(task, None, None))

    def cancel(self, owner: object) -> None:
        """End all tasks of an owner where they stand."""
        for task in [one for one in self._tasks if one.owner is owner]:
            task.alive = False
            self._tasks.discard(task)

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Do something at a time, in turn with the tasks that can go on then."""
        heapq.heappush(self._timers, (when, next(self._numbers), action))

    def post(self, action: Callable[[], None]) -> None:
        """Do something in the thread of the tasks; may be called from any thread."""
        self._inbox.put(action)

    def outside(self, work: Callable[[], Any], wake: Wake) -> None:
        """Do work that waits for others in a thread of its own, and wake with what comes of it."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="workflow")
        self._outside += 1

        def arrived(future: Future[Any]) -> None:
            self._outside -= 1
            error = future.exception()
            wake(None if error else future.result(), error)

        self._pool.submit(work).add_done_callback(lambda future: self.post(lambda: arrived(future)))

    def run(self) -> None:
        """Run until every task has ended. Raises what a task raises that is no error of a workflow."""
        try:
            while self._tasks:
                self._drain()
                if self._ready:
                    self._take()()
                else:
                    self._wait()
        finally:
            if self._pool is not None:
                self._pool.shutdown(wait=False, cancel_futures=True)
                self._pool = None

    def go_on(self) -> None:
        """Run what can go on without time passing; on the virtual clock only."""
        assert isinstance(self.clock, VirtualClock)
        self._due()
        while self._ready:
            self._take()()
            self._due()

    @property
    def next_due(self) -> float | None:
        """Return when the next timer is due, if there is one."""
        return self._timers[0][0] if self._timers else None

    def _take(self) -> Callable[[], None]:
        count = len(self._ready)
        return self._ready.pop(self.choices.choose(Open.ORDER, count) if count > 1 else 0)

    def _drain(self) -> None:
        if not self.clock.real:
            return
        while not self._inbox.empty():
            self._ready.append(self._inbox.get())
        self._due()

    def _wait(self) -> None:
        if isinstance(self.clock, VirtualClock):
            # A task that waits has a timer: nothing in a workflow waits without end.
            self.clock.jump(self._timers[0][0])
            self._due()
            return
        seconds = max(self._timers[0][0] - self.clock.now(), 0) if self._timers else None
        try:
            self._ready.append(self._inbox.get(timeout=seconds))
        except queue.Empty:
            self._due()

    def _due(self) -> None:
        while self._timers and self._timers[0][0] <= self.clock.now():
            self._ready.append(heapq.heappop(self._timers)[2])

    def _resume(self, task: Task, value: Any, error: BaseException | None) -> None:
        if not task.alive:
            return
        try:
            waits = task.coroutine.send(value) if error is None else task.coroutine.throw(error)
        except StopIteration as ended:
            self._end(task, ended.value, None)
        except BaseException as raised:  # noqa: BLE001  # whoever waits for the task decides
            self._end(task, None, raised)
        else:
            if isinstance(waits, Suspend):
                waits.start(self._wake(task))
            else:
                self._ready.append(lambda: self._resume(task, None, None))

    def _wake(self, task: Task) -> Wake:
        woken = False

        def wake(value: Any, error: BaseException | None) -> None:
            nonlocal woken
            if not woken:
                woken = True
                self._ready.append(lambda: self._resume(task, value, error))

        return wake

    def _end(self, task: Task, value: Any, error: BaseException | None) -> None:
        task.alive = False
        self._tasks.discard(task)
        task.on_end(value, error)
