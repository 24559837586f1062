"""Records: messages of one type by key, in the unit of work's transaction, every change journaled."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.journal import Kind
from isthmus.adapters.sql.schema import RECORD
from isthmus.adapters.sql.statement import Statement
from isthmus.core.codec import codec
from isthmus.core.message import Message


def _upsert() -> Statement:
    clauses = {}
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql)):
        insert: Any = dialect.insert(RECORD)
        values = insert.values(kind=bindparam("of"), key=bindparam("under"), body=bindparam("new"))
        clauses[name] = values.on_conflict_do_update(
            index_elements=["kind", "key"], set_={"body": insert.excluded.body}
        )
    return Statement(clauses, "of", "under", "new")


GET = Statement(
    select(RECORD.c.body).where(RECORD.c.kind == bindparam("of"), RECORD.c.key == bindparam("under")), "of", "under"
)
PUT = _upsert()
REMOVE = Statement(
    delete(RECORD).where(RECORD.c.kind == bindparam("of"), RECORD.c.key == bindparam("under")), "of", "under"
)


class SqlRecords[M: Message]:
    """Keep messages of one type in table RECORD."""

    __slots__ = ("_codec", "_kind", "_unit")

    def __init__(self, unit: UnitOfWork, message: type[M]) -> None:
        self._unit = unit
        self._kind = message.__name__
        self._codec = codec(message)

    def get(self, key: str) -> M | None:
        """Return the message that is kept under the key, or None."""
        body = self._body(key)
        if body is None:
            return None
        found: M = self._codec.decode(body, self._unit.vault)
        return found

    def put(self, key: str, message: M) -> None:
        """Keep the message under the key, in place of what was there."""
        before = self._body(key)
        body = self._codec.encode(message, self._unit.vault)
        self._unit.transaction.run(PUT, self._kind, key, body)
        self._unit.journal(Kind.CHANGED, f"{self._kind}:{key}", before, body)

    def remove(self, key: str) -> None:
        """Forget what is kept under the key; nothing happens when nothing is."""
        before = self._body(key)
        if before is not None:
            self._unit.transaction.run(REMOVE, self._kind, key)
            self._unit.journal(Kind.CHANGED, f"{self._kind}:{key}", before, None)

    def _body(self, key: str) -> bytes | None:
        row = self._unit.transaction.row(GET, self._kind, key)
        return None if row is None else bytes(row[0])
