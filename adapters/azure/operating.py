"""Operating: what a person asks of a running app from a machine of their own, by its database and its task hub.

Each is written down in one transaction, with a note of whom the hub has to tell. Then the hub is told. When it cannot
be, the note stays, and the sweep of the app acts on it: so a start or an answer that is lost is never done twice.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, Final

import msgspec
from durabletask.client import AsyncTaskHubGrpcClient

from isthmus.adapters.azure.instances import LEFT, begin, begin_taking_back, wake_run
from isthmus.adapters.azure.orchestrator import ANSWERED, CHANGED
from isthmus.adapters.runtime import operations
from isthmus.adapters.runtime.host import Host
from isthmus.adapters.runtime.runs import Run, cancel_run, find_run
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.notes import ABOUT_RUN, ABOUT_STEP, FORGET_NOTE, NOTE, NOTES
from isthmus.adapters.sql.runs import CLAIMED_BY, RunStatus
from isthmus.core.errors import InputError

GOES_ON: Final = frozenset({RunStatus.STARTED, RunStatus.RUNNING, RunStatus.TAKING_BACK})


class InstanceView(msgspec.Struct, frozen=True, kw_only=True):
    """Be an orchestration of a run, as the task hub knows it."""

    instance_id: str
    status: str
    created_at: datetime
    updated_at: datetime


class HandlerAsked(InputError):
    """Report a contract that is asked where only runs are started."""

    code = "ISTH262"


# What is written down


def start(host: Host, contract: str, message: Any, *, actor: str, on_behalf_of: str = "") -> str:
    """Start a run, durably, and return its id; the same start again is the same run. Raises InputError."""
    if contract in host.composition.handlers:
        raise HandlerAsked(
            "a handler fulfils it, and works in the app alone", place=contract, instead="ask an endpoint of the app"
        )

    def work(unit: UnitOfWork) -> str:
        run = operations.begin_run(unit, contract, message, claimed_by=None)
        unit.transaction.run(NOTE, ABOUT_RUN, run.run_id)
        return run.run_id

    return host.do_from_outside(contract, actor, on_behalf_of, work)[1]


def send(host: Host, event: str, key: str, message: Any, *, event_id: str | None, actor: str) -> None:
    """Let an event arrive. Raises InputError."""

    def work(unit: UnitOfWork) -> None:
        operations.arrive(unit, event, key, message, event_id)

    host.do_from_outside(event, actor, "", work)


def cancel(host: Host, run_id: str, *, actor: str) -> None:
    """End a run, and have it taken back. Raises InputError."""

    def work(unit: UnitOfWork) -> None:
        cancel_run(unit, run_id)
        unit.transaction.run(NOTE, ABOUT_RUN, run_id)

    host.do_from_outside("cancel", actor, "", work)


def replay(host: Host, dead_letter_id: int, *, actor: str) -> None:
    """Let what is stuck be tried again; a delivery goes through the outbox again. Raises NotFound."""

    def work(unit: UnitOfWork) -> None:
        replayed = operations.resolve(unit, dead_letter_id)
        if replayed.message is None:
            unit.transaction.run(NOTE, ABOUT_RUN, replayed.run_id)

    host.do_from_outside("replay", actor, "", work)


# What the hub is told


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
