"""Executions: the way to the workflows that run, one port with three verbs.

What a run is stands in the database. An execution only carries it on: the first step of one claims its run, and one
that loses the claim ends without a trace. So a caller who lost the answer of `create` may create again.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Protocol


class ExecutionState(StrEnum):
    """Say how an execution stands, in the words of Google's API; UNKNOWN is one that it no longer has."""

    ACTIVE = "ACTIVE"
    QUEUED = "QUEUED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    UNAVAILABLE = "UNAVAILABLE"
    UNKNOWN = "UNKNOWN"


UNDER_WAY: Final = frozenset({ExecutionState.ACTIVE, ExecutionState.QUEUED})
"""How an execution stands that has not ended."""


class Executions(Protocol):
    """Begin executions of deployed workflows, and look after them. Any number of threads at once.

    Whatever cannot be reached, or says no for a reason of its own, is raised as an EnvironmentFault.
    """

    def create(self, workflow: str, argument: Mapping[str, str]) -> str:
        """Begin an execution of a workflow, and return its name, `WORKFLOW/executions/ID`.

        Both names are without project and location: `place-order-1a2b3c4d`, not `projects/…/workflows/…`.
        """
        ...

    def cancel(self, name: str) -> None:
        """End an execution; one that has ended, or is not there, is left alone."""
        ...

    def state(self, name: str) -> ExecutionState:
        """Return how an execution stands."""
        ...


def name_of(workflow: str, execution_id: str) -> str:
    """Return the name of an execution, by the id that its steps read as GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID."""
    return f"{workflow}/executions/{execution_id}"
