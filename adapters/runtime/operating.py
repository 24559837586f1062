"""Operating: what a person asks of an app that runs in a cloud, from a machine of their own, by its database.

Each is written down in one transaction, with a note of whom the cloud's engine has to tell. Then the engine is told.
When it cannot be, the note stays, and the sweep of the app acts on it: so a start or an answer that is lost is never
done twice.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from isthmus.adapters.runtime import operations
from isthmus.adapters.runtime.host import Host
from isthmus.adapters.runtime.runs import cancel_run
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.notes import ABOUT_RUN, NOTE
from isthmus.adapters.sql.runs import RunStatus
from isthmus.core.errors import InputError


class InstanceView(msgspec.Struct, frozen=True, kw_only=True):
    """Be what carries a run on, as the cloud's engine knows it."""

    instance_id: str
    status: str
    created_at: datetime | None = None
    updated_at: datetime | None = None


class HandlerAsked(InputError):
    """Report a contract that is asked where only runs are started."""

    code = "ISTH262"


def start(host: Host, contract: str, message: Any, *, actor: str, on_behalf_of: str = "") -> str:
    """Start a run, durably, and return its id; the same start again is the same run. Raises InputError."""
    if contract in host.composition.handlers:
        raise HandlerAsked(
            "a handler fulfils it, and works in the app alone", place=contract, instead="ask an endpoint of the app"
        )

    def work(unit: UnitOfWork) -> str:
        run = operations.begin_run(unit, contract, message, claimed_by=None)
        if run.status == RunStatus.STARTED:
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
