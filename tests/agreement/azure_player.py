"""Play cases in a rehearsal of Azure, each in a process of its own: there is one worker library in a process."""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))

from azure.durable_functions import DurableFunctionsClient
from azure_stage import AzureFailed
from case import Case
from laptop_player import OPENING
from showing import Shown, shown_by_database
from stage import DRAWN, Stage, loaded, prepared

from isthmus.adapters.azure.instances import wake_run
from isthmus.adapters.azure.orchestrator import CHANGED
from isthmus.adapters.azure.package import write_package
from isthmus.adapters.azure.rehearsal import Rehearsal
from isthmus.adapters.local.testing import MEMORY, empty_database
from isthmus.adapters.runtime.clock import MovedClock
from isthmus.adapters.runtime.operations import resolve
from isthmus.adapters.runtime.runs import cancel_run
from isthmus.adapters.sql.database import Database
from isthmus.core.errors import InputError

SECONDS_MAX = 120


class AzurePlayer:
    """Play one case; what comes twice is handled twice by the worker, and its first result is lost."""

    def __init__(self, stage: Stage, case: Case, folder: Path) -> None:
        self._stage = stage
        self._case = case
        self._database = Database.open(stage.url, migrate=False)
        self._runs: list[str] = []
        write_package(f"{DRAWN}:app", stage.composition, folder)

        self._rehearsal = Rehearsal(
            folder, stage.composition, stage.url, folder=stage.folder, clock=MovedClock(OPENING)
        )
        if case.twice:
            hub: Any = self._rehearsal.hub
            for name in ("_orchestrate", "_act"):
                hub.__dict__[name] = _again(getattr(hub, name))

    def play(self) -> Shown:
        """Do all that comes from outside, and return what that has come to."""
        with self._rehearsal:
            for action in self._case.actions:
                self._act(action)
                self._rehearsal.settle(timeout_seconds=SECONDS_MAX)
            self._rehearsal.sweep()
            self._rehearsal.settle(timeout_seconds=SECONDS_MAX)
        return shown_by_database(self._database, self._stage.outside)

    def _act(self, action: tuple[Any, ...]) -> None:
        rehearsal = self._rehearsal
        match action:
            case "start", contract, message:
                body = self._stage.encoded(message)
                run_id = rehearsal.begin(contract, body, actor="tester", on_behalf_of="tester").result()
                if run_id not in self._runs:
                    self._runs.append(run_id)
            case "send", event, key, number, body:
                self._send(event, key, number, body)
            case "move", seconds:
                rehearsal.move(timedelta(seconds=seconds))
            case "cancel", number:
                for run_id in self._runs[number : number + 1]:
                    self._cancel(run_id)
            case ("repair",):
                self._stage.repair()
            case ("replay",):
                for letter in self._stage.letters(self._database):
                    self._replay(letter)
                    rehearsal.settle(timeout_seconds=SECONDS_MAX)

    def _send(self, event: str, key: str, number: str, body: Any) -> None:
        status, said = self._rehearsal.send(event, key, self._stage.encoded(body), number)
        if status != 202:
            raise AzureFailed(f"{key}: {status} {said}")

    def _cancel(self, run_id: str) -> None:
        with suppress(InputError):
            self._rehearsal.host.do_from_outside("cancel", "tester", "", lambda unit: cancel_run(unit, run_id))
            self._in_client(lambda client: wake_run(client, run_id, CHANGED))

    def _replay(self, letter: int) -> None:
        with suppress(InputError):
            _, replayed = self._rehearsal.host.do_from_outside(
                "replay", "tester", "", lambda unit: resolve(unit, letter)
            )
            self._in_client(lambda client: wake_run(client, replayed.run_id, CHANGED))

    def _in_client(self, act: Callable[[Any], Any]) -> None:
        async def within() -> None:
            client = DurableFunctionsClient(self._rehearsal.hub.client_binding().value)
            try:
                await act(client)
            finally:
                await client.close()

        asyncio.run_coroutine_threadsafe(within(), self._rehearsal._loop).result()


def _again(handle: Callable[..., Any]) -> Callable[..., Any]:
    async def handled(worker: Any, request: Any) -> Any:
        await handle(worker, request)
        return await handle(worker, request)

    return handled


def serve() -> None:
    """Play the cases that are named on standard input, each in a fork of this process."""
    logging.disable(logging.CRITICAL)
    empty_database()
    for line in sys.stdin:
        asked, shown = map(Path, line.rstrip("\n").split("\t"))
        process = os.fork()
        if process == 0:
            os._exit(_in_fork(asked, shown))
        _, status = os.waitpid(process, 0)
        print(status, flush=True)


def _in_fork(asked: Path, shown: Path) -> int:
    try:
        signal.alarm(SECONDS_MAX)
        with tempfile.TemporaryDirectory(prefix="isthmus-", dir=MEMORY if MEMORY.is_dir() else None) as made:
            folder = Path(made)
            sys.path.insert(0, str(folder))
            case = Case.read(asked)
            stage = prepared(loaded(case.source, folder / f"{DRAWN}.py"), case, folder, "azure")
            shown.write_bytes(pickle.dumps(AzurePlayer(stage, case, folder / "package").play()))
    except BaseException:  # noqa: BLE001  # whatever it is, the one who asked says it
        shown.with_suffix(".error").write_text(traceback.format_exc(), "utf-8")
        return 1
    return 0


if __name__ == "__main__":
    serve()
