"""Show what a case has come to, in the words of the model, whoever has played it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from model import Model
from sqlalchemy import text

from isthmus.adapters.sql.database import Database
from isthmus.core.ports import reference_of

OUTSIDE = "*"
NEVER_SAME = frozenset({"rejected"})
"""Kinds that a client's second try may add: it asks again when the process that it asked has died."""

type Entry = tuple[str, str, str, str]


@dataclass
class Shown:
    """Be what a case has come to."""

    runs: dict[str, tuple[str, Any]] = field(default_factory=dict)
    journal: Counter[Entry] = field(default_factory=Counter)
    undone: dict[str, list[str]] = field(default_factory=dict)
    """The steps of undoing of each run, in order."""
    kept: dict[str, tuple[int, str]] = field(default_factory=dict)
    outside: dict[str, str] = field(default_factory=dict)
    letters: list[tuple[str, str, str, str, bool]] = field(default_factory=list)
    mail: list[tuple[str, str, str, str]] = field(default_factory=list)
    details: Counter[tuple[Any, ...]] = field(default_factory=Counter)
    """What the model does not know, and all backends must have alike: bodies, actors, attempts."""


def shown_by_model(model: Model) -> Shown:
    """Return what the model has come to."""
    return Shown(
        runs={run.name: (run.status, run.outcome) for run in model.runs},
        journal=+model.journal,
        undone=model.undone,
        kept=dict(model.kept),
        outside=dict(model.outside),
        letters=sorted((one.kind, one.run.name, one.step, one.subject, one.open) for one in model.letters),
        mail=sorted((mail.event, mail.key, mail.number, mail.state) for mail in model.mail),
    )


def shown_by_database(database: Database, outside: Path) -> Shown:
    """Return what is in a database, and in the world outside."""
    names = _names(database)
    steps = _rows(database, "select run_id, step, contract, state, attempts from inbox")
    places = {reference_of(f"{run}/{step}"): f"{names.get(run, OUTSIDE)}/{step}" for run, step, *_ in steps}
    found = Shown()
    for run_id, status, outcome in _rows(database, "select run_id, status, outcome from run"):
        found.runs[names[run_id]] = (status, None if outcome is None else _plain(json.loads(bytes(outcome))))
    entries = "select run_id, step, kind, subject, workflow, actor, on_behalf_of, before, after from journal"
    for run_id, step, kind, subject, *rest in _rows(database, f"{entries} order by sequence"):
        if kind in NEVER_SAME:
            continue
        name = OUTSIDE if kind in {"event_arrived", "event_late"} else names.get(run_id, OUTSIDE)
        if name == OUTSIDE:  # who has found that an event is late is another on each backend
            found.details[name, "", kind, subject, *_comparable(kind, subject, rest)[-2:]] += 1
        else:
            found.details[name, step, kind, subject, *_comparable(kind, subject, rest)] += 1
        if ">" in step or kind == "published" or step.startswith("late:"):
            continue
        found.journal[name, "" if name == OUTSIDE else step, kind, _replaced(subject, places)] += 1
        if kind == "undone":
            found.undone.setdefault(name, []).append(step)
    for key, body in _rows(database, "select key, body from record"):
        kept = json.loads(bytes(body))
        found.kept[_replaced(key, places)] = (kept["count"], kept["text"])
    for file in sorted(outside.iterdir()):
        found.outside[_replaced(file.name, places)] = file.read_text("utf-8")
    for kind, run_id, step, subject, resolved in _rows(
        database, "select kind, run_id, step, subject, resolved_at from dead_letter"
    ):
        place = step.rpartition("/undo:")[2] if kind == "undo" else step
        place = f"undo:{place}" if kind == "undo" else place
        found.letters.append((kind, names.get(run_id, OUTSIDE), place, subject, resolved is None))
    found.letters.sort()
    mail = _rows(database, "select event, key, event_id, state from mailbox")
    found.mail = sorted((event, key, number, state) for event, key, number, state in mail)
    for run, step, contract, state, attempts in steps:
        found.details["inbox", names.get(run, OUTSIDE), step, contract, state, attempts] += 1
    (unsent,) = _rows(database, "select count(*) from outbox where published_at is null")
    found.details["unsent", *unsent] += 1
    return found


def _rows(database: Database, statement: str) -> list[tuple[Any, ...]]:
    with database.engine.begin() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def _names(database: Database) -> dict[str, str]:
    """Return the name of each run: its contract and identity, or its parent, the step there, and the how manieth."""
    runs = {
        row[0]: row for row in _rows(database, "select run_id, contract, identity, parent_run, parent_step from run")
    }
    names: dict[str, str] = {}

    def name(run_id: str) -> str:
        _, contract, identity, parent, step = runs[run_id]
        if run_id not in names:
            names[run_id] = f"{contract}:{identity}" if parent is None else f"{name(parent)}>{step}{_nth(runs[run_id])}"
        return names[run_id]

    for run_id in runs:
        name(run_id)
    return names


def _nth(run: tuple[Any, ...]) -> str:
    """Tell the children of one step apart: each knows how many before it have failed."""
    run_id, contract, identity, parent, step = run
    for number in range(50):
        origin = (contract, identity, parent, step, *([str(number)] if number else []))
        if sha256("\x1f".join(origin).encode()).hexdigest()[:32] == run_id:
            return f"#{number}" if number else ""
    return "#?"


def _replaced(shown: str, places: dict[str, str]) -> str:
    """Write the step in place of the reference that was made from it."""
    for reference, place in places.items():
        if reference in shown:
            return shown.replace(reference, place)
    return shown


def _plain(outcome: Any) -> Any:
    """Leave out where in the code a failure was."""
    if isinstance(outcome, dict) and outcome.keys() == {"error", "place"}:
        return {"error": outcome["error"]}
    return outcome


def _comparable(kind: str, subject: str, rest: list[Any]) -> list[Any]:
    """Return the rest of an entry; what a shared count was depends on whose turn came first."""
    bodies = [None if body is None else bytes(body).decode() for body in rest[-2:]]
    shared = kind == "changed" and ":all " in subject
    return [*rest[:-2], *([] if shared else bodies)]
