"""Rehearsal: a packaged folder, run on this machine by Microsoft's worker library and durabletask's in-memory backend.

Real: the package, the worker library, the durable library, the orchestrations, the database, the ports. Standing in:
the host with its storage (`backend`), Service Bus (messages are handed to the subscriptions' functions, again while
these fail), and the clock, which is moved by hand.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self

from azure.durable_functions import DurableFunctionsClient

from isthmus.adapters.azure import worker as azure
from isthmus.adapters.azure.backend import TaskHub
from isthmus.adapters.azure.endpoints import ACTOR, EVENTS, function_name
from isthmus.adapters.azure.instances import begin
from isthmus.adapters.azure.service_bus import ORDERING_KEY, RUN, bus_name
from isthmus.adapters.azure.surroundings import host_of
from isthmus.adapters.azure.worker import Worker, WorkerFailed, WorkerGone
from isthmus.adapters.azure.worker_process import WorkerProcess, rehearsed_token, settings_of
from isthmus.adapters.runtime.clock import HurriedClock, MovedClock
from isthmus.adapters.runtime.host import Surroundings, surrounded_by
from isthmus.adapters.runtime.hosting import SWEEP, ask, start
from isthmus.adapters.runtime.operations import subscribers
from isthmus.adapters.runtime.subscriptions import Subscriptions
from isthmus.adapters.runtime.unit import OutgoingMessage
from isthmus.adapters.runtime.vault import KeyFile, MasterKey
from isthmus.adapters.sql.database import Database
from isthmus.core.composition import Composition
from isthmus.core.errors import EnvironmentFault

DELIVERIES_MAX: Final = 10
QUIET_LOOKS: Final = 3
LOOK_SECONDS: Final = 0.01

SOON: Final = timedelta(minutes=1)
"""A timer that comes so soon is one of a retry: on a clock that moves by itself it is waited for."""

type RehearsalClock = HurriedClock | MovedClock


class Rehearsed(Surroundings):
    """Be what the host of a rehearsed app stands on."""

    def __init__(self, url: str, folder: Path, clock: RehearsalClock) -> None:
        self._url = url
        self._folder = folder
        self._clock = clock
        self.outgoing = Subscriptions()

    def database(self) -> Database:
        """Open the database."""
        return Database.open(self._url, migrate=False)

    def master(self) -> MasterKey:
        """Return a master key that is made for the rehearsal."""
        return KeyFile(self._folder / "isthmus.key")

    def folder(self) -> Path:
        """Return the folder that the laptop's ports would have."""
        return self._folder

    def clock(self) -> RehearsalClock:
        """Return the moved clock."""
        return self._clock

    def outlet(self) -> Subscriptions:
        """Return the subscriptions."""
        return self.outgoing

    def token(self, scope: str) -> str:
        """Return a token that is made for the rehearsal."""
        return rehearsed_token(scope)


