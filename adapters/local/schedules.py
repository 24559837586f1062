"""Schedules: contracts that are asked again and again, at the same moments whenever the engine was opened."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from isthmus.adapters.local.calls import CallWork
from isthmus.adapters.local.work import Work
from isthmus.adapters.runtime.clock import last_tick
from isthmus.adapters.runtime.deliveries import publish_tick, start_at_tick
from isthmus.adapters.runtime.runs import Run
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.journal import microseconds
from isthmus.core.composition import Composition
from isthmus.core.trigger import Schedule

if TYPE_CHECKING:
    from isthmus.adapters.local.carrier import Carrier


class Schedules:
    """Ask what is due; a tick that came while no engine was open is left out."""

    def __init__(self, composition: Composition) -> None:
        self._schedules = composition.app.schedules

    def begin(self, engine: Carrier) -> None:
        """Set the first tick of each schedule."""
        for schedule in self._schedules:
            self._set(engine, schedule)

    def _set(self, engine: Carrier, schedule: Schedule) -> None:
        tick = last_tick(engine.clock.now(), schedule.every) + schedule.every
        engine.at(microseconds(tick), _Tick(engine, self, schedule, tick))

    def fire(self, engine: Carrier, schedule: Schedule, tick: datetime) -> None:
        """Ask the schedule's contract, once for each tick, and set the next one."""
        self._set(engine, schedule)
        actor, key = f"schedule:{schedule.name}", f"{schedule.name}@{tick.isoformat()}"
        if schedule.starts.name in engine.composition.workflows:
            _start(engine, schedule, actor, key)
        else:
            _deliver(engine, schedule, actor, key)


def _deliver(engine: Carrier, schedule: Schedule, actor: str, key: str) -> None:
    def publish(unit: UnitOfWork) -> None:
        publish_tick(unit, schedule, key)

    engine.push(CallWork(engine, schedule.starts.name, actor, actor, publish, lambda _unit, none: none))


def _start(engine: Carrier, schedule: Schedule, actor: str, key: str) -> None:
    def begin(unit: UnitOfWork) -> Run:
        return start_at_tick(unit, schedule, key, claimed_by=engine.claimant)

    def begun(unit: UnitOfWork, run: Run) -> None:
        if unit.created:
            engine.carry_on(run, {})

    engine.push(CallWork(engine, schedule.starts.name, actor, actor, begin, begun))


class _Tick(Work):
    """Be a timer that fires a schedule."""

    __slots__ = ("_fire",)

    def __init__(self, engine: Carrier, schedules: Schedules, schedule: Schedule, tick: datetime) -> None:
        super().__init__(engine, "", schedule.name)
        self._fire = (schedules, schedule, tick)

    def perform(self, transaction: Any) -> None:
        """Do nothing yet: asking is work of its own."""

    def settled(self) -> None:
        """Fire."""
        schedules, schedule, tick = self._fire
        schedules.fire(self.engine, schedule, tick)
