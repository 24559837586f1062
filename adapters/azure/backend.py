"""The task hub of a rehearsal: durabletask's in-memory backend, feeding Microsoft's worker library, on a given clock.

What it stands in for is the host: the .NET extension and its storage. Private names of durabletask are used here and
nowhere else, which is one more reason for its exact pin.
"""

from __future__ import annotations

import asyncio
import base64
import heapq
import json
import logging
from collections import deque
from collections.abc import Callable
from concurrent import futures
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Final

import durabletask.internal.orchestrator_service_pb2 as messages
import durabletask.internal.orchestrator_service_pb2_grpc as services
import durabletask.testing.in_memory_backend as in_memory
import grpc
from google.protobuf import timestamp_pb2, wrappers_pb2

from isthmus.adapters.azure.worker import Worker, WorkerFailed, WorkerGone, json_text, text
from isthmus.adapters.runtime.deployment import Clock

log = logging.getLogger("isthmus.azure")


class _Always:
    """Be the context that a stream of work items polls."""

    def is_active(self) -> bool:
        return True


_CLOCK: ContextVar[Clock | None] = ContextVar("clock of the hub that works", default=None)


class _Moments:
    """Stand for the `datetime` of the backend's module, and tell the time of the hub that works, if one does."""

    def now(self, zone: Any = None) -> datetime:
        clock = _CLOCK.get()
        return datetime.now(zone) if clock is None else clock.now()

    def __getattr__(self, name: str) -> Any:
        return getattr(datetime, name)


vars(in_memory)["datetime"] = _Moments()

TIMED: Final = ("StartInstance", "RaiseEvent", "TerminateInstance", "CompleteOrchestratorTask", "CompleteActivityTask")
"""What a hub does that looks at the time; handing out work items does, too."""


