"""The journal: everything that was asked, decided and done, one row each, appended and never changed."""

from __future__ import annotations

import enum
from datetime import UTC, datetime

from isthmus.adapters.sql.schema import JOURNAL
from isthmus.adapters.sql.statement import insertion


class Kind(enum.StrEnum):
    """Name what a journal entry is about."""

    STARTED = "started"
    INTENDED = "intended"
    ANSWERED = "answered"
    REFUSED = "refused"
    FAILED = "failed"
    CHANGED = "changed"
    TRANSFERRED = "transferred"
    PUBLISHED = "published"
    EVENT_ARRIVED = "event_arrived"
    EVENT_TAKEN = "event_taken"
    EVENT_LATE = "event_late"
    TIMED_OUT = "timed_out"
    SLEPT = "slept"
    TAKE_BACK_BEGUN = "take_back_begun"
    UNDONE = "undone"
    COMPLETED = "completed"
    ENDED = "ended"
    STUCK = "stuck"
    CANCELLED = "cancelled"
    RESOLVED = "resolved"
    REJECTED = "rejected"
    FORGIVEN = "forgiven"


APPEND = insertion(JOURNAL, without=["sequence"])
"""Values: run, workflow, step, kind, subject, actor, on behalf of, at, before, after, code version, policy version."""


def microseconds(moment: datetime) -> int:
    """Return a moment as microseconds since 1970 in UTC."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // _MICROSECOND


_MICROSECOND = datetime(1970, 1, 1, 0, 0, 0, 1) - datetime(1970, 1, 1)  # noqa: DTZ001  # a difference, not a time


def moment(microseconds_since_1970: int) -> datetime:
    """Return the moment that is kept as microseconds since 1970 in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + microseconds_since_1970 * _MICROSECOND
