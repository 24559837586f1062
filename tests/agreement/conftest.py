"""The company that plays the cases of tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from isthmus.adapters.cli.extras import missing


@pytest.fixture(scope="module")
def company() -> Iterator[Any]:
    """Return who plays cases; a player whose extra is not installed is skipped, by name."""
    for extra in ("azure", "google"):
        if missing(extra):
            pytest.skip(f"{extra}: isthmus[{extra}] is not installed")
    from company import Company  # noqa: PLC0415  # extras

    opened = Company()
    yield opened
    opened.close()
