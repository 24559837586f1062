"""Notes that other processes leave for the engine: what they changed, so that it need not look everywhere."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select

from isthmus.adapters.sql.schema import WAKE
from isthmus.adapters.sql.statement import Statement, insertion

NOTE = insertion(WAKE, without=["sequence"])
"""Values: kind (`run`, `step`, `message`, `message>subscriber` for one that has it again), subject."""

NOTES = Statement(select(WAKE.c.sequence, WAKE.c.kind, WAKE.c.subject).order_by(WAKE.c.sequence).limit(100))

FORGET_NOTE = Statement(delete(WAKE).where(WAKE.c.sequence == bindparam("number")), "number")

FORGET_NOTE_ABOUT = Statement(
    delete(WAKE).where(WAKE.c.kind == bindparam("of_kind"), WAKE.c.subject == bindparam("about")), "of_kind", "about"
)
