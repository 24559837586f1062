"""Claims: which execution carries a run on, where several may try, and one takes over from another."""

from __future__ import annotations

from sqlalchemy import bindparam, exists, select, update

from isthmus.adapters.sql.runs import LIVE, RunStatus
from isthmus.adapters.sql.schema import RUN
from isthmus.adapters.sql.statement import Statement

_PARENT = RUN.alias("parent")

TAKE_OVER = Statement(
    update(RUN)
    .values(claimed_by=bindparam("claimant"))
    .where(RUN.c.run_id == bindparam("run"), RUN.c.claimed_by.is_(None), RUN.c.status.in_(LIVE)),
    "claimant",
    "run",
)
"""Claim a run whose claim was passed on."""

CLAIM_WITH_PARENT = Statement(
    update(RUN)
    .values(claimed_by=bindparam("claimant"))
    .where(
        RUN.c.run_id == bindparam("run"),
        exists(
            select(_PARENT.c.run_id).where(
                _PARENT.c.run_id == RUN.c.parent_run, _PARENT.c.claimed_by == bindparam("claimant")
            )
        ),
    ),
    "claimant",
    "run",
)
"""Claim a child: it is carried on by whoever carries its parent on."""

PASS_ON = Statement(
    update(RUN)
    .values(claimed_by=None)
    .where(RUN.c.run_id == bindparam("run"), RUN.c.claimed_by == bindparam("claimant")),
    "run",
    "claimant",
)
"""Let the next execution claim a run, unless one has."""

CARRIED_ON = Statement(
    select(RUN.c.run_id, RUN.c.contract, RUN.c.version, RUN.c.claimed_by)
    .where(
        RUN.c.status.in_([RunStatus.RUNNING, RunStatus.TAKING_BACK]),
        RUN.c.parent_run.is_(None),
        RUN.c.run_id > bindparam("from"),
    )
    .order_by(RUN.c.run_id)
    .limit(500),
    "from",
)
"""The next runs, by id, that an execution carries on, with its claim; children go with their parents."""

LIVE_CHILDREN = Statement(
    select(RUN.c.run_id, RUN.c.status).where(RUN.c.parent_run == bindparam("run"), RUN.c.status.in_(LIVE)), "run"
)
"""The children of a run that have not ended, with how they stand."""

NOT_BEGUN_BEFORE = Statement(
    select(RUN.c.run_id, RUN.c.contract)
    .where(RUN.c.status == RunStatus.STARTED, RUN.c.parent_run.is_(None), RUN.c.started_at <= bindparam("moment"))
    .order_by(RUN.c.started_at)
    .limit(500),
    "moment",
)
"""The oldest runs that were started before a moment, and that nobody has claimed."""
