"""What needs the libraries for Azure is skipped, by name, where these are not installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from isthmus.adapters.cli.extras import missing

sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("sides")


MISSING = missing("azure")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say of each test why it is not run."""
    for item in items:
        if MISSING and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=f"isthmus[azure] is not installed: {MISSING}"))


@pytest.fixture(scope="session")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    """Return both sides, each on a database of its own; the worker is a process of its own."""
    from sides import both  # noqa: PLC0415  # an extra

    with both(tmp_path_factory.mktemp) as opened:
        yield opened
