"""Measure what importing the core costs beside importing msgspec, each in a process of its own."""

from __future__ import annotations

import statistics
import subprocess
import sys

PROGRAM = "import time; s = time.perf_counter(); import {module}; print(time.perf_counter() - s)"


def seconds_to_import(module: str, times: int = 5) -> float:
    """Return the median time that a fresh interpreter takes to import a module."""
    command = [sys.executable, "-c", PROGRAM.format(module=module)]
    taken = [float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(times)]
    return statistics.median(taken)


def ratio() -> float:
    """Return how many times as long `isthmus.core` takes as `msgspec`."""
    return seconds_to_import("isthmus.core") / seconds_to_import("msgspec")
