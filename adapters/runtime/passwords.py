"""Passwords that are tokens: of an identity that a cloud vouches for, so that no setting holds one.

A token lives for about an hour. It is fetched when one is needed, kept in memory until shortly before it ends, and
shown nowhere. Connections that are open outlive it: a database asks for it at the beginning alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Any, Final, Protocol

from sqlalchemy import event

from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.faults import AccessDenied

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


class KeptToken:
    """Keep a token, and fetch another shortly before it ends. Any number of threads at once."""

    def __init__(self, fetch: Callable[[], Token]) -> None:
        self._fetch = fetch
        self._token: Token | None = None
        self._lock = Lock()

    def current(self) -> str:
        """Return a token that is good now; raises what fetching raises, when there is none."""
        with self._lock:
            if not self._is_good(SECONDS_EARLY):
                try:
                    self._token = self._fetch()
                except Exception:
                    if not self._is_good(0):
                        raise
            assert self._token is not None
            return self._token.token

    def _is_good(self, seconds_more: int) -> bool:
        return self._token is not None and self._token.expires_on - seconds_more > time.time()


def log_in_by(database: Database, token: KeptToken, *, giver: str, instead: str) -> Database:
    """Let a database be opened by a token from now on, over TLS alone unless its URL says otherwise.

    Opening it raises AccessDenied (ISTH325) while `giver` gives no token; `instead` says what to do then.
    """

    def provide(_dialect: Any, _record: Any, _arguments: Any, named: dict[str, Any]) -> None:
        named.setdefault("sslmode", "require")
        try:
            named["password"] = token.current()
        except Exception as error:  # noqa: BLE001  # it is told, without what it holds
            problem = f"{giver} gives no token for the database: {type(error).__name__}"
            raise AccessDenied(problem, place=database.name, instead=instead) from None

    event.listen(database.engine, "do_connect", provide)
    return database
