"""Indexing: what Azure does first with a deployed folder, done here by the same library, in a process of its own.

    python -m isthmus.adapters.azure.indexing FOLDER

prints one JSON object: the functions with their bindings and the milliseconds that importing took, then loading the
App as the first invocation does; or the worker's words.
"""

from __future__ import annotations

import asyncio
import sys
import time
import traceback
from pathlib import Path

import msgspec

MILLI = 1_000


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """Be a binding of a function, and what tells it from others of its kind."""

    kind: str
    detail: str = ""


class Indexed(msgspec.Struct, frozen=True, kw_only=True):
    """Say what the worker found in a folder, or why it found nothing."""

    functions: dict[str, list[Binding]] = {}
    floor_ms: float = 0
    import_ms: float = 0
    load_ms: float = 0
    failure: str = ""
    trace: str = ""


def index(folder: Path) -> Indexed:
    """Index a folder in this process, which can be done once."""
    begun = time.perf_counter()
    import azure.durable_functions  # noqa: PLC0415  # this is what is measured
    import azure.functions  # noqa: F401, PLC0415

    floor = time.perf_counter()
    from isthmus.adapters.azure.worker import Worker, WorkerFailed  # noqa: PLC0415

    worker = Worker()
    ready = time.perf_counter()
    try:
        asyncio.run(worker.load(folder))
    except WorkerFailed as failed:
        return Indexed(failure=failed.message, trace=failed.stack_trace)
    own = time.perf_counter() - ready
    try:
        sys.modules["function_app"].packaged.load()
    except Exception as failed:  # noqa: BLE001  # it is the App's own, and would be met at the first invocation
        return Indexed(failure=f"{type(failed).__name__}: {failed}", trace=traceback.format_exc())
    loaded = time.perf_counter() - ready - own
    return Indexed(
        functions={
            name: [_binding(one) for one in bindings if one["type"] != "http"]
            for name, bindings in worker.bindings.items()
        },
        floor_ms=(floor - begun) * MILLI,
        import_ms=(floor - begun + own) * MILLI,
        load_ms=loaded * MILLI,
    )


def _binding(raw: dict[str, object]) -> Binding:
    match raw["type"]:
        case "httpTrigger":
            methods = raw.get("methods") or []
            detail = f"{' '.join(map(str, methods)) if isinstance(methods, list) else methods} /{raw.get('route', '')}"
        case "serviceBusTrigger":
            detail = f"{raw['topicName']} / {raw['subscriptionName']}"
        case "eventHubTrigger":
            detail = str(raw["eventHubName"])
        case "timerTrigger":
            detail = str(raw["schedule"])
        case _:
            detail = ""
    return Binding(kind=str(raw["type"]), detail=detail)


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.encode(index(Path(sys.argv[1]))).decode() + "\n")
