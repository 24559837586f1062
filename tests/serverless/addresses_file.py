"""The example's serverless.yml as the framework resolves it for a stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "own-app" / "serverless.yml"
APPLICATION = "11111111-0000-0000-0000-000000000000"
PROJECT = "addresses-eu"
RESIDENCY = """title = "Ours"

[default]
store = ["EU"]
process = ["EU"]
replicate = ["EU"]

[[available]]
services = [{services}]
region = "{region}"
by = "A. Platform"
on = 2026-11-20

[[existing]]
what = "{state}"
country = "DE"
by = "A. Platform"
on = 2026-11-20
"""
SERVICES = {
    "azure": [
        *("functions_flex_consumption", "durable_task_scheduler", "service_bus"),
        *("postgresql", "key_vault", "application_insights"),
    ]
}
REGIONS = {"azure": "northeurope"}


def addresses_on(stage: str, **provider: Any) -> dict[str, Any]:
    """Return the resolved configuration of a stage: its parameters in place, what has none left out."""
    configuration: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text("utf-8"))
    params = configuration.pop("params")
    environment = {"AZURE_APPLICATION": APPLICATION, "GOOGLE_CLOUD_PROJECT": PROJECT}
    known = resolved({**params["default"], **params.get(stage, {})}, "env", environment)
    found: dict[str, Any] = resolved(configuration, "param", known)
    found["provider"] |= provider
    return found


def resolved(value: Any, kind: str, known: dict[str, Any]) -> Any:
    """Return a value with its `${kind:name}` replaced; null where the name is not known."""
    if isinstance(value, dict):
        return {key: resolved(one, kind, known) for key, one in value.items()}
    if isinstance(value, list):
        return [resolved(one, kind, known) for one in value]
    start = f"${{{kind}:"
    if not isinstance(value, str) or not value.startswith(start):
        return value
    return known.get(value.removeprefix(start).removesuffix("}").partition(",")[0])


def residency_text(cloud: str, state: str) -> str:
    """Return a policy that lets the example be where it is, with the place of Pulumi's state."""
    services = ", ".join(f'"{one}"' for one in SERVICES[cloud])
    return RESIDENCY.format(services=services, region=REGIONS[cloud], state=state)
