"""The password of Cloud SQL is a token: of a stand-in metadata server here, against a real server that asks for it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from metadata import TOKEN, Metadata, asked_for

from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.faults import AccessDenied

USER = "home@desk.iam"
SCOPE = "https://www.googleapis.com/auth/sqlservice.login"


@pytest.fixture(scope="module")
def server(new_postgresql: Callable[[], Any]) -> Iterator[Any]:
    """Start a server that lets a service account in by its password alone."""
    import psycopg  # noqa: PLC0415  # the driver is an extra

    server = new_postgresql()
    rules = server.folder / "data" / "pg_hba.conf"
    rules.write_text(f'local all "{USER}" scram-sha-256\n{rules.read_text("utf-8")}', "utf-8")
    with psycopg.connect(server.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"create role \"{USER}\" login password '{TOKEN}'")  # type: ignore[call-overload]
        connection.execute("select pg_reload_conf()")
    yield server
    server.stop()


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[Metadata]:
    with asked_for(monkeypatch) as served:
        yield served


def opened(server: Any) -> Database:
    from isthmus.adapters.gcp.cloud_sql import log_in_by_token  # noqa: PLC0415  # an extra

    user = USER.replace("@", "%40")
    return log_in_by_token(Database.open(f"postgresql+psycopg://{user}@/postgres?host={server.folder}", migrate=False))


def who(database: Database) -> str:
    with database.engine.connect() as connection:
        return str(connection.exec_driver_sql("select current_user").scalar())


def test_a_token_of_the_service_account_opens_the_database_and_is_fetched_once(server: Any, metadata: Metadata) -> None:
    database = opened(server)

    assert [who(database) for _ in range(3)] == [USER] * 3
    assert metadata.asked == [SCOPE]


@pytest.mark.parametrize("is_down", [False, True], ids=["wrong token", "no token"])
def test_who_is_not_let_in_is_told_so_without_the_token(
    server: Any, metadata: Metadata, is_down: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "isthmus")
    metadata.token = wrong = TOKEN.replace("t", "w")
    metadata.status = 404 if is_down else 200
    database = opened(server)
    with pytest.raises(AccessDenied) as fault, database.transaction():
        pass

    texts = [str(fault.value), repr(fault.value), repr(database.engine), database.name, caplog.text]
    assert not [text for text in texts if wrong in text or TOKEN in text]
    assert ("Google gives no token" in str(fault.value)) == is_down
