"""The lock: one engine process for a database, and an epoch that stops one which was superseded.

The lock file stands beside the database file and is never the database itself: closing any descriptor of an SQLite
file drops the locks that SQLite holds on it.
"""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import IO

from sqlalchemy import bindparam, select, text, update

from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.schema import EPOCH
from isthmus.adapters.sql.statement import Statement, insertion_unless_there
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.errors import EngineBusy, StorageUnavailable, Superseded

FIRST_EPOCH = insertion_unless_there(EPOCH)
RAISE_EPOCH = Statement(
    update(EPOCH).values(epoch=EPOCH.c.epoch + 1, holder=bindparam("who")).where(EPOCH.c.id == 1), "who"
)
GET_EPOCH = Statement(select(EPOCH.c.epoch, EPOCH.c.holder).where(EPOCH.c.id == 1))
TRY_LOCK = Statement(text("select pg_try_advisory_lock(hashtextextended('isthmus engine', 0))"))
UNLOCK = Statement(text("select pg_advisory_unlock_all()"))


class EngineLock:
    """Hold a database for one engine, from `acquire` to `release` or the end of the process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._file: IO[str] | None = None
        self._session: Transaction | None = None
        self.epoch = 0

    def acquire(self) -> None:
        """Take the lock and raise the epoch. Raises EngineBusy (ISTH302), which says who holds the database."""
        if self._database.dialect == "postgresql":
            self._acquire_server()
        elif self._database.file is not None:
            self._acquire_file(self._database.file)
        holder = f"process {os.getpid()} on {socket.gethostname()}"
        try:
            with self._database.transaction() as transaction:
                transaction.run(FIRST_EPOCH, 1, 0, holder)
                transaction.run(RAISE_EPOCH, holder)
                row = transaction.row(GET_EPOCH)
        except BaseException:
            self.release()
            raise
        assert row is not None
        self.epoch = row[0]

    def release(self) -> None:
        """Let another engine have the database."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._session is not None:
            with suppress(StorageUnavailable):  # a server that is gone holds no lock
                self._session.row(UNLOCK)  # it would notice the closed connection too, but not at once
            self._session.close()
            self._session = None

    def check(self, transaction: Transaction) -> None:
        """Hold this engine's epoch against the database's, within a transaction. Raises Superseded (ISTH303)."""
        row = transaction.row(GET_EPOCH)
        if row is None or row[0] != self.epoch:
            raise Superseded(
                f"{row[1] if row else 'another engine'} has taken the database over",
                place=self._database.name,
                instead="end this process: the other one carries everything on",
            )

    def _acquire_file(self, database: Path) -> None:
        path = database.with_name(f"{database.name}.engine-lock")
        try:
            file = path.open("a+", encoding="utf-8")
        except OSError as error:
            raise StorageUnavailable(
                f"the lock file cannot be written: {error.strerror}",
                place=str(path),
                instead="use a folder of your own",
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "another process"
            file.close()
            raise self._busy(holder) from error
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        self._file = file

    def _acquire_server(self) -> None:
        session = Transaction(self._database.connect(), self._database.dialect, self._database.name)
        row = session.row(TRY_LOCK)
        if row is None or not row[0]:
            found = session.row(GET_EPOCH)
            session.close()
            raise self._busy(found[1] if found else "another process")
        self._session = session

    def _busy(self, holder: str) -> EngineBusy:
        return EngineBusy(
            f"{holder} runs an engine on this database",
            place=self._database.name,
            instead="use that one, or end it first",
        )
