"""Rights: what the users of a PostgreSQL database may do, given by whoever owns its tables.

Users read and write rows, and neither make, change nor drop a table. The journal and the transfers of the ledger are
theirs to read and to add to: what is written there nobody changes who is not the owner.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from isthmus.adapters.sql.faults import translate
from isthmus.adapters.sql.schema import METADATA
from isthmus.core.errors import EnvironmentFault

ADDED_TO: Final = frozenset({"journal", "transfer"})
"""The tables whose rows are never changed and never taken away."""


class UserMissing(EnvironmentFault):
    """Report a user that is to be given rights and that the database does not have."""

    code = "ISTH388"


def give_rights(engine: Engine, users: Iterable[str]) -> None:
    """Give users their rights in every table of this version, all of them or none; once more changes nothing.

    Raises UserMissing (ISTH388).
    """
    quoted = engine.dialect.identifier_preparer.quote_identifier
    wanted = sorted({*users})
    whom = ", ".join(quoted(user) for user in wanted)
    statements = [f"revoke create on schema public from public, {whom}", f"grant usage on schema public to {whom}"]
    for table in METADATA.sorted_tables:
        verbs = "select, insert" if table.name in ADDED_TO else "select, insert, update, delete"
        statements.append(f"grant {verbs} on {quoted(table.name)} to {whom}")
    statements.append(f"grant select on alembic_version to {whom}")
    statements.append(f"grant usage on all sequences in schema public to {whom}")
    try:
        with engine.begin() as connection:
            there = {*connection.execute(text("select rolname from pg_roles")).scalars()}
            if missing := [user for user in wanted if user not in there]:
                raise UserMissing(
                    f"there is no user {missing[0]}",
                    place=engine.url.render_as_string(hide_password=True),
                    instead="make the users of the units before the database is migrated",
                )
            for statement in statements:
                connection.exec_driver_sql(statement)
    except DBAPIError as error:
        raise translate(error, place=engine.url.render_as_string(hide_password=True)) from error
