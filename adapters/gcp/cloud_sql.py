"""Cloud SQL: a token of the app's service account as the password of PostgreSQL, so that no setting holds one.

The user is the service account without `.gserviceaccount.com`; on the instance IAM authentication is on.
"""

from __future__ import annotations

from typing import Final

from isthmus.adapters.gcp.tokens import fetched
from isthmus.adapters.runtime.passwords import KeptToken, log_in_by
from isthmus.adapters.sql.database import Database

SCOPE: Final = "https://www.googleapis.com/auth/sqlservice.login"


def log_in_by_token(database: Database) -> Database:
    """Let a database be opened by tokens from now on, over TLS alone unless its URL says otherwise."""
    return log_in_by(
        database,
        KeptToken(lambda: fetched(SCOPE)),
        giver="Google",
        instead="let the function run as a service account; on a machine of your own: "
        "gcloud auth application-default login",
    )
