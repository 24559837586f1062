"""Dead letters: what nobody but a person can carry on."""

from __future__ import annotations

import enum

from sqlalchemy import bindparam, select, update

from isthmus.adapters.sql.schema import DEAD_LETTER
from isthmus.adapters.sql.statement import Statement, insertion


class DeadLetterKind(enum.StrEnum):
    """Say what is stuck, and so what replaying it does."""

    STEP = "step"
    """A step after the point of no return, or one of which nobody knows whether it happened: it is tried again."""

    UNDO = "undo"
    """An undo that refused, or failed too often: it is tried again, and the rest of the run is taken back."""

    DELIVERY = "delivery"
    """A message that a subscriber could not handle: it is delivered again."""


def place_of(kind: str, run_id: str, step: str) -> tuple[str, str]:
    """Return the run and step that a dead letter is about, from what is kept of it.

    An undo is kept under the run that is taken back, with the run whose step it is in front: `<run>/undo:2`.
    """
    owner, mark, at = step.partition(UNDO_MARK)
    return (owner, f"undo:{at}") if kind == DeadLetterKind.UNDO and mark else (run_id, step)


UNDO_MARK = "/undo:"

BURY = insertion(DEAD_LETTER, without=["dead_letter_id", "resolved_at", "resolution"])
"""Values: kind, run, step, subject, body, reason, written at."""

OPEN_LETTER = Statement(
    select(
        DEAD_LETTER.c.kind, DEAD_LETTER.c.run_id, DEAD_LETTER.c.step, DEAD_LETTER.c.subject, DEAD_LETTER.c.body
    ).where(DEAD_LETTER.c.dead_letter_id == bindparam("id"), DEAD_LETTER.c.resolved_at.is_(None)),
    "id",
)

OPEN_LETTER_AT = Statement(
    select(DEAD_LETTER.c.dead_letter_id)
    .where(
        DEAD_LETTER.c.run_id == bindparam("run"),
        DEAD_LETTER.c.step == bindparam("at_step"),
        DEAD_LETTER.c.resolved_at.is_(None),
    )
    .limit(1),
    "run",
    "at_step",
)

LETTER_AT = Statement(
    select(DEAD_LETTER.c.dead_letter_id)
    .where(DEAD_LETTER.c.run_id == bindparam("run"), DEAD_LETTER.c.step == bindparam("at_step"))
    .limit(1),
    "run",
    "at_step",
)
"""An open letter, or one that a person has resolved."""

RESOLVE = Statement(
    update(DEAD_LETTER)
    .values(resolved_at=bindparam("now"), resolution=bindparam("how"))
    .where(DEAD_LETTER.c.dead_letter_id == bindparam("id")),
    "now",
    "how",
    "id",
)
