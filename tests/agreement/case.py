"""A case: a program as source text, and the plan of what its handlers, its clients and its machines do.

The plan is plain data, so that a case is written to a file, read again in another process, and replayed.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

SEND, START, MOVE, CANCEL, REPAIR, REPLAY = "send", "start", "move", "cancel", "repair", "replay"

TROUBLES: Final = frozenset({"few", "fail", "stranger", "lost", "unknown", "large"})
"""What a repair ends: everything but answers and refusals."""

type Row = dict[str, Any]
"""How a call goes: `how` (ok, no, closed, or a trouble), how many `times`, and the `answer`."""

type Action = tuple[Any, ...]
"""What comes from outside: start, send, move, cancel, repair, replay, with its arguments."""


@dataclass
class Case:
    """Be one program and its plan."""

    source: str
    rows: dict[str, list[Row]]
    """By contract: how its calls go. Which row is whose, a hash of the message says."""
    actions: list[Action]
    fault: tuple[str, int] | None = None
    """Where the process dies, and at which passing of that point."""
    twice: bool = False
    """Whether every delivery comes twice, where there are deliveries."""
    choices: int = 0
    """The seed of what the documentation leaves open."""

    def write(self, file: Path) -> None:
        """Write the case down."""
        file.write_text(json.dumps(asdict(self), indent=1), "utf-8")

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read a case that was written down."""
        found = json.loads(file.read_text("utf-8"))
        fault = found.pop("fault")
        actions = [tuple(action) for action in found.pop("actions")]
        return cls(**found, actions=actions, fault=tuple(fault) if fault else None)


def row_of(rows: dict[str, list[Row]], contract: str, identity: str, number: int, *, repaired: bool) -> Row:
    """Return how a call goes: the same for the same message, however often and wherever it is asked."""
    among = rows[contract]
    row = among[zlib.crc32(f"{contract}|{identity}|{number}".encode()) % len(among)]
    return {**row, "how": "ok"} if repaired and row["how"] in TROUBLES else row


def answer_to(row: Row, identity: str) -> dict[str, Any]:
    """Return what a row answers to a message: its texts and parts carry the message's identity, so they are its own."""
    answer = row["answer"]
    parts = [{**part, "id": f"{identity}.{place}"} for place, part in enumerate(answer["parts"])]
    return {**answer, "text": f"{answer['text']}-{identity}", "parts": parts}