def _by(clock: Clock, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that tells the time by a clock."""

    @wraps(method)
    def timed(*arguments: Any) -> Any:
        before = _CLOCK.set(clock)
        try:
            return method(*arguments)
        finally:
            _CLOCK.reset(before)

    return timed


class _Handed(deque[Any]):
    """Be a queue that counts what is taken off it as under way: the backend hands it out a moment later."""

    def __init__(self, taken: Callable[[], None]) -> None:
        super().__init__()
        self._taken = taken

    def popleft(self) -> Any:
        item = super().popleft()
        self._taken()
        return item


class TaskHub(in_memory.InMemoryOrchestrationBackend):
    """Keep orchestrations in memory, and their timers until the clock is moved to them."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._due: list[tuple[datetime, int, str, Any]] = []
        self._timers = 0
        self.busy = 0
        """How many activities are under way."""
        self._activity_queue = _Handed(self._taken)
        for name in TIMED:
            setattr(self, name, _by(clock, getattr(self, name)))

    def open(self) -> None:
        """Serve on a free port of this machine."""
        self._shutdown_event.clear()
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
        services.add_TaskHubSidecarServiceServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]  # generated
        self._served_at = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def close(self) -> None:
        """End."""
        self.stop()

    def client_binding(self) -> Any:
        """Return what the host gives to a function that takes a client."""
        binding = {
            "taskHubName": "rehearsal",
            "connectionName": "",
            "creationUrls": {},
            "managementUrls": {},
            "baseUrl": "http://127.0.0.1/runtime/webhooks/durabletask",
            "requiredQueryStringParameters": "code=x",
            "rpcBaseUrl": self.address,
            "httpBaseUrl": "",
            "maxGrpcMessageSizeInBytes": 0,
        }
        return text(json.dumps(binding))

    @property
    def address(self) -> str:
        """Return where it listens."""
        return f"127.0.0.1:{self._served_at}"

    @property
    def is_idle(self) -> bool:
        """Say whether nothing can go on without time passing or the outside acting."""
        with self._lock:
            queued = self._orchestration_queue or self._activity_queue or self._entity_queue
            return not (self.busy or self._orchestration_in_flight or queued)

    def has_ended(self, instance_id: str) -> bool:
        """Say whether an orchestration has come to its end."""
        with self._lock:
            instance = self._instances.get(instance_id)
            return instance is not None and self._is_terminal_status(instance.status)

    def history_of(self, instance_id: str) -> list[Any]:
        """Return the events of an orchestration."""
        with self._lock:
            return list(self._instances[instance_id].history)

    # Timers

    def _process_create_timer_action(self, instance: Any, action: Any) -> None:
        fire_at = action.createTimer.fireAt
        instance.history.append(_event(action.id, timerCreated=messages.TimerCreatedEvent(fireAt=fire_at)))
        if instance.status == messages.ORCHESTRATION_STATUS_PENDING:
            instance.status = messages.ORCHESTRATION_STATUS_RUNNING
        self._timers += 1
        fired = messages.TimerFiredEvent(fireAt=fire_at, timerId=action.id)
        heapq.heappush(self._due, (fire_at.ToDatetime(tzinfo=UTC), self._timers, instance.instance_id, fired))

    def fire_due(self) -> int:
        """Deliver the timers whose moment the clock has come to; say how many there were."""
        fired = 0
        with self._lock:
            while self._due and self._due[0][0] <= self._clock.now():
                _, _, instance_id, event = heapq.heappop(self._due)
                instance = self._instances.get(instance_id)
                if instance is not None and not self._is_terminal_status(instance.status):
                    instance.pending_events.append(_event(-1, timerFired=event))
                    self._enqueue_orchestration(instance_id)
                    fired += 1
        return fired

    def next_due(self) -> datetime | None:
        """Return the moment of the next timer."""
        with self._lock:
            return self._due[0][0] if self._due else None

    # Work items

    async def pump(self, worker: Worker) -> None:
        """Feed work items to the worker until the hub is closed."""
        loop = asyncio.get_running_loop()
        items = self.GetWorkItems(messages.GetWorkItemsRequest(), _Always())
        take = _by(self._clock, next)
        with futures.ThreadPoolExecutor(1) as pool:
            async with asyncio.TaskGroup() as tasks:
                while (item := await loop.run_in_executor(pool, take, items, None)) is not None:
                    tasks.create_task(self._handle(worker, item))

    def _taken(self) -> None:
        self.busy += 1

    async def _handle(self, worker: Worker, item: Any) -> None:
        kind = item.WhichOneof("request")
        request = getattr(item, kind)
        try:
            if kind == "orchestratorRequest":
                response = await self._orchestrate(worker, request)
                complete = self.CompleteOrchestratorTask
            else:
                response = await self._act(worker, request)
                complete = self.CompleteActivityTask
            response.completionToken = item.completionToken
            complete(response, None)
        except Exception:
            log.exception("a work item was lost: %s", kind)
            if kind == "orchestratorRequest":
                with self._lock:
                    self._orchestration_in_flight.discard(request.instanceId)
        finally:
            if kind == "activityRequest":
                with self._lock:
                    self.busy -= 1

    async def _orchestrate(self, worker: Worker, request: Any) -> Any:
        name = _orchestrator_of(request)
        encoded = text(base64.b64encode(request.SerializeToString()).decode())
        try:
            result = await _invoke(worker, name, {worker.parameter_of(name, "orchestrationTrigger"): encoded})
        except WorkerFailed as error:
            failure = messages.TaskFailureDetails(errorType="Host", errorMessage=error.message)
            completion = messages.CompleteOrchestrationAction(
                orchestrationStatus=messages.ORCHESTRATION_STATUS_FAILED, failureDetails=failure
            )
            action = messages.OrchestratorAction(id=0, completeOrchestration=completion)
            return messages.OrchestratorResponse(instanceId=request.instanceId, actions=[action])
        return messages.OrchestratorResponse.FromString(base64.b64decode(result.value))

    async def _act(self, worker: Worker, request: Any) -> Any:
        response = messages.ActivityResponse(instanceId=request.orchestrationInstance.instanceId, taskId=request.taskId)
        parameter = worker.parameter_of(request.name, "activityTrigger")
        try:
            result = await _invoke(worker, request.name, {parameter: json_text(request.input.value)})
        except WorkerFailed as error:
            # The real extension splits "Type: message" in the same way.
            error_type, _, message = error.message.partition(": ")
            trace = wrappers_pb2.StringValue(value=error.stack_trace)
            details = messages.TaskFailureDetails(errorType=error_type, errorMessage=message, stackTrace=trace)
            response.failureDetails.CopyFrom(details)
        else:
            response.result.value = result.value if result else "null"
        return response


async def _invoke(worker: Worker, name: str, inputs: dict[str, Any]) -> Any:
    """Invoke a function, and once more when its worker was lost meanwhile: no work item goes with it."""
    while True:
        try:
            return await worker.invoke(name, inputs)
        except WorkerGone:
            await worker.returned()


def _orchestrator_of(request: Any) -> str:
    events = [*request.pastEvents, *request.newEvents]
    started = next(event for event in reversed(events) if event.HasField("executionStarted"))
    return str(started.executionStarted.name)


def _event(event_id: int, **payload: Any) -> Any:
    return messages.HistoryEvent(eventId=event_id, timestamp=timestamp_pb2.Timestamp(), **payload)
