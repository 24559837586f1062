"""Migrating: what runs inside the network before new code takes traffic.

    python -m isthmus.adapters.gcp.migrating     a job of Cloud Run, of the image that was built of the app's package

It brings the database to this version, as the account that owns it, and gives the units' accounts their rights.

    ISTHMUS_DATABASE      the database, and who owns its tables
    ISTHMUS_PRINCIPALS    who reads and writes their rows, with commas between them
"""

from __future__ import annotations

import sys
from typing import Final

from isthmus.adapters.gcp.settings import Settings
from isthmus.adapters.runtime.settings import setting
from isthmus.adapters.sql.migrations import migrate as bring_up_to_date
from isthmus.adapters.sql.rights import give_rights
from isthmus.core.errors import IsthmusError

PRINCIPALS: Final = "ISTHMUS_PRINCIPALS"
NOT_DONE: Final = 1


def migrate() -> None:
    """Migrate the database, and give rights. Raises EnvironmentFault."""
    database = Settings().database()
    try:
        bring_up_to_date(database.engine)
        give_rights(database.engine, [one.strip() for one in setting(PRINCIPALS).split(",") if one.strip()])
    finally:
        database.close()


if __name__ == "__main__":
    try:
        migrate()
    except IsthmusError as error:
        print(error, file=sys.stderr)
        sys.exit(NOT_DONE)
