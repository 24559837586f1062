"""An engine on each database, and the market stall that its runs work for.

def test_a_promise(house): ...      `house` holds an open engine, whose clock is moved by hand
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from house import House, everything_in

from isthmus.adapters.sql.database import Database

MEMORY = Path("/dev/shm")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Return a folder in memory, where there is one: these tests are not about the disk."""
    with tempfile.TemporaryDirectory(prefix="isthmus-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def swept_database_url(postgresql: Any, postgresql_template: str) -> str:
    """Return the URL of one database on the server, which all these tests share, one after the other."""
    url: str = postgresql.create(postgresql_template)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a database with nothing in its tables."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        (tmp_path / "isthmus.db").write_bytes(template.read_bytes())
        return f"sqlite:///{tmp_path / 'isthmus.db'}"
    url: str = request.getfixturevalue("swept_database_url")
    database = Database.open(url, migrate=False)
    everything_in(database, "delete from")
    database.close()
    return url


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """Return an engine of this test alone, open on an empty database of each kind."""
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
