"""The loop: one thread that takes what is ready, does it in one transaction, commits, and goes on from there.

It knows units of work, timers and calls of gateways, and nothing of runs.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from isthmus.adapters.local.calls import CallWork
from isthmus.adapters.local.gateway_threads import GatewayThreads
from isthmus.adapters.local.lock import EngineLock
from isthmus.adapters.local.timers import Timers
from isthmus.adapters.local.work import Work
from isthmus.adapters.runtime.clock import MovedClock, SystemClock
from isthmus.adapters.runtime.deployment import Deployment
from isthmus.adapters.runtime.invocation import GatewayAnswer, Intent, call_gateway
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.faults import Conflict, Duplicate
from isthmus.adapters.sql.journal import microseconds, moment
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.contract import Contract
from isthmus.core.errors import EnvironmentFault, IsthmusError, StorageUnavailable, Superseded

log = logging.getLogger("isthmus.engine")

GROUP_MAX = 64
"""How many units of work share a transaction, and its flush of the disk, at most."""

GATEWAY_THREADS = 16

CLOSE_SECONDS = 10.0
"""How long closing waits for gateways that have not answered: what is then left behind is inquired after next time."""

LOOK_SECONDS = 0.2
CONFLICTS_MAX = 50

type Faults = Callable[[str, str, str], None]
type EngineClock = SystemClock | MovedClock


class Loop:
    """Do work, in groups, until it is stopped."""

    def __init__(self, deployment: Deployment, database: Database, clock: EngineClock, faults: Faults | None) -> None:
        self.deployment = deployment
        self.composition = deployment.composition
        self.database = database
        self.clock = clock
        self._faults = faults
        self._lock = EngineLock(database)
        self._transaction: Transaction | None = None
        self._thread: threading.Thread | None = None
        self._pool: GatewayThreads | None = None
        self._condition = threading.Condition(threading.RLock())
        self._ready: deque[Work] = deque()
        self._timers = Timers()
        self._calls: dict[int, tuple[float, Callable[[GatewayAnswer], Work]]] = {}
        self._call_number = 0
        self._idle = False
        self._stopping = False
        self._fault: BaseException | None = None
        self._next_look = 0.0

    def _stop(self) -> None:
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        left_behind = self._pool.close(CLOSE_SECONDS) if self._pool is not None else 0
        if left_behind:
            log.warning("%d calls of gateways are left behind: whoever opens next inquires after them", left_behind)

    def wake(self) -> None:
        """Have the engine look at its timers."""
        with self._condition:
            self._idle = False
            self._condition.notify_all()

    def push(self, work: Work) -> None:
        """Let work be done; from any thread."""
        if threading.current_thread() is self._thread:
            self._ready.append(work)
            return
        with self._condition:
            if self._fault is not None or self._stopping:
                error = self._fault or EnvironmentFault("the engine is closed", instead="open it again")
                if isinstance(work, CallWork):
                    work.future.set_exception(error)
                return
            self._ready.append(work)
            self._idle = False
            self._condition.notify_all()

    def _loop(self) -> None:
        batch: list[Work] = []
        try:
            while not self._stopping:
                batch = self._take()
                if batch:
                    self._commit(batch)
        except BaseException as error:  # noqa: BLE001  # whatever stops the engine is what its callers hear
            self._ready.extendleft(batch)
            self.halt(error)
        if self._fault is not None:
            self._fail_calls(self._fault)

    def _take(self) -> list[Work]:
        """Return what is ready; wait when nothing is."""
        self._expire_calls()
        self._fire_timers()
        self._refill()
        if not self._ready:
            return self._wait()
        return [self._ready.popleft() for _ in range(min(len(self._ready), GROUP_MAX))]

    def _wait(self) -> list[Work]:
        """Wait for something to do, and look around when nothing comes."""
        with self._condition:
            if self._ready or self._stopping:
                return []
            if not self._calls and not (self.clock.moves_by_itself and self._timers.has_retries):
                self._idle = True
                self._condition.notify_all()
            if self._condition.wait(self._seconds_to_wait()) or self._ready:
                return []
        return self._look_around()

    def _seconds_to_wait(self) -> float:
        seconds = LOOK_SECONDS
        due_us = self._timers.next_due_us()
        if due_us is not None:
            due = self.clock.seconds_until(moment(due_us))
            seconds = seconds if due is None else min(seconds, due)
        return seconds

    def _fire_timers(self) -> None:
        self._ready.extend(self._timers.take_due(microseconds(self.clock.now())))

    def _commit(self, batch: Sequence[Work]) -> None:
        """Do a group in one transaction; a group that fails is done one by one, so that each stands for itself."""
        try:
            self._transact(batch)
        except IsthmusError as error:
            if len(batch) == 1 or isinstance(error, StorageUnavailable | Superseded):
                for work in batch:
                    self._give_up(work, error)
                return
            for work in batch:
                self._commit([work])
            return
        for work in batch:
            self._settle(work)

    def _transact(self, batch: Sequence[Work]) -> None:
        transaction = self._transaction
        assert transaction is not None
        for attempt in range(CONFLICTS_MAX):
            transaction.begin()
            try:
                self._lock.check(transaction)
                for work in batch:
                    work.perform(transaction)
                self._meet_faults("before_commit", batch)
                transaction.commit()
            except (Conflict, Duplicate):
                transaction.rollback()
                if attempt == CONFLICTS_MAX - 1:
                    raise
                time.sleep(0.001 * attempt)
            except BaseException:
                transaction.rollback()
                raise
            else:
                self._meet_faults("after_commit", batch)
                return

    def _meet_faults(self, point: str, batch: Sequence[Work]) -> None:
        if self._faults is not None:
            for work in batch:
                run_id = work.run_id or (work.unit.run_id if work.unit is not None else "")
                if run_id:
                    self._faults(point, run_id, work.step)

    def _settle(self, work: Work) -> None:
        unit = work.unit
        work.settled()
        if unit is not None:
            unit.committed()
            self._committed(unit)

    def halt(self, error: BaseException) -> None:
        """Stop for good, because of an error that every caller will hear."""
        with self._condition:
            if self._fault is None:
                self._fault = error
            self._stopping = True
            self._idle = True
            self._condition.notify_all()
            self._halted()

    def _fail_calls(self, error: BaseException) -> None:
        """Tell every thread that waits, also those whose gateway has yet to answer; the loop has stopped."""
        with self._condition:
            asked = [getattr(then, "__self__", None) for _, then in self._calls.values()]
            waiting = [*self._ready, *self._timers, *asked]
            self._ready.clear()
            self._calls.clear()
        for work in waiting:
            if isinstance(work, CallWork) and not work.future.done():
                work.future.set_exception(error)

    def settle(self, *, timeout_seconds: float = 60) -> None:
        """Wait until nothing can go on without time passing or the outside acting.

        What failed and is to be tried again is waited for, unless the clock is one that has to be moved.

        Raises EnvironmentFault when that takes longer, and whatever has stopped the engine.
        """
        deadline = time.monotonic() + timeout_seconds
        with self._condition:
            self._idle = False
            self._condition.notify_all()
            while not self._idle:
                self._raise_fault()
                left = deadline - time.monotonic()
                if left <= 0:
                    raise EnvironmentFault(f"the engine is still busy after {timeout_seconds} s", instead="wait longer")
                self._condition.wait(min(left, 0.25))
            self._raise_fault()

    @property
    def fault(self) -> BaseException | None:
        """Return what has stopped the engine, if anything has."""
        return self._fault

    def _raise_fault(self) -> None:
        if self._fault is not None:
            raise self._fault

    def at(self, due_us: int, work: Work) -> int:
        """Let work be done when the clock has come to a moment; return the number to call it off by."""
        return self._timers.set(due_us, work)

    def later(self, delay: timedelta, work: Work) -> None:
        """Let work that failed be tried again after a delay."""
        self._timers.set(microseconds(self.clock.now()) + delay // timedelta(microseconds=1), work, retry=True)

    def ask_gateway(
        self, contract: str, intent: Intent, run_id: str, step: str, then: Callable[[GatewayAnswer], Work]
    ) -> None:
        """Ask a gateway in a thread of its own; no answer within the contract's timeout is a failure."""
        number, self._call_number = self._call_number, self._call_number + 1
        deadline = time.monotonic() + self.contract(contract).timeout.total_seconds()
        self._calls[number] = (deadline, then)
        assert self._pool is not None
        self._pool.submit(partial(self._ask_gateway, number, contract, intent, run_id, step))

    def _ask_gateway(self, number: int, contract: str, intent: Intent, run_id: str, step: str) -> None:
        if number not in self._calls:  # its time was over before a thread was free: it counts as never made
            return
        try:
            if self._faults is not None:
                self._faults("before_call", run_id, step)
            answer = call_gateway(self.deployment, contract, intent)
            if self._faults is not None:
                self._faults("after_call", run_id, step)
        except BaseException as error:  # noqa: BLE001  # a crash that a test has asked for
            self.halt(error)
            return
        self._answer_call(number, answer)

    def _answer_call(self, number: int, answer: GatewayAnswer) -> None:
        with self._condition:
            call = self._calls.pop(number, None)
            if call is not None:
                self.push(call[1](answer))

    def _expire_calls(self) -> None:
        if self._calls:
            now = time.monotonic()
            for number in [number for number, (deadline, _) in list(self._calls.items()) if deadline < now]:
                self._answer_call(number, GatewayAnswer(None, TimeoutError("the gateway did not answer in time")))

    def contract(self, name: str) -> Contract[Any, Any]:
        """Return a contract by name."""
        return self.composition.contracts[name]

    def _refill(self) -> None:
        """Make ready what waits for room."""

    def _look_around(self) -> list[Work]:
        """Return work that looks for what others have done."""
        return []

    def _committed(self, unit: UnitOfWork) -> None:
        """Go on with what a unit of work has published and woken."""

    def _give_up(self, work: Work, error: IsthmusError) -> None:
        """See to work that cannot be committed, even alone."""
        raise NotImplementedError

    def _halted(self) -> None:
        """Wake whoever waits for what will not come."""
