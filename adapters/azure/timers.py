"""Timers: schedules of an App, and the sweep that finds what a crash has left.

schedule_<name>   a tick, once for each moment however often the timer fires
isthmus_sweep     once a minute: messages that were not sent, runs that were not begun, notes that operators left,
                  runs whose orchestration ended without reporting (terminated, or failed), events held for nobody
"""

from __future__ import annotations

import asyncio
from enum import Enum, auto
from typing import Final

import azure.durable_functions as df
import azure.functions as func

from isthmus.adapters.azure.endpoints import function_name
from isthmus.adapters.azure.fitness import cron_of
from isthmus.adapters.azure.functions import Functions, Kind
from isthmus.adapters.azure.host import Host
from isthmus.adapters.azure.instances import begin, begin_taking_back, broken_runs
from isthmus.adapters.azure.operating import act_on_notes
from isthmus.adapters.azure.streams import handle_all
from isthmus.adapters.runtime.clock import last_tick
from isthmus.adapters.runtime.deliveries import publish_tick, start_at_tick
from isthmus.adapters.runtime.events import make_unowned_late
from isthmus.adapters.runtime.record import Failed, Outcome
from isthmus.adapters.runtime.runs import EndState, find_run, finish_run
from isthmus.adapters.runtime.stepping import stick
from isthmus.adapters.runtime.taking_back import is_part_of_another
from isthmus.adapters.runtime.unit import UnitOfWork, unit_of
from isthmus.adapters.sql.runs import NOT_BEGUN, RunStatus, StepState
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.codec import ENCODER
from isthmus.core.errors import ReplayMismatch
from isthmus.core.trigger import Schedule

SWEEP: Final = "isthmus_sweep"


def add_timers(functions: Functions, host: Host) -> None:
    """Add the functions of all schedules, and the sweep."""
    for schedule in host.composition.app.schedules:
        _add_schedule(functions, host, schedule)
    _add_sweep(functions, host)


def _add_schedule(functions: Functions, host: Host, schedule: Schedule) -> None:
    contract, actor = schedule.starts.name, f"schedule:{schedule.name}"

    async def tick(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:  # noqa: ARG001  # bound by name
        key = f"{schedule.name}@{last_tick(host.deployment.clock.now(), schedule.every).isoformat()}"

        def publish(unit: UnitOfWork) -> None:
            publish_tick(unit, schedule, key)

        def start(unit: UnitOfWork) -> str:
            return start_at_tick(unit, schedule, key, claimed_by=None).run_id

        if contract in host.composition.workflows:
            _, run_id = await asyncio.to_thread(host.do_from_outside, contract, actor, actor, start)
            await begin(client, contract, run_id)
            return
        unit, _ = await asyncio.to_thread(host.do_from_outside, contract, actor, actor, publish)
        await handle_all(host, client, unit.published)

    functions.add(Kind.TIMER, function_name("schedule", schedule.name), tick, schedule=cron_of(schedule.every))


# The sweep


def _add_sweep(functions: Functions, host: Host) -> None:
    async def sweep(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:  # noqa: ARG001  # bound by name
        await handle_all(host, client, await asyncio.to_thread(host.relay_all), is_patient=False)
        while (await asyncio.to_thread(host.do_from_outside, SWEEP, "sweep", "", make_unowned_late))[1]:
            pass
        await act_on_notes(client, host)
        for contract, run_id in await asyncio.to_thread(_not_begun, host):
            await begin(client, contract, run_id)
        for run_id in await broken_runs(client):
            match await asyncio.to_thread(_find_left, host, run_id):
                case Left.TO_PERSON:
                    await client.purge_orchestration(run_id)  # begun again, it goes on from the record
                case Left.TO_BE_TAKEN_BACK:
                    await begin_taking_back(client, run_id)

    functions.add(Kind.TIMER, SWEEP, sweep, schedule="0 * * * * *")


def _not_begun(host: Host) -> list[tuple[str, str]]:
    """Return the runs that were started, and whose orchestration may not have been begun."""
    with host.database.transaction() as transaction:
        return [(contract, run_id) for run_id, contract in transaction.rows(NOT_BEGUN)]


class Left(Enum):
    """Say what is left to do with a run whose orchestration has ended without reporting."""

    NOTHING = auto()
    TO_PERSON = auto()
    TO_BE_TAKEN_BACK = auto()


def _find_left(host: Host, run_id: str) -> Left:
    """Fence a run that nobody carries on any longer, as one that failed.

    One whose version is not carried is left to a person: by another program its history cannot be replayed.
    """

    def work(transaction: Transaction) -> tuple[UnitOfWork | None, Left]:
        run = find_run(transaction, run_id)
        if run is None:
            return None, Left.NOTHING
        if run.status != RunStatus.RUNNING:
            goes_on = run.status == RunStatus.TAKING_BACK and not is_part_of_another(run)
            return None, Left.TO_BE_TAKEN_BACK if goes_on else Left.NOTHING
        if (run.contract, run.version) not in host.composition.versions:
            unit = unit_of(host.deployment, transaction, run, "")
            stick(unit, run, ReplayMismatch.__name__, ReplayMismatch.code)
            return unit, Left.TO_PERSON
        unit = unit_of(host.deployment, transaction, run, "sweep")
        failed = Outcome(StepState.FAILED, ENCODER.encode(Failed("OrchestrationEnded", f"run {run_id}")))
        ended = finish_run(unit, run, failed, "")
        return unit, Left.TO_BE_TAKEN_BACK if ended is EndState.TAKING_BACK else Left.NOTHING

    return host.do(work)[1]
