"""What needs the libraries for Azure is skipped, by name, where these are not installed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


MISSING = [name for name in ("azure.durable_functions", "azure_functions_runtime") if not _is_there(name)]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say of each test why it is not run."""
    for item in items:
        if MISSING and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=f"isthmus[azure] is not installed: {MISSING}"))
