"""What a role may do in a PostgreSQL database of ours: its unit's tables, and the schema never."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from isthmus.adapters.runtime.migrating import PrincipalsInvalid, bring_up_to_date, rights_in
from isthmus.adapters.sql.admission import ADDED_TO, ALWAYS, BY_PORT, RightUnknown
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.migrations import HEAD

ORDERS, AUDIT = 'desk-dev-100%-orders"; drop table run; --', "desk-dev-audit"


@pytest.fixture
def database(postgresql: Any) -> Iterator[Database]:
    opened = Database.open(postgresql.create(), migrate=False)
    with opened.engine.begin() as connection:
        for role in (ORDERS, AUDIT):
            quoted = connection.dialect.identifier_preparer.quote_identifier(role)
            connection.exec_driver_sql(f"drop role if exists {quoted}")
            connection.exec_driver_sql(f"create role {quoted}")
    yield opened
    with opened.engine.begin() as connection:
        for role in (ORDERS, AUDIT):
            quoted = connection.dialect.identifier_preparer.quote_identifier(role)
            connection.exec_driver_sql(f"drop owned by {quoted}")
            connection.exec_driver_sql(f"drop role {quoted}")
    opened.close()


def may(connection: Connection, role: str, what: str, table: str) -> bool:
    asked = {"role": role, "what": what, "table": table}
    return bool(connection.execute(text("select has_table_privilege(:role, :table, :what)"), asked).scalar())


def test_a_migration_brings_the_schema_up_to_date_and_grants_each_role_its_tables(database: Database) -> None:
    assert bring_up_to_date(database, {ORDERS: ("ledger",), AUDIT: ()}) == HEAD

    with database.engine.connect() as connection:
        assert all(may(connection, role, "insert", table) for role in (ORDERS, AUDIT) for table in ALWAYS)
        assert all(may(connection, ORDERS, "insert", table) for table in BY_PORT["ledger"])
        for table in BY_PORT["ledger"]:
            assert may(connection, ORDERS, "update", table) is (table not in ADDED_TO), table
        assert not any(may(connection, AUDIT, "select", table) for table in BY_PORT["ledger"])
        assert not any(may(connection, ORDERS, "select", table) for table in BY_PORT["records"])


def test_a_right_that_is_no_longer_asked_for_is_taken_back(database: Database) -> None:
    bring_up_to_date(database, {ORDERS: ("ledger", "records")})
    bring_up_to_date(database, {ORDERS: ("records",)})

    with database.engine.connect() as connection:
        assert not may(connection, ORDERS, "select", "account")
        assert may(connection, ORDERS, "delete", "record")


def test_a_unit_cannot_change_the_schema(database: Database) -> None:
    bring_up_to_date(database, {AUDIT: ("ledger", "records")})

    with database.engine.connect() as connection:
        connection.exec_driver_sql(f'set role "{AUDIT}"')
        with pytest.raises(ProgrammingError, match="must be owner"):
            connection.exec_driver_sql("alter table run add column more text")


def test_a_right_that_there_is_not_is_refused(database: Database) -> None:
    with pytest.raises(RightUnknown, match=r"no tables of 'everything'.*ISTH386"):
        bring_up_to_date(database, {ORDERS: ("everything",)})


@pytest.mark.parametrize("setting", ["", "[]", '{"a": 1}', '{"a": ["ledger"', "\ud800"])
def test_a_setting_that_does_not_say_who_may_what_is_refused(setting: str) -> None:
    with pytest.raises(PrincipalsInvalid, match="ISTH385"):
        rights_in(setting)


def test_the_setting_says_who_may_what() -> None:
    assert rights_in('{"desk-orders": ["ledger", "records"], "desk-audit": []}') == {
        "desk-orders": ("ledger", "records"),
        "desk-audit": (),
    }
