"""What faults promise: whatever a database refuses comes as an error of ours, with what to do instead."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.faults import (
    REMEDY,
    AccessDenied,
    Conflict,
    ConnectionLost,
    DiskFull,
    Duplicate,
    NotADatabase,
    StatementError,
    StorageLocked,
    StorageReadOnly,
    translate,
)
from isthmus.adapters.sql.schema import RECORD, TIMER
from isthmus.adapters.sql.statement import Statement, insertion
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.errors import IsthmusError, StorageUnavailable

PUT = insertion(RECORD)
ALL = Statement(select(RECORD.c.key))


def kept(database: Database) -> int:
    with database.transaction() as transaction:
        return len(transaction.rows(ALL))


def is_told(error: IsthmusError, kind: type[IsthmusError]) -> bool:
    return type(error) is kind and bool(error.instead) and error.code in str(error) and "\n" not in str(error)


def test_a_key_that_is_taken_is_a_duplicate(database: Database) -> None:
    with pytest.raises(Duplicate) as refused, database.transaction() as transaction:  # noqa: PT012
        transaction.run(PUT, "k", "a secret key", b"1")
        transaction.run(PUT, "k", "a secret key", b"2")

    assert is_told(refused.value, Duplicate)
    assert "a secret key" not in str(refused.value)
    assert kept(database) == 0


def test_a_row_that_the_schema_does_not_allow_is_our_fault(database: Database) -> None:
    with pytest.raises(StatementError) as refused, database.transaction() as transaction:
        transaction.run(insertion(TIMER), "r", "s", None)

    assert is_told(refused.value, StatementError)


@contextmanager
def somebody_without_rights() -> Iterator[None]:
    """Be nobody for a while when the tests are run by root, who may write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


class TestSQLite:
    @pytest.fixture
    def database_url(self, tmp_path: Path, sqlite_template: Path) -> str:
        (tmp_path / "isthmus.db").write_bytes(sqlite_template.read_bytes())
        return f"sqlite:///{tmp_path / 'isthmus.db'}"

    def test_a_full_disk_loses_nothing_that_was_committed(self, database: Database) -> None:
        with database.transaction() as transaction:
            transaction.run(PUT, "k", "before", b"1")
        connection = database.connect()
        pages = connection.cursor().execute("pragma page_count").fetchone()[0]
        connection.cursor().execute(f"pragma max_page_count = {pages}")
        transaction = Transaction(connection, "sqlite")
        transaction.begin()
        with pytest.raises(DiskFull) as refused:
            transaction.run(PUT, "k", "after", b"x" * 100_000)
        transaction.rollback()
        connection.close()

        assert is_told(refused.value, DiskFull)
        assert kept(database) == 1

    def test_a_file_opened_for_reading_takes_no_writes(self, tmp_path: Path, database: Database) -> None:
        connection = sqlite3.connect(f"file:{tmp_path / 'isthmus.db'}?mode=ro", uri=True, isolation_level=None)
        transaction = Transaction(connection, "sqlite")
        transaction.begin()
        with pytest.raises(StorageReadOnly) as refused:
            transaction.run(PUT, "k", "k", b"")
        connection.close()

        assert is_told(refused.value, StorageReadOnly)

    @pytest.mark.parametrize(
        "content", [b"some other file, longer than a header" * 9, b"SQLite format 3\0" + b"\xff" * 4096]
    )
    def test_a_file_that_is_no_database_is_told_and_left_alone(self, tmp_path: Path, content: bytes) -> None:
        file = tmp_path / "other.db"
        file.write_bytes(content)

        with pytest.raises(NotADatabase) as refused:
            Database.open(f"sqlite:///{file}")

        assert is_told(refused.value, NotADatabase)
        assert file.read_bytes() == content

    @pytest.mark.parametrize("path", ["/proc/none/isthmus.db", "{tmp}", "{tmp}/none/a.db", "{tmp}/file/a.db"])
    def test_a_path_that_cannot_be_opened_is_named(self, tmp_path: Path, path: str) -> None:
        (tmp_path / "file").write_text("")
        where = path.format(tmp=tmp_path)

        with pytest.raises(StorageUnavailable) as refused:
            Database.open(f"sqlite:///{where}")

        assert where in refused.value.place
        assert refused.value.instead

    @pytest.mark.parametrize("existing", [False, True], ids=["no file yet", "a database"])
    def test_a_folder_that_is_read_only_is_told(self, sqlite_template: Path, existing: bool) -> None:
        with tempfile.TemporaryDirectory() as name:
            file = Path(name) / "isthmus.db"
            if existing:
                shutil.copyfile(sqlite_template, file)
                file.chmod(0o444)
            file.parent.chmod(0o555)
            with somebody_without_rights(), pytest.raises(StorageUnavailable) as refused:
                kept(Database.open(f"sqlite:///{file}"))
            file.parent.chmod(0o755)

        assert name in refused.value.place
        assert refused.value.instead

    def test_a_writer_that_does_not_end_is_told(self, database: Database) -> None:
        with database.transaction():
            connection = database.connect()
            connection.cursor().execute("pragma busy_timeout = 20")
            with pytest.raises(StorageLocked) as refused:
                Transaction(connection, "sqlite").begin()
            connection.close()

        assert is_told(refused.value, StorageLocked)

    def test_a_reader_that_would_write_too_late_has_a_conflict(self, database: Database) -> None:
        connection = database.connect()
        cursor = connection.cursor()
        cursor.execute("begin deferred")
        cursor.execute("select count(*) from record")
        with database.transaction() as other:
            other.run(PUT, "k", "theirs", b"")
        with pytest.raises(Conflict) as refused:
            Transaction(connection, "sqlite").run(PUT, "k", "ours", b"")
        connection.close()

        assert is_told(refused.value, Conflict)

    def test_a_connection_that_is_closed_does_not_escape(self, database: Database) -> None:
        connection = sqlite3.connect(":memory:")
        transaction = Transaction(connection, "sqlite")
        connection.close()

        with pytest.raises(IsthmusError):
            transaction.begin()


