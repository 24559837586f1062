"""The password of PostgreSQL is a token: of a stand-in credential here, against a real server that asks for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from isthmus.adapters.sql.database import Database

TOKEN = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9." + "x" * 1500
PLACE = "postgresql+psycopg://desk@/postgres?host="


@dataclass
class Given:
    token: str
    expires_on: int


class Credential:
    """Give tokens, and count how often it was asked."""

    def __init__(self, token: str = TOKEN, *, seconds: int = 3_600) -> None:
        self.token, self.seconds = token, seconds
        self.scopes: list[str] = []
        self.is_down = False

    def get_token(self, *scopes: str) -> Given:
        self.scopes += scopes
        if self.is_down:
            raise ConnectionError(f"no answer about {TOKEN}")
        return Given(self.token, int(time.time()) + self.seconds)


@pytest.fixture(scope="module")
def server(new_postgresql: Callable[[], Any]) -> Iterator[Any]:
    """Start a server that lets the role `desk` in by its password alone."""
    import psycopg  # noqa: PLC0415  # the driver is an extra

    server = new_postgresql()
    rules = server.folder / "data" / "pg_hba.conf"
    rules.write_text(f"local all desk scram-sha-256\n{rules.read_text('utf-8')}", "utf-8")
    with psycopg.connect(server.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"create role desk login password '{TOKEN}'")  # type: ignore[call-overload]
        connection.execute("select pg_reload_conf()")
    yield server
    server.stop()


def opened(server: Any, credential: Credential) -> Database:
    from isthmus.adapters.azure.entra import log_in_by_token  # noqa: PLC0415  # an extra

    return log_in_by_token(Database.open(f"{PLACE}{server.folder}", migrate=False), credential)


def who(database: Database) -> str:
    with database.engine.connect() as connection:
        return str(connection.exec_driver_sql("select current_user").scalar())


def test_a_token_opens_the_database_and_is_kept_until_shortly_before_its_end(server: Any) -> None:
    credential = Credential()
    database = opened(server, credential)

    for _ in range(3):
        assert who(database) == "desk"
        database.close()  # so that the next one logs in anew
    assert credential.scopes == ["https://ossrdbms-aad.database.windows.net/.default"]


def test_a_token_that_is_about_to_end_is_fetched_anew(server: Any) -> None:
    credential = Credential("stale", seconds=200)
    database = opened(server, credential)
    with pytest.raises(Exception, match="password authentication failed"):
        who(database)
    credential.token = TOKEN

    assert who(database) == "desk"
    assert len(credential.scopes) == 2


def test_a_token_that_is_still_good_serves_while_no_new_one_can_be_fetched(server: Any) -> None:
    credential = Credential(seconds=200)
    database = opened(server, credential)
    who(database)
    database.close()  # else the connection is kept, and needs no token
    credential.is_down = True

    assert who(database) == "desk"
    assert len(credential.scopes) == 2


@pytest.mark.parametrize("is_down", [False, True], ids=["wrong token", "no token"])
def test_who_is_not_let_in_is_told_so_without_the_token(
    server: Any, is_down: bool, caplog: pytest.LogCaptureFixture
) -> None:
    from isthmus.adapters.sql.faults import AccessDenied  # noqa: PLC0415  # an extra

    caplog.set_level(logging.DEBUG)
    wrong = TOKEN.replace("x", "y")
    credential = Credential(wrong)
    credential.is_down = is_down
    database = opened(server, credential)
    with pytest.raises(AccessDenied) as fault, database.transaction():
        pass

    texts = [str(fault.value), repr(fault.value), repr(database.engine), database.name, caplog.text]
    assert not [text for text in texts if wrong in text or TOKEN in text]
    assert fault.value.__cause__ is None or TOKEN not in str(fault.value.__cause__)


@pytest.mark.parametrize(
    ("url", "login", "by_token"),
    [
        ("postgresql+psycopg://desk@server/orders", None, True),
        ("postgresql+psycopg://desk:secret@server/orders", None, False),
        ("postgresql+psycopg://desk:secret@server/orders", "entra", True),
        ("postgresql+psycopg://desk@server/orders", "url", False),
        ("postgresql+psycopg://desk@/orders?host=/run/socket", None, False),
        ("sqlite:///orders.db", "entra", False),
    ],
)
def test_a_server_whose_password_is_not_given_is_logged_in_to_by_token(
    monkeypatch: pytest.MonkeyPatch, url: str, login: str | None, by_token: bool
) -> None:
    import psycopg  # noqa: PLC0415  # the driver is an extra

    from isthmus.adapters.azure import entra  # noqa: PLC0415  # an extra
    from isthmus.adapters.azure.surroundings import OperatorSettings, Settings  # noqa: PLC0415

    monkeypatch.setattr(entra, "identity", Credential)
    monkeypatch.setenv("ISTHMUS_DATABASE", url)
    monkeypatch.delenv("ISTHMUS_DATABASE_LOGIN", raising=False)
    if login is not None:
        monkeypatch.setenv("ISTHMUS_DATABASE_LOGIN", login)
    named: list[dict[str, Any]] = []

    def connect(*_arguments: Any, **given: Any) -> Any:
        named.append(given)
        raise psycopg.OperationalError("stop here")

    for settings in (Settings(), OperatorSettings()):
        database = settings.database()
        if database.dialect == "sqlite":
            continue
        monkeypatch.setattr(database.engine.dialect, "connect", connect)
        with pytest.raises(Exception, match="stop here"):
            database.connect()

    assert [given.get("password") == TOKEN for given in named] == [by_token] * len(named)
    assert [given.get("sslmode") for given in named] == ["require" if by_token else None] * len(named)


def test_a_login_that_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from isthmus.adapters.azure.surroundings import Settings  # noqa: PLC0415  # an extra
    from isthmus.adapters.runtime.settings import SettingMissing  # noqa: PLC0415

    monkeypatch.setenv("ISTHMUS_DATABASE", "postgresql+psycopg://desk@server/orders")
    monkeypatch.setenv("ISTHMUS_DATABASE_LOGIN", "magic")
    with pytest.raises(SettingMissing, match="neither entra nor url"):
        Settings().database()
