"""Instances: the orchestrations of runs, as the task hub knows them: begun, woken, looked at.

What a run is stands in the database. A task hub only carries it on: an instance that is begun twice is one, and a
wake that comes to nothing does nothing.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

import grpc.aio
from durabletask.client import AsyncTaskHubGrpcClient, OrchestrationQuery, OrchestrationStatus

from isthmus.adapters.azure.orchestrator import ANSWERED, TAKE_BACK_LEFT, WAKE
from isthmus.adapters.runtime.host import Host
from isthmus.adapters.runtime.unit import UnitOfWork

log = logging.getLogger("isthmus.azure")

BROKEN: Final = (OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED)
"""How an instance stands that has ended without reporting the end of its run."""

LEFT: Final = ".left"
"""Ends the id of the instance that takes back a run whose own instance has ended without reporting."""


async def begin(client: AsyncTaskHubGrpcClient, contract: str, run_id: str) -> bool:
    """Begin the orchestration of a run, unless it was begun before; say whether it is begun now."""
    return await _schedule(client, contract, run_id, run_id)


async def begin_or_leave(client: AsyncTaskHubGrpcClient, contract: str, run_id: str) -> None:
    """Begin the orchestration of a run that is written down, or leave it to the sweep when the hub cannot be told."""
    try:
        await begin(client, contract, run_id)
    except Exception:
        log.exception("run %s is not begun; the sweep will do it", run_id)


async def begin_taking_back(client: AsyncTaskHubGrpcClient, run_id: str) -> None:
    """Begin to take back what a run has left, unless that goes on; what has broken off begins anew."""
    instance_id = f"{run_id}{LEFT}"
    state = await client.get_orchestration_state(instance_id, fetch_payloads=False)
    if state is not None and state.runtime_status in BROKEN:
        await client.purge_orchestration(instance_id)
    await _schedule(client, TAKE_BACK_LEFT, run_id, instance_id)


async def _schedule(client: AsyncTaskHubGrpcClient, orchestrator: str, run_id: str, instance_id: str) -> bool:
    try:
        await client.schedule_new_orchestration(orchestrator, input=run_id, instance_id=instance_id)
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.ALREADY_EXISTS:
            raise
        return False
    return True


async def broken_runs(client: AsyncTaskHubGrpcClient) -> list[str]:
    """Return the runs whose instances have ended without reporting: terminated by somebody, or failed."""
    states = await client.get_all_orchestration_states(OrchestrationQuery(runtime_status=list(BROKEN)))
    return list(dict.fromkeys(state.instance_id.removesuffix(LEFT) for state in states))


async def wake(client: AsyncTaskHubGrpcClient, host: Host, unit: UnitOfWork) -> None:
    """Wake the runs that a unit of work has answered; what the hub cannot be told now is left to the sweep."""
    if not unit.woken:
        return
    try:
        for run_id in dict.fromkeys(run_id for run_id, _ in unit.woken):
            await wake_run(client, run_id, ANSWERED)
    except Exception:
        log.exception("runs that were answered are not woken; the sweep will do it")
        return
    await asyncio.to_thread(host.forget_woken, unit)


async def wake_run(client: AsyncTaskHubGrpcClient, run_id: str, why: str) -> None:
    """Wake a run: what it waits for may be there, or a person has changed its status."""
    try:
        await client.raise_orchestration_event(run_id, WAKE, data=why)
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.NOT_FOUND:  # it will begin, and look for itself
            raise
