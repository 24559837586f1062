"""What needs the libraries for Azure is skipped, by name, where these are not installed."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


@pytest.fixture(scope="session")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    """Return both sides, each on a database of its own; the worker is a process of its own."""
    from sides import Azure, Laptop  # noqa: PLC0415  # an extra

    opened = []
    for kind, options in ((Laptop, {}), (Azure, {"own_process": True})):
        folder = tmp_path_factory.mktemp(kind.__name__)
        side = kind(folder, f"sqlite:///{folder / 'isthmus.db'}", **options)
        side.open()
        opened.append(side)
    yield opened[0], opened[1]
    for side in opened:
        side.close()
