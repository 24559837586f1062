"""The outbox: messages that leave with the unit of work that wrote them, in order within their key."""

from __future__ import annotations

from sqlalchemy import bindparam, select, update

from isthmus.adapters.sql.schema import OUTBOX
from isthmus.adapters.sql.statement import Statement, insertion_unless_there

PUT = insertion_unless_there(OUTBOX, without=["sequence", "published_at"])
"""Values: message id, topic, ordering key, body, run, written at. A message id that is there changes nothing."""

UNPUBLISHED = Statement(
    select(
        OUTBOX.c.sequence,
        OUTBOX.c.message_id,
        OUTBOX.c.topic,
        OUTBOX.c.ordering_key,
        OUTBOX.c.body,
        OUTBOX.c.run_id,
        OUTBOX.c.written_at,
    )
    .where(OUTBOX.c.published_at.is_(None), OUTBOX.c.sequence > bindparam("from"))
    .order_by(OUTBOX.c.sequence)
    .limit(500),
    "from",
)

MESSAGE = Statement(
    select(
        OUTBOX.c.sequence, OUTBOX.c.message_id, OUTBOX.c.topic, OUTBOX.c.ordering_key, OUTBOX.c.body, OUTBOX.c.run_id
    ).where(OUTBOX.c.message_id == bindparam("message")),
    "message",
)

MARK_PUBLISHED = Statement(
    update(OUTBOX).values(published_at=bindparam("now")).where(OUTBOX.c.message_id == bindparam("message")),
    "now",
    "message",
)

UNPUBLISHED_OF_KEY = Statement(
    select(
        OUTBOX.c.sequence, OUTBOX.c.message_id, OUTBOX.c.topic, OUTBOX.c.ordering_key, OUTBOX.c.body, OUTBOX.c.run_id
    )
    .where(
        OUTBOX.c.published_at.is_(None),
        OUTBOX.c.topic == bindparam("of_topic"),
        OUTBOX.c.ordering_key == bindparam("of_key"),
    )
    .order_by(OUTBOX.c.sequence)
    .limit(100),
    "of_topic",
    "of_key",
)
"""What has to leave before, and with, a message of this topic and key."""
