"""What an App on Google Cloud stands on; a rehearsal puts its own in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from isthmus.adapters.gcp.callbacks import Callbacks
from isthmus.adapters.gcp.callers import Callers
from isthmus.adapters.gcp.executions import Executions
from isthmus.adapters.runtime.host import After, Host, Surroundings
from isthmus.adapters.runtime.operations import SCHEDULE_TOPIC
from isthmus.adapters.sql.callbacks import NOTE_WHERE_CALLED_BACK
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.composition import Composition

BACKEND: Final = "google"

HANDLED_HERE: Final = (SCHEDULE_TOPIC,)
"""What goes through the outbox and not through Pub/Sub: a tick is handled by the function that Scheduler called."""


class GoogleSurroundings(Surroundings, Protocol):
    """Give an App on Google Cloud what it stands on."""

    def executions(self) -> Executions:
        """Return the way to the workflows that run."""
        ...

    def callbacks(self) -> Callbacks:
        """Return the way to executions that wait."""
        ...

    def address(self) -> str:
        """Return the URL of this unit's functions: what identity tokens for it are made out to."""
        ...

    def callers(self) -> Callers:
        """Return who may ask."""
        ...


def host_of(
    composition: Composition,
    around: GoogleSurroundings,
    *,
    elsewhere: Mapping[str, str] | None = None,
    after: After | None = None,
) -> Host:
    """Return the host of an App; `elsewhere` names the contracts whose work another unit does, with that unit."""
    return Host(
        composition,
        around,
        backend=BACKEND,
        handled_here=HANDLED_HERE,
        elsewhere=elsewhere,
        note_woken=note_where_called_back,
        after=after,
    )


def note_where_called_back(transaction: Transaction, run_id: str, step: str) -> None:
    """Leave a note that a step was answered, if an execution waits for that at a callback."""
    transaction.run(NOTE_WHERE_CALLED_BACK, f"{run_id}/{step}", run_id, step)
