"""`serverless info`: a stage of a service, where it goes, and what is deployed of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from isthmus.adapters.cli.output import say, say_table
from isthmus.adapters.cli.project import composition_of

if TYPE_CHECKING:
    from isthmus.adapters.serverless.service import Service
    from isthmus.core.blueprint import Blueprint


def say_info(service: Service, reference: str) -> None:
    """Print where a stage goes, and every function and workflow with what reaches it."""
    plan = composition_of(reference).blueprint
    provider = service.provider
    where = [("service", service.name), ("stage", service.stage), ("cloud", provider.cloud)]
    where += [("region", provider.region or "-"), ("residency", provider.residency or "-")]
    where += [("app", service.isthmus.app or "serverless.yml"), ("units", ", ".join(plan.units))]
    for name, value in where:
        say(f"{name:10}{value}")
    say()
    reached = _reached(plan)
    rows = [(one.contract, "workflow", one.unit, reached.get(one.contract, "-")) for one in plan.workflows]
    rows += [(one.contract, "handler", one.unit, reached.get(one.contract, "-")) for one in plan.functions]
    say_table(["contract", "fulfilled by", "unit", "reached by"], rows)


def say_deployed(outputs: Mapping[str, Any]) -> None:
    """Print where what is deployed is reached."""
    for name, url in (outputs.get("endpoints") or {}).items():
        say(f"\ndeployed  {name} at {url}")


def _reached(plan: Blueprint) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for endpoint in plan.endpoints:
        found.setdefault(endpoint.starts, []).append(f"{endpoint.method} {endpoint.path}")
    for topic in plan.topics:
        for subscriber in topic.subscribers:
            found.setdefault(subscriber, []).append(f"topic {topic.name}")
    for stream in plan.streams:
        found.setdefault(stream.into, []).append(f"stream {stream.name}")
    for schedule in plan.schedules:
        found.setdefault(schedule.starts, []).append(f"every {schedule.every_seconds:g} s")
    for event, contract in plan.late_events:
        found.setdefault(contract, []).append(f"late {event}")
    return {contract: ", ".join(ways) for contract, ways in found.items()}
