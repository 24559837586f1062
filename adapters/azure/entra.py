"""Entra: a token of the app's identity as the password of PostgreSQL, so that no setting holds one."""

from __future__ import annotations

from typing import Final, Protocol

from isthmus.adapters.azure.identity import identity
from isthmus.adapters.runtime.passwords import KeptToken, Token, log_in_by
from isthmus.adapters.sql.database import Database

SCOPE: Final = "https://ossrdbms-aad.database.windows.net/.default"


class Credential(Protocol):
    """Give tokens of an identity."""

    def get_token(self, *scopes: str) -> Token:
        """Return a token for a scope."""
        ...


def log_in_by_token(database: Database, credential: Credential | None = None) -> Database:
    """Let a database be opened by tokens from now on, over TLS alone unless its URL says otherwise."""
    return log_in_by(
        database,
        KeptToken(lambda: (credential or identity()).get_token(SCOPE)),
        giver="Entra ID",
        instead="give the app a managed identity; on a machine of your own: az login",
    )
