"""Google: compiled workflows in the interpreter, the App within functions-framework."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fair import FAIR
from laptop import OPENING, Laptop
from requirement import SKIPS, TurnedAway, clear, empty, from_hour_to_hour, rows
from stall import Stall

from isthmus.adapters.gcp.executions import ExecutionState, name_of
from isthmus.adapters.gcp.interpreter import Choices, First, Open, Request, Response, Seeded
from isthmus.adapters.gcp.naming import workflow_name
from isthmus.adapters.gcp.network import Fate
from isthmus.adapters.gcp.rehearsal import Rehearsal
from isthmus.adapters.runtime.hosting import start
from isthmus.adapters.runtime.operations import resolve
from isthmus.adapters.runtime.runs import cancel_run
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.notes import ABOUT_RUN, NOTE

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
RETRIES_MAX = 20


class Last:
    """Take the last answer to what Google's pages leave open, and whoever could go on last."""

    def choose(self, point: Open, count: int) -> int:
        """Return the last."""
        return count - 1


class Google:
    """Play scenes in a rehearsal. What a function that dies has done is asked again."""

    name = "google"

    def __init__(self, url: str, folder: Path, *, split: bool = False, serve: bool = False) -> None:
        self.skips = SKIPS[self.name]
        self.stall = Stall()
        self.database = Database.open(url, migrate=False)
        self._url = url
        self._folder = folder
        self._choices: Choices = First()
        self._lost = Fate.ANSWER_LOST
        self._deaths = 0
        self._twice = False
        self._lost_before = 0
        self._seen: list[bytes] = []
        self.rehearsal = Rehearsal(FAIR, url, folder=folder, beginning=OPENING, split=split, serve=serve)
        self._follow()

    def ways(self, number: int) -> Iterator[str]:
        """Choose, for each of three plays, what the interpreter answers where pages say nothing, and what gets lost."""
        ways: list[tuple[str, Choices, Fate]] = [
            ("first", First(), Fate.ANSWER_LOST),
            ("last", Last(), Fate.REQUEST_LOST),
            ("seeded", Seeded(number), Fate.ANSWER_LOST),
        ]
        for name, self._choices, self._lost in ways:
            yield name

    def _follow(self) -> None:
        """Stand between executions and functions, where requests get lost and come twice."""
        network: Any = self.rehearsal.network
        send = network.send

        def followed(request: Request) -> Response:
            response: Response = send(request)
            self._seen += [request.body or b"", response.body]
            return response

        network.send = followed
        network.fate = self._fate

    def _fate(self, _request: Request) -> Fate:
        self._deaths -= 1
        if self._deaths == 0:
            return self._lost
        return Fate.DELIVERED_TWICE if self._twice else Fate.DELIVERED

    def reset(self) -> None:
        self._deaths = 0
        self._twice = False
        self.rehearsal.executions.forget(OPENING, self._choices)
        self.rehearsal.outgoing.take()
        self._reconnect()
        empty(self.database)
        clear(self.stall)
        self._seen.clear()

    def close(self) -> None:
        self.rehearsal.__exit__()
        self.database.close()

    def _do[T](self, call: Callable[[], T]) -> T:
        """Do something to its end; what was lost is asked again a second later, and so time passes."""
        result = call()
        self.rehearsal.settle()
        while self.rehearsal.network.lost > self._lost_before:
            self._lost_before = self.rehearsal.network.lost
            self.rehearsal.move(SECOND)
        return result

    def request(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        response = self._do(lambda: self.rehearsal.request("POST", path, body, headers))
        if response.code != 202:
            raise TurnedAway(json.loads(response.body).get("code", ""), f"{response.code}: {response.body.decode()}")

    def start(self, contract: str, message: Any) -> str:
        return self._do(lambda: self.rehearsal.begin(contract, message, actor="tester", on_behalf_of="a client"))

    def send(self, event: str, key: str, body: bytes, event_id: str | None) -> None:
        self.request(f"/events/{event}/{quote(key)}", body, {"idempotency-key": event_id} if event_id else {})

    def publish(self, topic: str, body: bytes) -> None:
        self.request(f"/topics/{topic}", body)

    def feed(self, stream: str, body: bytes) -> None:
        self.request(f"/streams/{stream}", body)

    def ask(self, contract: str, message: Any, key: str) -> Any:
        return self._do(lambda: self.rehearsal.ask(contract, message, key=key))

    def move(self, duration: timedelta) -> None:
        """Let time pass from hour to hour, at each of which the schedules tick."""
        for step, ticking in from_hour_to_hour(self.rehearsal.clock.now(), duration):
            self.rehearsal.move(step)
            for name in ticking:
                self._do(lambda name=name: self.rehearsal.call(f"/schedules/{name}"))  # type: ignore[misc]

    def cancel(self, run_id: str) -> None:
        def work(unit: UnitOfWork) -> None:
            cancel_run(unit, run_id)
            unit.transaction.run(NOTE, ABOUT_RUN, run_id)

        app = self.rehearsal.app
        app.host.do_from_outside("cancel", "operator", "", work)
        self._do(app.carrying.act_on_notes)

    def replay_all(self) -> None:
        app = self.rehearsal.app

        def replay(unit: UnitOfWork, number: int) -> None:
            replayed = resolve(unit, number)
            if replayed.message is None:
                unit.transaction.run(NOTE, ABOUT_RUN, replayed.run_id)

        for (number,) in rows(self, "select dead_letter_id from dead_letter where resolved_at is null order by 1"):
            app.host.do_from_outside("replay", "a person", "", lambda unit, number=number: replay(unit, number))  # type: ignore[misc]
            self._do(app.host.relay_all)
            self._do(app.carrying.act_on_notes)

    def terminate(self, run_id: str) -> None:
        """Have the platform end an execution, and let the sweep go by."""
        self.rehearsal.executions.cancel(self._execution(run_id))
        self.sweep()

    def sweep(self) -> None:
        """Let the sweep go by, a minute after what was before."""
        self._reconnect()
        self.rehearsal.move(MINUTE)
        self._do(self.rehearsal.sweep)

    def start_only(self, contract: str, message: Any) -> str:
        """Start a run, and be lost before its execution is begun."""
        return start(self.rehearsal.app.host, contract, message, "tester", "a client")

    def cut_off(self) -> None:
        """Have the next message not leave."""

        def fail(_messages: Any) -> None:
            raise ConnectionError

        vars(self.rehearsal.outgoing)["send"] = fail

    def _reconnect(self) -> None:
        vars(self.rehearsal.outgoing).pop("send", None)

    def begin_again(self, contract: str, run_id: str) -> None:
        self._create(contract, run_id)

    def intrude(self, contract: str, run_id: str) -> str:
        """Have a second execution carry on a run, and return what that says."""
        outcome = self.rehearsal.executions.outcome(self._create(contract, run_id))
        return str(outcome.result if outcome is not None else None)

    def _create(self, contract: str, run_id: str) -> str:
        workflow = workflow_name(contract, FAIR.programs[contract].version)
        return self._do(lambda: self.rehearsal.executions.create(workflow, {"run_id": run_id}))

    def _execution(self, run_id: str) -> str:
        """Return the execution that carries a run on."""
        ((contract, version, claimant),) = rows(
            self, "select contract, version, claimed_by from run where run_id = :it", it=run_id
        )
        return name_of(workflow_name(contract, version), claimant)

    def hurt(self, number: int) -> None:
        self._deaths = number

    def deliver_twice(self) -> None:
        self._twice = True

    def history(self) -> bytes:
        return b"".join(self._seen) + Laptop.history(self)  # type: ignore[arg-type]

    def left_open(self) -> list[str]:
        """Return the executions that go on, though no run is theirs that has not ended."""
        live = "('started', 'running', 'taking_back', 'stuck')"
        claims = rows(self, f"select contract, version, claimed_by from run where status in {live}")
        carrying = {name_of(workflow_name(contract, version), str(claim)) for contract, version, claim in claims}
        executions = self.rehearsal.executions
        active = [name for name in executions.names if executions.state(name) is ExecutionState.ACTIVE]
        return [name for name in active if name not in carrying]
