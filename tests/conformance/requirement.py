"""Requirements: each a number, the sentence that it promises, and a scene that is played on every backend."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import text
from stall import OPEN, Stall

from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.schema import METADATA

HOUR = timedelta(hours=1)

KEPT = frozenset({"epoch", "subject_key"})
"""What outlives a scene: who works on the database, and the keys that a running host remembers."""

MADE_UP = re.compile(r"(?<=:)[0-9a-f]{32}")
"""The id of an event whose sender gave it none."""

SEALED = re.compile(r'"bytes":"[^"]*","fingerprint":"[^"]*"')


class TurnedAway(Exception):
    """Report problem details that came back, by their code."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code = code


class Backend(Protocol):
    """Play scenes. Every verb returns when nothing can go on without time passing or the outside acting."""

    name: str
    skips: dict[int, str]
    stall: Stall
    database: Database

    def ways(self, number: int) -> Iterator[str]: ...
    def reset(self) -> None: ...
    def start(self, contract: str, message: Any) -> str: ...
    def send(self, event: str, key: str, body: bytes, event_id: str | None) -> None: ...
    def publish(self, topic: str, body: bytes) -> None: ...
    def feed(self, stream: str, body: bytes) -> None: ...
    def ask(self, contract: str, message: Any, key: str) -> Any: ...
    def move(self, duration: timedelta) -> None: ...
    def cancel(self, run_id: str) -> None: ...
    def replay_all(self) -> None: ...
    def hurt(self, number: int) -> None: ...
    def deliver_twice(self) -> None: ...
    def left_open(self) -> list[str]: ...
    def history(self) -> bytes: ...


type Scene = Callable[[Backend], object]


@dataclass(frozen=True)
class Requirement:
    """Say what must hold, and show it."""

    number: int
    text: str
    scene: Scene


NO_ORCHESTRATION = "the engine carries its runs on itself: there is no orchestration beside it to be ended or begun"

SKIPS: dict[str, dict[int, str]] = {
    "local": {
        38: "steps are done where the run is driven: there is no delivery that could come twice",
        39: "steps are done where the run is driven: there is no delivery that could come twice",
        **dict.fromkeys((115, 116, 117, 119, 129), NO_ORCHESTRATION),
        128: "an engine drives at once what it starts; tests/engine/test_versions.py opens it later",
        118: "messages leave by a call in the same process, which is never cut off",
    },
    "azure": {},
    "google": {},
}
"""What a backend cannot do, by number, with the reason."""

REGISTRY: dict[int, Requirement] = {}


def required(number: int, sentence: str) -> Callable[[Scene], Scene]:
    """Register a scene under its number."""

    def register(scene: Scene) -> Scene:
        assert number not in REGISTRY, f"{number} is taken"
        REGISTRY[number] = Requirement(number, sentence, scene)
        return scene

    return register


def from_hour_to_hour(now: datetime, duration: timedelta) -> Iterator[tuple[timedelta, list[str]]]:
    """Yield the steps by which time passes, and at the end of each the schedules that tick; within a day at most."""
    end = now + duration
    while (left := end - now) > timedelta():
        to_hour = HOUR - timedelta(minutes=now.minute, seconds=now.second, microseconds=now.microsecond)
        step = min(left, to_hour)
        now += step
        ticks = to_hour <= left and duration <= timedelta(days=1)
        yield step, [name for name, every in (("broom", 1), ("mop", 2)) if ticks and now.hour % every == 0]


def of_module(module: str) -> list[Requirement]:
    """Return the requirements whose scenes a module holds."""
    return [one for one in REGISTRY.values() if one.scene.__module__ == module]


# What is compared


def rows(backend: Backend, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with backend.database.engine.begin() as connection:
        return [tuple(row) for row in connection.execute(text(statement), values)]


def empty(database: Database) -> None:
    """Forget everything that a scene has left."""
    with database.engine.begin() as connection:
        for table in reversed(METADATA.sorted_tables):
            if table.name not in KEPT:
                connection.execute(text(f'delete from "{table.name}"'))


def clear(stall: Stall) -> None:
    """Make a stall as good as new, and the open one; a host makes its ports once, and keeps them."""
    stall.plan.clear()
    for kept in (stall.plan.calls, stall.plan.saw, stall.market.done, stall.returns.done):
        kept.clear()
    stall.market.references.clear()
    stall.returns.references.clear()
    OPEN[:] = [stall]


def seen(backend: Backend) -> dict[str, Any]:
    """Return what a scene has come to, in the database and in the world."""
    return {
        **kept(backend),
        "asked": {call for call in backend.stall.plan.calls if call[0] != "sweep"},
        "market": sorted(backend.stall.market.done),
        "returns": sorted(backend.stall.returns.done),
    }


def kept(backend: Backend) -> dict[str, Any]:
    """Return what the database tells of a scene: times, hosts and generated names aside."""
    known = {run_id for (run_id,) in rows(backend, "select run_id from run where contract <> 'tick'")}
    said = "select run_id, step, kind, subject, actor, on_behalf_of, before, after"
    entries = rows(backend, f"{said} from journal where workflow not in ('tick', 'sweep')")
    journal = [
        (run_id if run_id in known else "outside", *(MADE_UP.sub("", one) for one in entry), *map(_comparable, changed))
        for run_id, *entry, before, after in entries
        if _counts(entry)
        for changed in [(before, after)]
    ]
    runs = (
        "select run_id, contract, identity, status, outcome, parent_run, parent_step from run where contract <> 'tick'"
    )
    inbox = "select run_id, step, contract, state, attempts from inbox where step not like 'late:%'"
    return {
        "runs": sorted(SEALED.sub("", repr(_plain(row))) for row in rows(backend, runs)),
        "journal": Counter(journal),
        "steps": sorted(map(repr, (row for row in rows(backend, inbox) if row[0] in known))),
        "letters": sorted(map(repr, rows(backend, "select kind, subject, resolved_at is null from dead_letter"))),
        "records": sorted(
            map(repr, map(_plain, rows(backend, "select key, body from record where key not like 'p-%'")))
        ),
        "unsent": rows(backend, "select count(*) from outbox where published_at is null"),
        "queued": rows(backend, "select count(*) from mailbox"),
    }


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(bytes(value) if isinstance(value, (bytes, memoryview)) else value for value in row)


def _comparable(body: Any) -> str | None:
    """Return what a change was from or to: what is sealed is sealed anew each time, and ids of events are made up."""
    return None if body is None else MADE_UP.sub("", SEALED.sub("", bytes(body).decode()))


def _counts(entry: list[str]) -> bool:
    """Say whether an entry is none of a schedule's: its ticks depend on how far a clock leaps."""
    return not any("broom" in part or "mop" in part or part in {"sweep", "tick"} for part in entry)
