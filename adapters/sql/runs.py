"""The rows of runs, and of the steps that they recorded."""

from __future__ import annotations

import enum

from sqlalchemy import and_, bindparam, func, select, update

from isthmus.adapters.sql.schema import INBOX, RUN
from isthmus.adapters.sql.statement import Statement, insertion, insertion_unless_there


class RunStatus(enum.StrEnum):
    """Say how a run stands.

    started -> running -> completed | taking_back -> refused | failed | timed_out | cancelled | taken_back, or stuck
    """

    STARTED = "started"
    RUNNING = "running"
    COMPLETED = "completed"
    TAKING_BACK = "taking_back"
    REFUSED = "refused"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    TAKEN_BACK = "taken_back"
    STUCK = "stuck"


LIVE = (RunStatus.STARTED, RunStatus.RUNNING, RunStatus.TAKING_BACK, RunStatus.STUCK)
"""The runs that own the keys of their events: all that have not ended."""


class StepState(enum.StrEnum):
    """Say what is recorded of a step.

    failing (it will be tried again), intent (a gateway may have been called) and unknown (nobody can say) are not
    final; answered, refused, failed and timed_out are.
    """

    FAILING = "failing"
    INTENT = "intent"
    UNKNOWN = "unknown"
    ANSWERED = "answered"
    REFUSED = "refused"
    FAILED = "failed"
    TIMED_OUT = "timed_out"


SETTLED = frozenset({StepState.ANSWERED, StepState.REFUSED, StepState.FAILED, StepState.TIMED_OUT})

_INBOX = (INBOX.c.contract, INBOX.c.input_hash, INBOX.c.state, INBOX.c.answer, INBOX.c.attempts)

INSERT_RUN = insertion_unless_there(RUN, without=["ending", "outcome", "ended_at"])
"""Values: run, contract, identity, input, input hash, version, status, parent run, parent step, actor, on behalf of,
claimed by, started at."""

INSERT_STEP = insertion(INBOX)
"""Values: run, step, contract, input, input hash, state, answer, ordinal, branch, attempts, recorded at."""

UPDATE_STEP = Statement(
    update(INBOX)
    .values(
        state=bindparam("new_state"),
        answer=bindparam("new_answer"),
        attempts=bindparam("new_attempts"),
        recorded_at=bindparam("now"),
    )
    .where(INBOX.c.run_id == bindparam("run"), INBOX.c.step == bindparam("at_step")),
    "new_state",
    "new_answer",
    "new_attempts",
    "now",
    "run",
    "at_step",
)

FENCE_AND_RECORD = Statement(
    select(RUN.c.status, RUN.c.contract, *_INBOX)
    .select_from(RUN.outerjoin(INBOX, and_(INBOX.c.run_id == RUN.c.run_id, INBOX.c.step == bindparam("at_step"))))
    .where(RUN.c.run_id == bindparam("run"))
    .with_for_update(read=True, of=RUN),
    "at_step",
    "run",
)
"""The run's status and contract, and what is recorded of one of its steps (nulls where nothing is)."""

RECORD = Statement(
    select(*_INBOX).where(INBOX.c.run_id == bindparam("run"), INBOX.c.step == bindparam("at_step")), "run", "at_step"
)

STEPS = Statement(
    select(
        INBOX.c.step,
        INBOX.c.contract,
        INBOX.c.input,
        INBOX.c.input_hash,
        INBOX.c.state,
        INBOX.c.answer,
        INBOX.c.ordinal,
        INBOX.c.branch,
        INBOX.c.attempts,
    )
    .where(INBOX.c.run_id == bindparam("run"))
    .order_by(INBOX.c.ordinal, INBOX.c.branch),
    "run",
)

_RUN = (
    RUN.c.run_id,
    RUN.c.contract,
    RUN.c.identity,
    RUN.c.input,
    RUN.c.input_hash,
    RUN.c.version,
    RUN.c.status,
    RUN.c.parent_run,
    RUN.c.parent_step,
    RUN.c.actor,
    RUN.c.on_behalf_of,
    RUN.c.ending,
    RUN.c.outcome,
)

GET_RUN = Statement(select(*_RUN).where(RUN.c.run_id == bindparam("run")), "run")

CHILD_AT = Statement(
    select(*_RUN)
    .where(RUN.c.parent_run == bindparam("run"), RUN.c.parent_step == bindparam("at_step"))
    .order_by(RUN.c.ended_at.is_not(None), RUN.c.started_at.desc())
    .limit(1),
    "run",
    "at_step",
)

OPEN_RUNS = Statement(
    select(RUN.c.run_id, RUN.c.contract, RUN.c.version, RUN.c.status)
    .where(
        RUN.c.status.in_([RunStatus.STARTED, RunStatus.RUNNING, RunStatus.TAKING_BACK]),
        RUN.c.run_id > bindparam("from"),
    )
    .order_by(RUN.c.run_id)
    .limit(500),
    "from",
)
"""The next runs, by id, that an engine has to carry on."""

NOT_BEGUN = Statement(
    select(RUN.c.run_id, RUN.c.contract)
    .where(RUN.c.status == RunStatus.STARTED, RUN.c.parent_run.is_(None))
    .order_by(RUN.c.started_at)
    .limit(500)
)
"""The oldest runs that nobody has claimed; children are begun by their parents."""

LIVE_RUNS = Statement(
    select(func.count())
    .select_from(RUN)
    .where(
        RUN.c.contract == bindparam("of_contract"), RUN.c.version == bindparam("of_version"), RUN.c.status.in_(LIVE)
    ),
    "of_contract",
    "of_version",
)
"""How many runs of one version have not ended."""

CLAIM = Statement(
    update(RUN)
    .values(status=RunStatus.RUNNING, claimed_by=bindparam("claimant"))
    .where(RUN.c.run_id == bindparam("run"), RUN.c.status == RunStatus.STARTED),
    "claimant",
    "run",
)

END_RUN = Statement(
    update(RUN)
    .values(status=bindparam("new_status"), outcome=bindparam("new_outcome"), ended_at=bindparam("now"))
    .where(RUN.c.run_id == bindparam("run")),
    "new_status",
    "new_outcome",
    "now",
    "run",
)

SET_STATUS = Statement(
    update(RUN)
    .values(status=bindparam("new_status"), ending=func.coalesce(bindparam("new_ending"), RUN.c.ending))
    .where(RUN.c.run_id == bindparam("run")),
    "new_status",
    "new_ending",
    "run",
)

CLAIMED_BY = Statement(select(RUN.c.claimed_by).where(RUN.c.run_id == bindparam("run")), "run")
