"""Notes that other processes leave for the engine: what they changed, so that it need not look everywhere."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select

from isthmus.adapters.sql.schema import WAKE
from isthmus.adapters.sql.statement import Statement, insertion

ABOUT_RUN, ABOUT_STEP, ABOUT_MESSAGE = "run", "step", "message"
"""Kinds of notes: a run that was started or whose status has changed; a step that was answered, `run/step`; a message
that is to be delivered, with `>subscriber` behind it when one alone has it again."""

NOTE = insertion(WAKE, without=["sequence"])
"""Values: kind, subject."""

NOTES = Statement(select(WAKE.c.sequence, WAKE.c.kind, WAKE.c.subject).order_by(WAKE.c.sequence).limit(100))

NOTES_AFTER = Statement(
    select(WAKE.c.sequence, WAKE.c.kind, WAKE.c.subject)
    .where(WAKE.c.sequence > bindparam("from"))
    .order_by(WAKE.c.sequence)
    .limit(100),
    "from",
)

FORGET_NOTE = Statement(delete(WAKE).where(WAKE.c.sequence == bindparam("number")), "number")

FORGET_NOTE_ABOUT = Statement(
    delete(WAKE).where(WAKE.c.kind == bindparam("of_kind"), WAKE.c.subject == bindparam("about")), "of_kind", "about"
)
