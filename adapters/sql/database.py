"""Databases: one App's tables, on SQLite by default and on PostgreSQL by URL."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from isthmus.adapters.sql.faults import Conflict, DriverError, Duplicate, translate
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.errors import InputError, StorageUnavailable

DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
BUSY_TIMEOUT_MS = 30_000

KEPT_OPEN = 5
"""How many connections to a server are kept for the next transactions; as many as are needed may be open at once."""

PASSWORD = re.compile(r"(?<=:)[^:/@]*(?=@)")
"""The password in what is no URL, which cannot be parsed."""


class DatabaseUrlInvalid(InputError):
    """Report a database URL that names no database of ours."""

    code = "ISTH210"


class Database:
    """Give connections to one App's database, whose schema is up to date."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.dialect = engine.dialect.name

    @classmethod
    def open(cls, url: str, *, migrate: bool = True) -> Database:
        """Open the database that a URL names, and bring its schema up to date.

        `sqlite:///folder/file.db` or `postgresql+psycopg://user@host/name`. Raises DatabaseUrlInvalid (ISTH210),
        StorageUnavailable (ISTH301) and its kin.
        """
        database = cls(_engine(_url(url)))
        if migrate:
            from isthmus.adapters.sql.migrations import migrate as bring_up_to_date  # noqa: PLC0415  # Alembic is slow

            try:
                bring_up_to_date(database.engine)
            except DriverError as error:
                raise translate(error, place=database.name) from error
        return database

    @property
    def name(self) -> str:
        """Return the file of an SQLite database, the URL of another one without its password."""
        return str(self.file) if self.file is not None else self.engine.url.render_as_string(hide_password=True)

    @property
    def file(self) -> Path | None:
        """Return the file that an SQLite database is kept in; None for one on a server."""
        if self.dialect != "sqlite":
            return None
        return Path(str(self.engine.url.database)).absolute()

    def connect(self) -> Any:
        """Return a driver's connection in autocommit: what a `Transaction` is made of."""
        try:
            return self.engine.raw_connection()
        except DriverError as error:
            raise translate(error, place=self.name) from error

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit what the block did, or nothing of it when it raises; on a connection of its own."""
        connection = self.connect()
        try:
            transaction = Transaction(connection, self.dialect, self.name)
            transaction.begin()
            try:
                yield transaction
            except BaseException:
                transaction.rollback()
                raise
            transaction.commit()
        finally:
            connection.close()

    def do[T](self, work: Callable[[Transaction], T], *, tries: int, pause_seconds: float) -> T:
        """Do work in a transaction of its own, again while it loses against others, after ever longer pauses.

        Raises Conflict or Duplicate when it lost every time.
        """
        for lost in range(1, tries):
            try:
                return self._once(work)
            except (Conflict, Duplicate):
                time.sleep(pause_seconds * lost)
        return self._once(work)

    def _once[T](self, work: Callable[[Transaction], T]) -> T:
        with self.transaction() as transaction:
            return work(transaction)

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


def _url(text: str) -> URL:
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError, NoSuchModuleError) as error:
        shown = PASSWORD.sub("***", text)
        raise DatabaseUrlInvalid(
            f"{shown!r} is no database URL", place="database", instead="write sqlite:///isthmus.db or postgresql://…"
        ) from error
    if backend not in DRIVERS:
        raise DatabaseUrlInvalid(
            f"{url.render_as_string(hide_password=True)!r} is no database of ours",
            place="database",
            instead=f"use {' or '.join(DRIVERS)}",
        )
    if backend == "sqlite" and url.database in {None, "", ":memory:"}:
        raise DatabaseUrlInvalid(f"{text!r} names no file", place="database", instead="write sqlite:///isthmus.db")
    return url.set(drivername=DRIVERS[backend])


def _engine(url: URL) -> Engine:
    try:
        if url.get_backend_name() == "sqlite":
            engine = create_engine(url, poolclass=NullPool, connect_args={"check_same_thread": False})
            event.listen(engine, "connect", _prepare_sqlite)
            return engine
        engine = create_engine(
            url, pool_size=KEPT_OPEN, max_overflow=-1, pool_pre_ping=True, connect_args={"connect_timeout": 10}
        )
    except ModuleNotFoundError as error:
        raise StorageUnavailable(
            "the PostgreSQL driver is not installed", place="database", instead="install isthmus[postgresql]"
        ) from error
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    connection.execute(f"pragma busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma foreign_keys = on")


def _prepare_postgresql(connection: Any, _record: object) -> None:
    connection.autocommit = True
