"""Measure what the adapter for Azure adds to Microsoft's own libraries, without a host and without Azure.

    activity    an activity of ours without its unit of work, beside a bare one, in the same worker library
    import      indexing the packaged brokerage, beside importing azure.functions and azure.durable_functions alone
    history     rows and actions of one order in the task hub, beside an orchestrator that a hand wrote

uv run python -m benchmarks.azure --folder .
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections import Counter
from pathlib import Path
from typing import Any

from durabletask.client import AsyncTaskHubGrpcClient

from benchmarks import azure_by_hand
from benchmarks.azure_flow import app
from isthmus.adapters.azure.package import index_package, write_package
from isthmus.adapters.azure.rehearsal import Rehearsal
from isthmus.adapters.azure.worker import json_text
from isthmus.adapters.runtime.clock import HurriedClock
from isthmus.adapters.runtime.hosting import start
from isthmus.adapters.sql.database import Database

BROKERAGE = "isthmus.handlers.app:app"
INVOCATIONS = 200

BILLED = ("executionStarted", "taskScheduled", "taskCompleted", "timerFired", "eventRaised")
"""The rows that the Durable Task Scheduler counts as actions."""


def main() -> None:
    """Measure, and print one line."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--folder", type=Path, required=True)
    arguments.add_argument("--rounds", type=int, default=15)
    options = arguments.parse_args()
    folder = options.folder.absolute()
    os.environ["AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"] = "1"
    imported = import_ratio(folder / "brokerage")
    url = f"sqlite:///{folder / 'azure.db'}"
    Database.open(url).close()
    composition = app.load()
    write_package("benchmarks.azure_flow:app", composition, folder / "bench")
    with (folder / "bench" / "function_app.py").open("a") as file:
        file.write("\nfrom benchmarks import azure_by_hand\n\nazure_by_hand.add(app)\n")
    with Rehearsal(folder / "bench", composition, url, folder=folder, clock=HurriedClock()) as rehearsal:
        activity = activity_ratio(rehearsal, options.rounds)
        ours, by_hand = history(rehearsal, "ours", "place"), history(rehearsal, "by-hand", azure_by_hand.BY_HAND)
    found = {"activity": activity, "import": imported, "ours": ours, "by_hand": by_hand}
    print(json.dumps(found), flush=True)


def import_ratio(folder: Path) -> float:
    """Return how many times as long indexing the packaged brokerage takes as importing Azure's own libraries."""
    from isthmus.handlers.app import app as brokerage  # noqa: PLC0415  # the other measurements do without

    write_package(BROKERAGE, brokerage.load(), folder)
    indexed = [index_package(folder) for _ in range(5)]
    return statistics.median(one.import_ms / one.floor_ms for one in indexed)


def activity_ratio(rehearsal: Rehearsal, rounds: int) -> float:
    """Return how many times as long an activity of ours takes as a bare one, where neither does anything."""
    call = {"run_id": "r" * 32, "step": "2.then.0", "contract": "validate", "input": {"id": "x"}, "ordinal": 1}
    given = json_text(json.dumps(json.dumps(call)))

    async def seconds(name: str) -> float:
        parameter = rehearsal.worker.parameter_of(name, "activityTrigger")
        begun = time.perf_counter()
        for _ in range(INVOCATIONS):
            await rehearsal.worker.invoke(name, {parameter: given})
        return time.perf_counter() - begun

    def measured(name: str) -> float:
        return rehearsal.wait(seconds(name))

    measured(azure_by_hand.BARE), measured(azure_by_hand.WITHOUT_DATABASE)
    ratios = [measured(azure_by_hand.WITHOUT_DATABASE) / measured(azure_by_hand.BARE) for _ in range(rounds)]
    return statistics.median(ratios)


def history(rehearsal: Rehearsal, identity: str, orchestrator: str) -> dict[str, int]:
    """Take one order through, and return the rows of its history, and those that are billed."""
    run_id = start(rehearsal.host, "place", json.dumps({"id": identity}).encode(), "bench")

    async def begin() -> None:
        async with AsyncTaskHubGrpcClient(host_address=rehearsal.hub.address, secure_channel=False) as client:
            await client.schedule_new_orchestration(orchestrator, input=run_id, instance_id=run_id)

    rehearsal.wait(begin())
    rehearsal.settle()
    rehearsal.send("Verdict", identity, b'{"rule": "none"}')
    rehearsal.settle()
    kinds = Counter(_kinds(rehearsal, run_id))
    assert kinds["executionCompleted"] == 1, f"{identity} has not ended: {dict(kinds)}"
    return {"rows": kinds.total(), "actions": sum(kinds[kind] for kind in BILLED)}


def _kinds(rehearsal: Rehearsal, run_id: str) -> list[Any]:
    return [event.WhichOneof("eventType") for event in rehearsal.hub.history_of(run_id)]


if __name__ == "__main__":
    main()
