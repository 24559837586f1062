"""What the handlers of a drawn program stand on: the script of their plan, and the world outside of the database.

How an attempt goes depends on the attempts that are on record, and on nothing that a process remembers: so a process
may die, and a delivery may come twice, and the plan goes on as if neither had happened.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Never, Protocol

from case import Row, answer_to, row_of
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from isthmus.core import AnswerUnknown, Reference
from isthmus.core.ports import reference_of

PLACE = "AGREEMENT_FOLDER"
"""The variable that names the folder of the case, for processes other than the one that plays it."""


class Script(Protocol):
    """Say how a call goes."""

    def row(self, contract: str, identity: str, number: int, reference: Reference) -> Row:
        """Return the row of a call; a failure that the plan wants is raised."""
        ...


def lose_the_answer() -> Never:
    """Fail as a call does whose answer is lost, from one place: an inquiry after a crash tells what the call would."""
    raise ConnectionError("the answer was lost")


class Played:
    """Play the plan that lies in a folder."""

    def __init__(self) -> None:
        self._folder = Path(os.environ[PLACE])
        plan = json.loads((self._folder / "plan.json").read_text("utf-8"))
        self._rows: dict[str, list[Row]] = plan["rows"]
        self._url: str = plan["url"]
        self._engine: Engine | None = None

    def row(self, contract: str, identity: str, number: int, reference: Reference) -> Row:
        """Return the row of a call; a failure that the plan wants is raised."""
        row = self._row(contract, identity, number)
        self._fail(row, contract, reference)
        return row

    def _row(self, contract: str, identity: str, number: int) -> Row:
        repaired = (self._folder / "repaired").exists()
        row = row_of(self._rows, contract, identity, number, repaired=repaired)
        return {**row, "answer": answer_to(row, identity)}

    def _fail(self, row: Row, contract: str, reference: Reference) -> None:
        how = row["how"]
        if how == "fail" or (how == "few" and self._attempts(reference) < row["times"]):
            raise ConnectionError(f"{contract} is down")

    def _attempts(self, reference: Reference) -> int:
        """Return how many attempts of a step are on record."""
        if self._engine is None:
            self._engine = create_engine(self._url, poolclass=NullPool)
        with self._engine.connect() as connection:
            for run_id, step, attempts in connection.execute(text("select run_id, step, attempts from inbox")):
                if reference_of(f"{run_id}/{step}") == reference:
                    return int(attempts)
        return 0

    # The world outside: what was done for a reference is a file, which no process takes with it.

    def call(self, reference: Reference, request: Any) -> Any:
        """Do as the plan says, once for each reference."""
        row = self._row(request.contract, request.id, request.number)
        self._fail(row, request.contract, reference)
        done = self._folder / "outside" / f"{request.contract} {reference}"
        with done.open("x", encoding="utf-8") as file:
            file.write(row["how"])
        if row["how"] in {"lost", "unknown"}:
            lose_the_answer()
        return self._told(row)

    def inquire(self, reference: Reference, request: Any) -> Any:
        """Say what was done, if anything was. What the first attempt has lost, only a later one finds again."""
        done = self._folder / "outside" / f"{request.contract} {reference}"
        if not done.exists():
            return None
        row = self._row(request.contract, request.id, request.number)
        how = done.read_text("utf-8")
        if how in {"lost", "unknown"} and self._attempts(reference) == 0:
            lose_the_answer()
        if how == "unknown" and row["how"] == "unknown":
            raise AnswerUnknown("nobody knows", place=request.contract)
        return self._told(row)

    def _told(self, row: Row) -> Any:
        return row
