"""The wrapped keys of subjects, in the transaction of the unit of work that seals or opens."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select, update

from isthmus.adapters.runtime.vault import WrappedKey
from isthmus.adapters.sql.schema import SUBJECT_KEY
from isthmus.adapters.sql.statement import Statement, insertion_unless_there
from isthmus.adapters.sql.transaction import Transaction

FIND = Statement(
    select(SUBJECT_KEY.c.key_version, SUBJECT_KEY.c.wrapped)
    .where(SUBJECT_KEY.c.subject == bindparam("subject"))
    .order_by(SUBJECT_KEY.c.key_version),
    "subject",
)
ADD = insertion_unless_there(SUBJECT_KEY, without=["destroyed_at"])
DESTROY = Statement(
    update(SUBJECT_KEY)
    .values(wrapped=None, destroyed_at=bindparam("destroyed_at"))
    .where(SUBJECT_KEY.c.subject == bindparam("whose"), SUBJECT_KEY.c.wrapped.is_not(None)),
    "destroyed_at",
    "whose",
)


class SqlSubjectKeys:
    """Keep the wrapped keys of subjects in table SUBJECT_KEY."""

    __slots__ = ("_now_us", "_transaction")

    def __init__(self, transaction: Transaction, now_us: int) -> None:
        self._transaction = transaction
        self._now_us = now_us

    def find(self, subject: str) -> Sequence[WrappedKey]:
        """Return all versions of the subject's key, the oldest first."""
        return [
            WrappedKey(subject=subject, key_version=version, wrapped=None if wrapped is None else bytes(wrapped))
            for version, wrapped in self._transaction.rows(FIND, subject)
        ]

    def add(self, key: WrappedKey) -> bool:
        """Keep a new version; say False, and change nothing, when another process was first."""
        return self._transaction.run(ADD, key.subject, key.key_version, key.wrapped, self._now_us) == 1

    def destroy(self, subject: str) -> int:
        """Overwrite all versions of the subject's key, and say how many there were."""
        return self._transaction.run(DESTROY, self._now_us, subject)
