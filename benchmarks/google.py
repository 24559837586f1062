"""Measure what the compiler for Google's Workflows makes, without Google: interpreted, beside scripted functions.

    compile     milliseconds to compile a workflow: 100 of them, each with branches, a loop, an event and refusals
    steps       of one order of the brokerage, internal and external, beside a workflow that a hand wrote

uv run python -m benchmarks.google

Both workflows make the same requests in the same order, which is checked. External steps are waits for a callback;
requests of functions on Cloud Run count as internal, as Google's page of prices says.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from isthmus.adapters.gcp.compiler import compile_workflow
from isthmus.adapters.gcp.interpreter import CallbackRequest, Callbacks, Request, Response, Scheduler, load, start
from isthmus.core import App, Workflow
from isthmus.core.composition import Composition
from isthmus.core.handler import Handler
from isthmus.handlers.app import app

BY_HAND = Path(__file__).with_name("google_by_hand.yaml")
WORKFLOWS = 100
ORDER = {"id": "o1", "account": "a1", "client": "c1"}
EXECUTION = {"order_id": "o1", "ord_status": "filled"}
EVENT = {"order_id": "o1", "status": "passed", "rule": ""}


def main() -> None:
    """Measure, and print one line."""
    text = compile_workflow(app.load(), "place_order")
    ours, theirs = Functions(), Functions()
    found = {
        "compile_ms": compile_milliseconds(),
        "ours": ours.steps_of(text),
        "by_hand": theirs.steps_of(BY_HAND.read_text("utf-8")),
    }
    if ours.paths != theirs.paths:
        raise SystemExit(f"the two ask for different things: {ours.paths}, {theirs.paths}")
    print(json.dumps(found), flush=True)


class Functions:
    """Answer one order as the brokerage's functions do when all goes well; the event comes while it is waited for."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.waits = 0
        self._scheduler = Scheduler()
        self._callbacks = Callbacks()

    def steps_of(self, text: str) -> dict[str, int]:
        """Execute a workflow, and count its steps."""
        execution = start(
            load(text),
            {"run_id": "r1"},
            scheduler=self._scheduler,
            transport=self,
            callbacks=self._callbacks,
            environment={"ISTHMUS_URL_CRITICAL": "http://functions"},
        )
        self._scheduler.run()
        outcome = execution.outcome
        assert outcome is not None
        assert outcome.result == "completed", outcome
        return {"internal": outcome.steps - self.waits, "external": self.waits}

    def send(self, request: Request) -> Response:
        """Answer a request."""
        path, body = request.url.removeprefix("http://functions"), json.loads(request.body or b"null")
        self.paths.append(path)
        reply = self._reply(path, body)
        return Response(200, {"Content-Type": "application/json"}, json.dumps(reply).encode())

    def _reply(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        match path:
            case "/runs/load":
                return {"state": "running", "answer": ORDER}
            case "/runs/finish":
                return {"state": "completed"}
            case "/events/register":
                self.waits += 1
                self._scheduler.at(self._scheduler.clock.now() + 1, lambda: self._post(body["callback"]))
                return {"state": "waiting", "after_seconds": 1800}
            case "/events/take":
                return {"state": "answered", "answer": EVENT, "bytes": 60}
            case _:
                return {"state": "answered", "answer": EXECUTION, "bytes": 60}

    def _post(self, url: str) -> None:
        self._callbacks.receive(url, CallbackRequest(body=b"{}"))


SHOP = '''
from isthmus.core import Event, Message, Refusal, TimedOut, contract, each, gather, handles, minutes, wait_for, workflow


class Order(Message, identity="id"):
    id: str
    parts: list["Order"]


class Ready(Event):
    id: str


class Closed(Refusal):
    why: str


@contract(reads=True, refuses=[Closed])
def look(order: Order) -> Order:
    """Look."""


@contract(reads=True)
def late(ready: Ready) -> None:
    """Note an event that nobody waits for."""


@handles(look)
def look_up(order: Order) -> Order:
    return order


@handles(late)
def note(ready: Ready) -> None: ...
'''
FLOW = '''

@contract(refuses=[Closed])
def work{n}(order: Order) -> Order:
    """Work."""


@workflow(work{n})
async def flow{n}(order: Order) -> Order:
    first, second = await gather(look(order), look(order))
    found = await each(look, order.parts, at_most=5)
    for part in found:
        try:
            await look(part)
        except Closed as closed:
            if closed.why == "today" and part.id != order.id:
                raise Closed(why=f"{{part.id}} of {{order.id}}")
    try:
        await wait_for(Ready, key=order.id, within=minutes(5))
    except TimedOut:
        return first
    return await look(second)
'''


def compile_milliseconds() -> float:
    """Return how long compiling takes for each of many workflows, when they are checked."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "shop_of_flows.py"
        file.write_text(SHOP + "".join(FLOW.format(n=number) for number in range(WORKFLOWS)), "utf-8")
        module = ModuleType("shop_of_flows")
        sys.modules["shop_of_flows"] = module
        exec(compile(file.read_text("utf-8"), str(file), "exec"), vars(module))
        composition = _composed(vars(module))
        begun = time.perf_counter()
        for contract in composition.programs:
            compile_workflow(composition, contract)
        return (time.perf_counter() - begun) / WORKFLOWS * 1_000


def _composed(names: dict[str, Any]) -> Composition:
    fulfils = [one for one in names.values() if isinstance(one, Handler | Workflow)]
    return App("flows", fulfils=fulfils, late_events={names["Ready"]: names["late"]}).load()


if __name__ == "__main__":
    main()
