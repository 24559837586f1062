"""The example's serverless.yml as the framework resolves it for a stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "own-app" / "serverless.yml"
APPLICATION = "11111111-0000-0000-0000-000000000000"


def addresses_on(stage: str, **provider: Any) -> dict[str, Any]:
    """Return the resolved configuration: parameters replaced, none left."""
    text = EXAMPLE.read_text("utf-8")
    params = yaml.safe_load(text)["params"]
    for name, value in {**params["default"], **params.get(stage, {})}.items():
        text = text.replace(f"${{param:{name}, null}}", str(value)).replace(f"${{param:{name}}}", str(value))
    configuration: dict[str, Any] = yaml.safe_load(text)
    for key, value in list(configuration["provider"].items()):
        if isinstance(value, str) and value.startswith("${param:"):
            del configuration["provider"][key]
    del configuration["params"]
    configuration["provider"] |= provider
    if stage == "azure":
        configuration["custom"] = {"isthmus": {"stack": {"application": APPLICATION}}}
    for bound in configuration["ports"].values():
        for one in bound:
            one.pop("hosts", None)
    return configuration
