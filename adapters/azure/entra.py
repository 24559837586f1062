"""Entra: a token of the app's identity as the password of PostgreSQL, so that no setting holds one.

A token lives for about an hour. It is fetched when a connection is made, kept in memory until shortly before it ends,
and shown nowhere. Connections that are open outlive it: the server asks for it at the beginning alone.
"""

from __future__ import annotations

import time
from threading import Lock
from typing import Any, Final, Protocol

from sqlalchemy import event

from isthmus.adapters.azure.identity import identity
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.faults import AccessDenied

SCOPE: Final = "https://ossrdbms-aad.database.windows.net/.default"

SECONDS_EARLY: Final = 300
"""How long before its end a token is fetched anew."""


class Token(Protocol):
    """Be a token, and say when it ends."""

    @property
    def token(self) -> str:
        """Return the token itself."""
        ...

    @property
    def expires_on(self) -> int:
        """Return its end, in seconds since 1970."""
        ...


class Credential(Protocol):
    """Give tokens of an identity."""

    def get_token(self, *scopes: str) -> Token:
        """Return a token for a scope."""
        ...


class Passwords:
    """Give a server's password: a token that has not ended."""

    def __init__(self, place: str, credential: Credential | None = None) -> None:
        self._place = place
        self._credential = credential
        self._token: Token | None = None
        self._lock = Lock()

    def current(self) -> str:
        """Return a password that is good now. Raises AccessDenied (ISTH325)."""
        with self._lock:
            if not self._is_good(SECONDS_EARLY):
                try:
                    self._token = self._fetched()
                except Exception as error:  # noqa: BLE001  # it is told, without what it holds
                    if not self._is_good(0):
                        raise AccessDenied(
                            f"Entra ID gives no token for the database: {type(error).__name__}",
                            place=self._place,
                            instead="give the app a managed identity; on a machine of your own: az login",
                        ) from None
            assert self._token is not None
            return self._token.token

    def _is_good(self, seconds_more: int) -> bool:
        return self._token is not None and self._token.expires_on - seconds_more > time.time()

    def _fetched(self) -> Token:
        return (self._credential or identity()).get_token(SCOPE)


def log_in_by_token(database: Database, credential: Credential | None = None) -> Database:
    """Let a database be opened by tokens from now on, over TLS alone unless its URL says otherwise."""
    passwords = Passwords(database.name, credential)

    def provide(_dialect: Any, _record: Any, _arguments: Any, named: dict[str, Any]) -> None:
        named.setdefault("sslmode", "require")
        named["password"] = passwords.current()

    event.listen(database.engine, "do_connect", provide)
    return database
