"""The mailbox: queues of events by type and key, who waits on them, and which runs own their keys."""

from __future__ import annotations

from sqlalchemy import ColumnElement, bindparam, literal_column, select, update

from isthmus.adapters.sql.runs import LIVE, RunStatus
from isthmus.adapters.sql.schema import MAILBOX, OWNER, RUN, TIMER, WAIT
from isthmus.adapters.sql.statement import Statement, insertion, insertion_unless_there

# Written into the SQL, since a partial index serves only a condition that the planner can read.
OPEN: ColumnElement[str] = literal_column("'open'")
QUEUED: ColumnElement[str] = literal_column("'queued'")

PUT_EVENT = insertion_unless_there(MAILBOX, without=["sequence", "taken_by_run", "taken_by_step"])
"""Values: event, key, event id, body, state, actor, arrived at. An event id that is there changes nothing."""

OLDEST_QUEUED = Statement(
    select(MAILBOX.c.event_id, MAILBOX.c.body, MAILBOX.c.actor)
    .where(MAILBOX.c.event == bindparam("type"), MAILBOX.c.key == bindparam("of"), MAILBOX.c.state == QUEUED)
    .order_by(MAILBOX.c.sequence)
    .limit(1),
    "type",
    "of",
)

TAKE = Statement(
    update(MAILBOX)
    .values(state="taken", taken_by_run=bindparam("run"), taken_by_step=bindparam("at_step"))
    .where(MAILBOX.c.event == bindparam("type"), MAILBOX.c.event_id == bindparam("id")),
    "run",
    "at_step",
    "type",
    "id",
)

MARK_LATE = Statement(
    update(MAILBOX)
    .values(state="late")
    .where(MAILBOX.c.event == bindparam("type"), MAILBOX.c.event_id == bindparam("id")),
    "type",
    "id",
)

OPEN_WAIT = Statement(
    select(WAIT.c.run_id, WAIT.c.step).where(
        WAIT.c.event == bindparam("type"), WAIT.c.key == bindparam("of"), WAIT.c.state == OPEN
    ),
    "type",
    "of",
)

REGISTER = insertion(WAIT)
"""Values: run, step, event, key, state, due at."""

WAIT_AT = Statement(
    select(WAIT.c.event, WAIT.c.key, WAIT.c.state, WAIT.c.due_at).where(
        WAIT.c.run_id == bindparam("run"), WAIT.c.step == bindparam("at_step")
    ),
    "run",
    "at_step",
)

CLOSE_WAIT = Statement(
    update(WAIT)
    .values(state="closed")
    .where(WAIT.c.run_id == bindparam("run"), WAIT.c.step == bindparam("at_step"), WAIT.c.state == OPEN),
    "run",
    "at_step",
)

CLOSE_WAITS_OF_RUN = Statement(
    update(WAIT).values(state="closed").where(WAIT.c.run_id == bindparam("run"), WAIT.c.state == OPEN), "run"
)

OPEN_WAITS = Statement(select(WAIT.c.run_id, WAIT.c.step, WAIT.c.due_at).where(WAIT.c.state == OPEN))

OWN = insertion_unless_there(OWNER)
"""Values: event, key, run."""

LIVE_OWNER = Statement(
    select(OWNER.c.run_id)
    .join_from(OWNER, RUN, RUN.c.run_id == OWNER.c.run_id)
    .where(OWNER.c.event == bindparam("type"), OWNER.c.key == bindparam("of"), RUN.c.status.in_(LIVE))
    .limit(1),
    "type",
    "of",
)

ANY_OWNER = Statement(
    select(OWNER.c.run_id).where(OWNER.c.event == bindparam("type"), OWNER.c.key == bindparam("of")).limit(1),
    "type",
    "of",
)

LIVE_RUN_OF = Statement(
    select(RUN.c.run_id).where(RUN.c.contract == bindparam("contract"), RUN.c.status.in_(LIVE)).limit(1), "contract"
)

QUEUED_FOR_RUN = Statement(
    select(MAILBOX.c.event, MAILBOX.c.key, MAILBOX.c.event_id, MAILBOX.c.body)
    .join_from(OWNER, MAILBOX, (MAILBOX.c.event == OWNER.c.event) & (MAILBOX.c.key == OWNER.c.key))
    .where(OWNER.c.run_id == bindparam("run"), MAILBOX.c.state == QUEUED)
    .order_by(MAILBOX.c.sequence),
    "run",
)
"""What is left in the queues of a run that ends."""

UNOWNED_MAX = 100

QUEUED_WITHOUT_OWNER = Statement(
    select(MAILBOX.c.event, MAILBOX.c.key, MAILBOX.c.event_id, MAILBOX.c.body)
    .where(
        MAILBOX.c.event == bindparam("type"),
        MAILBOX.c.state == QUEUED,
        ~select(OWNER.c.run_id)
        .join_from(OWNER, RUN, RUN.c.run_id == OWNER.c.run_id)
        .where(OWNER.c.event == MAILBOX.c.event, OWNER.c.key == MAILBOX.c.key, RUN.c.status.in_(LIVE))
        .exists(),
    )
    .order_by(MAILBOX.c.sequence)
    .limit(UNOWNED_MAX),
    "type",
)
"""The oldest events of a type that are held for a run that has not yet named their key, or never will."""

SET_TIMER = insertion_unless_there(TIMER)
"""Values: run, step, due at."""

TIMERS = Statement(
    select(TIMER.c.run_id, TIMER.c.step, TIMER.c.due_at)
    .join_from(TIMER, RUN, RUN.c.run_id == TIMER.c.run_id)
    .where(RUN.c.status == RunStatus.RUNNING)
)

DUE_AT = Statement(
    select(TIMER.c.due_at).where(TIMER.c.run_id == bindparam("run"), TIMER.c.step == bindparam("at_step")),
    "run",
    "at_step",
)

REMOVE_TIMERS_OF_RUN = Statement(TIMER.delete().where(TIMER.c.run_id == bindparam("run")), "run")

REMOVE_TIMER = Statement(
    TIMER.delete().where(TIMER.c.run_id == bindparam("run"), TIMER.c.step == bindparam("at_step")), "run", "at_step"
)
