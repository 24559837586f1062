"""Before new code takes traffic its owner migrates the database, and gives the units rights to rows alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from isthmus.adapters.sql.admission import ADDED_TO

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


@pytest.fixture
def migrated(url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    from isthmus.adapters.gcp.migrating import migrate  # noqa: PLC0415  # an extra

    monkeypatch.setenv("ISTHMUS_DATABASE", url)
    monkeypatch.setenv("ISTHMUS_DATABASE_LOGIN", "url")
    monkeypatch.setenv("ISTHMUS_PRINCIPALS", json.dumps({HOME: ["ledger", "records"], OTHER: []}))
    migrate()
    migrate()
    return url


def run_as_the_job_does(url: str, principals: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ISTHMUS_DATABASE": url, "ISTHMUS_DATABASE_LOGIN": "url"}
    environment["ISTHMUS_PRINCIPALS"] = principals
    command = [sys.executable, "-m", "isthmus.adapters.gcp.migrating"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def as_role(url: str, role: str = HOME) -> Callable[[str], object]:
    engine = create_engine(url.replace("postgres@", role.replace("@", "%40") + "@"))

    def execute(statement: str) -> object:
        with engine.begin() as connection:
            return connection.exec_driver_sql(statement)

    return execute


def test_a_unit_reads_and_writes_rows_and_makes_drops_and_changes_no_table(migrated: str) -> None:
    execute = as_role(migrated)

    execute("select version_num from alembic_version")
    execute("delete from outbox")
    for statement in ("drop table outbox", "alter table outbox add extra text", "create table own (id text)"):
        with pytest.raises(ProgrammingError):
            execute(statement)


def test_what_is_only_added_to_no_unit_can_change_or_take_away(migrated: str) -> None:
    for table in sorted(ADDED_TO):
        as_role(migrated)(f"select count(*) from {table}")
        for change in ("delete from {}", "update {} set run_id = ''", "truncate {}"):
            with pytest.raises(ProgrammingError, match="permission denied"):
                as_role(migrated)(change.format(table))


def test_a_unit_has_the_tables_of_the_ports_that_it_asks_for_and_no_others(migrated: str) -> None:
    as_role(migrated, OTHER)("select count(*) from journal")
    for table in ("account", "transfer", "record"):
        as_role(migrated, HOME)(f"select count(*) from {table}")
        with pytest.raises(ProgrammingError, match="permission denied"):
            as_role(migrated, OTHER)(f"select count(*) from {table}")


@pytest.mark.parametrize(
    ("principals", "status", "told"),
    [
        (json.dumps({HOME: ["ledger"]}), 0, ""),
        ("", 1, "ISTH360"),
        ("home", 1, "ISTH385"),
        (json.dumps({"nobody@desk.iam": []}), 1, "nobody@desk.iam: the database has no such role"),
    ],
    ids=["all is well", "nobody named", "no object", "nobody there"],
)
def test_the_job_ends_as_the_migration_did_and_says_why_in_a_line(
    url: str, principals: str, status: int, told: str
) -> None:
    done = run_as_the_job_does(url, principals)

    assert done.returncode == status, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
