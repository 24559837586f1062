"""Transactions: what a unit of work reads and writes through, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from isthmus.adapters.sql.faults import DriverError, translate
from isthmus.adapters.sql.statement import Statement

BEGIN = {"sqlite": "begin immediate", "postgresql": "begin isolation level serializable"}


class Transaction:
    """Execute statements in one transaction of a driver's connection, which is in autocommit otherwise.

    The same object serves one transaction after another: `begin` opens, `commit` and `rollback` close. The place is
    what errors name: the database's file or URL.
    """

    __slots__ = ("_connection", "_cursor", "_place", "dialect")

    def __init__(self, connection: Any, dialect: str, place: str = "") -> None:
        self._connection = connection
        self._place = place
        self._cursor = connection.cursor()
        self.dialect = dialect

    def begin(self) -> None:
        """Begin: on SQLite as the writer, on PostgreSQL serializable."""
        self._execute(BEGIN[self.dialect])

    def commit(self) -> None:
        """Commit. Raises Conflict when PostgreSQL could not serialize it: nothing has happened then."""
        self._execute("commit")

    def rollback(self) -> None:
        """Give up what the transaction did. A connection that is gone has done so itself."""
        try:
            self._cursor.execute("rollback")
        except DriverError:
            return

    def close(self) -> None:
        """Close the connection; what was not committed has not happened."""
        try:
            self._connection.close()
        except DriverError:
            return

    def rows(self, statement: Statement, *values: Any) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        compiled = statement.on(self.dialect)
        self._execute(compiled.sql, compiled.arrange(values))
        found: list[tuple[Any, ...]] = self._cursor.fetchall()
        return found

    def row(self, statement: Statement, *values: Any) -> tuple[Any, ...] | None:
        """Return the first row of a query, or None."""
        compiled = statement.on(self.dialect)
        self._execute(compiled.sql, compiled.arrange(values))
        found: tuple[Any, ...] | None = self._cursor.fetchone()
        return found

    def run(self, statement: Statement, *values: Any) -> int:
        """Change rows, and return how many."""
        compiled = statement.on(self.dialect)
        self._execute(compiled.sql, compiled.arrange(values))
        count: int = self._cursor.rowcount
        return count

    def _execute(self, sql: str, values: tuple[Any, ...] = ()) -> None:
        try:
            self._cursor.execute(sql, values)
        except DriverError as error:
            raise translate(error, place=self._place) from error

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what the block did when it raises, and nothing else of the transaction."""
        self.mark()
        try:
            yield
        except BaseException:
            self.back_to_mark()
            raise
        self.forget_mark()

    def mark(self) -> None:
        """Set the savepoint of the unit of work."""
        self._execute("savepoint unit")

    def back_to_mark(self) -> None:
        """Undo everything since the savepoint, and remove it."""
        self._execute("rollback to savepoint unit")
        self._execute("release savepoint unit")

    def forget_mark(self) -> None:
        """Keep everything since the savepoint, and remove it."""
        self._execute("release savepoint unit")
