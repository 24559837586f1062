"""A worker in a process of its own: it can be killed at any moment, and started again.

    python -m isthmus.adapters.azure.worker_process DESCRIPTOR

serves the socket that it was given by its descriptor. Over it go invocations and their results, and the other way the
few things that a rehearsal stands in for: the time, and messages that leave. Where the database and the folder are,
settings in the environment say.

Both ends are ours and on one machine: what goes over the socket is pickled.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, cast

from isthmus.adapters.azure.worker import Worker, WorkerFailed, WorkerGone
from isthmus.adapters.runtime.deployment import Clock
from isthmus.adapters.runtime.host import Outlet, surrounded_by
from isthmus.adapters.runtime.settings import DATABASE, FOLDER, KEY_FILE
from isthmus.adapters.runtime.unit import OutgoingMessage
from isthmus.adapters.runtime.vault import KeyFile, MasterKey
from isthmus.adapters.sql.database import Database
from isthmus.core.errors import EnvironmentFault

LOAD, INVOKE, DONE, FAILED, NOW, SEND, TOLD = "load", "invoke", "done", "failed", "now", "send", "told"
STOP_SECONDS_MAX: Final = 10


class _Line:
    """Send whole frames from any thread; one thread receives."""

    def __init__(self, descriptor: int) -> None:
        self._connection = Connection(descriptor)
        self._lock = threading.Lock()

    def say(self, *frame: Any) -> None:
        """Send a frame. Raises OSError when nobody is there any more."""
        with self._lock:
            self._connection.send(frame)

    def hear(self) -> tuple[Any, ...]:
        """Wait for the next frame. Raises EOFError or OSError when nobody is there any more."""
        return cast("tuple[Any, ...]", self._connection.recv())

    def close(self) -> None:
        """Close this end."""
        self._connection.close()


class WorkerProcess(Worker):
    """Index one folder, and invoke its functions, in another process."""

    def __init__(self, clock: Clock, outlet: Outlet, settings: Mapping[str, str]) -> None:
        super().__init__()
        self._clock = clock
        self._outlet = outlet
        self._settings = settings
        self._numbers = itertools.count()
        self._waiting: dict[int, Future[Any]] = {}
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: _Line | None = None
        self._reader: threading.Thread | None = None
        self._loaded = threading.Event()

    async def load(self, folder: Path) -> None:
        """Start the process, which indexes the folder. Raises WorkerFailed."""
        ours, theirs = socket.socketpair()
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter
            [sys.executable, "-P", "-m", "isthmus.adapters.azure.worker_process", str(theirs.fileno())],
            env={**os.environ, "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "1", **self._settings},
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self._line = line = _Line(ours.detach())
        self._reader = threading.Thread(target=self._read, args=[line], name="worker process", daemon=True)
        self._reader.start()
        self.bindings = await self._request(line, LOAD, str(folder))
        self._loaded.set()

    async def invoke(self, function: str, inputs: Mapping[str, Any], metadata: Mapping[str, Any] | None = None) -> Any:
        """Invoke a function as the host does. Raises WorkerFailed, WorkerGone."""
        line = self._line
        if line is None or not self._loaded.is_set():
            raise WorkerGone("the worker's process is not there")
        return await self._request(line, INVOKE, function, dict(inputs), dict(metadata or {}))

    async def returned(self) -> None:
        """Wait until the process has been started again."""
        while not self._loaded.is_set():
            await asyncio.sleep(0.01)

    def kill(self) -> None:
        """Kill the process as a crash does (SIGKILL), and return when it is gone."""
        self._loaded.clear()
        if self._process is not None and self._reader is not None:
            self._process.kill()
            self._process.wait(STOP_SECONDS_MAX)
            self._reader.join(STOP_SECONDS_MAX)
        self._process = None

    close = kill

    async def _request(self, line: _Line, what: str, *arguments: Any) -> Any:
        answer: Future[Any] = Future()
        answer.set_running_or_notify_cancel()  # a caller that gives up does not take it from the reader
        with self._lock:
            number = next(self._numbers)
            self._waiting[number] = answer
        try:
            line.say(what, number, *arguments)
        except OSError as error:
            raise WorkerGone("the worker's process is not there") from error
        else:
            return await asyncio.wrap_future(answer)
        finally:
            with self._lock:
                self._waiting.pop(number, None)

    def _read(self, line: _Line) -> None:
        """Take results, and do what the process asks for, until it is gone."""
        try:
            while True:
                self._take(line, *line.hear())
        except (EOFError, OSError):
            self._loaded.clear()
            line.close()
            with self._lock:
                lost = list(self._waiting.values())
            for answer in lost:
                answer.set_exception(WorkerGone("the worker's process has ended"))

    def _take(self, line: _Line, what: str, number: int, *said: Any) -> None:
        if what == NOW:
            line.say(TOLD, number, self._clock.now())
        elif what == SEND:
            line.say(TOLD, number, self._sent(*said))
        else:
            with self._lock:
                answer = self._waiting.pop(number, None)
            if answer is not None and what == DONE:
                answer.set_result(*said)
            elif answer is not None:
                answer.set_exception(WorkerFailed(*said))

    def _sent(self, messages: Sequence[OutgoingMessage]) -> str | None:
        """Send messages; return why they could not be."""
        try:
            self._outlet.send(messages)
        except Exception as error:  # noqa: BLE001  # it is the process's to know
            return f"{type(error).__name__}: {error}"
        return None


def settings_of(url: str, folder: Path) -> dict[str, str]:
    """Return the settings of a process that works on this database, with its files in this folder."""
    return {DATABASE: url, FOLDER: str(folder), KEY_FILE: str(folder / "isthmus.key")}


def rehearsed_token(scope: str) -> str:
    """Return what stands in for a token of an identity."""
    return f"rehearsed:{scope}"


# In the process


class _Asking:
    """Be what the host stands on there: settings of the environment, and what the other end tells."""

    def __init__(self, line: _Line) -> None:
        self._line = line
        self._numbers = itertools.count()
        self._asked: dict[int, Future[Any]] = {}

    def database(self) -> Database:
        """Open the database."""
        return Database.open(os.environ[DATABASE], migrate=False)

    def master(self) -> MasterKey:
        """Return a master key that is made for the rehearsal."""
        return KeyFile(Path(os.environ[KEY_FILE]))

    def folder(self) -> Path:
        """Return the folder that the ports have."""
        return Path(os.environ[FOLDER])

    def clock(self) -> Clock:
        """Return the clock of the other end."""
        return self

    def outlet(self) -> Outlet:
        """Return the outlet of the other end."""
        return self

    def token(self, scope: str) -> str:
        """Return a token that is made for the rehearsal."""
        return rehearsed_token(scope)

    def now(self) -> datetime:
        """Ask for the time."""
        return cast("datetime", self._ask(NOW))

    def send(self, messages: Sequence[OutgoingMessage]) -> None:
        """Hand messages over, and return when they are there. Raises EnvironmentFault."""
        refused = self._ask(SEND, list(messages))
        if refused is not None:
            raise EnvironmentFault(f"the messages were not taken: {refused}", place="outlet")

    def told(self, number: int, value: Any) -> None:
        """Take an answer."""
        self._asked.pop(number).set_result(value)

    def _ask(self, *what: Any) -> Any:
        answer: Future[Any] = Future()
        number = next(self._numbers)
        self._asked[number] = answer
        self._line.say(what[0], number, *what[1:])
        return answer.result()


async def _do(worker: Worker, line: _Line, what: str, number: int, *arguments: Any) -> None:
    try:
        if what == LOAD:
            await worker.load(Path(arguments[0]))
            line.say(DONE, number, dict(worker.bindings))
        else:
            line.say(DONE, number, await worker.invoke(*arguments))
    except WorkerFailed as error:
        line.say(FAILED, number, error.message, error.stack_trace)
    except Exception as error:  # noqa: BLE001  # an answer must go out
        line.say(FAILED, number, f"{type(error).__name__}: {error}")


def _serve(descriptor: int) -> None:
    line = _Line(descriptor)
    asking = _Asking(line)
    worker = Worker()
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="worker", daemon=True).start()
    with surrounded_by(asking):
        while True:
            try:
                what, number, *said = line.hear()
            except (EOFError, OSError):
                os._exit(0)  # the rehearsal is over, whatever is under way
            if what == TOLD:
                asking.told(number, *said)
            else:
                asyncio.run_coroutine_threadsafe(_do(worker, line, what, number, *said), loop)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
