"""What scenes look at."""

from __future__ import annotations

import json
from typing import Any

from requirement import Backend, rows


def status(b: Backend, run_id: str) -> str:
    """Return how a run stands."""
    return str(rows(b, "select status from run where run_id = :it", it=run_id)[0][0])


def statuses(b: Backend, contract: str) -> list[str]:
    """Return how the runs of a contract stand."""
    return sorted(row[0] for row in rows(b, "select status from run where contract = :it", it=contract))


def answer(b: Backend, run_id: str) -> Any:
    """Return what a run ended with."""
    return json.loads(bytes(rows(b, "select outcome from run where run_id = :it", it=run_id)[0][0]))


def records(b: Backend) -> dict[str, Any]:
    """Return what handlers keep."""
    bodies = {key: json.loads(bytes(body)) for key, body in rows(b, "select key, body from record")}
    return {key: body.get("text", body.get("count", body)) for key, body in bodies.items()}


def late(b: Backend) -> dict[str, int]:
    """Return the words that came too late."""
    return {key.removeprefix("late "): count for key, count in records(b).items() if key.startswith("late ")}


def letters(b: Backend) -> list[tuple[str, str]]:
    """Return (kind, subject) of what waits for a person."""
    return rows(b, "select kind, subject from dead_letter where resolved_at is null order by dead_letter_id")


def kinds(b: Backend, run_id: str, step: str = "") -> list[str]:
    """Return the kinds of the entries of a run's step, in the order they were written."""
    found = rows(
        b, "select kind from journal where run_id = :it and step = :step order by sequence", it=run_id, step=step
    )
    return [kind for (kind,) in found]


def undone(b: Backend) -> list[str]:
    """Return what was unmade, in order."""
    return [name for what, name in b.stall.plan.calls if what == "unmake"]


def heard(b: Backend, what: str = "hear first") -> list[str]:
    """Return what a subscriber heard, in order."""
    return [name for asked, name in b.stall.plan.calls if asked == what]


def say(b: Backend, key: str, words: str, event_id: str | None = None) -> None:
    """Send a word."""
    b.send("Word", key, json.dumps({"text": words}).encode(), event_id)


def tell(b: Backend, identity: str, words: str) -> None:
    """Publish news."""
    b.publish("news", json.dumps({"id": identity, "text": words}).encode())


def ended(b: Backend, run_id: str, how: str, said: Any = None) -> None:
    """Expect an end, and what it said."""
    assert status(b, run_id) == how
    if said is not None:
        assert answer(b, run_id) == {"text": said}