class TestPostgreSQL:
    @pytest.fixture
    def database_url(self, postgresql: Any, postgresql_template: str) -> str:
        return str(postgresql.create(postgresql_template))

    def test_of_two_that_read_what_the_other_writes_one_has_a_conflict(self, database: Database) -> None:
        connections = [database.connect(), database.connect()]
        first, second = (Transaction(connection, "postgresql") for connection in connections)
        for transaction, key in ((first, "1"), (second, "2")):
            transaction.begin()
            transaction.rows(ALL)
            transaction.run(PUT, "k", key, b"")
        first.commit()
        with pytest.raises(Conflict) as refused:
            second.commit()
        second.rollback()
        for connection in connections:
            connection.close()

        assert is_told(refused.value, Conflict)
        assert kept(database) == 1

    def test_a_deadlock_is_a_conflict(self, database: Database) -> None:
        for key in ("1", "2"):
            with database.transaction() as transaction:
                transaction.run(PUT, "k", key, b"")
        both_hold_one = threading.Barrier(2)
        raised: list[IsthmusError] = []

        def take(first: str, second: str) -> None:
            connection = database.connect()
            cursor = connection.cursor()
            cursor.execute("begin")
            cursor.execute("select 1 from record where key = %s for update", (first,))
            both_hold_one.wait(10)
            try:
                cursor.execute("select 1 from record where key = %s for update", (second,))
            except Exception as error:  # noqa: BLE001
                raised.append(translate(error))
            connection.close()

        threads = [threading.Thread(target=take, args=order) for order in (("1", "2"), ("2", "1"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

        assert [type(error) for error in raised] == [Conflict]

    def test_a_server_that_shuts_down_midway_is_told_and_nothing_is_half_done(
        self, new_postgresql: Callable[[], Any]
    ) -> None:
        server = new_postgresql()
        database = Database.open(server.create())
        for how in (signal.SIGINT, signal.SIGQUIT):
            with pytest.raises(ConnectionLost) as refused, database.transaction() as transaction:  # noqa: PT012
                transaction.run(PUT, "k", "half", b"")
                server.stop(how)
                transaction.run(PUT, "k", "other half", b"")
            with pytest.raises(ConnectionLost) as unreachable:
                database.connect()
            server.start()

            assert is_told(refused.value, ConnectionLost)
            assert is_told(unreachable.value, ConnectionLost)
            assert kept(database) == 0

    def test_a_connection_that_the_server_cut_is_told(self, database: Database) -> None:
        with pytest.raises(ConnectionLost), database.transaction() as transaction:  # noqa: PT012
            with database.transaction() as other:
                killing = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                other._cursor.execute(f"{killing} and pid <> pg_backend_pid()")
            transaction.run(PUT, "k", "k", b"")

        assert kept(database) == 0

    @pytest.mark.parametrize("name", ["no_such_database"])
    def test_a_database_that_the_server_does_not_know_is_told(self, postgresql: Any, name: str) -> None:
        with pytest.raises(AccessDenied) as refused:
            Database.open(postgresql.url(name))

        assert is_told(refused.value, AccessDenied)

    def test_a_user_that_the_server_does_not_know_is_told(self, database_url: str) -> None:
        with pytest.raises(AccessDenied) as refused:
            Database.open(database_url.replace("postgres@", "nobody:hush@"))

        assert is_told(refused.value, AccessDenied)
        assert "hush" not in str(refused.value)

    def test_a_database_in_recovery_or_read_only_takes_no_writes(self, database: Database) -> None:
        connection = database.connect()
        connection.cursor().execute("set session characteristics as transaction read only")
        transaction = Transaction(connection, "postgresql")
        transaction.begin()
        with pytest.raises(StorageReadOnly) as refused:
            transaction.run(PUT, "k", "k", b"")
        transaction.rollback()
        connection.close()

        assert is_told(refused.value, StorageReadOnly)

    def test_nobody_at_the_port_is_told(self) -> None:
        with pytest.raises(ConnectionLost) as refused:
            Database.open("postgresql://someone:hush@127.0.0.1:9/none")

        assert is_told(refused.value, ConnectionLost)
        assert "hush" not in str(refused.value)


def test_every_fault_has_a_remedy_and_a_code_of_its_own() -> None:
    codes = [kind.code for kind in REMEDY]

    assert len(set(codes)) == len(codes)
    assert all(REMEDY.values())


def test_the_driver_of_postgresql_may_be_missing() -> None:
    program = """
import sys
sys.modules["psycopg"] = None
from isthmus.adapters.sql.faults import translate
import sqlite3
print(type(translate(sqlite3.OperationalError("x"))).__name__)
from isthmus.adapters.sql.database import Database
try:
    Database.open("postgresql://localhost/x")
except Exception as error:
    print(type(error).__name__, error)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ran.stdout.splitlines()[0] == "StatementError"
    assert "install isthmus[postgresql]" in ran.stdout
