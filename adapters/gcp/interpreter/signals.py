"""How steps are left: to another step, out of a loop, or out of the routine with a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Go:
    """Go on at another step."""

    target: str


@dataclass(frozen=True, slots=True)
class Done:
    """End the routine with a value."""

    value: Any


class LoopSignal:
    """Leave an iteration, or the loop."""


BREAK: Final = LoopSignal()
CONTINUE: Final = LoopSignal()

type Signal = Go | Done | LoopSignal


@dataclass(frozen=True, slots=True)
class Frame:
    """Hold where an execution is: the routine, how deep its calls are, how deep its parallel steps."""

    routine: str
    depth: int
    parallel: int


def signal_of(target: str) -> Signal:
    """Return the signal for what `next` names."""
    match target:
        case "end":
            return Done(None)
        case "break":
            return BREAK
        case "continue":
            return CONTINUE
        case _:
            return Go(target)
