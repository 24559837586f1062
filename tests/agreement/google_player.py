"""Play cases as on Google Cloud: compiled, interpreted, with the App within functions-framework.

What Google's pages leave open is drawn for each case; requests get lost or come twice as the case says.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from case import Case
from laptop_player import OPENING
from showing import Shown, shown_by_database
from stage import Stage

from isthmus.adapters.gcp.interpreter import Request, Seeded
from isthmus.adapters.gcp.network import Fate
from isthmus.adapters.gcp.rehearsal import Rehearsal
from isthmus.adapters.runtime.operations import resolve
from isthmus.adapters.runtime.runs import cancel_run
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.notes import ABOUT_RUN, NOTE
from isthmus.core.errors import InputError

SECOND = timedelta(seconds=1)
LOST = {
    "before_commit": Fate.REQUEST_LOST,
    "after_commit": Fate.ANSWER_LOST,
    "before_call": Fate.NEVER_SENT,
    "after_call": Fate.ANSWER_LOST,
}
"""What a fault of a case is between an execution and a function."""


class GoogleFailed(RuntimeError):
    """Report a request that was turned away."""


class GooglePlayer:
    """Play one case."""

    def __init__(self, stage: Stage, case: Case, *, serve: bool) -> None:
        self._stage = stage
        self._case = case
        self._database = Database.open(stage.url, migrate=False)
        self._rehearsal = Rehearsal(
            stage.composition,
            stage.url,
            folder=stage.folder,
            beginning=OPENING,
            choices=Seeded(case.choices),
            serve=serve,
        )
        self._rehearsal.network.fate = self._fate
        self._requests = 0
        self._lost_before = 0
        self._ahead = 0
        """By how many seconds the clock is ahead of the case, because what was lost was asked again later."""
        self._runs: list[str] = []

    def _fate(self, _request: Request) -> Fate:
        self._requests += 1
        if self._case.fault is not None and self._requests == self._case.fault[1]:
            return LOST[self._case.fault[0]]
        return Fate.DELIVERED_TWICE if self._case.twice else Fate.DELIVERED

    def play(self) -> Shown:
        """Do all that comes from outside, and return what that has come to."""
        with self._rehearsal:
            for action in self._case.actions:
                self._act(action)
            self._do(self._rehearsal.sweep)
            shown = shown_by_database(self._database, self._stage.outside)
        self._database.close()
        return shown

    def _act(self, action: tuple[Any, ...]) -> None:
        match action:
            case "start", contract, message:
                body = self._stage.encoded(message)
                run_id = self._do(lambda: self._rehearsal.begin(contract, body, actor="tester", on_behalf_of="tester"))
                if run_id not in self._runs:
                    self._runs.append(run_id)
            case "send", event, key, number, body:
                self._send(event, key, number, self._stage.encoded(body))
            case "move", seconds:
                passed, self._ahead = max(0, seconds - self._ahead), max(0, self._ahead - seconds)
                self._rehearsal.move(timedelta(seconds=passed))
                self._do(lambda: None)
            case "cancel", number:
                for run_id in self._runs[number : number + 1]:
                    with suppress(InputError):
                        self._noted(lambda unit, run_id=run_id: cancel_run(unit, run_id).run_id)
            case ("repair",):
                self._stage.repair()
            case ("replay",):
                for letter in self._stage.letters(self._database):
                    with suppress(InputError):
                        self._noted(lambda unit, letter=letter: resolve(unit, letter).run_id)

    def _send(self, event: str, key: str, number: str, body: bytes) -> None:
        """Send an event as a client does, again while the request or its answer is lost."""
        path = f"/events/{quote(event)}/{quote(key, safe='')}"
        for _ in range(3):
            with suppress(ConnectionError):
                response = self._do(lambda: self._rehearsal.request("POST", path, body, {"idempotency-key": number}))
                if response.code != 202:
                    raise GoogleFailed(f"{response.code} {json.loads(response.body)}")
                return

    def _noted(self, work: Callable[[UnitOfWork], str]) -> None:
        """Do what an operator asks, and have the App act on the note that it leaves."""

        def noted(unit: UnitOfWork) -> None:
            unit.transaction.run(NOTE, ABOUT_RUN, work(unit))

        app = self._rehearsal.app
        app.host.do_from_outside("operate", "tester", "", noted)
        self._do(app.carrying.act_on_notes)

    def _do[T](self, call: Callable[[], T]) -> T:
        """Do something to its end; what was lost is asked again some seconds later, and so time passes."""
        result = call()
        self._rehearsal.settle()
        while self._rehearsal.network.lost > self._lost_before:
            self._lost_before = self._rehearsal.network.lost
            self._rehearsal.move(3 * SECOND)
            self._ahead += 3
        return result
