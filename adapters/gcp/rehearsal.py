"""Rehearsal: an App as on Google Cloud, on this machine: compiled workflows in the interpreter, real functions.

Real: the compiled YAML, the HTTP app within functions-framework, the database, the ports. Standing in: Workflows (the
interpreter, with its answers to what Google's pages leave open), Pub/Sub (messages are pushed to the subscriptions'
paths, again while these fail), identity, and the clock, which is moved by hand.

Everything happens in the thread of whoever rehearses: nothing goes on but by `settle` and `move`.
"""

from __future__ import annotations

import json
import uuid
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Self

from isthmus.adapters.gcp.app import GoogleApp
from isthmus.adapters.gcp.callbacks import hold_to_posted
from isthmus.adapters.gcp.compiler import compile_workflow
from isthmus.adapters.gcp.executions import ExecutionState, name_of
from isthmus.adapters.gcp.interpreter import (
    CallbackRequest,
    Callbacks,
    Choices,
    Execution,
    Outcome,
    Request,
    Response,
    Scheduler,
    VirtualClock,
    Workflow,
    load,
    start,
)
from isthmus.adapters.gcp.naming import environment, topic_name, workflow_name
from isthmus.adapters.gcp.network import Asgi, InProcess, Network, Reached, RehearsedCallers
from isthmus.adapters.gcp.pushes import MESSAGE_ID
from isthmus.adapters.gcp.served import Served, address_of, listen
from isthmus.adapters.runtime import hosting
from isthmus.adapters.runtime.subscriptions import Subscriptions
from isthmus.adapters.runtime.unit import OutgoingMessage
from isthmus.adapters.runtime.vault import KeyFile, MasterKey
from isthmus.adapters.sql.database import Database
from isthmus.core.composition import Composition
from isthmus.core.errors import EnvironmentFault

DELIVERIES_MAX: Final = 10
WHOLE_APP: Final = "app"
ACCEPTED: Final = 300
JSON: Final = {"Content-Type": "application/json"}


class RehearsedClock:
    """Tell the time of the executions, which stands still until it is moved."""

    def __init__(self, beginning: datetime) -> None:
        self.virtual = VirtualClock(beginning.timestamp())

    def now(self) -> datetime:
        """Return the moment that the clock stands at."""
        return datetime.fromtimestamp(self.virtual.now(), UTC)


class Executed:
    """Be the executions of a rehearsal: in the interpreter, by the workflows that an App compiles to."""

    def __init__(self, composition: Composition, clock: RehearsedClock, choices: Choices | None) -> None:
        self._clock = clock
        self.scheduler = Scheduler(clock.virtual, choices)
        self.callbacks = Callbacks()
        self.network: Network | None = None
        self.addresses: Mapping[str, str] = {}
        self._loaded: dict[str, Workflow] = {}
        self.deploy(composition)
        self._executions: dict[str, Execution] = {}
        self._cancelled: set[str] = set()

    def forget(self, beginning: datetime, choices: Choices | None) -> None:
        """Be as new at a moment, with other choices; workflows stay deployed."""
        self._clock.virtual = VirtualClock(beginning.timestamp())
        self.scheduler = Scheduler(self._clock.virtual, choices)
        self.callbacks = Callbacks()
        self._executions.clear()
        self._cancelled.clear()

    def deploy(self, composition: Composition) -> None:
        """Have executions that begin from now on run by what another version of the App compiles to."""
        self._composition = composition
        self._versions = {workflow_name(*version): version for version in composition.versions}
        self._loaded.clear()

    def create(self, workflow: str, argument: Mapping[str, str]) -> str:
        """Begin an execution. Raises EnvironmentFault when there is no such workflow."""
        number = len(self._executions) + 1
        execution_id = str(uuid.UUID(int=number))
        name = name_of(workflow, execution_id)
        self._executions[name] = start(
            self._workflow(workflow),
            dict(argument),
            scheduler=self.scheduler,
            transport=self.network,
            callbacks=self.callbacks,
            environment=self.addresses,
            execution_id=execution_id,
        )
        return name

    def _workflow(self, name: str) -> Workflow:
        if name not in self._loaded:
            version = self._versions.get(name)
            if version is None:
                raise EnvironmentFault("there is no such workflow", place=name, instead="deploy it")
            self._loaded[name] = load(compile_workflow(self._composition, *version), name=name)
        return self._loaded[name]

    def cancel(self, name: str) -> None:
        """End an execution; one that has ended, or is not there, is left alone."""
        execution = self._executions.get(name)
        if execution is not None and execution.outcome is None:
            self._cancelled.add(name)
            execution.finish(Outcome(failed=True, error="cancelled"))

    def state(self, name: str) -> ExecutionState:
        """Return how an execution stands."""
        execution = self._executions.get(name)
        if execution is None:
            return ExecutionState.UNKNOWN
        if name in self._cancelled:
            return ExecutionState.CANCELLED
        if execution.outcome is None:
            return ExecutionState.ACTIVE
        return ExecutionState.FAILED if execution.outcome.failed else ExecutionState.SUCCEEDED

    def outcome(self, name: str) -> Outcome | None:
        """Return what came of an execution; None while it goes on."""
        return self._executions[name].outcome

    @property
    def names(self) -> list[str]:
        """Return the executions, in the order in which they began."""
        return list(self._executions)

    def post(self, url: str) -> None:
        """Post to a callback. Raises CallbackUnavailable (ISTH370)."""
        hold_to_posted(url, self.callbacks.receive(url, CallbackRequest(body=b"{}")))


