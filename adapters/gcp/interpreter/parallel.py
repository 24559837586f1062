"""Run branches and iterations side by side. Page: syntax/parallel-steps; quotas.

All run to their end; an unhandled error in one stops no other. At most so many of a step run at once as its
`concurrency_limit` says, and 20 of an execution; a branch that waits for branches of its own does not count.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from isthmus.adapters.gcp.interpreter.choices import Open
from isthmus.adapters.gcp.interpreter.faults import Fault, fault, type_fault, value_fault
from isthmus.adapters.gcp.interpreter.scheduler import Coroutine, Suspend, Wake
from isthmus.adapters.gcp.interpreter.signals import Frame
from isthmus.adapters.gcp.interpreter.steps import For, Parallel, Steps
from isthmus.adapters.gcp.interpreter.values import to_json, type_name

if TYPE_CHECKING:
    from isthmus.adapters.gcp.interpreter.execution import Execution
    from isthmus.adapters.gcp.interpreter.scope import Scope

type Branch = tuple[Any, Callable[[], Coroutine]]


def run_parallel(execution: Execution, body: Parallel, scope: Scope, frame: Frame) -> Coroutine:
    """Run the branches of a step until all have ended. Raises an UnhandledBranchError fault."""
    if frame.parallel >= execution.limits.parallel_depth:
        raise fault("ParallelNestingError", f"parallel steps nest at most {execution.limits.parallel_depth} deep")
    limit = yield from _limit(execution, body, scope, frame)
    inner = Frame(frame.routine, frame.depth, frame.parallel + 1)
    if body.loop is not None:
        branches = yield from _iterations(execution, body.loop, scope, inner)
    else:
        branches = [(name, _branch(execution, steps, scope, inner)) for name, steps in body.branches]
    group = _Group(execution, branches, limit, nested=frame.parallel > 0)
    yield Suspend(group.start)
    if group.errors:
        raise _unhandled(execution, group.errors)


def _limit(execution: Execution, body: Parallel, scope: Scope, frame: Frame) -> Coroutine:
    if body.concurrency_limit is None:
        return execution.limits.concurrent
    limit = yield from execution.value(body.concurrency_limit, scope, frame)
    if type(limit) is not int:
        raise type_fault(f"concurrency_limit is an integer; got: {type_name(limit)}")
    if limit < 1:
        raise value_fault(f"concurrency_limit is positive; got: {limit}")
    return limit


def _branch(execution: Execution, steps: Steps, scope: Scope, frame: Frame) -> Callable[[], Coroutine]:
    def run() -> Coroutine:
        own = scope.inner()
        try:
            yield from execution.steps(steps, own, frame)
        finally:
            own.close()

    return run


def _iterations(execution: Execution, loop: For, scope: Scope, frame: Frame) -> Coroutine:
    items = yield from execution.items(loop, scope, frame)

    def iteration(index: int, item: Any) -> Callable[[], Coroutine]:
        return lambda: execution.iteration(loop, index, item, scope, frame)

    as_text = bool(items) and execution.answers.of(Open.BRANCH_ID) == 1
    return [(str(index) if as_text else index, iteration(index, item)) for index, item in enumerate(items)]


class _Group:
    """Hold the branches of one parallel step: those that run, those that queue, and what was raised in them."""

    def __init__(self, execution: Execution, branches: list[Branch], limit: int, *, nested: bool) -> None:
        self.errors: list[tuple[int, Any, Fault]] = []
        self._execution = execution
        self._queue = list(enumerate(branches))
        self._limit = limit
        self._nested = nested
        self._running = 0
        self._wake: Wake | None = None

    def start(self, wake: Wake) -> None:
        """Start as many branches as may run; wake whoever waits when all have ended."""
        self._wake = wake
        # A branch that waits here for its own branches lets another have its place.
        self._execution.branches_running -= self._nested
        self._execution.on_free.append(self._fill)
        self._fill()

    def _fill(self) -> None:
        execution = self._execution
        while self._queue and self._running < self._limit and execution.branches_running < execution.limits.concurrent:
            count = len(self._queue)
            choose = count > 1 and (self._limit < count + self._running or execution.limits.concurrent < count)
            chosen = execution.scheduler.choices.choose(Open.ORDER, count) if choose else 0
            number, (name, run) = self._queue.pop(chosen)
            self._running += 1
            execution.branches_running += 1
            execution.scheduler.spawn(run(), execution, self._ended(number, name))
        if not self._queue and not self._running and self._wake is not None:
            execution.on_free.remove(self._fill)
            execution.branches_running += self._nested
            self._wake(None, None)
            self._wake = None

    def _ended(self, number: int, name: Any) -> Wake:
        def ended(_: Any, error: BaseException | None) -> None:
            self._running -= 1
            self._execution.branches_running -= 1
            if isinstance(error, Fault):
                self.errors.append((number, name, error))
            elif error is not None:
                assert self._wake is not None
                self._wake(None, error)
                return
            for fill in list(self._execution.on_free):
                fill()

        return ended


def _unhandled(execution: Execution, errors: list[tuple[int, Any, Fault]]) -> Fault:
    if execution.answers.of(Open.BRANCH_ORDER) == 0:
        errors = sorted(errors, key=lambda one: one[0])
    room = max(execution.limits.unhandled_errors - execution.unhandled, 0)
    execution.unhandled += len(errors)
    message = "UnhandledBranchError: one or more branches or iterations encountered an unhandled runtime error"
    branches = [
        {"id": name, "error": {"context": error.context, "payload": _payload(execution, error.value)}}
        for _, name, error in errors[:room]
    ]
    tags = ["UnhandledBranchError"]
    value = {"message": message, "tags": tags, "branches": branches, "truncated": len(errors) > room}
    return Fault(value, tag="UnhandledBranchError")


def _payload(execution: Execution, error: Any) -> Any:
    if execution.answers.of(Open.BRANCH_PAYLOAD) == 1:
        return error
    return to_json(error, execution.answers).decode()
