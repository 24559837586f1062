"""What migrations promise: the tables of this version, from any earlier one, once, whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect

from isthmus.adapters.sql import migrations
from isthmus.adapters.sql.faults import DatabaseTooNew, StorageUnavailable
from isthmus.adapters.sql.migrations import HEAD, configuration, migrate, version_of
from isthmus.adapters.sql.schema import METADATA, SUBJECT_KEY
from isthmus.core.errors import IsthmusError

REVISIONS = [script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()]

OF_SQLITE = "select type, name, tbl_name, sql from sqlite_master where name <> 'alembic_version' and sql is not null"
OF_POSTGRESQL = """
    select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
           coalesce(pg_get_expr(d.adbin, d.adrelid), '')
      from pg_attribute a join pg_class c on c.oid = a.attrelid
      left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
     where c.relnamespace = 'public'::regnamespace and c.relname <> 'alembic_version' and c.relkind = 'r'
       and a.attnum > 0
    union all
    select r.relname, c.conname, c.contype::text, pg_get_constraintdef(c.oid), ''
      from pg_constraint c join pg_class r on r.oid = c.conrelid
     where r.relnamespace = 'public'::regnamespace and r.relname <> 'alembic_version'
    union all
    select tablename, indexname, indexdef, '', '' from pg_indexes
     where schemaname = 'public' and tablename <> 'alembic_version'
"""


@pytest.fixture
def engine(empty_database_url: str) -> Iterator[Engine]:
    made = create_engine(empty_database_url)
    yield made
    made.dispose()


def schema_of(connection: Connection) -> set[tuple[Any, ...]]:
    """Return all that the database itself says of its tables, whatever wrote them."""
    query = OF_SQLITE if connection.dialect.name == "sqlite" else OF_POSTGRESQL
    return {tuple(normal(part) for part in row) for row in connection.exec_driver_sql(query.replace("%", "%%"))}


def normal(part: str) -> str:
    """Leave out what SQL leaves open: white space, and the order of columns and constraints in a table."""
    lines = " ".join(part.split()).removesuffix(")").split(", ")
    return ", ".join(sorted(" ".join(line.split()) for line in lines)) if part.startswith("CREATE TABLE") else part


def test_the_schema_after_all_steps_is_the_one_in_the_code(engine: Engine) -> None:
    migrate(engine)
    with engine.begin() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), METADATA)
        migrated = schema_of(connection)
        connection.exec_driver_sql("drop table alembic_version")
        METADATA.drop_all(connection)
        METADATA.create_all(connection)
        made = schema_of(connection)

    assert differences == []
    assert migrated == made
    assert len(made) > len(METADATA.tables)


@pytest.mark.parametrize("revision", [None, *REVISIONS])
def test_every_earlier_version_reaches_this_one_with_its_rows(engine: Engine, revision: str | None) -> None:
    if revision is not None:
        config = configuration()
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            connection.execute(SUBJECT_KEY.insert(), {"subject": "c", "key_version": 1, "wrapped": b"w", "made_at": 1})
            connection.commit()

    migrate(engine)

    with engine.connect() as connection:
        assert version_of(connection) == HEAD
        assert set(inspect(connection).get_table_names()) == {*METADATA.tables, "alembic_version"}
        kept = connection.execute(SUBJECT_KEY.select()).all()
    assert len(kept) == (revision is not None)


def test_the_head_that_is_written_down_is_the_newest_step() -> None:
    assert ScriptDirectory.from_config(configuration()).get_heads() == [HEAD]


def test_nothing_to_do_takes_no_time_and_no_alembic(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(engine)
    monkeypatch.setattr(migrations, "_upgrade", None)
    seconds = []
    for _ in range(20):
        began = time.perf_counter()
        migrate(engine)
        seconds.append(time.perf_counter() - began)

    assert min(seconds) < 0.005


def test_a_database_of_a_later_version_is_refused_and_left_alone(engine: Engine) -> None:
    migrate(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
        before = schema_of(connection)

    with pytest.raises(DatabaseTooNew, match=r"of version 9999.*use the newer isthmus") as refused:
        migrate(engine)

    assert refused.value.code == "ISTH328"
    assert isinstance(refused.value, StorageUnavailable)
    with engine.connect() as connection:
        assert version_of(connection) == "9999"
        assert schema_of(connection) == before


def test_many_that_open_an_empty_database_at_once_all_find_it_ready(empty_database_url: str) -> None:
    engines = [create_engine(empty_database_url) for _ in range(4)]
    with ThreadPoolExecutor(len(engines)) as pool:
        list(pool.map(migrate, engines))

    with engines[0].connect() as connection:
        assert version_of(connection) == HEAD
    for engine in engines:
        engine.dispose()


def test_a_step_that_fails_leaves_the_database_as_it_was(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("create table run (not_ours integer)")
        before = schema_of(connection)

    with pytest.raises(IsthmusError, match="already exists"):
        migrate(engine)

    with engine.connect() as connection:
        assert schema_of(connection) == before
        assert version_of(connection) is None


def test_a_database_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(StorageUnavailable) as refused:
        migrate(create_engine("postgresql+psycopg://someone:hush@127.0.0.1:9/none"))

    assert "someone:***@127.0.0.1" in str(refused.value)
    assert "hush" not in str(refused.value)