class Rehearsed:
    """Be what the app of a rehearsal stands on."""

    def __init__(
        self, url: str, folder: Path, clock: RehearsedClock, executed: Executed, outgoing: Subscriptions, address: str
    ) -> None:
        self._url = url
        self._folder = folder
        self._clock = clock
        self._executed = executed
        self._outgoing = outgoing
        self._address = address

    def database(self) -> Database:
        """Open the database."""
        return Database.open(self._url, migrate=False)

    def master(self) -> MasterKey:
        """Return a master key that is made for the rehearsal."""
        return KeyFile(self._folder / "isthmus.key")

    def folder(self) -> Path:
        """Return the folder that the laptop's ports would have."""
        return self._folder

    def clock(self) -> RehearsedClock:
        """Return the clock."""
        return self._clock

    def outlet(self) -> Subscriptions:
        """Return the subscriptions."""
        return self._outgoing

    def token(self, scope: str) -> str:
        """Return a token that is made for the rehearsal."""
        return f"rehearsed:{scope}"

    def executions(self) -> Executed:
        """Return the interpreter's executions."""
        return self._executed

    def callbacks(self) -> Executed:
        """Return their callbacks."""
        return self._executed

    def callers(self) -> RehearsedCallers:
        """Return what checks the tokens of a rehearsal."""
        return RehearsedCallers()

    def address(self) -> str:
        """Return where the unit's functions are."""
        return self._address


async def at_once(work: Any, *arguments: Any) -> Any:
    """Do work in this thread: nobody else waits for it."""
    return work(*arguments)


