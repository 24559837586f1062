"""The same flow as a hand would write it for Durable Functions, with the same claim, register and finish calls.

Beside it, two activities: a bare one, and one that goes through the adapter with a unit of work that does nothing.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from datetime import datetime
from typing import Any

import azure.durable_functions as df
from durabletask import task as durable

from isthmus.adapters.azure.app import CALL
from isthmus.adapters.azure.orchestrator import FINISH, LOAD, ON_FAULT, WAIT, WAKE
from isthmus.adapters.runtime import driving
from isthmus.adapters.runtime.record import Outcome
from isthmus.adapters.sql.runs import StepState
from isthmus.core.codec import ENCODER

BY_HAND, BARE, WITHOUT_DATABASE = "place_by_hand", "bare", "without_database"


def add(app: df.DFApp) -> None:
    """Add them to a function app."""
    app.orchestration_trigger(context_name="context")(place_by_hand)
    app.activity_trigger(input_name="text")(bare)
    app.activity_trigger(input_name="text")(without_database)


# The worker would take an annotation of a parameter for a binding's type.


def bare(text):  # type: ignore[no-untyped-def]  # noqa: ARG001  # bound by name
    """Answer what an activity of ours answers, and do nothing else."""
    return ANSWER


def without_database(text):  # type: ignore[no-untyped-def]
    """Do a step as every activity of ours does, but for its unit of work."""
    reply = driving.do_step(_NO_DATABASE, CALL.decode(text))
    return ENCODER.encode(reply).decode()


class _NoUnit:
    woken: tuple[()] = ()
    ended: tuple[()] = ()


class _NoDatabase:
    """Stand where a host does its units of work."""

    def do(self, _work: Any) -> tuple[Any, Outcome]:
        return _NoUnit(), Outcome(StepState.ANSWERED, b'{"id":"x"}', 1)


_NO_DATABASE: Any = _NoDatabase()
ANSWER = '{"state":"answered","answer":{"id":"x"},"attempts":1,"due_us":0,"child":"","answered":[],"ended":[]}'


def place_by_hand(context: durable.OrchestrationContext, run_id: str) -> Generator[durable.Task[Any], Any, str]:
    """Take an order through: claim, four steps, an event, finish."""

    def call(activity: str, **asked: Any) -> durable.Task[Any]:
        return context.call_activity(activity, input=json.dumps({"run_id": run_id, **asked}), retry_policy=ON_FAULT)

    woken = context.wait_for_external_event(WAKE)
    text = yield context.call_activity(LOAD, input=json.dumps([run_id, context.instance_id]), retry_policy=ON_FAULT)
    run = json.loads(text)["run"]
    placed = {"id": run["identity"]}
    yield call("validate", step="0", contract="validate", input=placed)
    pair = [
        call(name, step=f"1/{number}", contract=name, input=placed, ordinal=1, branch=number)
        for number, name in enumerate(("check", "hold"))
    ]
    while not all(one.is_complete for one in pair):
        yield durable.when_any([one for one in pair if not one.is_complete])
    waited = {"step": "2", "contract": "Verdict", "key": placed["id"], "duration": "PT30M", "ordinal": 2}
    while (reply := json.loads((yield call(WAIT, **waited))))["state"] == driving.WAITING:
        timer = context.create_timer(datetime.fromtimestamp(reply["due_us"] / 1e6))  # noqa: DTZ006  # UTC, as it wants
        yield durable.when_any([woken, timer])
        timer.cancel()
    booked = json.loads((yield call("book", step="3", contract="book", input=placed, ordinal=3)))
    yield call(FINISH, state="answered", answer=booked["answer"], step="")
    return "completed"
