"""One stage for each backend, on a database of its own; a backend that is not here is skipped, by name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from isthmus.adapters.cli.extras import missing
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.transaction import Transaction

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "engine")]


@pytest.fixture(scope="session", autouse=True)
def _what_has_not_happened() -> Iterator[None]:
    """Have a unit of work that lost, and is done again, leave no trace in the plans: its handler may run twice."""
    from stall import ASKED  # noqa: PLC0415  # after the path is set

    once = Database._once

    def counted(database: Database, work: Callable[[Transaction], Any]) -> Any:
        with ASKED.unit():
            return once(database, work)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "_once", counted)
        yield


MISSING = {name: missing(name) for name in ("azure", "google")}


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory, postgresql: Any, postgresql_template: str) -> Iterator[Any]:
    """Return the laptop."""
    from laptop import Laptop  # noqa: PLC0415  # after the path is set

    backend = Laptop(postgresql.create(postgresql_template), tmp_path_factory.mktemp("laptop"))
    yield backend
    backend.close()


@pytest.fixture(scope="session")
def azure(tmp_path_factory: pytest.TempPathFactory, postgresql: Any, postgresql_template: str) -> Iterator[Any]:
    """Return a rehearsal of Azure: the one of this process."""
    if MISSING["azure"]:
        pytest.skip(f"azure: isthmus[azure] is not installed: {MISSING['azure']}")
    from rehearsed import Azure  # noqa: PLC0415  # an extra

    backend = Azure(postgresql.create(postgresql_template), tmp_path_factory.mktemp("azure"))
    yield backend
    backend.close()


@pytest.fixture(scope="session")
def google(tmp_path_factory: pytest.TempPathFactory, postgresql: Any, postgresql_template: str) -> Iterator[Any]:
    """Return a rehearsal of Google Cloud."""
    if MISSING["google"]:
        pytest.skip(f"google: isthmus[google] is not installed: {MISSING['google']}")
    from compiled import Google  # noqa: PLC0415  # an extra

    backend = Google(postgresql.create(postgresql_template), tmp_path_factory.mktemp("google"))
    yield backend
    backend.close()
