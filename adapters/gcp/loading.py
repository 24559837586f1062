"""Loading: what functions-framework does first with a deployed folder, done here in a process of its own.

    python -m isthmus.adapters.gcp.loading FOLDER

prints one JSON object: the milliseconds that functions-framework alone took to import, those with the folder's
`main.py`, then those of importing the App, as the first request does; or what failed.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

MILLI = 1_000


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """Say how long a folder takes to load, or why it does not."""

    floor_ms: float = 0
    import_ms: float = 0
    load_ms: float = 0
    failure: str = ""


def load(folder: Path) -> Loaded:
    """Load a folder in this process, which can be done once."""
    os.chdir(folder)
    begun = time.perf_counter()
    from functions_framework import aio  # noqa: PLC0415  # this is what is measured

    floor = time.perf_counter()
    try:
        aio.create_asgi_app("isthmus", "main.py", "http")  # type: ignore[no-untyped-call]  # it has no types
        imported = time.perf_counter()
        main: Any = sys.modules["main"]
        main.packaged.load()
    except Exception as failed:  # noqa: BLE001  # it is the App's own, and would be met at the first request
        return Loaded(failure=f"{type(failed).__name__}: {failed}")
    return Loaded(
        floor_ms=(floor - begun) * MILLI,
        import_ms=(imported - begun) * MILLI,
        load_ms=(time.perf_counter() - imported) * MILLI,
    )


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.encode(load(Path(sys.argv[1]))).decode() + "\n")
