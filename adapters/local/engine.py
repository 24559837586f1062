"""The embedded engine: runs and their steps on one machine, many units of work in one disk flush.

One thread takes what is ready, begins a transaction, does each unit of work in it, and commits; then it tells the runs,
which say what comes next. Gateways are called from a pool of threads, outside any transaction. The database is all
that is remembered: whoever opens it next goes on where the last commit left it, whenever the process ended.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from isthmus.adapters.local.clock import MovedClock, SystemClock
from isthmus.adapters.local.execution import Branch, Command, Execution, Finished
from isthmus.adapters.local.failure import as_error
from isthmus.adapters.local.lock import EngineLock
from isthmus.adapters.local.recovery import recover
from isthmus.adapters.local.relay import Delivery, Relay
from isthmus.adapters.local.schedules import Schedules
from isthmus.adapters.local.work import (
    AskWork,
    CallWork,
    ChildWork,
    DeliverWork,
    FinishWork,
    LoadWork,
    MarkWork,
    NotesWork,
    RecallWork,
    SleepWork,
    StepWork,
    StickWork,
    SweepWork,
    TakeBackWork,
    WaitWork,
    Work,
)
from isthmus.adapters.runtime import operations
from isthmus.adapters.runtime.configuration import configuration_in
from isthmus.adapters.runtime.deployment import Deployment, Timing
from isthmus.adapters.runtime.invocation import GatewayAnswer, Intent, call_gateway
from isthmus.adapters.runtime.record import Outcome
from isthmus.adapters.runtime.runs import Run, cancel_run
from isthmus.adapters.runtime.unit import OutgoingMessage, UnitOfWork
from isthmus.adapters.runtime.vault import KeyFile
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.faults import Conflict
from isthmus.adapters.sql.journal import microseconds, moment
from isthmus.adapters.sql.runs import LIVE
from isthmus.adapters.sql.transaction import Transaction
from isthmus.adapters.sql.views import RunView, Views
from isthmus.core.composition import Composition
from isthmus.core.contract import Contract
from isthmus.core.errors import EnvironmentFault, IdentityConflict, IsthmusError, NotFound, ReplayMismatch

log = logging.getLogger("isthmus.engine")

GROUP_MAX = 64
PARKED_MAX = 1_000
LOADED_MAX = 256
GATEWAY_THREADS = 16
NOTES_SECONDS = 0.2
SWEEP_SECONDS = 60.0
CONFLICTS_MAX = 50

type Faults = Callable[[str, str, str], None]


class Engine:
    """Carry on all runs of one database, from `open` to `close`."""

    def __init__(
        self,
        composition: Composition,
        database: Database,
        *,
        folder: Path,
        clock: SystemClock | MovedClock | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.composition = composition
        self.database = database
        self.clock = clock or SystemClock()
        self.claimant = "local"
        self.stranded: list[str] = []
        """Runs whose program's version is not loaded: nothing carries them on."""
        self.deployment = Deployment(
            composition,
            backend="local",
            master=lambda: KeyFile(folder / operations.KEY_FILE),
            clock=self.clock,
            configure=configuration_in(folder),
        )
        self._faults = faults
        self._lock = EngineLock(database)
        self._transaction: Transaction | None = None
        self._thread: threading.Thread | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._condition = threading.Condition(threading.RLock())
        self._ready: deque[Work] = deque()
        self._timers: list[tuple[int, int, Work]] = []
        self._timer_number = 0
        self._calls: dict[int, tuple[float, Callable[[GatewayAnswer], Work]]] = {}
        self._call_number = 0
        self._executions: dict[str, Execution] = {}
        self._parked: OrderedDict[str, Execution] = OrderedDict()
        self._to_load: deque[str] = deque()
        self._taking_back: set[str] = set()
        self._relay = Relay(lambda topic: operations.subscribers_of(composition, topic))
        self._schedules = Schedules(composition)
        self._idle = False
        self._stopping = False
        self._fault: BaseException | None = None
        self._next_sweep = 0.0
        self._views: Views | None = None
        self._waiting: dict[str, list[threading.Event]] = {}

    # Opening and closing

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
            self._transaction = Transaction(self.database.connect(), self.database.dialect)
            recovered = recover(self._transaction)
        except BaseException:
            self._lock.release()
            raise
        self._to_load.extend(recovered.runs)
        for due_us, run_id in recovered.timers:
            self.at(due_us, LoadWork(self, run_id))
        for message in recovered.messages:
            self._accept(message)
        self._schedules.begin(self)
        self.clock.when_moved(self.wake)
        self._pool = ThreadPoolExecutor(GATEWAY_THREADS, thread_name_prefix="gateway")
        self._thread = threading.Thread(target=self._loop, name="engine", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop after the transaction that is under way; everything else is carried on by whoever opens next."""
        self._stop()
        self._let_go()

    def abandon(self) -> None:
        """End as a process ends that is killed: without finishing anything."""
        self._stop()
        self._let_go()

    def _stop(self) -> None:
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _let_go(self) -> None:
        for execution in self._executions.values():
            execution.drop()
        self._executions.clear()
        if self._transaction is not None:
            self._transaction.close()
        if self._views is not None:
            self._views.close()
            self._views = None
        self._lock.release()
        self._fail_calls(EnvironmentFault("the engine is closed", instead="open it again"))

    # What is asked from outside

    def start(self, contract: str, message: Any, *, actor: str = "local", on_behalf_of: str = "") -> str:
        """Start a run, durably, and return its id; the same start again returns the same id.

        Raises NotFound, MessageInvalid, IdentityConflict.
        """
        return self.submit(contract, message, actor=actor, on_behalf_of=on_behalf_of).result()

    def submit(self, contract: str, message: Any, *, actor: str = "local", on_behalf_of: str = "") -> Future[str]:
        """Start a run without waiting until that is durable."""

        def begin(unit: UnitOfWork) -> Run:
            return operations.begin_run(unit, contract, message, claimed_by=self.claimant)

        def begun(unit: UnitOfWork, run: Run) -> str:
            if unit.created:
                self.carry_on(run, {})
            return run.run_id

        return self._call(contract, actor, on_behalf_of, begin, begun)

    def ask(self, contract: str, message: Any, *, key: str, actor: str = "local", on_behalf_of: str = "") -> Any:
        """Ask one handler's contract alone, and return its answer; the same key again returns the recorded one.

        Raises the Refusal; NotFound, MessageInvalid, IdentityConflict; HandlerFailed (ISTH350) after the last attempt.
        """
        work = AskWork(self, contract, message, key, actor, on_behalf_of)
        self.push(work)
        try:
            return work.future.result()
        except ReplayMismatch as error:
            raise IdentityConflict(
                f"key {key!r} was used with another input", place=contract, instead="give each request a key of its own"
            ) from error

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
            execution = self._executions.get(run.run_id)
            if execution is not None:
                self.forget(execution)
            self.take_back(run.run_id)

        self._call("cancel", actor, "", lambda unit: cancel_run(unit, run_id), cancelled).result()

    def replay(self, dead_letter_id: int, *, actor: str) -> None:
        """Let what is stuck be tried again, because a person has seen to it. Raises NotFound."""

        def resolved(_unit: UnitOfWork, replayed: operations.Replayed) -> None:
            if replayed.message is not None:
                self._accept(replayed.message)
            else:
                self.push(LoadWork(self, replayed.run_id))

        self._call("replay", actor, "", lambda unit: operations.resolve(unit, dead_letter_id), resolved).result()

    def _call(  # noqa: PLR0917
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

    # Looking

    @property
    def in_flight(self) -> int:
        """Count what is under way, without the runs that wait for an event or for time."""
        return len(self._ready) + len(self._calls) + max(0, len(self._executions) - len(self._parked))

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
            moved = threading.Event()
            with self._condition:
                self._raise_fault()
                self._waiting.setdefault(run_id, []).append(moved)
            view = self.view(run_id)
            left = deadline - time.monotonic()
            if view.status not in LIVE or view.status == "stuck" or left <= 0:
                self._forget_waiting(run_id, moved)
                return view
            moved.wait(left)

    def _forget_waiting(self, run_id: str, moved: threading.Event) -> None:
        with self._condition:
            others = [event for event in self._waiting.pop(run_id, []) if event is not moved]
            if others:
                self._waiting[run_id] = others

    def settle(self, *, timeout_seconds: float = 60) -> None:
        """Wait until nothing can go on without time passing or the outside acting.

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

    def _raise_fault(self) -> None:
        if self._fault is not None:
            raise self._fault

    # The loop

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

    def _take(self) -> list[Work]:
        """Return what is ready; wait when nothing is."""
        self._expire_calls()
        self._fire_timers()
        while self._to_load and len(self._executions) - len(self._parked) < LOADED_MAX:
            self._ready.append(LoadWork(self, self._to_load.popleft()))
        if self._relay.published:
            self._ready.append(MarkWork(self, self._relay.published))
            self._relay.published = []
        if not self._ready:
            return self._wait()
        return [self._ready.popleft() for _ in range(min(len(self._ready), GROUP_MAX))]

    def _wait(self) -> list[Work]:
        """Wait for something to do; look for notes of other processes, and for events that nobody will own."""
        with self._condition:
            if self._ready or self._stopping:
                return []
            if not self._calls:
                self._idle = True
                self._condition.notify_all()
            if self._condition.wait(self._seconds_to_wait()) or self._ready:
                return []
        found: list[Work] = [NotesWork(self)]
        if time.monotonic() >= self._next_sweep:
            self._next_sweep = time.monotonic() + SWEEP_SECONDS
            found.append(SweepWork(self))
        return found

    def _seconds_to_wait(self) -> float:
        seconds = NOTES_SECONDS
        if self._timers:
            due = self.clock.seconds_until(moment(self._timers[0][0]))
            seconds = seconds if due is None else min(seconds, due)
        return seconds

    def _fire_timers(self) -> None:
        if self._timers:
            now_us = microseconds(self.clock.now())
            while self._timers and self._timers[0][0] <= now_us:
                self._ready.append(heapq.heappop(self._timers)[2])

    def _commit(self, batch: Sequence[Work]) -> None:
        """Do a group in one transaction; a group that fails is done one by one, so that each stands for itself."""
        try:
            self._transact(batch)
        except IsthmusError as error:
            if len(batch) == 1:
                self._give_up(batch[0], error)
                return
            for work in batch:
                self._commit([work])
            return
        for work in batch:
            self._settle(work)

    def _give_up(self, work: Work, error: IsthmusError) -> None:
        if isinstance(error, EnvironmentFault):
            work.failed(error)
            self.halt(error)
            return
        log.error("%s", error)
        execution = self._executions.get(work.run_id)
        if isinstance(work, CallWork):
            work.future.set_exception(error)
        elif execution is not None:
            self._stick(execution, work.step, error)
        else:
            self.halt(error)

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
            except Conflict:
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
            for message in unit.published:
                self._accept(message)
            for run_id, step in unit.woken:
                self._woken(run_id, step)

    def halt(self, error: BaseException) -> None:
        """Stop for good, because of an error that every caller will hear."""
        with self._condition:
            if self._fault is None:
                self._fault = error
            self._stopping = True
            self._idle = True
            self._condition.notify_all()
            for moved in [event for events in self._waiting.values() for event in events]:
                moved.set()
        self._fail_calls(error)

    def _fail_calls(self, error: BaseException) -> None:
        waiting = [*self._ready, *(timer[2] for timer in self._timers)]
        self._ready.clear()
        for work in waiting:
            if isinstance(work, CallWork) and not work.future.done():
                work.future.set_exception(error)

    # Timers and gateways

    def at(self, due_us: int, work: Work) -> None:
        """Let work be done when the clock has come to a moment."""
        self._timer_number += 1
        heapq.heappush(self._timers, (due_us, self._timer_number, work))

    def later(self, delay: timedelta, work: Work) -> None:
        """Let work be done after a delay."""
        self.at(microseconds(self.clock.now()) + delay // timedelta(microseconds=1), work)

    def ask_gateway(  # noqa: PLR0917
        self, contract: str, intent: Intent, run_id: str, step: str, then: Callable[[GatewayAnswer], Work]
    ) -> None:
        """Ask a gateway in a thread of its own; no answer within the contract's timeout is a failure."""
        number, self._call_number = self._call_number, self._call_number + 1
        deadline = time.monotonic() + self.contract(contract).timeout.total_seconds()
        self._calls[number] = (deadline, then)
        assert self._pool is not None
        self._pool.submit(self._ask_gateway, number, contract, intent, run_id, step)

    def _ask_gateway(self, number: int, contract: str, intent: Intent, run_id: str, step: str) -> None:  # noqa: PLR0917
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

    # Runs

    def contract(self, name: str) -> Contract[Any, Any]:
        """Return a contract by name."""
        return self.composition.contracts[name]

    def as_error(self, contract: str, outcome: Outcome) -> BaseException:
        """Return a refusal or a failure as what a caller of `ask` catches."""
        return as_error(self.composition, contract, outcome)

    def carry_on(self, run: Run, record: Mapping[str, tuple[str, str, Outcome]]) -> None:
        """Drive a run from its record, unless it is driven already, or its version is not loaded."""
        if run.run_id in self._executions:
            return
        program = self.composition.programs.get(run.contract)
        if program is None or program.version != run.version:
            self.stranded.append(run.run_id)
            log.error(
                "run %s of %s has version %s, which is not loaded: deploy that version to carry it on",
                run.run_id,
                run.contract,
                run.version,
            )
            return
        execution = Execution(self.composition, run, record)
        self._executions[run.run_id] = execution
        self._drive(execution, execution.begin)

    def _drive(self, execution: Execution, go_on: Callable[[], Command | Finished]) -> None:
        try:
            reached = go_on()
            while isinstance(reached, Command):
                while branches := reached.next_branches():
                    for branch in branches:
                        self._begin(execution, branch)
                if reached.settled < len(reached.branches):
                    return
                reached = execution.resume()
        except IsthmusError as error:
            self._stick(execution, execution.step, error)
            return
        self.push(FinishWork(execution, reached, self))

    def _stick(self, execution: Execution, step: str, error: IsthmusError) -> None:
        log.error("run %s cannot go on: %s", execution.run.run_id, error)
        self.forget(execution)
        self.push(StickWork(self, execution.run, step, error))

    def _begin(self, execution: Execution, branch: Branch) -> None:
        recorded = execution.recorded(branch)
        if recorded is not None:
            execution.settle(branch, recorded)
        elif branch.is_wait:
            self.push(WaitWork(execution, branch, self))
        elif branch.duration is not None:
            self.push(SleepWork(self, execution.run, branch.step, branch.duration))
        elif branch.contract in self.composition.workflows:
            self.push(ChildWork(execution, branch, self))
        else:
            self.push(StepWork(execution, branch, self))

    def tell(self, execution: Execution, branch: Branch, outcome: Outcome) -> None:
        """Tell a run the outcome of a branch, and let it go on when it has all."""
        if execution.dropped:
            return
        command = execution.command
        assert command is not None
        if execution.settle(branch, outcome):
            self._drive(execution, execution.resume)
        else:
            self._drive(execution, lambda: command)

    def answered(self, run_id: str, step: str, outcome: Outcome) -> None:
        """Tell a run the outcome of a step that was recorded elsewhere."""
        execution = self._executions.get(run_id)
        if execution is None:
            self.push(LoadWork(self, run_id))
            return
        self._parked.pop(run_id, None)
        for branch in execution.command.branches if execution.command else ():
            if branch.step == step and branch.outcome is None:
                self.tell(execution, branch, outcome)
                return

    def _woken(self, run_id: str, step: str) -> None:
        if run_id in self._executions:
            self.push(RecallWork(self, run_id, step))
        else:
            self.push(LoadWork(self, run_id))

    def park(self, execution: Execution) -> None:
        """Remember that a run waits; too many of them are forgotten, and read again when something comes."""
        self._parked[execution.run.run_id] = execution
        if len(self._parked) > PARKED_MAX:
            _, oldest = self._parked.popitem(last=False)
            self.forget(oldest)

    def park_run(self, run_id: str) -> None:
        """Remember that a run sleeps."""
        execution = self._executions.get(run_id)
        if execution is not None:
            self.park(execution)

    def fenced(self, execution: Execution) -> None:
        """Let go of a run that went on without this engine's step."""
        self.forget(execution)
        self.run_ended(execution.run.run_id)

    def forget(self, execution: Execution) -> None:
        """Let go of a run's coroutine."""
        execution.drop()
        self._executions.pop(execution.run.run_id, None)
        self._parked.pop(execution.run.run_id, None)

    def take_back(self, run_id: str) -> None:
        """Undo what a fenced run did, step by step."""
        if run_id not in self._taking_back:
            self._taking_back.add(run_id)
            self.push(TakeBackWork(self, run_id))

    def taken_back(self, run_id: str) -> None:
        """Note that a run was taken back, or is stuck."""
        self._taking_back.discard(run_id)
        self.run_ended(run_id)

    def run_ended(self, run_id: str) -> None:
        """Wake whoever waits for a run."""
        with self._condition:
            for moved in self._waiting.pop(run_id, ()):
                moved.set()

    # Messages

    def _accept(self, message: OutgoingMessage) -> None:
        for delivery in self._relay.accept(message):
            self.push(DeliverWork(self, delivery))

    def delivered(self, delivery: Delivery) -> None:
        """Go on with the queue of a delivery that its subscriber has settled."""
        following = self._relay.settle(delivery)
        if following is not None:
            self.push(DeliverWork(self, following))

    def noted(self, notes: Sequence[tuple[str, str]], messages: Sequence[OutgoingMessage]) -> None:
        """Go on with what other processes did."""
        for message in messages:
            self._accept(message)
        for kind, subject in notes:
            if kind == "step":
                run_id, _, step = subject.partition("/")
                self._woken(run_id, step)
            elif kind == "run":
                execution = self._executions.get(subject)
                if execution is not None:
                    self.forget(execution)
                self.push(LoadWork(self, subject))
