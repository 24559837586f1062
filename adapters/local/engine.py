"""The embedded engine: runs and their steps on one machine, many units of work in one disk flush.

One thread takes what is ready, begins a transaction, does each unit of work in it, and commits; then it tells the runs,
which say what comes next. Gateways are called from a pool of threads, outside any transaction. The database is all
that is remembered: whoever opens it next goes on where the last commit left it, whenever the process ended.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any, Self

from isthmus.adapters.local.calls import AskWork, CallWork
from isthmus.adapters.local.carrier import Carrier
from isthmus.adapters.local.endings import LoadWork
from isthmus.adapters.local.gateway_threads import GatewayThreads
from isthmus.adapters.local.loop import GATEWAY_THREADS, EngineClock, Faults
from isthmus.adapters.local.recovery import recover
from isthmus.adapters.local.schedules import Schedules
from isthmus.adapters.runtime import operations
from isthmus.adapters.runtime.clock import SystemClock
from isthmus.adapters.runtime.configuration import configuration_in
from isthmus.adapters.runtime.deployment import Deployment, Timing
from isthmus.adapters.runtime.edge import asking_key
from isthmus.adapters.runtime.runs import Run, cancel_run
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.runtime.vault import KeyFile
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.runs import LIVE, RunStatus
from isthmus.adapters.sql.transaction import Transaction
from isthmus.adapters.sql.views import RunView, Views
from isthmus.core.composition import Composition
from isthmus.core.errors import EnvironmentFault


class Engine(Carrier):
    """Carry on all runs of one database, from `open` to `close`."""

    def __init__(
        self,
        composition: Composition,
        database: Database,
        *,
        folder: Path,
        clock: EngineClock | None = None,
        faults: Faults | None = None,
    ) -> None:
        clock = clock or SystemClock()
        deployment = Deployment(
            composition,
            backend="local",
            master=lambda: KeyFile(folder / operations.KEY_FILE),
            clock=clock,
            configure=configuration_in(folder),
        )
        super().__init__(deployment, database, clock, faults)
        self._schedules = Schedules(composition)
        self._views: Views | None = None

    def __enter__(self) -> Self:
        """Open."""
        self.open()
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close."""
        self.close()

    def open(self) -> None:
        """Take the database over, and carry on what it holds.

        Raises EngineBusy (ISTH302) when another engine holds it, StorageUnavailable when it cannot be used.
        """
        self._lock.acquire()
        try:
            self._transaction = Transaction(self.database.connect(), self.database.dialect, self.database.name)
            self.deployment.open()
            recovered = recover(self._transaction)
        except BaseException:
            self._let_go()
            raise
        self._to_load.extend(recovered.runs)
        for due_us, run_id in recovered.timers:
            self.at(due_us, LoadWork(self, run_id))
        for message in recovered.messages:
            self._accept(message)
        self._schedules.begin(self)
        self.clock.when_moved(self.wake)
        self._pool = GatewayThreads(GATEWAY_THREADS)
        self._thread = threading.Thread(target=self._loop, name="engine", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop after the transaction that is under way; everything else is carried on by whoever opens next.

        Gateways that are being asked have CLOSE_SECONDS to answer. A call that is then left behind ends with the
        process; its intent is recorded, so whoever opens next inquires after it.
        """
        self._stop()
        self._let_go()

    def abandon(self) -> None:
        """End as a process ends that is killed: without finishing anything."""
        self._stop()
        self._let_go()

    def _let_go(self) -> None:
        for execution in self._executions.values():
            execution.drop()
        self._executions.clear()
        self.deployment.close()
        if self._transaction is not None:
            self._transaction.close()
        if self._views is not None:
            self._views.close()
            self._views = None
        self._lock.release()
        self._fail_calls(EnvironmentFault("the engine is closed", instead="open it again"))

    def start(self, contract: str, message: Any, *, actor: str = "local", on_behalf_of: str = "") -> str:
        """Start a run, durably, and return its id; the same start again returns the same id.

        Raises NotFound, MessageInvalid, IdentityConflict.
        """
        return self.submit(contract, message, actor=actor, on_behalf_of=on_behalf_of).result()

    def submit(
        self,
        contract: str,
        message: Any,
        *,
        actor: str = "local",
        on_behalf_of: str = "",
        ended: Callable[[], None] | None = None,
    ) -> Future[str]:
        """Start a run without waiting until that is durable.

        `ended` is called, from the engine's thread, when the run has ended or is stuck, or had before.
        """

        def begin(unit: UnitOfWork) -> Run:
            return operations.begin_run(unit, contract, message, claimed_by=self.claimant)

        def begun(unit: UnitOfWork, run: Run) -> str:
            if ended is not None:
                self._tell_when_ended(run, ended)
            if unit.created:
                self.carry_on(run, {})
            return run.run_id

        return self._call(contract, actor, on_behalf_of, begin, begun)

    def ask(
        self, contract: str, message: Any, *, key: str | None = None, actor: str = "local", on_behalf_of: str = ""
    ) -> Any:
        """Ask one handler's contract alone, and return its answer; the same key again returns the recorded one.

        Without a key the message's identity is the key, as `asking_key` says.
        A failure is tried again when the retry's delay has passed on the engine's clock: on a `MovedClock` that is when
        somebody moves it, from another thread than the one that waits here.

        Raises the Refusal; NotFound, MessageInvalid, IdentityConflict; HandlerFailed (ISTH350) after the last attempt.
        """
        known_by = asking_key(self.composition, contract, message) if key is None else key
        work = AskWork(self, contract, message, known_by, actor, on_behalf_of)
        self.push(work)
        return work.future.result()

    def send(self, event: str, *, key: str, message: Any, event_id: str | None = None, actor: str = "local") -> str:
        """Send an event: return `delivered`, `queued`, `late`, or `repeated` when its id was here before."""
        result: str = self._call(
            event, actor, "", lambda unit: operations.arrive(unit, event, key, message, event_id), lambda _, how: how
        ).result()
        return result

    def publish(self, topic: str, message: Any, *, actor: str = "local") -> None:
        """Publish to a topic that others publish to."""
        self._call(
            topic, actor, "", lambda unit: operations.publish_from_outside(unit, topic, message), lambda _, none: none
        ).result()

    def feed(self, stream: str, message: Any, *, actor: str = "local") -> None:
        """Give a stream a record."""
        self._call(
            stream, actor, "", lambda unit: operations.feed_from_outside(unit, stream, message), lambda _, none: none
        ).result()

    def cancel(self, run_id: str, *, actor: str) -> None:
        """End a run, and take it back. Raises NotFound, InputError when it cannot be cancelled any longer."""

        def cancelled(_unit: UnitOfWork, run: Run) -> None:
            self.take_back(run.run_id)

        self._call("cancel", actor, "", lambda unit: cancel_run(unit, run_id), cancelled).result()

    def replay(self, dead_letter_id: int, *, actor: str) -> None:
        """Let what is stuck be tried again, because a person has seen to it. Raises NotFound."""

        def resolved(_unit: UnitOfWork, replayed: operations.Replayed) -> None:
            if replayed.message is not None:
                self._accept(replayed.message, replayed.subscriber)
            else:
                self.push(LoadWork(self, replayed.run_id))

        self._call("replay", actor, "", lambda unit: operations.resolve(unit, dead_letter_id), resolved).result()

    def _call(
        self,
        subject: str,
        actor: str,
        on_behalf_of: str,
        do: Callable[[UnitOfWork], Any],
        then: Callable[[UnitOfWork, Any], Any],
    ) -> Future[Any]:
        work = CallWork(self, subject, actor, on_behalf_of, do, then)
        self.push(work)
        return work.future

    def timings(self) -> Mapping[str, Timing]:
        """Return how often each contract's handler was called, and the seconds that took."""
        return dict(self.deployment.timings)

    def view(self, run_id: str) -> RunView:
        """Return how a run stands. Raises NotFound."""
        with self._condition:
            if self._views is None:
                self._views = Views(self.database)
        return self._views.run(run_id)

    def wait(self, run_id: str, *, timeout_seconds: float = 60) -> RunView:
        """Return how a run stands once it has ended or is stuck, or when the time is over."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            ended = self.when_ended(run_id)
            view = self.view(run_id)
            left = deadline - time.monotonic()
            if view.status not in LIVE or view.status == RunStatus.STUCK or left <= 0:
                self._not_waiting(run_id, ended)
                return view
            wait([ended], timeout=left)
