"""Statements: SQLAlchemy Core clauses, compiled once for each database and executed by its driver.

    GET = Statement(select(RECORD.c.body).where(RECORD.c.key == bindparam("key")), "key")

SQLAlchemy writes the SQL and knows the dialects; executing through the driver leaves out what it would do for every
call, which is most of the time that a unit of work takes on SQLite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, bindparam, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement

DIALECTS: Mapping[str, Dialect] = {
    "sqlite": sqlite.dialect(paramstyle="qmark"),
    "postgresql": postgresql.dialect(paramstyle="format"),  # type: ignore[no-untyped-call]
}


class _Value:
    """Stand for a value that is given at every execution, while constants are put where they belong."""

    __slots__ = ("place",)

    def __init__(self, place: int) -> None:
        self.place = place


class Compiled:
    """Hold the SQL for one database, and how the values given are ordered for it."""

    __slots__ = ("_order", "sql")

    def __init__(self, clause: ClauseElement, names: Sequence[str], dialect: Dialect) -> None:
        compiled: Any = clause.compile(dialect=dialect)
        state = compiled.construct_expanded_state({name: _Value(place) for place, name in enumerate(names)})
        self.sql: str = state.statement
        values = state.positional_parameters
        straight = [value.place if isinstance(value, _Value) else None for value in values] == list(range(len(names)))
        self._order = None if straight else tuple(values)

    def arrange(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Put values, given in the order of the statement's names, into the order of the SQL's parameters."""
        if self._order is None:
            return values
        return tuple([values[one.place] if isinstance(one, _Value) else one for one in self._order])


class Statement:
    """Wrap a clause, or one for each database where they differ; values are positional in the order of the names."""

    __slots__ = ("_clauses", "_compiled", "_names")

    def __init__(self, clause: ClauseElement | Mapping[str, ClauseElement], *names: str) -> None:
        self._clauses = clause if isinstance(clause, Mapping) else dict.fromkeys(DIALECTS, clause)
        self._names = names
        self._compiled: dict[str, Compiled] = {}

    def on(self, dialect: str) -> Compiled:
        """Return the statement as one database takes it."""
        found = self._compiled.get(dialect)
        if found is None:
            found = Compiled(self._clauses[dialect], self._names, DIALECTS[dialect])
            self._compiled[dialect] = found
        return found


def insertion(table: Table, *, without: Sequence[str] = ()) -> Statement:
    """Return the insertion of a row, its values in the order of the table's columns but for those left out."""
    names = [column.name for column in table.columns if column.name not in without]
    return Statement(insert(table).values({name: bindparam(name) for name in names}), *names)


def insertion_unless_there(table: Table, *, without: Sequence[str] = ()) -> Statement:
    """Return the insertion of a row that does nothing (and counts 0 rows) when its key is taken."""
    names = [column.name for column in table.columns if column.name not in without]
    values: dict[str, Any] = {name: bindparam(name) for name in names}
    return Statement(
        {
            "sqlite": sqlite.insert(table).values(values).on_conflict_do_nothing(),
            "postgresql": postgresql.insert(table).values(values).on_conflict_do_nothing(),
        },
        *names,
    )
