"""Callbacks: where an execution that waits for an event can be woken, until it has heard of what it waits for."""

from __future__ import annotations

from sqlalchemy import Text, bindparam, delete, exists, insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from isthmus.adapters.sql.notes import ABOUT_STEP
from isthmus.adapters.sql.schema import CALLBACK, WAKE
from isthmus.adapters.sql.statement import Statement


def _upsert() -> Statement:
    clauses = {}
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql)):
        statement = dialect.insert(CALLBACK)
        values = statement.values(run_id=bindparam("run"), step=bindparam("at_step"), url=bindparam("at_url"))
        clauses[name] = values.on_conflict_do_update(
            index_elements=["run_id", "step"], set_={"url": statement.excluded.url}
        )
    return Statement(clauses, "run", "at_step", "at_url")


KEEP_CALLBACK = _upsert()

CALLBACK_AT = Statement(
    select(CALLBACK.c.url).where(CALLBACK.c.run_id == bindparam("run"), CALLBACK.c.step == bindparam("at_step")),
    "run",
    "at_step",
)

FORGET_CALLBACK = Statement(
    delete(CALLBACK).where(CALLBACK.c.run_id == bindparam("run"), CALLBACK.c.step == bindparam("at_step")),
    "run",
    "at_step",
)

NOTE_WHERE_CALLED_BACK = Statement(
    insert(WAKE).from_select(
        ["kind", "subject"],
        select(literal(ABOUT_STEP), bindparam("subject", type_=Text)).where(
            exists().where(CALLBACK.c.run_id == bindparam("run"), CALLBACK.c.step == bindparam("at_step"))
        ),
    ),
    "subject",
    "run",
    "at_step",
)
"""Leave a note about a step, `run/step`, when an execution waits for it at a callback."""
