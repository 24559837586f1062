"""Rights: what the users of a PostgreSQL database may do, given by whoever owns its tables.

Users read and write rows, and neither make, change nor drop a table. The journal and the transfers of the ledger are
theirs to read and to add to: what is written there nobody changes who is not the owner.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from isthmus.adapters.sql.faults import translate
from isthmus.adapters.sql.schema import METADATA

ADDED_TO: Final = frozenset({"journal", "transfer"})
"""The tables whose rows are never changed and never taken away."""


def give_rights(engine: Engine, users: Iterable[str]) -> None:
    """Give users their rights in every table of this version, all of them or none; once more changes nothing."""
    quoted = engine.dialect.identifier_preparer.quote_identifier
    whom = ", ".join(quoted(user) for user in users)
    statements = [f"revoke create on schema public from public, {whom}", f"grant usage on schema public to {whom}"]
    for table in METADATA.sorted_tables:
        verbs = "select, insert" if table.name in ADDED_TO else "select, insert, update, delete"
        statements.append(f"grant {verbs} on {quoted(table.name)} to {whom}")
    statements.append(f"grant select on alembic_version to {whom}")
    statements.append(f"grant usage on all sequences in schema public to {whom}")
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
    except DBAPIError as error:
        raise translate(error, place=engine.url.render_as_string(hide_password=True)) from error
