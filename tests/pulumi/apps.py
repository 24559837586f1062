"""Apps that tests deploy, as their Blueprints."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from pathlib import Path
from typing import Any

from isthmus.core.blueprint import (
    Blueprint,
    EndpointPlan,
    FunctionPlan,
    PortPlan,
    SchedulePlan,
    StreamPlan,
    TopicPlan,
    WorkflowPlan,
)

ROOT = Path(__file__).resolve().parents[2]


@cache
def brokerage() -> Blueprint:
    """Return the brokerage."""
    loaded: Blueprint = importlib.import_module("isthmus.handlers.app").app.load().blueprint
    return loaded


@cache
def addresses() -> Blueprint:
    """Return the example of an app of its own: one unit, with a secret and a host on the clouds."""
    folder = str(ROOT / "examples" / "own-app")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    loaded: Blueprint = importlib.import_module("addresses.app").app.load().blueprint
    return loaded


def function(
    contract: str, unit: str, *ports: str, latency: str = "normal", timeout_seconds: float = 30
) -> FunctionPlan:
    """Return a contract that a handler fulfils."""
    return FunctionPlan(
        contract=contract,
        unit=unit,
        latency=latency,
        effect="reads",
        undone_by=None,
        refuses=(),
        ports=ports,
        data_classes=("financial",),
        attempts=3,
        timeout_seconds=timeout_seconds,
        handler=f"desk:{contract}",
    )


def port(
    name: str, *, secrets: tuple[str, ...] = (), hosts: tuple[str, ...] = (), backend: str | None = None
) -> PortPlan:
    """Return a port with what its implementation declares."""
    return PortPlan(
        port=name, kind="bound", implementation=name, backend=backend, secrets=secrets, hosts=hosts, countries=()
    )


def desk(**changed: Any) -> Blueprint:
    """Return an App with everything in it: three units, a topic, a stream, a schedule, endpoints, late events."""
    parts: dict[str, Any] = {
        "app": "desk",
        "policy_version": "1",
        "code_version": "0",
        "units": ("orders", "prices", "venues"),
        "functions": (
            function("hold", "orders", "Ledger", latency="critical"),
            function("price", "prices", "Quotes", "Records[Quote]"),
            function("execute", "venues", "Venue", "Publisher[Executed]", latency="critical"),
            function("track", "orders", "Records[View]"),
            function("file_late", "orders"),
        ),
        "workflows": (
            WorkflowPlan(
                contract="order", unit="orders", version="1", calls=("hold", "price", "execute"),
                waits_for=("Verdict",), data_classes=("personal",),
            ),
        ),
        "topics": (
            TopicPlan(
                name="executed", message="Executed", key="order", publishers=("execute",), subscribers=("track",),
                external=False, data_classes=("financial",),
            ),
        ),
        "streams": (StreamPlan(name="quotes", message="Quote", key="isin", into="price", data_classes=("market",)),),
        "schedules": (SchedulePlan(name="nightly", every_seconds=86_400, starts="track"),),
        "endpoints": (EndpointPlan(method="POST", path="/orders", starts="order", data_classes=("financial",)),),
        "late_events": (("Verdict", "file_late"),),
        "ports": (
            port("Quotes", secrets=("quotes-token",), hosts=("quotes.example",)),
            port("Venue", hosts=("venue.example",), secrets=("venue-key",)),
        ),
    }  # fmt: skip
    return Blueprint(**{**parts, **changed})
