"""Where variables live: in a routine, in an iteration of a loop, in an `except` block, in a branch.

A scope sees the variables of those around it. An assignment goes to the nearest scope that has the name, or makes the
variable here. What a scope made is gone, and its memory free, when it ends. Page: syntax/variables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isthmus.adapters.gcp.interpreter.faults import limit_fault
from isthmus.adapters.gcp.interpreter.problems import Undocumented
from isthmus.adapters.gcp.interpreter.values import size_of

if TYPE_CHECKING:
    from isthmus.adapters.gcp.interpreter.choices import Answers
    from isthmus.adapters.gcp.interpreter.library import Surroundings
    from isthmus.adapters.gcp.interpreter.limits import Limits


class Memory:
    """Count what the variables of one execution take."""

    __slots__ = ("_limits", "used")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.used = 0

    def size(self, value: Any) -> int:
        """Return what a value takes. Raises a fault for a string that is too long."""
        return size_of(value, self._limits.string_bytes)

    def grow(self, by: int) -> None:
        """Take more, or give it back. Raises a fault when there is not that much."""
        if by > 0 and self.used + by > self._limits.memory_bytes:
            raise limit_fault(f"variables would take {self.used + by} bytes, and may take {self._limits.memory_bytes}")
        self.used += by


class Scope:
    """Hold variables, and what an expression needs besides them."""

    __slots__ = ("_sizes", "answers", "around", "memory", "parent", "results", "values")

    def __init__(self, around: Surroundings, memory: Memory, parent: Scope | None = None) -> None:
        self.around = around
        self.answers: Answers = around.answers
        self.memory = memory
        self.parent = parent
        self.values: dict[str, Any] = {}
        self.results: dict[int, Any] = {}
        self._sizes: dict[str, int] = {}

    def inner(self) -> Scope:
        """Open a scope that sees this one."""
        return Scope(self.around, self.memory, self)

    def read(self, name: str) -> Any:
        """Return the value of a variable."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.parent
        raise Undocumented(f"{name} is read before anything was assigned to it", instead="assign null to it first")

    def has(self, name: str) -> bool:
        """Say whether a variable has a value."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return True
            scope = scope.parent
        return False

    def assign(self, name: str, value: Any) -> None:
        """Give a value to a variable where it is, or make it here."""
        scope: Scope | None = self
        while scope is not None and name not in scope.values:
            scope = scope.parent
        (scope or self).create(name, value)

    def create(self, name: str, value: Any) -> None:
        """Give a value to a variable of this scope."""
        size = self.memory.size(value)
        self.memory.grow(size - self._sizes.get(name, 0))
        self._sizes[name] = size
        self.values[name] = value

    def close(self) -> None:
        """Give back the memory of this scope's variables."""
        self.memory.grow(-sum(self._sizes.values()))
        self._sizes.clear()
        self.values.clear()
