"""When a `try` is run again, and after how long. Page: syntax/retrying.

`max_retries: 3` is up to four runs; the waits are `initial_delay`, then `multiplier` times the one before, at most
`max_delay`.
"""

from __future__ import annotations

import math
from typing import Any

from isthmus.adapters.gcp.interpreter.faults import type_fault, value_fault
from isthmus.adapters.gcp.interpreter.scheduler import Scheduler, Suspend, Wake
from isthmus.adapters.gcp.interpreter.values import Reference, type_name


class Schedule:
    """Hold how often a `try` was run again, and how long the next wait is."""

    def __init__(self, predicate: Reference, retries: int, delay: float, delay_max: float, multiplier: float) -> None:
        self.predicate = predicate
        self._left = retries
        self._delay = delay
        self._delay_max = delay_max
        self._multiplier = multiplier

    def left(self) -> bool:
        """Say whether it may be run again."""
        return self._left > 0

    def pause(self, scheduler: Scheduler) -> Suspend:
        """Return the wait before the next run."""
        seconds = min(self._delay, self._delay_max)
        self._left -= 1
        self._delay = min(self._delay * self._multiplier, self._delay_max)

        def sleep(wake: Wake) -> None:
            scheduler.at(scheduler.clock.now() + seconds, lambda: wake(None, None))

        return Suspend(sleep)


def schedule_of(policy: Any) -> Schedule:
    """Read a retry policy. Raises TypeError and ValueError faults for one that is none."""
    if not isinstance(policy, dict):
        raise type_fault(f"a retry policy is a map; got: {type_name(policy)}")
    predicate = policy.get("predicate")
    if not isinstance(predicate, Reference):
        raise type_fault(f"predicate is a function or a sub-workflow; got: {type_name(predicate)}")
    backoff = policy.get("backoff")
    if not isinstance(backoff, dict):
        raise type_fault(f"backoff is a map; got: {type_name(backoff)}")
    retries = policy.get("max_retries")
    if type(retries) is not int:
        raise type_fault(f"max_retries is an integer; got: {type_name(retries)}")
    if retries < 0:
        raise value_fault(f"max_retries is not below 0; got: {retries}")
    delays = [_number(name, backoff.get(name)) for name in ("initial_delay", "max_delay", "multiplier")]
    return Schedule(predicate, retries, *delays)


def _number(name: str, value: Any) -> float:
    if type(value) not in (int, float):
        raise type_fault(f"{name} is a number; got: {type_name(value)}")
    if value < 0 or not math.isfinite(value):
        raise value_fault(f"{name} is not below 0; got: {value}")
    return float(value)
