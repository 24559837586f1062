"""The stage of a case: its program loaded, a folder with its plan and the world outside, and an empty database."""

from __future__ import annotations

import importlib.util
import json
import linecache
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from case import Case
from servants import PLACE
from sqlalchemy import text

from isthmus.adapters.local.testing import MEMORY, empty_database
from isthmus.adapters.sql.database import Database
from isthmus.core.composition import Composition

DRAWN = "drawn"


@dataclass(frozen=True)
class Stage:
    """Be what a case is played on."""

    composition: Composition
    folder: Path
    url: str

    @property
    def outside(self) -> Path:
        """Return the folder of the world outside."""
        return self.folder / "outside"

    def encoded(self, message: Any) -> bytes:
        """Return a message as it is sent."""
        return json.dumps(message).encode()

    def repair(self) -> None:
        """End all troubles."""
        (self.folder / "repaired").touch()

    def letters(self, database: Database) -> list[int]:
        """Return the dead letters that are open."""
        with database.engine.begin() as connection:
            found = connection.execute(
                text("select dead_letter_id from dead_letter where resolved_at is null order by dead_letter_id")
            )
            return [int(number) for (number,) in found]


def loaded(source: str, file: Path) -> Composition:
    """Write a program, import it, and load its App. Raises AppRefused."""
    file.write_text(source, "utf-8")
    linecache.checkcache(str(file))
    spec = importlib.util.spec_from_file_location(DRAWN, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[DRAWN] = module
    spec.loader.exec_module(module)
    found: Composition = module.app.load()
    return found


@contextmanager
def on_stage(case: Case) -> Iterator[Callable[[str], Stage]]:
    """Load a program, and give each player a stage of its own while the block lasts. Raises AppRefused."""
    with tempfile.TemporaryDirectory(prefix="isthmus-", dir=MEMORY if MEMORY.is_dir() else None) as made:
        folder = Path(made)
        composition = loaded(case.source, folder / f"{DRAWN}.py")
        yield partial(prepared, composition, case, folder)


def prepared(composition: Composition, case: Case, folder: Path, name: str) -> Stage:
    """Return a stage of its own, of a composition that is loaded."""
    place = folder / name
    (place / "outside").mkdir(parents=True)
    (place / "isthmus.db").write_bytes(empty_database())
    url = f"sqlite:///{place / 'isthmus.db'}"
    (place / "plan.json").write_text(json.dumps({"rows": case.rows, "url": url}), "utf-8")
    os.environ[PLACE] = str(place)
    return Stage(composition, place, url)
