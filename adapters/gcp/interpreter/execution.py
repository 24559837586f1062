"""Execute a workflow, step by step.

    execute(load(text), {"order": 7}, transport=shop)  ->  Outcome(result=…) or Outcome(failed=True, error=…)

Each routine, branch and iteration is a generator that the scheduler runs; an error of the workflow is a `Fault` that
goes up through them. Where a step may be left, a signal says to where. Pages: syntax/*; limits: quotas.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from isthmus.adapters.gcp.interpreter.blocking import BLOCKING
from isthmus.adapters.gcp.interpreter.callbacks import Callbacks
from isthmus.adapters.gcp.interpreter.calls import BLOCKERS
from isthmus.adapters.gcp.interpreter.choices import Answers, Choices, Open
from isthmus.adapters.gcp.interpreter.faults import (
    RELATED_TAGS,
    Ended,
    Fault,
    fault,
    limit_fault,
    type_fault,
    value_fault,
)
from isthmus.adapters.gcp.interpreter.library import FUNCTIONS
from isthmus.adapters.gcp.interpreter.limits import LIMITS, Limits
from isthmus.adapters.gcp.interpreter.operators import field as item_of
from isthmus.adapters.gcp.interpreter.operators import position
from isthmus.adapters.gcp.interpreter.outcome import LogEntry, Outcome
from isthmus.adapters.gcp.interpreter.parallel import run_parallel
from isthmus.adapters.gcp.interpreter.policies import PREDICATES
from isthmus.adapters.gcp.interpreter.problems import ArgumentInvalid, Undocumented
from isthmus.adapters.gcp.interpreter.retrying import Schedule, schedule_of
from isthmus.adapters.gcp.interpreter.scheduler import PAUSE, Clock, Coroutine, Scheduler
from isthmus.adapters.gcp.interpreter.scope import Memory, Scope
from isthmus.adapters.gcp.interpreter.signals import BREAK, CONTINUE, Done, Frame, Go, signal_of
from isthmus.adapters.gcp.interpreter.steps import (
    Assign,
    Call,
    Except,
    For,
    Nested,
    Nothing,
    Parallel,
    Raise,
    Return,
    Routine,
    Step,
    Steps,
    Switch,
    Try,
    Workflow,
)
from isthmus.adapters.gcp.interpreter.transport import NoTransport, Transport
from isthmus.adapters.gcp.interpreter.values import Reference, from_json, ordered, to_json, type_name

if TYPE_CHECKING:
    from isthmus.adapters.gcp.interpreter.formulas import Formula, RoutineCall

BUILT_IN_ENVIRONMENT: Final = {
    "GOOGLE_CLOUD_LOCATION": "local",
    "GOOGLE_CLOUD_PROJECT_ID": "local",
    "GOOGLE_CLOUD_PROJECT_NUMBER": "1",
    "GOOGLE_CLOUD_SERVICE_ACCOUNT_NAME": "local",
    "GOOGLE_CLOUD_WORKFLOW_ID": "local",
    "GOOGLE_CLOUD_WORKFLOW_REVISION_ID": "000001-000",
}


class Execution:
    """Hold one execution of a workflow, which others wait for, post callbacks to, and see the outcome of."""

    def __init__(
        self,
        workflow: Workflow,
        argument: bytes | None,
        scheduler: Scheduler,
        transport: Transport,
        callbacks: Callbacks,
        limits: Limits,
        environment: Mapping[str, str],
    ) -> None:
        self.workflow = workflow
        self.scheduler = scheduler
        self.transport = transport
        self.callbacks = callbacks
        self.limits = limits
        self.answers = Answers(scheduler.choices)
        self.memory = Memory(limits)
        self.logs: list[LogEntry] = []
        self.outcome: Outcome | None = None
        self.unhandled = 0
        self.branches_running = 0
        self.on_free: list[Callable[[], None]] = []
        self._environment = environment
        self._steps = 0
        self._uuids = 0
        self._began = scheduler.clock.now()
        self._ends = self._began + limits.duration_seconds
        decoded = None if argument is None else from_json(argument, self.answers)
        scheduler.spawn(self._main(decoded), self, self._ended)

    # What library functions ask.

    def now(self) -> float:
        """Return the seconds since 1970."""
        return self.scheduler.clock.now()

    def new_uuid(self) -> str:
        """Return an identifier: a random one on the real clock, the same in every run on the virtual one."""
        self._uuids += 1
        if self.scheduler.clock.real:
            return str(uuid.uuid4())
        identity = self.environment("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID")
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{identity}/{self._uuids}"))

    def environment(self, name: str) -> str | None:
        """Return an environment variable of the workflow, or None."""
        return self._environment.get(name)

    # The beginning and the end.

    def _main(self, argument: Any) -> Coroutine:
        main = self.workflow.main
        parameters = main.signature.parameters
        arguments = dict.fromkeys(parameters, argument)
        result = yield from self._routine(main, arguments, Frame(main.name, 1, 0))
        try:
            to_json(result, self.answers)
        except Fault as unfit:
            unfit.at("return", main.name, main.line)
            raise
        return result

    def _ended(self, result: Any, error: BaseException | None) -> None:
        match error:
            case None:
                self.finish(Outcome(result, steps=self._steps, seconds=self._seconds, logs=tuple(self.logs)))
            case Fault():
                self.fail(error)
            case Ended():
                self.fail(error.fault)
            case _:
                raise error

    @property
    def _seconds(self) -> float:
        return self.now() - self._began

    def fail(self, error: Fault) -> None:
        """End with an error."""
        logs = tuple(self.logs)
        self.finish(
            Outcome(
                failed=True,
                error=error.value,
                context=error.context,
                steps=self._steps,
                seconds=self._seconds,
                logs=logs,
            )
        )

    def finish(self, outcome: Outcome) -> None:
        """End: endpoints are gone, and tasks that are left stop where they are."""
        self.outcome = outcome
        self.callbacks.forget(self)
        self.scheduler.cancel(self)

    # Routines and steps.

    def call_routine(self, name: str, in_order: list[Any], named: dict[str, Any], frame: Frame) -> Coroutine:
        """Run a sub-workflow with its arguments, and return its result."""
        routine = self.workflow.routines[name]
        arguments = {**routine.defaults, **dict(zip(routine.signature.parameters, in_order, strict=False)), **named}
        result = yield from self._routine(routine, arguments, self.deeper(frame, name))
        return result

    def deeper(self, frame: Frame, name: str) -> Frame:
        """Return the frame of something that is called. Raises a RecursionError fault beyond the limit."""
        if frame.depth >= self.limits.call_depth:
            raise fault("RecursionError", f"the call stack is deeper than {self.limits.call_depth}")
        return Frame(name, frame.depth + 1, frame.parallel)

    def _routine(self, routine: Routine, arguments: dict[str, Any], frame: Frame) -> Coroutine:
        scope = Scope(self, self.memory)
        for name, value in arguments.items():
            scope.create(name, value)
        signal = yield from self.steps(routine.steps, scope, frame)
        scope.close()
        return signal.value if isinstance(signal, Done) else None

    def steps(self, steps: Steps, scope: Scope, frame: Frame) -> Coroutine:
        """Run steps in order, and return the signal to leave them, or None."""
        index, count = 0, len(steps.steps)
        while index < count:
            signal = yield from self._step(steps.steps[index], scope, frame)
            if signal is None:
                index += 1
            elif isinstance(signal, Go) and signal.target in steps.places:
                index = steps.places[signal.target]
            else:
                return signal
        return None

    def _step(self, step: Step, scope: Scope, frame: Frame) -> Coroutine:
        if self.scheduler.crowded:
            yield PAUSE
        try:
            self._count()
            signal = yield from BODIES[type(step.body)](self, step.body, scope, frame)
        except Fault as raised:
            self._locate(raised, step, frame)
            raise
        except Ended as ended:
            self._locate(ended.fault, step, frame)
            raise
        except Undocumented as unknown:
            unknown.place = unknown.place or f"{self.workflow.name}:{step.line}"
            raise
        return signal_of(step.next) if signal is None and step.next is not None else signal

    def _count(self) -> None:
        self._steps += 1
        if self._steps > self.limits.steps:
            raise Ended(limit_fault(f"more than {self.limits.steps} steps in an execution"))
        if self.now() > self._ends:
            raise Ended(fault("TimeoutError", f"an execution takes at most {self.limits.duration_seconds:g} seconds"))

    def _locate(self, raised: Fault, step: Step, frame: Frame) -> None:
        raised.at(step.name, frame.routine, step.line)
        related = RELATED_TAGS.get(raised.tag)
        if related and not raised.tagged and self.answers.of(Open.RELATED_TAGS) == 1:
            raised.value = {**raised.value, "tags": [*raised.value["tags"], related]}
        raised.tagged = True

    # Values.

    def value(self, formula: Formula, scope: Scope, frame: Frame) -> Coroutine:
        """Evaluate an expression, after the sub-workflows that it calls."""
        if formula.calls:
            yield from self._called(formula.calls, scope, frame)
        return formula.evaluate(scope)

    def _called(self, calls: tuple[RoutineCall, ...], scope: Scope, frame: Frame) -> Coroutine:
        for call in calls:
            arguments = [argument.evaluate(scope) for argument in call.arguments]
            scope.results[call.number] = yield from self.call_routine(call.routine, arguments, {}, frame)

    # One method a kind of step.

    def _assign(self, body: Assign, scope: Scope, frame: Frame) -> Coroutine:
        for number, (target, formula) in enumerate(body.assignments):
            # Nothing says that a whole step is atomic: another branch may come between two assignments.
            if number and frame.parallel and self.scheduler.crowded:
                yield PAUSE
            value = formula.evaluate(scope) if not formula.calls else (yield from self.value(formula, scope, frame))
            if target.path:
                keys = []
                for key in target.path:
                    keys.append((yield from self.value(key, scope, frame)))
                value = self._placed(scope.read(target.name), keys, value)
            scope.assign(target.name, value)
        return None

    def _placed(self, whole: Any, keys: list[Any], value: Any) -> Any:
        """Return a copy of a map or list with a value put where keys lead."""
        if not keys:
            return value
        key, rest = keys[0], keys[1:]
        if type(whole) is dict:
            if type(key) is not str:
                raise type_fault(f"a key of a map is a string; got: {type_name(key)}")
            if rest and key not in whole and self.answers.of(Open.MISSING_PARENT) == 0:
                raise fault("KeyError", f"key not found: {key}")
            return {**whole, key: self._placed(whole.get(key, {}), rest, value)}
        if type(whole) is list:
            at = position(whole, key, self.answers)
            return [*whole[:at], self._placed(item_of(whole, at, self.answers), rest, value), *whole[at + 1 :]]
        raise type_fault(f"a value of type {type_name(whole)} has no items to assign to")

    def _call(self, body: Call, scope: Scope, frame: Frame) -> Coroutine:
        in_order: list[Any] = []
        for formula in body.in_order:
            in_order.append((yield from self.value(formula, scope, frame)))
        named: dict[str, Any] = {}
        for name, formula in body.named.items():
            named[name] = yield from self.value(formula, scope, frame)
        for argument in [*in_order, *named.values()]:
            self.memory.size(argument)
        if body.function in self.workflow.routines:
            result = yield from self.call_routine(body.function, in_order, named, frame)
        else:
            self.deeper(frame, body.function)
            result = yield from self._library(body.function, in_order, named)
        if body.result is not None:
            scope.assign(body.result, result)
        return None

    def _library(self, function: str, in_order: list[Any], named: dict[str, Any]) -> Coroutine:
        if function in FUNCTIONS:
            return FUNCTIONS[function].run(self, *in_order, **named)
        if function in PREDICATES:
            return PREDICATES[function](*in_order, *named.values())
        given = dict(zip(BLOCKING[function].parameters, in_order, strict=False)) | named
        result = yield from BLOCKERS[function](self, function, given)
        return result

    def _switch(self, body: Switch, scope: Scope, frame: Frame) -> Coroutine:
        for case in body.cases:
            true = yield from self.value(case.condition, scope, frame)
            if type(true) is not bool:
                raise type_fault(f"a condition is a boolean; got: {type_name(true)}")
            if true:
                if isinstance(case.step.body, Nothing):
                    return signal_of(case.step.next) if case.step.next is not None else None
                signal = yield from self._step(case.step, scope, frame)
                return signal
        return None

    def _for(self, body: For, scope: Scope, frame: Frame) -> Coroutine:
        items = yield from self.items(body, scope, frame)
        for index, item in enumerate(items):
            signal = yield from self.iteration(body, index, item, scope, frame)
            if signal is BREAK:
                break
            if signal is not None and signal is not CONTINUE:
                return signal
        return None

    def items(self, body: For, scope: Scope, frame: Frame) -> Coroutine:
        """Return what a loop goes through."""
        if body.range is not None:
            first = yield from self.value(body.range[0], scope, frame)
            last = yield from self.value(body.range[1], scope, frame)
            return self._range(first, last)
        assert body.items is not None
        items = yield from self.value(body.items, scope, frame)
        if type(items) not in (list, dict):
            raise type_fault(f"a loop goes through a list or a map; got: {type_name(items)}")
        return ordered(items, self.answers) if type(items) is dict else items

    def _range(self, first: Any, last: Any) -> range:
        if type(first) is not int or type(last) is not int:
            raise type_fault(f"a range goes from integer to integer; got: {type_name(first)} and {type_name(last)}")
        if last < first and self.answers.of(Open.EMPTY_RANGE) == 1:
            raise value_fault(f"the range ends at {last}, before it starts at {first}")
        return range(first, last + 1)

    def iteration(self, body: For, index: int, item: Any, scope: Scope, frame: Frame) -> Coroutine:
        """Run the steps of a loop once, in a scope of their own."""
        named = {body.value: item} if body.index is None else {body.value: item, body.index: index}
        return (yield from self._inside(body.steps, named, scope, frame))

    def _inside(self, steps: Steps, named: Mapping[str, Any], scope: Scope, frame: Frame) -> Coroutine:
        """Run steps in a scope of their own, with variables that are there alone."""
        inner = scope.inner()
        for name, value in named.items():
            inner.create(name, value)
        try:
            signal = yield from self.steps(steps, inner, frame)
        finally:
            inner.close()
        return signal

    def _try(self, body: Try, scope: Scope, frame: Frame) -> Coroutine:
        schedule: Schedule | None = None
        while True:
            try:
                signal = yield from self.steps(body.steps, scope, frame)
            except Fault as raised:
                if body.retry is not None:
                    policy = yield from self.value(body.retry.policy, scope, frame)
                    schedule = schedule or schedule_of(policy)
                    wanted = yield from self._wanted(schedule.predicate, raised.value, frame)
                    if wanted and schedule.left():
                        yield schedule.pause(self.scheduler)
                        continue
                if body.handler is None:
                    raise
                caught = raised.value
            else:
                return signal
            signal = yield from self._except(body.handler, caught, scope, frame)
            return signal

    def _wanted(self, predicate: Reference, error: Any, frame: Frame) -> Coroutine:
        if predicate.name in PREDICATES:
            return PREDICATES[predicate.name](error)
        wanted = yield from self.call_routine(predicate.name, [error], {}, frame)
        if type(wanted) is not bool:
            raise type_fault(f"a retry predicate returns a boolean; got: {type_name(wanted)}")
        return wanted

    def _except(self, handler: Except, error: Any, scope: Scope, frame: Frame) -> Coroutine:
        return (yield from self._inside(handler.steps, {handler.name: error}, scope, frame))

    def _parallel(self, body: Parallel, scope: Scope, frame: Frame) -> Coroutine:
        yield from run_parallel(self, body, scope, frame)
        return None

    def _raise(self, body: Raise, scope: Scope, frame: Frame) -> Coroutine:
        value = yield from self.value(body.value, scope, frame)
        if type(value) not in (dict, str):
            raise Undocumented(f"a value of type {type_name(value)} is raised: a map or a string is")
        raise Fault(value)

    def _return(self, body: Return, scope: Scope, frame: Frame) -> Coroutine:
        value = yield from self.value(body.value, scope, frame)
        self.memory.size(value)
        return Done(value)

    def _nested(self, body: Nested, scope: Scope, frame: Frame) -> Coroutine:
        signal = yield from self.steps(body.steps, scope, frame)
        return signal

    def _nothing(self, _body: Nothing, _scope: Scope, _frame: Frame) -> Coroutine:
        return None
        yield


BODIES: Final[dict[type, Callable[[Execution, Any, Scope, Frame], Coroutine]]] = {
    Assign: Execution._assign,
    Call: Execution._call,
    Switch: Execution._switch,
    For: Execution._for,
    Try: Execution._try,
    Parallel: Execution._parallel,
    Raise: Execution._raise,
    Return: Execution._return,
    Nested: Execution._nested,
    Nothing: Execution._nothing,
}


def start(
    workflow: Workflow,
    argument: Any = None,
    *,
    scheduler: Scheduler,
    transport: Transport | None = None,
    callbacks: Callbacks | None = None,
    limits: Limits = LIMITS,
    environment: Mapping[str, str] | None = None,
    execution_id: str = "00000000-0000-0000-0000-000000000001",
) -> Execution:
    """Begin an execution, which goes on when its scheduler runs. Raises ArgumentInvalid."""
    known = {**BUILT_IN_ENVIRONMENT, "GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": execution_id, **(environment or {})}
    value = _argument(workflow, argument, limits)
    return Execution(workflow, value, scheduler, transport or NoTransport(), callbacks or Callbacks(), limits, known)


def _argument(workflow: Workflow, argument: Any, limits: Limits) -> bytes | None:
    """Return an argument as it arrives: as JSON."""
    if argument is None:
        return None
    if not workflow.main.signature.parameters:
        raise ArgumentInvalid("main takes no argument", place=workflow.name, instead="write params: [args] in main")
    import msgspec  # noqa: PLC0415  # only here

    try:
        raw = msgspec.json.encode(argument)
    except (TypeError, ValueError) as wrong:
        raise ArgumentInvalid(f"the argument cannot be written as JSON: {wrong}", place=workflow.name) from None
    if len(raw) > limits.argument_bytes:
        problem = f"an argument of {len(raw)} bytes, and {limits.argument_bytes} are allowed"
        raise ArgumentInvalid(problem, place=workflow.name, instead="pass a reference to what is large")
    return raw


def execute(
    workflow: Workflow,
    argument: Any = None,
    *,
    transport: Transport | None = None,
    choices: Choices | None = None,
    clock: Clock | None = None,
    callbacks: Callbacks | None = None,
    limits: Limits = LIMITS,
    environment: Mapping[str, str] | None = None,
) -> Outcome:
    """Execute a workflow alone, to its end. Raises ArgumentInvalid, and Undocumented."""
    scheduler = Scheduler(clock, choices)
    execution = start(
        workflow,
        argument,
        scheduler=scheduler,
        transport=transport,
        callbacks=callbacks,
        limits=limits,
        environment=environment,
    )
    scheduler.run()
    assert execution.outcome is not None
    return execution.outcome
