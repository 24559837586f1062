"""The steps of a workflow, as they are after reading: frozen, typed, every expression compiled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isthmus.adapters.gcp.interpreter.formulas import Formula, Signature


@dataclass(frozen=True, slots=True)
class Target:
    """Hold the left side of an assignment: a variable, and the path into it."""

    name: str
    path: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Assign:
    """Assign values in order."""

    assignments: tuple[tuple[Target, Formula], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """Call a function or sub-workflow, by named arguments or by arguments in order."""

    function: str
    named: dict[str, Formula]
    in_order: tuple[Formula, ...]
    result: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """Do something when a condition is true."""

    condition: Formula
    step: Step


@dataclass(frozen=True, slots=True)
class Switch:
    """Do what belongs to the first condition that is true."""

    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class For:
    """Repeat steps for the items of a list or map, or for a range of numbers with both its ends."""

    value: str
    index: str | None
    items: Formula | None
    range: tuple[Formula, Formula] | None
    steps: Steps


@dataclass(frozen=True, slots=True)
class Parallel:
    """Run branches, or the iterations of a loop, side by side."""

    shared: frozenset[str]
    concurrency_limit: Formula | None
    branches: tuple[tuple[str, Steps], ...]
    loop: For | None


@dataclass(frozen=True, slots=True)
class Retry:
    """Say when and how often a `try` is run again: by a policy, or field by field."""

    policy: Formula


@dataclass(frozen=True, slots=True)
class Except:
    """Handle an error."""

    name: str
    steps: Steps


@dataclass(frozen=True, slots=True)
class Try:
    """Run steps; run them again, or handle their error."""

    steps: Steps
    retry: Retry | None
    handler: Except | None


@dataclass(frozen=True, slots=True)
class Raise:
    """Raise a map or a string."""

    value: Formula


@dataclass(frozen=True, slots=True)
class Return:
    """End the routine with a value."""

    value: Formula


@dataclass(frozen=True, slots=True)
class Nested:
    """Run steps that are grouped."""

    steps: Steps


@dataclass(frozen=True, slots=True)
class Nothing:
    """Only go on elsewhere."""


type Body = Assign | Call | Switch | For | Parallel | Try | Raise | Return | Nested | Nothing


@dataclass(frozen=True, slots=True)
class Step:
    """Hold one step: its name, line and body, and where it goes on."""

    name: str
    line: int
    body: Body
    next: str | None


@dataclass(frozen=True, slots=True)
class Steps:
    """Hold steps in order, and where each name is."""

    steps: tuple[Step, ...]
    places: dict[str, int]


@dataclass(frozen=True, slots=True)
class Routine:
    """Hold `main` or a sub-workflow."""

    name: str
    line: int
    signature: Signature
    defaults: dict[str, object]
    steps: Steps


@dataclass(frozen=True, slots=True)
class Workflow:
    """Hold a workflow that was read and found in order: it may be executed any number of times."""

    name: str
    routines: dict[str, Routine]

    @property
    def main(self) -> Routine:
        """Return the routine with which an execution begins."""
        return self.routines["main"]