class Rehearsal:
    """Run one packaged folder while the block lasts; there is one in a process.

    With `own_process` the worker is a process of its own, which can be killed and started again; `settings` are those
    that it has beside the rehearsal's.
    """

    def __init__(
        self,
        package: Path,
        composition: Composition,
        url: str,
        *,
        folder: Path,
        clock: RehearsalClock,
        own_process: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.composition = composition
        self.clock = clock
        self.hub = TaskHub(clock)
        self._package = package
        self._around = Rehearsed(url, folder, clock)
        given = {**settings_of(url, folder), **(settings or {})}
        self.worker = WorkerProcess(clock, self._around.outgoing, given) if own_process else Worker()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="rehearsal", daemon=True)
        self._surrounded = ExitStack()
        self._delivering = 0
        self._subscribers = subscribers(composition)
        self._last_of: dict[str, asyncio.Task[None]] = {}
        with surrounded_by(self._around):
            self.host = host_of(composition)

    @property
    def outgoing(self) -> Subscriptions:
        """Return what messages leave by."""
        return self._around.outgoing

    @property
    def is_idle(self) -> bool:
        """Say whether nothing goes on, at this moment."""
        due = self.hub.next_due() if self.clock.moves_by_itself else None
        retries = due is not None and due - self.clock.now() < SOON
        return self.hub.is_idle and not self._delivering and self._around.outgoing.is_empty and not retries

    def __enter__(self) -> Self:
        """Index the folder, and let it work. Raises WorkerFailed."""
        os.environ["AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"] = "1"
        self._thread.start()
        self._surrounded.enter_context(surrounded_by(self._around))  # the app opens its host when it is first invoked
        self.wait(self.worker.load(self._package))
        self.hub.open()
        self._pump = asyncio.run_coroutine_threadsafe(self.hub.pump(self.worker), self._loop)
        self._bus = asyncio.run_coroutine_threadsafe(self._deliver_all(), self._loop)
        return self

    def __exit__(self, *_exception: object) -> None:
        """End."""
        self.hub.close()
        self._pump.result(timeout=30)
        self._bus.cancel()
        self.wait(asyncio.sleep(LOOK_SECONDS))  # the cancelled task ends before its loop does
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._surrounded.close()
        self.worker.close()

    def kill(self) -> None:
        """Kill the worker's process, whatever it is doing; what was under way waits for its return."""
        assert isinstance(self.worker, WorkerProcess)
        self.worker.kill()

    def restart(self) -> None:
        """Start the worker's process again. Raises WorkerFailed."""
        self.wait(self.worker.load(self._package))

    def wait[T](self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine where the worker runs, and return what it returns."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def request(self, method: str, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> tuple[int, Any]:
        """Make a request of an endpoint, and return its status and what its body says."""
        return self.submit(method, path, body, headers).result()

    def submit(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> Future[tuple[int, Any]]:
        """Make a request without waiting for the answer."""
        return asyncio.run_coroutine_threadsafe(self._request(method, path, body, headers or {}, {}, ""), self._loop)

    def send(self, event: str, key: str, body: bytes, event_id: str | None = None) -> tuple[int, Any]:
        """Send an event over HTTP."""
        headers = {"idempotency-key": event_id} if event_id else {}
        route = {"event": event, "key": key}
        return self.wait(self._request("POST", f"/events/{event}/{key}", body, headers, route, EVENTS))

    async def _request(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], route: Mapping[str, str], function: str
    ) -> tuple[int, Any]:
        name = function or function_name(method.lower(), path)
        request = azure.http_request(
            method, f"http://127.0.0.1{path}", body, {"content-type": "application/json", **headers}, route
        )
        result = await self.worker.invoke(name, {"req": request, "client": self.hub.client_binding()})
        status, text = azure.http_response(result)
        return status, json.loads(text) if text else None

    async def _deliver_all(self) -> None:
        while True:
            self.hub.fire_due()
            for message in self._around.outgoing.take():
                self._delivering += 1
                before = self._last_of.get(message.ordering_key)
                self._last_of[message.ordering_key] = self._loop.create_task(self._deliver(message, before))
            await asyncio.sleep(LOOK_SECONDS / 2)

    async def _deliver(self, message: OutgoingMessage, before: asyncio.Task[None] | None) -> None:
        """Hand a message to every subscription, once the one before it has been, and again while that fails."""
        if before is not None:
            await before
        try:
            for subscriber in self._subscribers.get(message.topic, ()):
                await self._hand_over(message, function_name(bus_name(message.topic), subscriber))
        finally:
            self._delivering -= 1

    async def _hand_over(self, message: OutgoingMessage, function: str) -> None:
        properties = {RUN: message.run_id, ORDERING_KEY: message.ordering_key}
        given, metadata = azure.service_bus_message(message.body, message.message_id, properties)
        deliveries = 0
        while deliveries < DELIVERIES_MAX:
            try:
                await self.worker.invoke(function, {"message": given, "client": self.hub.client_binding()}, metadata)
            except WorkerGone:
                await self.worker.returned()
            except WorkerFailed:
                deliveries += 1
            else:
                return

    def ask(self, contract: str, message: Any, *, key: str) -> Any:
        """Ask one handler's contract alone, as its endpoint does. Raises the Refusal, InputError, HandlerFailed."""
        return ask(self.host, contract, message, key, ACTOR)

    def begin(self, contract: str, message: Any, *, actor: str, on_behalf_of: str) -> Future[str]:
        """Start a run as an endpoint does, without waiting until that is durable."""
        return asyncio.run_coroutine_threadsafe(self._begin(contract, message, actor, on_behalf_of), self._loop)

    async def _begin(self, contract: str, message: Any, actor: str, on_behalf_of: str) -> str:
        run_id = await asyncio.to_thread(start, self.host, contract, message, actor, on_behalf_of)
        client = DurableFunctionsClient(self.hub.client_binding().value)
        try:
            await begin(client, contract, run_id)
        finally:
            await client.close()
        return run_id

    def sweep(self) -> None:
        """Let the timer of the sweep tick."""
        inputs = {"timer": azure.timer_tick(), "client": self.hub.client_binding()}
        self.wait(self.worker.invoke(SWEEP, inputs))

    def settle(self, *, timeout_seconds: float = 60) -> None:
        """Wait until nothing can go on without time passing or the outside acting.

        Raises EnvironmentFault when that takes longer.
        """
        deadline = time.monotonic() + timeout_seconds
        quiet = 0
        while quiet < QUIET_LOOKS:
            if time.monotonic() > deadline:
                raise EnvironmentFault(f"the rehearsal is still busy after {timeout_seconds} s", instead="wait longer")
            time.sleep(LOOK_SECONDS)
            quiet = 0 if self.hub.fire_due() or not self.is_idle else quiet + 1

    def move(self, duration: timedelta) -> None:
        """Let time pass from timer to timer, and everything go as far as it can at each."""
        end = self.clock.now() + duration
        while (due := self.hub.next_due()) is not None and due <= end:
            self.clock.move(max(due - self.clock.now(), timedelta()))
            self.settle()
        self.clock.move(max(end - self.clock.now(), timedelta()))
        self.settle()
