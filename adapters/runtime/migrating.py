"""Migrating: what a deployment has done inside the network before new code takes traffic.

    ISTHMUS_PRINCIPALS    {"desk-orders": ["ledger", "records"], "desk-audit": []}

The schema is brought up to date by its owner, and each role is granted what its unit needs. What fails is raised, and
ends the deployment; the schema is then as it was. A schema is only ever extended, so that old and new code both work.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from isthmus.adapters.sql.admission import admit
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.migrations import HEAD, migrate
from isthmus.core.codec import UNREADABLE
from isthmus.core.errors import EnvironmentFault

PRINCIPALS: Final = "ISTHMUS_PRINCIPALS"

type Rights = Mapping[str, tuple[str, ...]]


class PrincipalsInvalid(EnvironmentFault):
    """Report a setting that does not say which roles are granted what."""

    code = "ISTH385"


def rights_in(text: str) -> Rights:
    """Read which roles are granted what. Raises PrincipalsInvalid (ISTH385)."""
    try:
        return msgspec.json.decode(text.encode(errors="surrogatepass"), type=dict[str, tuple[str, ...]])
    except UNREADABLE as fault:
        raise PrincipalsInvalid(
            "it is no object of roles with their rights", place=PRINCIPALS, instead='write {"role": ["ledger"]}'
        ) from fault


def bring_up_to_date(database: Database, rights: Rights) -> str:
    """Migrate, and grant each role what it needs; return the version that the schema then has."""
    migrate(database.engine)
    with database.engine.connect().execution_options(isolation_level="READ COMMITTED") as connection:
        for role, of in rights.items():
            admit(connection, role, of)
        connection.commit()
    return HEAD
