"""The journal of intake: messages that were refused before they became an order, and what others were forgiven.

Each entry is written once, by the id that its message has: the same file again writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from sqlalchemy import bindparam, select

from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.journal import APPEND, Kind, microseconds
from isthmus.adapters.sql.schema import JOURNAL
from isthmus.adapters.sql.statement import Statement

STEP: Final = "intake"

WRITTEN = Statement(
    select(JOURNAL.c.sequence)
    .where(
        JOURNAL.c.run_id == bindparam("run"), JOURNAL.c.step == bindparam("step"), JOURNAL.c.kind == bindparam("kind")
    )
    .limit(1),
    "run",
    "step",
    "kind",
)


class IntakeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Say what intake did with a message: `run_id` is that of its order, or stands for the message itself."""

    run_id: str
    kind: Kind
    subject: str
    actor: str
    on_behalf_of: str
    facts: dict[str, str | int | list[str] | None]


def record_intake(database: Database, entries: Sequence[IntakeEntry], *, code_version: str, policy_version: str) -> int:
    """Write what is not written yet, in one transaction, and return how many entries that were."""
    now = microseconds(datetime.now(UTC))
    written = 0
    with database.transaction() as transaction:
        for entry in entries:
            if transaction.row(WRITTEN, entry.run_id, STEP, entry.kind) is not None:
                continue
            facts = msgspec.json.encode(entry.facts)
            transaction.run(
                APPEND,
                entry.run_id,
                "",
                STEP,
                str(entry.kind),
                entry.subject,
                entry.actor,
                entry.on_behalf_of,
                now,
                None,
                facts,
                code_version,
                policy_version,
            )
            written += 1
    return written
