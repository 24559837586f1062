"""Faults of databases: what a driver raised, as an error of ours with what to do instead.

    StorageUnavailable
    ├── DiskFull            no room for another page
    ├── StorageReadOnly     the file, its folder or the server does not take writes
    ├── NotADatabase        the file is something else, or is damaged
    ├── StorageLocked       another process writes, and did not end in time
    ├── ConnectionLost      nobody answers, or the server went away
    ├── AccessDenied        the server does not know the user, the password or the database
    └── DatabaseTooNew      a later version of this program has migrated it
    Conflict                lost against a transaction beside it: nothing has happened, it may be tried again
    Duplicate               the key of a row is taken
    StatementError          ours: a statement or row that the schema does not allow

Messages of the drivers are quoted in their first line only: further lines repeat rows, which may hold business data.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy.exc import DBAPIError

from isthmus.core.errors import EnvironmentFault, InternalError, IsthmusError, StorageUnavailable

try:
    from psycopg import Error as _PostgresError
except ImportError:  # the driver is an extra; without it there is nothing of its to translate
    _PostgresError = sqlite3.Error  # type: ignore[assignment, misc]

DriverError: tuple[type[Exception], ...] = (sqlite3.Error, _PostgresError, DBAPIError)


class DiskFull(StorageUnavailable):
    """Report that the database has no room left."""

    code = "ISTH320"


class StorageReadOnly(StorageUnavailable):
    """Report a database that may be read and not written."""

    code = "ISTH321"


class NotADatabase(StorageUnavailable):
    """Report a file that is not a database, or is damaged."""

    code = "ISTH322"


class StorageLocked(StorageUnavailable):
    """Report that another process kept the database to itself for too long."""

    code = "ISTH323"


class ConnectionLost(StorageUnavailable):
    """Report a database server that does not answer, or went away."""

    code = "ISTH324"


class AccessDenied(StorageUnavailable):
    """Report that the server refuses the user, the password or the database."""

    code = "ISTH325"


class DatabaseTooNew(StorageUnavailable):
    """Report a database that a later version of this program has migrated."""

    code = "ISTH328"


class Conflict(EnvironmentFault):
    """Report that a transaction lost against one beside it. Nothing has happened: it may be tried again."""

    code = "ISTH326"


class Duplicate(EnvironmentFault):
    """Report that a row with this key is there already."""

    code = "ISTH327"


class StatementError(InternalError):
    """Report a statement or a row that the schema does not allow."""

    code = "ISTH910"


REMEDY: dict[type[IsthmusError], str] = {
    DiskFull: "free some space and start again: what was committed is kept, what was not has not happened",
    StorageReadOnly: "give this user the right to write the file and its folder, or name another database",
    NotADatabase: "name another file, or restore this one from a backup",
    StorageLocked: "end the other process, or wait for it",
    ConnectionLost: "see that the server runs and can be reached, then start again: nothing is half done",
    AccessDenied: "see that user, password and name of the database are right, and that the user may use it",
    StorageUnavailable: "see that the path exists and that the disk is well",
    Conflict: "try the same again",
    Duplicate: "read what is kept under the key",
    StatementError: "please report it",
}

SQLITE: dict[int, type[IsthmusError]] = {
    sqlite3.SQLITE_FULL: DiskFull,
    sqlite3.SQLITE_READONLY: StorageReadOnly,
    sqlite3.SQLITE_PERM: StorageReadOnly,
    sqlite3.SQLITE_NOTADB: NotADatabase,
    sqlite3.SQLITE_CORRUPT: NotADatabase,
    sqlite3.SQLITE_BUSY: StorageLocked,
    sqlite3.SQLITE_LOCKED: StorageLocked,
    sqlite3.SQLITE_PROTOCOL: StorageLocked,
    sqlite3.SQLITE_CANTOPEN: StorageUnavailable,
    sqlite3.SQLITE_IOERR: StorageUnavailable,
    sqlite3.SQLITE_BUSY_SNAPSHOT: Conflict,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: Duplicate,
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: Duplicate,
    sqlite3.SQLITE_CONSTRAINT_ROWID: Duplicate,
}
"""By extended result code, else by the primary one."""

POSTGRESQL: dict[str, type[IsthmusError]] = {
    "08": ConnectionLost,
    "23505": Duplicate,
    "25006": StorageReadOnly,
    "28": AccessDenied,
    "3D000": AccessDenied,
    "40": Conflict,
    "42501": AccessDenied,
    "53100": DiskFull,
    "53": ConnectionLost,
    "55P03": StorageLocked,
    "57P": ConnectionLost,
    "58": StorageUnavailable,
    "XX": NotADatabase,
}
"""By the longest beginning of the SQLSTATE."""

# A connection that was never made has no SQLSTATE: libpq says it in words.
REFUSED_IN_WORDS = ("authentication failed", "no password supplied", "role ", "database ", "no pg_hba.conf entry")


def translate(error: BaseException, *, place: str = "") -> IsthmusError:
    """Say what a driver's error means, and what to do instead."""
    if isinstance(error, IsthmusError):
        return error
    if isinstance(error, DBAPIError) and error.orig is not None:
        return translate(error.orig, place=place)
    meaning = _sqlite(error) if isinstance(error, sqlite3.Error) else _postgresql(error)
    lines = str(error).splitlines()
    said = lines[0].strip() if lines else type(error).__name__
    return meaning(f"the database says: {said}", place=place, instead=REMEDY[meaning])


def _sqlite(error: sqlite3.Error) -> type[IsthmusError]:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return StatementError
    return SQLITE.get(code) or SQLITE.get(code & 0xFF) or StatementError


def _postgresql(error: Any) -> type[IsthmusError]:
    state: str | None = getattr(error, "sqlstate", None)
    if state is not None:
        known = (POSTGRESQL.get(state[:length]) for length in (5, 3, 2))
        return next((meaning for meaning in known if meaning is not None), StatementError)
    if any(words in str(error) for words in REFUSED_IN_WORDS) and "FATAL" in str(error):
        return AccessDenied
    return ConnectionLost if type(error).__name__ in {"OperationalError", "ConnectionTimeout"} else StatementError
