"""Timers: schedules of an App, and the sweep that finds what a crash has left.

schedule_<name>   a tick, once for each moment however often the timer fires
isthmus_sweep     once a minute: messages that were not sent, runs that were not begun, notes that operators left,
                  runs whose orchestration ended without reporting (terminated, or failed), events held for nobody
"""

from __future__ import annotations

import asyncio
from functools import partial

import azure.durable_functions as df
import azure.functions as func

from isthmus.adapters.azure.endpoints import function_name
from isthmus.adapters.azure.fitness import ncrontab_of
from isthmus.adapters.azure.functions import Functions, Kind
from isthmus.adapters.azure.instances import begin, begin_taking_back, broken_runs
from isthmus.adapters.azure.operating import act_on_notes
from isthmus.adapters.azure.topics import hand_on
from isthmus.adapters.runtime.host import Host
from isthmus.adapters.runtime.hosting import SWEEP, Left, find_left, hand_on_unowned, handle_all, tick
from isthmus.adapters.sql.runs import NOT_BEGUN
from isthmus.core.trigger import Schedule


def add_timers(functions: Functions, host: Host) -> None:
    """Add the functions of all schedules, and the sweep."""
    for schedule in host.composition.app.schedules:
        _add_schedule(functions, host, schedule)
    _add_sweep(functions, host)


def _add_schedule(functions: Functions, host: Host, schedule: Schedule) -> None:
    async def tick_once(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:  # noqa: ARG001  # bound by name
        unit, run_id = await asyncio.to_thread(tick, host, schedule)
        if run_id is not None:
            await begin(client, schedule.starts.name, run_id)
        else:
            await handle_all(host, unit.published, partial(hand_on, host, client))

    functions.add(Kind.TIMER, function_name("schedule", schedule.name), tick_once, schedule=ncrontab_of(schedule.every))


# The sweep


def _add_sweep(functions: Functions, host: Host) -> None:
    async def sweep(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:  # noqa: ARG001  # bound by name
        left = await asyncio.to_thread(host.relay_all)
        await handle_all(host, left, partial(hand_on, host, client), is_patient=False)
        await asyncio.to_thread(hand_on_unowned, host)
        await act_on_notes(client, host)
        for contract, run_id in await asyncio.to_thread(_not_begun, host):
            await begin(client, contract, run_id)
        for run_id in await broken_runs(client):
            match await asyncio.to_thread(find_left, host, run_id):
                case Left.TO_PERSON:
                    await client.purge_orchestration(run_id)  # begun again, it goes on from the record
                case Left.TO_BE_TAKEN_BACK:
                    await begin_taking_back(client, run_id)

    functions.add(Kind.TIMER, SWEEP, sweep, schedule="0 * * * * *")


def _not_begun(host: Host) -> list[tuple[str, str]]:
    """Return the runs that were started, and whose orchestration may not have been begun."""
    with host.database.transaction() as transaction:
        return [(contract, run_id) for run_id, contract in transaction.rows(NOT_BEGUN)]
