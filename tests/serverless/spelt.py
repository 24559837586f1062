"""An App written as a serverless.yml: the way back from what is tested, for comparison."""

from __future__ import annotations

from typing import Any

import msgspec

from isthmus.adapters.serverless.service import Request
from isthmus.core import App, Contract
from isthmus.core.blueprint import Blueprint
from isthmus.core.trigger import Topic


def spelt(app: App, queues: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the configuration that says the same as an App."""
    events: dict[str, list[dict[str, Any]]] = {}

    def reached(contract: Contract[Any, Any], kind: str, value: Any) -> None:
        events.setdefault(contract.name, []).append({kind: value})

    for one in app.endpoints:
        reached(one.starts, "http", f"{one.method} {one.path}")
    for one in app.schedules:
        rate = f"rate({int(one.every.total_seconds())} seconds)"
        reached(one.starts, "schedule", {"name": one.name, "rate": rate, "input": msgspec.to_builtins(one.message)})
    for one in app.streams:
        reached(one.into, "stream", {"name": one.name, "key": one.key})
    for one in app.topics:
        for subscriber in one.subscribers:
            reached(subscriber, "queue" if one.name in queues else "topic", spelt_topic(one))
    for event, contract in app.late_events.items():
        reached(contract, "lateEvent", event.__name__)

    def entries(fulfilled: list[Any]) -> dict[str, Any]:
        return {
            one.contract.name: {
                "handler": f"{one.function.__module__}.{one.function.__name__}",
                "events": events.get(one.contract.name, []),
            }
            for one in fulfilled
        }

    ports: dict[str, list[Any]] = {}
    for (port, on), binding in app.bindings.items():
        bound = {"implementation": reference(binding.implementation), "cloud": on}
        lists = {name: list(getattr(binding, name)) for name in ("secrets", "hosts", "countries")}
        ports.setdefault(reference(port), []).append({**bound, **lists})
    return {
        "service": app.name,
        "provider": {"name": "isthmus", "policyVersion": app.policy_version},
        "functions": entries(app.handlers),
        "workflows": entries(app.workflows),
        "topics": {one.name: spelt_unheard(one) for one in app.topics if not one.subscribers},
        "ports": ports,
    }


def spelt_topic(one: Topic) -> dict[str, Any]:
    return {"name": one.name, "key": one.key, "external": one.external}


def spelt_unheard(one: Topic) -> dict[str, Any]:
    return {"message": reference(one.message), "key": one.key, "external": one.external}


def reference(of: Any) -> str:
    return f"{of.__module__}.{of.__name__}"


def requested(configuration: dict[str, Any], **options: Any) -> Request:
    """Return what the plugin would hand over."""
    return Request(plugin="0.1.0", stage="dev", options=options, configuration=configuration)


def unordered(plan: Blueprint) -> Any:
    """Return a Blueprint in which the order of declarations is no difference: it has no meaning."""

    def sort(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: sort(one) for key, one in value.items()}
        return sorted(map(sort, value), key=msgspec.json.encode) if isinstance(value, list | tuple) else value

    return sort(msgspec.to_builtins(plan))
