"""Admission: what a role of PostgreSQL may do in the database of an App, by what its handlers ask for.

    admit(connection, "desk-orders", ["ledger"])    the tables of runs and of the ledger, and no others

A unit of work always writes what it did: its run, step, journal entry and messages. The tables that handlers ask for by
a port are granted with the port. Nobody but the owner of the schema changes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import Connection, text

from isthmus.adapters.sql import schema
from isthmus.core.errors import EnvironmentFault

BY_PORT: Final[Mapping[str, frozenset[str]]] = {
    "ledger": frozenset({schema.ACCOUNT.name, schema.TRANSFER.name}),
    "records": frozenset({schema.RECORD.name}),
}
"""The tables that only some units write, by what they belong to."""

ADDED_TO: Final = frozenset({schema.JOURNAL.name, schema.TRANSFER.name})
"""The tables whose rows nobody changes or takes away who is not the owner."""

ALWAYS: Final = frozenset(schema.METADATA.tables) - frozenset().union(*BY_PORT.values())


class RightUnknown(EnvironmentFault):
    """Report a right to tables that there are not."""

    code = "ISTH386"


class RoleMissing(EnvironmentFault):
    """Report a role that is to be granted something, and that the database does not have."""

    code = "ISTH388"


def admit(connection: Connection, role: str, rights: Iterable[str]) -> None:
    """Grant a role what it needs, and take from it what it no longer needs.

    Raises RightUnknown (ISTH386), RoleMissing (ISTH388).
    """
    if connection.execute(text("select 1 from pg_roles where rolname = :role"), {"role": role}).first() is None:
        raise RoleMissing("the database has no such role", place=role, instead="make it before migrating")
    granted = set(ALWAYS)
    for right in rights:
        if right not in BY_PORT:
            raise RightUnknown(f"there are no tables of {right!r}", place=role, instead=f"name {', '.join(BY_PORT)}")
        granted |= BY_PORT[right]
    quote = connection.dialect.identifier_preparer.quote_identifier
    to = quote(role)
    tables = {name: quote(name) for name in schema.METADATA.tables}
    connection.exec_driver_sql(f"revoke all on all tables in schema public from {to}")
    connection.exec_driver_sql(f"grant usage on schema public to {to}")
    connection.exec_driver_sql(f"grant usage on all sequences in schema public to {to}")
    connection.exec_driver_sql(f"grant select on alembic_version to {to}")
    for name in sorted(granted):
        verbs = "select, insert" if name in ADDED_TO else "select, insert, update, delete"
        connection.exec_driver_sql(f"grant {verbs} on {tables[name]} to {to}")
