"""Work: what the engine commits, one unit of work each, many in one transaction.

`perform` runs within the transaction, and may run again when that could not be committed; `settled` runs once, after
the commit, and brings the next work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from isthmus.adapters.runtime.runs import Run
from isthmus.adapters.runtime.unit import UnitOfWork, unit_of
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.errors import IsthmusError

if TYPE_CHECKING:
    from isthmus.adapters.local.carrier import Carrier


class Work:
    """Be one unit of work of the engine."""

    __slots__ = ("engine", "run_id", "step", "unit")

    def __init__(self, engine: Carrier, run_id: str, step: str) -> None:
        self.engine = engine
        self.run_id = run_id
        self.step = step
        self.unit: UnitOfWork | None = None

    def perform(self, transaction: Transaction) -> None:
        """Do it, within a transaction."""
        raise NotImplementedError

    def settled(self) -> None:
        """Go on, after the commit."""

    def failed(self, error: BaseException) -> None:
        """Say that it could not be done, and never will be by this engine."""
        self.engine.halt(error)

    def refused(self, error: IsthmusError) -> bool:  # noqa: ARG002
        """Learn that it cannot be committed; say whether it is to be performed again, to leave it to a person."""
        return False

    def _unit(self, transaction: Transaction, run: Run) -> UnitOfWork:
        self.unit = unit_of(self.engine.deployment, transaction, run, self.step)
        return self.unit
