"""One process of a rehearsal that is deployed anew: the task hub's orchestrations are kept from one to the next.

python redeployed.py FOLDER TICKET ANSWER

locks and packages the app in FOLDER/project, admits the ticket (when it has a name), moves the clock by two minutes,
gives every waiting ticket the answer (when there is one), and prints how each run stands.
"""

from __future__ import annotations

import json
import pickle
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from isthmus.adapters.azure.package import write_package
from isthmus.adapters.azure.rehearsal import Rehearsal
from isthmus.adapters.runtime.clock import MovedClock
from isthmus.adapters.runtime.workflows_lock import home_of, load_app, update_lock
from isthmus.adapters.sql.database import Database

KEPT = ("_instances", "_due", "_timers", "_next_completion_token")
OPENING = datetime(2026, 1, 5, 9, tzinfo=UTC)


def main(folder: Path, ticket: str, answer: str) -> None:
    sys.path.insert(0, str(folder / "project"))
    from stand import app  # noqa: PLC0415  # it stands in the project

    if (folder / "lock").exists():
        update_lock(app, home_of("stand"))
    composition = load_app(app, "stand")
    write_package("stand:app", composition, folder / "package")
    url, storage = f"sqlite:///{folder / 'isthmus.db'}", folder / "hub"
    database = Database.open(url)
    now, hub = pickle.loads(storage.read_bytes()) if storage.exists() else (OPENING, {})
    clock = MovedClock(now)
    rehearsal = Rehearsal(folder / "package", composition, url, folder=folder, clock=clock)
    vars(rehearsal.hub).update(hub)
    with rehearsal:
        if ticket:
            message = {"id": ticket, "refuse": False, "fail": False}
            rehearsal.begin("admit", json.dumps(message).encode(), actor="test", on_behalf_of="test").result()
            rehearsal.settle()
        rehearsal.move(timedelta(minutes=2))
        waiting = [name for (name,) in rows(database, "select identity from run where status = 'running'")]
        for name in waiting if answer else ():
            rehearsal.send("Answer", name, json.dumps({"text": answer}).encode(), name)
            rehearsal.settle()
        rehearsal.sweep()
        rehearsal.settle()
        state: dict[str, Any] = {name: vars(rehearsal.hub)[name] for name in KEPT}
        storage.write_bytes(pickle.dumps((clock.now(), state)))
    steps = "select step, contract from inbox where run_id = :run order by step"
    for run, name, status, outcome in rows(database, "select run_id, identity, status, outcome from run"):
        told = {
            "name": name,
            "status": status,
            "said": json.loads(bytes(outcome or b"null")),
            "steps": [" ".join(row) for row in rows(database, steps, run=run) if ">" not in row[0]],
        }
        sys.stdout.write(json.dumps(told) + "\n")


def rows(database: Database, statement: str, **values: str) -> list[Any]:
    with database.engine.connect() as connection:
        return list(connection.execute(text(statement), values))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:4])
