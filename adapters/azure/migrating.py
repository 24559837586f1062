"""Migrating on Azure: a function app of its own, of the same code, whose one function a deployment calls.

It runs as the server's Entra administrator, and as nothing else: no unit may change the schema.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

import azure.functions as func
from sqlalchemy import Connection, make_url, text

from isthmus.adapters.azure.endpoints import json_answer, or_problem
from isthmus.adapters.azure.entra import log_in_by_token
from isthmus.adapters.azure.surroundings import Settings
from isthmus.adapters.azure.units import check_caller
from isthmus.adapters.runtime.migrating import PRINCIPALS, bring_up_to_date, rights_in
from isthmus.adapters.runtime.settings import DATABASE, setting
from isthmus.adapters.sql.database import Database

ROLES_DATABASE: Final = "postgres"
"""The database whose function makes roles of Entra's principals."""


def migrating_app() -> func.FunctionApp:
    """Return the function app; the platform checks the caller's token, and says who it is."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    async def isthmus_migrate(req: func.HttpRequest) -> func.HttpResponse:
        return await or_problem(answer(req))

    app.route(route="migrate", methods=["POST"])(isthmus_migrate)
    return app


async def answer(req: func.HttpRequest) -> func.HttpResponse:
    """Migrate for the deployment that asks, and nobody else."""
    check_caller(req)
    return json_answer(200, {"version": await asyncio.to_thread(_migrate)})


def _migrate() -> str:
    rights = rights_in(setting(PRINCIPALS))
    with _roles_database().engine.connect() as connection:
        make_roles(connection, rights)
    return bring_up_to_date(Settings().database(), rights)


def _roles_database() -> Database:
    url = make_url(setting(DATABASE)).set(database=ROLES_DATABASE)
    return log_in_by_token(Database.open(url.render_as_string(hide_password=False), migrate=False))


def make_roles(connection: Connection, names: Iterable[str]) -> None:
    """Make a role of each identity that has none yet."""
    for name in names:
        known = connection.execute(text("select 1 from pg_roles where rolname = :name"), {"name": name}).first()
        if known is None:
            connection.execute(text("select pgaadauth_create_principal(:name, false, false)"), {"name": name})
    connection.commit()
