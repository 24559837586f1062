"""A rehearsal of the kiosk, and what tests look at in it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kiosk import app
from sqlalchemy import text

from isthmus.adapters.gcp.executions import name_of
from isthmus.adapters.gcp.interpreter import Choices
from isthmus.adapters.gcp.naming import workflow_name
from isthmus.adapters.gcp.rehearsal import Rehearsal
from isthmus.adapters.runtime.runs import run_id_of
from isthmus.adapters.sql.database import Database

OPENING = datetime(2026, 1, 5, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TABLES = ("run", "inbox", "journal", "outbox", "mailbox", "record", "dead_letter", "wake", "callback")
KIOSK = app.load()


class Counter:
    """Be the one rehearsal of a test."""

    def __init__(self, rehearsal: Rehearsal, database: Database) -> None:
        self.rehearsal = rehearsal
        self.database = database
        self.executions = rehearsal.executions

    def admit(self, name: str, **more: Any) -> str:
        """Start an admission over HTTP, and let it go as far as it can."""
        status, _ = self.post("/tickets", {"id": name, **more})
        assert status == 202
        self.rehearsal.settle()
        return run_id_of("admit", name)

    def answer(self, name: str, words: str = "yes") -> None:
        """Send the answer that an admission waits for."""
        status, _ = self.post(f"/events/Answer/{name}", {"text": words})
        assert status == 202
        self.rehearsal.settle()

    def post(self, path: str, body: Any, *, signed: bool = False) -> tuple[int, Any]:
        """Post a message, or bytes as they are; return the status and what the answer says."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        response = self.rehearsal.request("POST", path, raw, signed=signed)
        return response.code, json.loads(response.body) if response.body else None

    def told(self, path: str, **asked: Any) -> dict[str, Any]:
        """Ask as a compiled workflow does, and return what is told."""
        status, told = self.post(path, asked, signed=True)
        assert status == 200, told
        return dict(told)

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self.database.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement), values)]

    def change(self, statement: str, **values: Any) -> None:
        """Change rows behind everybody's back."""
        with self.database.engine.begin() as connection:
            connection.execute(text(statement), values)

    def counts(self) -> dict[str, int]:
        """Return how many rows there are."""
        return {table: self.rows(f"select count(*) from {table}")[0][0] for table in TABLES}

    def status(self, run_id: str) -> str:
        """Return how a run stands."""
        return str(self.rows("select status from run where run_id = :it", it=run_id)[0][0])

    def kept(self) -> set[str]:
        """Return the keys of what handlers keep."""
        return {key for (key,) in self.rows("select key from record")}

    def journaled(self, kind: str) -> list[Any]:
        """Return the subjects of the entries of a kind."""
        return [subject for (subject,) in self.rows("select subject from journal where kind = :it", it=kind)]

    def execution_of(self, run_id: str) -> str:
        """Return the name of the execution that has claimed a run."""
        ((contract, version, claimant),) = self.rows(
            "select contract, version, claimed_by from run where run_id = :it", it=run_id
        )
        return name_of(workflow_name(contract, version), claimant)


@contextmanager
def opened(
    folder: Path, *, choices: Choices | None = None, split: bool = False, serve: bool = False
) -> Iterator[Counter]:
    """Open a rehearsal on a database of its own."""
    url = f"sqlite:///{folder / 'isthmus.db'}"
    database = Database.open(url)
    with Rehearsal(
        KIOSK, url, folder=folder, beginning=OPENING, choices=choices, split=split, serve=serve
    ) as rehearsal:
        yield Counter(rehearsal, database)
    database.close()


def pushed(data: bytes | str, message_id: str = "1", **more: Any) -> dict[str, Any]:
    """Return the body of a push."""
    encoded = data if isinstance(data, str) else b64encode(data).decode()
    return {"message": {"data": encoded, "messageId": message_id, **more}, "subscription": "projects/p/subscriptions/s"}


def said(key: str, number: int, word: str = "") -> bytes:
    """Return a message of what others say."""
    return json.dumps({"key": key, "number": number, "word": word}).encode()
