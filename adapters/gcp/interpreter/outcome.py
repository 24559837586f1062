"""What came of an execution."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class LogEntry:
    """Hold what `sys.log` was given."""

    severity: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """Hold what came of an execution: a result, or an error with the place where it was raised."""

    result: Any = None
    failed: bool = False
    error: Any = None
    context: str = ""
    steps: int = 0
    seconds: float = 0.0
    logs: tuple[LogEntry, ...] = field(default=(), repr=False)
