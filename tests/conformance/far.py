"""The stall for a worker in a process of its own: the world is a file, which outlives whoever is killed.

A part of the name "unsightly" is refused when it is looked at; everything else goes well.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from fair import app
from stall import OPEN, No, Part, Thing

PLACE = "STALL_FILE"
UNSIGHTLY = "unsightly"

__all__ = ["app"]


class Diary:
    """Be the plan and the markets of a stall, and write down what was asked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.plan = self
        self.market = Counter(self, "market")
        self.returns = Counter(self, "returns")

    def entries(self) -> list[list[str]]:
        """Return what was asked, in order."""
        return [json.loads(line) for line in self._path.read_text("utf-8").splitlines()] if self._path.exists() else []

    def write(self, *entry: str) -> None:
        """Write down one thing, for good."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def clear(self) -> None:
        """Begin anew."""
        self._path.unlink(missing_ok=True)

    def go(self, what: str, name: str) -> str:
        """Do as the name says."""
        self.write(what, name)
        if what == "look" and name == UNSIGHTLY:
            raise No(why=name)
        return f"{what} {name}"

    def seen(self, what: str, name: str) -> None:
        """Note what a handler saw."""
        self.write("saw", what, name)


class Counter:
    """Be a market that keeps every order under its reference."""

    def __init__(self, diary: Diary, what: str) -> None:
        self._diary = diary
        self._what = what

    def call(self, reference: str, request: Part) -> Thing:
        """Take an order; one reference is never asked for twice."""
        assert self.inquire(reference, request) is None, f"{request.name} was asked for twice"
        self._diary.write(f"{self._what} call", request.name, reference)
        return Thing(text=f"{self._what} {request.name}")

    def inquire(self, reference: str, request: Part) -> Thing | None:
        """Say what became of an order."""
        done = [self._what + " call", request.name, reference] in self._diary.entries()
        return Thing(text=f"{self._what} {request.name}") if done else None


def diary() -> Any:
    """Return the diary of this process."""
    return Diary(Path(os.environ[PLACE]))


if PLACE in os.environ:
    OPEN[:] = [diary()]
