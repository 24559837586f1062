"""Migrations: the steps that bring any earlier database to the tables of this version, forward only.

    migrate(engine)                  at every opening: nothing to do is found out by one query
    python -m isthmus.adapters.sql.migrations "Say what changes"
                                     writes the next step from what `schema.py` says and the steps do not

All steps run in one transaction, under a lock: a migration has happened as a whole or not at all, and once,
however many processes open the database at the same time. There is no way back but the backup.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from isthmus.adapters.sql.faults import DatabaseTooNew, translate

HEAD = "0002"
"""The newest step. A test holds that it is."""

FOLDER = Path(__file__).parent
BUSY_TIMEOUT_MS = 30_000
VERSION_TABLE = {
    "sqlite": "select 1 from sqlite_master where type = 'table' and name = 'alembic_version'",
    "postgresql": "select 1 where to_regclass('alembic_version') is not null",
}


def migrate(engine: Engine) -> None:
    """Bring the database to this version. Raises DatabaseTooNew when a later one has been here."""
    try:
        with engine.connect() as connection:
            found = version_of(connection)
        if found != HEAD:
            _upgrade(engine, HEAD)
    except DBAPIError as error:
        raise translate(error, place=_name(engine)) from error


def version_of(connection: Connection) -> str | None:
    """Return the newest step that the database has taken, or None when it has no tables of ours."""
    if connection.exec_driver_sql(VERSION_TABLE[connection.dialect.name]).first() is None:
        return None
    row: Any = connection.exec_driver_sql("select version_num from alembic_version").first()
    return None if row is None else str(row[0])


def _upgrade(engine: Engine, target: str) -> None:
    # Alembic takes a quarter of a second to import, and is needed once in the life of a database.
    from alembic import command  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = configuration()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    # On SQLite the driver then leaves transactions to us; on PostgreSQL we see what the holder of the lock did.
    isolation = {"sqlite": "AUTOCOMMIT", "postgresql": "READ COMMITTED"}[engine.dialect.name]
    with engine.connect().execution_options(isolation_level=isolation) as connection:
        _lock(connection)
        found = version_of(connection)
        if found is not None and found not in known:
            raise DatabaseTooNew(
                f"the database is of version {found}, which this program (version {target}) does not know",
                place=_name(engine),
                instead="use the newer isthmus that wrote it, or another database",
            )
        config.attributes["connection"] = connection
        command.upgrade(config, target)
        connection.commit()


def configuration() -> Any:
    """Return Alembic's configuration, which finds the steps wherever this package is installed."""
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _lock(connection: Connection) -> None:
    """Let one process migrate at a time; the others wait, and then find nothing to do."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("select pg_advisory_xact_lock(hashtextextended('isthmus migrations', 0))")
        return
    connection.exec_driver_sql(f"pragma busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.exec_driver_sql("begin immediate")


def _name(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)