class Rehearsal:
    """Run one App while the block lasts, as one service, or with `split` each of its units as one of its own.

    `serve` has the services listen on free ports of this machine; otherwise they are called in this process.
    """

    def __init__(
        self,
        composition: Composition,
        url: str,
        *,
        folder: Path,
        beginning: datetime,
        choices: Choices | None = None,
        split: bool = False,
        serve: bool = False,
    ) -> None:
        self.composition = composition
        self.clock = RehearsedClock(beginning)
        self.outgoing = Subscriptions()
        self.executions = Executed(composition, self.clock, choices)
        units = sorted({one.unit for one in composition.contracts.values()})
        services = units if split else [WHOLE_APP]
        bound = {name: listen() for name in services} if serve else {}
        self._addresses = {name: address_of(bound[name]) if serve else f"http://{name}.rehearsal" for name in services}
        self._arounds = {
            name: Rehearsed(url, folder, self.clock, self.executions, self.outgoing, self._addresses[name])
            for name in services
        }
        self._split = split
        self.apps = self._apps_of(composition)
        framed = {name: framework_app(partial(self.apps.__getitem__, name)) for name in services}
        self._reached: Reached = (
            Served({bound[name]: app for name, app in framed.items()})
            if serve
            else InProcess({self._addresses[name]: app for name, app in framed.items()})
        )
        self.network = Network(self._reached)
        self.executions.network = self.network
        self.executions.addresses = {environment(unit): self._addresses[unit if split else WHOLE_APP] for unit in units}

    def _apps_of(self, composition: Composition) -> dict[str, GoogleApp]:
        return {
            name: GoogleApp(composition, around, unit=name if self._split else None, in_thread=at_once)
            for name, around in self._arounds.items()
        }

    def deploy(self, composition: Composition) -> None:
        """Put another version of the App in place; executions go on by the workflows that they began with."""
        self.composition = composition
        self.executions.deploy(composition)
        for app in self.apps.values():
            app.close()
        self.apps.update(self._apps_of(composition))

    @property
    def app(self) -> GoogleApp:
        """Return the app, or that of the first unit."""
        return next(iter(self.apps.values()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        for app in self.apps.values():
            app.close()
        self._reached.close()

    # What reaches it

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        signed: bool = False,
    ) -> Response:
        """Make a request of the first service, with the identity of Google's services when it is signed."""
        address = next(iter(self._addresses.values()))
        auth = {"type": "OIDC", "audience": address} if signed else None
        request = Request(method, f"{address}{path}", {**JSON, **(headers or {})}, body, auth)
        return self._reached.send(request)

    def ask(self, contract: str, message: Any, *, key: str, actor: str = "http") -> Any:
        """Ask one handler's contract alone, as its endpoint does. Raises the Refusal, InputError, HandlerFailed."""
        return hosting.ask(self.app.host, contract, message, key, actor)

    def begin(self, contract: str, message: Any, *, actor: str, on_behalf_of: str) -> str:
        """Start a run as an endpoint does, and return its id. Raises InputError."""
        run_id = hosting.start(self.app.host, contract, message, actor, on_behalf_of)
        self.app.carrying.begin_or_leave(run_id)
        return run_id

    def sweep(self) -> None:
        """Let Scheduler call the sweep."""
        self.call("/sweep")

    def call(self, path: str) -> None:
        """Let Scheduler call a path. Raises EnvironmentFault when that fails."""
        response = self.request("POST", path, signed=True)
        if response.code >= ACCEPTED:
            raise EnvironmentFault(f"it answered {response.code}: {response.body.decode()}", place=path)

    # What goes on

    def settle(self, *, patience: timedelta = timedelta()) -> None:
        """Let everything go as far as it can, and time pass to timers that are due within the patience."""
        while True:
            self.executions.scheduler.go_on()
            messages = self.outgoing.take()
            for message in messages:
                self._push(message)
            if not messages and not self._jump(self.clock.virtual.now() + patience.total_seconds()):
                return

    def _jump(self, until: float) -> bool:
        """Let time pass to the next timer, unless that is due later; say whether it was not."""
        due = self.executions.scheduler.next_due
        if due is None or due > until:
            return False
        self.clock.virtual.jump(due)
        return True

    def move(self, duration: timedelta) -> None:
        """Let time pass from timer to timer, and everything go as far as it can at each."""
        end = self.clock.virtual.now() + duration.total_seconds()
        self.settle()
        while self._jump(end):
            self.settle()
        self.clock.virtual.jump(end)
        self.settle()

    def _push(self, message: OutgoingMessage) -> None:
        """Push a message to every subscription, again while one fails."""
        for subscriber in self.app.host.subscribers.get(message.topic, ()):
            path = f"/pubsub/{topic_name(message.topic)}/{subscriber}"
            for _delivery in range(DELIVERIES_MAX):
                if self.request("POST", path, push_of(message), signed=True).code < ACCEPTED:
                    break


def push_of(message: OutgoingMessage) -> bytes:
    """Return the body with which Pub/Sub pushes a message."""
    pushed = {
        "data": b64encode(message.body).decode(),
        "messageId": message.message_id,
        "orderingKey": message.ordering_key,
        "attributes": {MESSAGE_ID: message.message_id},
    }
    return json.dumps({"message": pushed, "subscription": "projects/rehearsal/subscriptions/rehearsal"}).encode()


def framework_app(app: Callable[[], GoogleApp]) -> Asgi:
    """Return what an app is as functions-framework serves it: the function of a module, within its ASGI app."""
    from functions_framework.aio import create_asgi_app_from_module  # noqa: PLC0415  # an extra

    async def isthmus(request: Any) -> Any:
        return await app()(request)

    module = ModuleType("main")
    vars(module)["isthmus"] = isthmus
    made: Asgi = create_asgi_app_from_module("isthmus", "main.py", "http", module, None)  # type: ignore[no-untyped-call]
    return made
