"""Schedules: contracts that are asked again and again, at the same moments whenever the engine was opened."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from isthmus.adapters.local.calls import CallWork
from isthmus.adapters.local.work import Work
from isthmus.adapters.runtime.operations import SCHEDULE_TOPIC
from isthmus.adapters.runtime.runs import Run, run_id_of, start_run
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.journal import microseconds
from isthmus.core.codec import codec
from isthmus.core.composition import Composition
from isthmus.core.trigger import Schedule

if TYPE_CHECKING:
    from isthmus.adapters.local.carrier import Carrier

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Schedules:
    """Ask what is due; a tick that came while no engine was open is left out."""

    def __init__(self, composition: Composition) -> None:
        self._schedules = composition.app.schedules

    def begin(self, engine: Carrier) -> None:
        """Set the first tick of each schedule."""
        for schedule in self._schedules:
            self._set(engine, schedule)

    def _set(self, engine: Carrier, schedule: Schedule) -> None:
        passed = (engine.clock.now() - BEGINNING) // schedule.every
        tick = BEGINNING + (passed + 1) * schedule.every
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
    """Send the tick through the outbox: retries, crashes and dead letters are those of any other message."""

    def publish(unit: UnitOfWork) -> None:
        unit.run_id, unit.step = run_id_of(schedule.starts.name, key, "schedule"), "tick"
        wire = codec(type(schedule.message)).encode(schedule.message, unit.vault)
        unit.publish(f"{SCHEDULE_TOPIC}{schedule.name}", key, wire, message_id=key)

    engine.push(CallWork(engine, schedule.starts.name, actor, actor, publish, lambda _unit, none: none))


def _start(engine: Carrier, schedule: Schedule, actor: str, key: str) -> None:
    def begin(unit: UnitOfWork) -> Run:
        wire = codec(type(schedule.message)).encode(schedule.message, unit.vault)
        return start_run(unit, schedule.starts.name, wire, claimed_by=engine.claimant, origin=(key,))

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
