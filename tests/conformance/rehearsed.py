"""Azure: the packaged folder in Microsoft's worker library, orchestrations in durabletask's in-memory backend."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as messages
import durabletask.worker as durable_worker
from azure.durable_functions import DurableFunctionsClient
from fair import FAIR
from laptop import OPENING, Laptop
from requirement import SKIPS, TurnedAway, clear, empty, from_hour_to_hour, rows
from stall import Stall

from isthmus.adapters.azure import worker as parts
from isthmus.adapters.azure.endpoints import TOPICS
from isthmus.adapters.azure.instances import begin, wake_run
from isthmus.adapters.azure.orchestrator import CHANGED
from isthmus.adapters.azure.package import write_package
from isthmus.adapters.azure.rehearsal import Rehearsal
from isthmus.adapters.azure.streams import STREAMS
from isthmus.adapters.azure.topics import hand_on
from isthmus.adapters.runtime.clock import MovedClock
from isthmus.adapters.runtime.hosting import start
from isthmus.adapters.runtime.operations import resolve
from isthmus.adapters.runtime.runs import cancel_run
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.database import Database


class Azure:
    """Play scenes in a rehearsal. What a worker that dies has done comes again."""

    name = "azure"

    def __init__(self, url: str, folder: Path) -> None:
        self.skips = SKIPS[self.name]
        self.stall = Stall()
        self.database = Database.open(url, migrate=False)
        write_package("fair:app", FAIR, folder / "package")
        self._clock = MovedClock(OPENING)
        self.rehearsal = Rehearsal(folder / "package", FAIR, url, folder=folder, clock=self._clock)
        self._deaths = 0
        self._twice = False
        self._timers = Timers()
        self._wrap()
        self.rehearsal.__enter__()

    def _wrap(self) -> None:
        """Stand between the hub and the worker, where work items are lost and come again."""
        hub: Any = self.rehearsal.hub
        hub.__dict__["_orchestrate"] = self._follow(hub._orchestrate)
        for name in ("_orchestrate", "_act"):
            hub.__dict__[name] = self._again(getattr(hub, name))

    def _again(self, handle: Callable[..., Any]) -> Callable[..., Any]:
        async def handled(worker: Any, request: Any) -> Any:
            self._deaths -= 1
            if self._deaths == 0 or self._twice:
                await handle(worker, request)
            return await handle(worker, request)

        return handled

    def _follow(self, handle: Callable[..., Any]) -> Callable[..., Any]:
        async def handled(worker: Any, request: Any) -> Any:
            self._timers.before(request.instanceId)
            response = await handle(worker, request)
            self._timers.after(request.instanceId, response)
            return response

        return handled

    def ways(self, _number: int) -> Iterator[str]:
        yield "as it comes"

    def reset(self) -> None:
        self.rehearsal.settle()
        hub: Any = self.rehearsal.hub
        with hub._lock:
            hub._instances.clear()
            hub._due.clear()
        empty(self.database)
        clear(self.stall)
        self._deaths = 0
        self._twice = False
        self._timers.left_open.clear()
        self._reconnect()
        self._clock._now = OPENING

    def close(self) -> None:
        self.rehearsal.__exit__()
        self.database.close()

    def _do[T](self, call: Callable[[], T]) -> T:
        result = call()
        self.rehearsal.settle(timeout_seconds=120)
        return result

    def _in_client(self, act: Callable[[Any], Any]) -> None:
        async def within() -> None:
            client = DurableFunctionsClient(self.rehearsal.hub.client_binding().value)
            try:
                await act(client)
            finally:
                await client.close()

        self._do(lambda: asyncio.run_coroutine_threadsafe(within(), self.rehearsal._loop).result())

    def start(self, contract: str, message: Any) -> str:
        return self._do(
            lambda: self.rehearsal.begin(contract, message, actor="tester", on_behalf_of="a client").result()
        )

    def request(self, path: str, body: bytes, route: dict[str, str], function: str) -> tuple[int, Any]:
        asked = self.rehearsal._request("POST", path, body, {}, route, function)
        return self._do(lambda: self.rehearsal.wait(asked))

    def send(self, event: str, key: str, body: bytes, event_id: str | None) -> None:
        status, said = self._do(lambda: self.rehearsal.send(event, key, body, event_id))
        _raise_unless(202, status, said)

    def publish(self, topic: str, body: bytes) -> None:
        _raise_unless(202, *self.request(f"/topics/{topic}", body, {"name": topic}, TOPICS))

    def feed(self, stream: str, body: bytes) -> None:
        _raise_unless(202, *self.request(f"/streams/{stream}", body, {"name": stream}, STREAMS))

    def ask(self, contract: str, message: Any, key: str) -> Any:
        return self._do(lambda: self.rehearsal.ask(contract, message, key=key))

    def move(self, duration: timedelta) -> None:
        """Let time pass from hour to hour, at each of which the schedules tick and the sweep goes by."""
        for step, ticking in from_hour_to_hour(self._clock.now(), duration):
            self.rehearsal.move(step)
            for name in ticking:
                self._do(partial(self._fire, f"schedule_{name}"))

    def _fire(self, function: str) -> None:
        inputs = {"timer": parts.timer_tick(), "client": self.rehearsal.hub.client_binding()}
        self.rehearsal.wait(self.rehearsal.worker.invoke(function, inputs))

    def cancel(self, run_id: str) -> None:
        def work(unit: UnitOfWork) -> None:
            cancel_run(unit, run_id)

        self.rehearsal.host.do_from_outside("cancel", "operator", "", work)
        self._in_client(lambda client: wake_run(client, run_id, CHANGED))

    def replay_all(self) -> None:
        for (number,) in rows(self, "select dead_letter_id from dead_letter where resolved_at is null order by 1"):
            _, replayed = self.rehearsal.host.do_from_outside(
                "replay",
                "a person",
                "",
                lambda unit, number=number: resolve(unit, number),  # type: ignore[misc]
            )
            self._in_client(lambda client, it=replayed: self._go_on(client, it))  # type: ignore[misc]

    async def _go_on(self, client: Any, replayed: Any) -> None:
        if replayed.message is not None:
            await hand_on(self.rehearsal.host, client, replayed.message, replayed.subscriber)
            await asyncio.to_thread(self.rehearsal.host.mark_published, [replayed.message])
        else:
            await wake_run(client, replayed.run_id, CHANGED)

    def terminate(self, run_id: str) -> None:
        """Have the platform end an orchestration, and let the sweep go by."""
        self._in_client(lambda client: client.terminate_orchestration(run_id))
        self._do(self.rehearsal.sweep)

    def sweep(self) -> None:
        """Let the sweep go by."""
        self._reconnect()
        self._do(self.rehearsal.sweep)

    def start_only(self, contract: str, message: Any) -> str:
        """Start a run, and be lost before its orchestration is begun."""
        return start(self.rehearsal.host, contract, message, "tester", "a client")

    def cut_off(self) -> None:
        """Have the next message not leave."""
        outlet: Any = self.rehearsal._around.outgoing

        def fail(_messages: Any) -> None:
            raise ConnectionError

        outlet.send = fail

    def _reconnect(self) -> None:
        vars(self.rehearsal._around.outgoing).pop("send", None)

    def begin_again(self, contract: str, run_id: str) -> None:
        self._in_client(lambda client: begin(client, contract, run_id))

    def intrude(self, contract: str, run_id: str) -> str:
        """Have a second orchestration carry on a run, and return what that says."""
        other = f"{run_id}.other"
        self._in_client(lambda client: client.schedule_new_orchestration(contract, input=run_id, instance_id=other))
        hub: Any = self.rehearsal.hub
        return str(json.loads(hub._instances[other].output or "null"))

    def hurt(self, number: int) -> None:
        self._deaths = number

    def deliver_twice(self) -> None:
        self._twice = True

    def history(self) -> bytes:
        hub: Any = self.rehearsal.hub
        found = b"".join(
            event.SerializeToString()
            for one in hub._instances.values()
            for event in (*one.history, *one.pending_events)
        )
        return found + Laptop.history(self)  # type: ignore[arg-type]

    def left_open(self) -> list[str]:
        """Return the orchestrations that ended while a timer was neither fired nor cancelled: Azure lets none end."""
        return self._timers.left_open


class Timers:
    """Follow the timers of every orchestration, and what is open at its end; a replay makes them all again."""

    def __init__(self) -> None:
        self.left_open: list[str] = []
        self._made: dict[str, list[Any]] = {}
        kind = vars(durable_worker)["_RuntimeOrchestrationContext"]
        create = kind.create_timer_internal

        def followed(context: Any, *arguments: Any, **named: Any) -> Any:
            timer = create(context, *arguments, **named)
            self._made.setdefault(context.instance_id, []).append(timer)
            return timer

        kind.create_timer_internal = followed

    def before(self, instance_id: str) -> None:
        """Forget what an earlier episode has made."""
        self._made.pop(instance_id, None)

    def after(self, instance_id: str, response: Any) -> None:
        """Note an orchestration that ends now and leaves a timer open."""
        ends = any(
            action.completeOrchestration.orchestrationStatus == messages.ORCHESTRATION_STATUS_COMPLETED
            for action in response.actions
            if action.HasField("completeOrchestration")
        )
        if ends and not all(timer.is_complete for timer in self._made.pop(instance_id, ())):
            self.left_open.append(instance_id)


def _raise_unless(expected: int, status: int, said: Any) -> None:
    if status != expected:
        raise TurnedAway(said.get("code", ""), f"{status}: {json.dumps(said)}")
