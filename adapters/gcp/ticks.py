"""Ticks: what Cloud Scheduler calls, schedules of an App and, once a minute, the sweep.

/schedules/NAME   once for each moment however often it is called
/sweep            messages that were not sent, events held for nobody, notes, runs whose execution is not there
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from isthmus.adapters.gcp.carrying import Carrying
from isthmus.adapters.runtime import hosting
from isthmus.adapters.runtime.host import Host
from isthmus.adapters.runtime.hosting import Delivered, delivered, hand_on_unowned, handle_all
from isthmus.adapters.runtime.runs import Run
from isthmus.adapters.runtime.unit import OutgoingMessage
from isthmus.core.trigger import Schedule

type InThread = Callable[..., Awaitable[Any]]


async def tick(host: Host, carrying: Carrying, schedule: Schedule, in_thread: InThread) -> None:
    """Let a schedule tick: a run is begun, or a handler is asked, with the attempts that its policy allows."""
    unit, run_id = await in_thread(hosting.tick, host, schedule)
    if run_id is not None:
        await in_thread(carrying.begin_or_leave, run_id)
    else:
        await handle_all(host, unit.published, _hand_on(host, carrying, in_thread))


async def sweep(host: Host, carrying: Carrying, in_thread: InThread) -> None:
    """Make up for what a crash has left out."""
    left = await in_thread(host.relay_all)
    await handle_all(host, left, _hand_on(host, carrying, in_thread), is_patient=False)
    await in_thread(hand_on_unowned, host)
    await in_thread(carrying.sweep)


def _hand_on(
    host: Host, carrying: Carrying, in_thread: InThread
) -> Callable[[OutgoingMessage, str], Awaitable[Delivered]]:
    async def hand_on(message: OutgoingMessage, subscriber: str) -> Delivered:
        result: Delivered = (await in_thread(delivered, host, message, subscriber))[1]
        if isinstance(result, Run):
            await in_thread(carrying.begin_or_leave, result.run_id)
        return result

    return hand_on
