"""Where the real files are."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def trading_day() -> Path:
    return ROOT / "examples" / "trading-day"


@pytest.fixture(scope="session")
def fix_files() -> Path:
    return ROOT / "tests" / "data" / "fix"
