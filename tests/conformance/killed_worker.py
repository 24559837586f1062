"""Azure with its worker in a process of its own, which is killed at any work item; and the laptop beside it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from far import PLACE, diary
from laptop import OPENING, Laptop
from rehearsed import TurnedAway
from requirement import empty
from stall import OPEN

from isthmus.adapters.azure.package import write_package
from isthmus.adapters.azure.rehearsal import Rehearsal
from isthmus.adapters.runtime.clock import MovedClock
from isthmus.adapters.sql.database import Database

BEFORE, BETWEEN, AFTER = "before", "between", "after"
"""When the process is killed: before a work item is handed to it; when that was done and its result was lost, so that
it comes again; or when the result is there, before the next."""

MOMENTS = (BEFORE, BETWEEN, AFTER)


class Near(Laptop):
    """The laptop, with the world in a file."""

    def _open(self) -> None:
        OPEN[:] = [self.stall] = [diary()]
        super()._open()

    def reset(self) -> None:
        """Begin anew."""
        super().reset()
        diary().clear()


class Killed:
    """Play scenes, and kill the worker's process at one work item."""

    name = "azure"

    def __init__(self, url: str, folder: Path) -> None:
        from fair import FAIR  # noqa: PLC0415  # after the path is set

        self.database = Database.open(url, migrate=False)
        write_package("far:app", FAIR, folder / "package")
        self._package = folder / "package"
        self._clock = MovedClock(OPENING)
        self.rehearsal = Rehearsal(self._package, FAIR, url, folder=folder, clock=self._clock, own_process=True)
        self.stall: Any = diary()
        self.items = 0
        self.kills = 0
        self._at: tuple[int, str] = 0, BEFORE
        hub: Any = self.rehearsal.hub
        for name in ("_orchestrate", "_act"):
            hub.__dict__[name] = self._counted(getattr(hub, name))
        self.rehearsal.__enter__()

    def _counted(self, handle: Callable[..., Any]) -> Callable[..., Any]:
        async def handled(worker: Any, request: Any) -> Any:
            self.items += 1
            at, moment = self._at
            here = self.items == at
            if here and moment == BEFORE:
                await self._crash(worker)
            response = await handle(worker, request)
            if here and moment == BETWEEN:
                await self._crash(worker)
                response = await handle(worker, request)
            if here and moment == AFTER:
                await self._crash(worker)
            return response

        return handled

    async def _crash(self, worker: Any) -> None:
        await asyncio.to_thread(worker.kill)
        await worker.load(self._package)
        self.kills += 1

    def reset(self, at: int = 0, moment: str = BEFORE) -> None:
        """Begin anew, with the process to be killed at a work item; 0 for none."""
        self.rehearsal.settle()
        hub: Any = self.rehearsal.hub
        with hub._lock:
            hub._instances.clear()
            hub._due.clear()
        empty(self.database)
        self.stall.clear()
        self.items = self.kills = 0
        self._at = at, moment
        self._clock._now = OPENING

    def start(self, contract: str, message: Any) -> str:
        """Start a run."""
        run_id = self.rehearsal.begin(contract, message, actor="tester", on_behalf_of="a client").result()
        self.rehearsal.settle()
        return run_id

    def send(self, event: str, key: str, body: bytes, event_id: str | None) -> None:
        """Send an event over HTTP, as a client does that tries until it is heard."""
        status, said = self.rehearsal.send(event, key, body, event_id)
        if status != 202:
            raise TurnedAway(str(status), str(said))
        self.rehearsal.settle()

    def move(self, duration: timedelta) -> None:
        """Let time pass."""
        self.rehearsal.move(duration)

    def close(self) -> None:
        """End."""
        self.rehearsal.__exit__()
        self.database.close()


def place_world(folder: Path) -> None:
    """Keep the world in a file of this folder, and let the worker's process find what it imports."""
    os.environ[PLACE] = str(folder / "world.jsonl")
    here = Path(__file__).parent
    paths = [str(here), str(here.parent / "engine"), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
