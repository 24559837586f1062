"""Connections to a server are kept for the next transaction, and one that is gone is replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.statement import Statement

SESSION = Statement(text("select pg_backend_pid()"))
END = Statement(text("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"))


@pytest.fixture
def server(new_postgresql: Callable[[], Any]) -> Iterator[Any]:
    server = new_postgresql()
    yield server
    server.stop()


@pytest.fixture
def database(server: Any) -> Iterator[Database]:
    database = Database.open(server.url("postgres"), migrate=False)
    yield database
    database.close()


def session(database: Database) -> int:
    with database.transaction() as transaction:
        row = transaction.row(SESSION)
        assert row is not None
        return int(row[0])


def test_transactions_one_after_another_need_one_login(database: Database) -> None:
    assert len({session(database) for _ in range(5)}) == 1


def test_a_connection_that_the_server_has_ended_is_replaced(server: Any, database: Database) -> None:
    first = session(database)
    other = Database.open(server.url("postgres"), migrate=False)
    with other.transaction() as transaction:
        transaction.rows(END)
    other.close()

    assert session(database) != first
