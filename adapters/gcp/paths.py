"""Paths: what a unit's function is asked for. Private ones are asked by Google's services alone."""

from __future__ import annotations

from typing import Final

CONTRACTS: Final = "/contracts/"
RUNS: Final = "/runs/"
WAITS: Final = ("/events/register", "/events/take")
PUBSUB: Final = "/pubsub/"
SCHEDULES: Final = "/schedules/"
SWEEP: Final = "/sweep"

OF_FRAMEWORK: Final = ("/robots.txt", "/favicon.ico")
"""What functions-framework answers itself."""


def is_private(path: str) -> bool:
    """Say whether a path is asked by Google's services alone, and never by an App's users."""
    return path in WAITS or path == SWEEP or path.startswith((CONTRACTS, RUNS, PUBSUB, SCHEDULES))
