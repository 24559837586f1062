"""An engine on each database, and the market stall that its runs work for.

def test_a_promise(engine): ...      `engine` is a House: an open engine whose clock is moved by hand
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from house import House


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """Return an engine of this test alone, open on a fresh database of each kind."""
    opened = House(database_url, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_house(tmp_path: Path, sqlite_template: Path) -> Iterator[House]:
    """Return an engine on SQLite alone, for what does not depend on the database."""
    file = tmp_path / "isthmus.db"
    file.write_bytes(sqlite_template.read_bytes())
    opened = House(f"sqlite:///{file}", tmp_path)
    yield opened
    opened.close()
