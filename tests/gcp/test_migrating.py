"""Before new code takes traffic the database is migrated, by its owner, and the units are given rights to rows alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from isthmus.adapters.sql.rights import ADDED_TO

HOME, OTHER = "brokerage-dev-unit-home@desk.iam", "brokerage-dev-unit-other@desk.iam"


@pytest.fixture
def url(postgresql: object) -> str:
    url = str(postgresql.create())  # type: ignore[attr-defined]
    with create_engine(url).begin() as connection:
        for user in (HOME, OTHER):
            known = connection.execute(text("select 1 from pg_roles where rolname = :user"), {"user": user}).first()
            if known is None:
                connection.exec_driver_sql(f'create role "{user}" login')
    return url


def migrate(url: str, principals: str = f"{HOME}, {OTHER}") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ISTHMUS_DATABASE": url, "ISTHMUS_DATABASE_LOGIN": "url"}
    command = [sys.executable, "-m", "isthmus.adapters.gcp.migrating"]
    environment["ISTHMUS_PRINCIPALS"] = principals
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def as_home(url: str) -> Callable[[str], object]:
    engine = create_engine(url.replace("postgres@", HOME.replace("@", "%40") + "@"))

    def execute(statement: str) -> object:
        with engine.begin() as connection:
            return connection.exec_driver_sql(statement)

    return execute


def test_a_unit_reads_and_writes_rows_and_makes_drops_and_changes_no_table(url: str) -> None:
    assert migrate(url).returncode == 0
    execute = as_home(url)

    execute("select version_num from alembic_version")
    execute("delete from outbox")
    for statement in ("drop table outbox", "alter table outbox add extra text", "create table own (id text)"):
        with pytest.raises(ProgrammingError):
            execute(statement)


@pytest.mark.parametrize("table", sorted(ADDED_TO))
@pytest.mark.parametrize("change", ["delete from {}", "update {} set run_id = ''", "truncate {}"])
def test_what_is_only_added_to_no_unit_can_change_or_take_away(url: str, table: str, change: str) -> None:
    assert migrate(url).returncode == 0

    as_home(url)(f"select count(*) from {table}")
    with pytest.raises(ProgrammingError, match="permission denied"):
        as_home(url)(change.format(table))


def test_migrating_again_changes_nothing_and_succeeds(url: str) -> None:
    assert [migrate(url).returncode for _ in range(2)] == [0, 0]


@pytest.mark.parametrize(
    ("principals", "told"), [("", "ISTH360"), ("nobody@desk.iam", "ISTH3")], ids=["nobody named", "nobody there"]
)
def test_a_migration_that_fails_says_why_in_a_line_and_ends_with_an_error(url: str, principals: str, told: str) -> None:
    done = migrate(url, principals)

    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
