"""Operating: what the task hub is told of what a person has asked of a running app, and what it knows of a run."""

from __future__ import annotations

import asyncio
from typing import Final

from durabletask.client import AsyncTaskHubGrpcClient

from isthmus.adapters.azure.instances import LEFT, begin, begin_taking_back, wake_run
from isthmus.adapters.azure.orchestrator import ANSWERED, CHANGED
from isthmus.adapters.runtime.host import Host
from isthmus.adapters.runtime.operating import InstanceView
from isthmus.adapters.runtime.runs import Run, find_run
from isthmus.adapters.sql.notes import ABOUT_STEP, FORGET_NOTE, NOTES
from isthmus.adapters.sql.runs import CLAIMED_BY, RunStatus

GOES_ON: Final = frozenset({RunStatus.STARTED, RunStatus.RUNNING, RunStatus.TAKING_BACK})


async def act_on_notes(client: AsyncTaskHubGrpcClient, host: Host) -> None:
    """Tell the hub what notes say, and forget them; a note that was acted on twice has done no harm."""
    while notes := await asyncio.to_thread(_notes, host):
        for sequence, kind, subject in notes:
            await _act_on(client, host, kind, subject)
            await asyncio.to_thread(_forget, host, sequence)


async def _act_on(client: AsyncTaskHubGrpcClient, host: Host, kind: str, subject: str) -> None:
    run_id = subject.partition("/")[0]
    if kind == ABOUT_STEP:
        await wake_run(client, run_id, ANSWERED)
        return
    run, claimed = await asyncio.to_thread(_run_of, host, run_id)
    if run is None:
        return
    if run.status == RunStatus.TAKING_BACK and not claimed:
        await begin_taking_back(client, run_id)  # it was cancelled before anybody carried it on: nobody can claim it
    elif run.status in GOES_ON and run.parent_run is None and await begin(client, run.contract, run_id):
        return
    elif run.status != RunStatus.STARTED:
        await wake_run(client, run_id, CHANGED)


def _run_of(host: Host, run_id: str) -> tuple[Run | None, bool]:
    """Return a run, and whether an orchestration has claimed it."""
    with host.database.transaction() as transaction:
        row = transaction.row(CLAIMED_BY, run_id)
        return find_run(transaction, run_id), row is not None and row[0] is not None


def _notes(host: Host) -> list[tuple[int, str, str]]:
    with host.database.transaction() as transaction:
        return [(sequence, kind, subject) for sequence, kind, subject in transaction.rows(NOTES)]


def _forget(host: Host, sequence: int) -> None:
    with host.database.transaction() as transaction:
        transaction.run(FORGET_NOTE, sequence)


async def instances_of(client: AsyncTaskHubGrpcClient, run_id: str) -> list[InstanceView]:
    """Return the orchestrations that the hub has of a run: its own, and the one that takes back what that has left."""
    found = [
        await client.get_orchestration_state(instance_id, fetch_payloads=False)
        for instance_id in (run_id, f"{run_id}{LEFT}")
    ]
    return [
        InstanceView(
            instance_id=one.instance_id,
            status=one.runtime_status.name.lower(),
            created_at=one.created_at,
            updated_at=one.last_updated_at,
        )
        for one in found
        if one is not None
    ]
