"""Migrating on Google Cloud: a job that a deployment runs inside the network before new code takes traffic.

    python -m isthmus.adapters.gcp.migrating     of the image that was built of the app's own package

It runs as the account that owns the schema, and as nothing else: no unit may change it.
"""

from __future__ import annotations

import sys
from typing import Final

from sqlalchemy.exc import DBAPIError

from isthmus.adapters.gcp.settings import Settings
from isthmus.adapters.runtime.migrating import PRINCIPALS, bring_up_to_date, rights_in
from isthmus.adapters.runtime.settings import setting
from isthmus.adapters.sql.faults import translate
from isthmus.core.errors import IsthmusError

NOT_DONE: Final = 1


def migrate() -> str:
    """Migrate, and give the units' accounts their rights; return the version of the schema. Raises IsthmusError."""
    rights = rights_in(setting(PRINCIPALS))
    database = Settings().database()
    try:
        return bring_up_to_date(database, rights)
    except DBAPIError as error:
        raise translate(error, place=database.name) from error
    finally:
        database.close()


if __name__ == "__main__":
    try:
        print(f"the schema has version {migrate()}")
    except IsthmusError as error:
        print(error, file=sys.stderr)
        sys.exit(NOT_DONE)
