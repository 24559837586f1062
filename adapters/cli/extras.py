"""Extras: what some commands need, and a base install does not bring."""

from __future__ import annotations

import importlib.util
from typing import Final

from isthmus.core.errors import EnvironmentFault

MODULES: Final = {
    "azure": ("azure.durable_functions", "azure_functions_runtime", "durabletask.azuremanaged", "azure.keyvault.keys"),
    "google": ("functions_framework", "google.auth", "google.cloud.kms", "google.cloud.workflows", "httpx2", "yaml"),
    "testing": ("hypothesis",),
}


class ExtraMissing(EnvironmentFault):  # as StorageUnavailable
    """Report a package that an extra of Isthmus brings and that is not installed."""

    code = "ISTH331"


def require(extra: str, command: str) -> None:
    """Raise ExtraMissing (ISTH331) unless what an extra brings is installed."""
    for module in missing(extra):
        raise ExtraMissing(f"{module} is not installed", place=command, instead=f"install isthmus[{extra}]")


def missing(extra: str) -> list[str]:
    """Return the modules that an extra brings and that are not installed."""
    return [module for module in MODULES[extra] if not _is_there(module)]


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
