"""How hard the proofs look: `make prove` sets the long profile, in which they look many times as hard."""

from __future__ import annotations

import os

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
TIMES_AS_HARD = 40


def examples(count: int) -> int:
    """Return how many examples to look at, given how many a short run takes."""
    return count * (TIMES_AS_HARD if LONG else 1)
