"""Migrating on Azure: the deployment alone may ask, and each identity becomes a role once."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import azure.functions as func
import pytest
from sqlalchemy import create_engine, text

from isthmus.adapters.azure import migrating
from isthmus.adapters.azure.endpoints import or_problem
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.migrations import HEAD

DEPLOYMENT = "0b5f3c7e-0000-4000-8000-00000000d001"
MADE_BY_THE_SERVER = """
create function pgaadauth_create_principal(name text, administrator boolean, mfa boolean) returns text as $$
begin execute format('create role %%I', name); return name; end $$ language plpgsql
"""


def asked_by(principal: str | None) -> func.HttpResponse:
    headers = {} if principal is None else {"x-ms-client-principal-id": principal}
    request = func.HttpRequest(method="POST", url="/migrate", headers=headers, body=b"")
    return asyncio.run(or_problem(migrating.answer(request)))


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "True")
    monkeypatch.setenv("ISTHMUS_CALLERS", DEPLOYMENT)
    monkeypatch.setenv("ISTHMUS_PRINCIPALS", '{"desk-migrating-orders": ["ledger"]}')
    return monkeypatch


@pytest.mark.parametrize("principal", [None, "", "0b5f3c7e-0000-4000-8000-00000000ffff"])
def test_nobody_but_the_deployment_may_migrate(settings: pytest.MonkeyPatch, principal: str | None) -> None:
    assert asked_by(principal).status_code == 401


def test_without_the_platforms_authentication_nobody_may(settings: pytest.MonkeyPatch) -> None:
    settings.delenv("WEBSITE_AUTH_ENABLED")

    assert asked_by(DEPLOYMENT).status_code == 401


def test_the_deployment_has_roles_made_the_schema_migrated_and_rights_granted(
    settings: pytest.MonkeyPatch, postgresql: Any
) -> None:
    url = postgresql.create()
    roles = Database.open(postgresql.create(), migrate=False)
    with roles.engine.begin() as connection:
        connection.exec_driver_sql(MADE_BY_THE_SERVER)
    settings.setattr(migrating, "_roles_database", lambda: roles)
    settings.setenv("ISTHMUS_DATABASE", url)
    settings.setenv("ISTHMUS_DATABASE_LOGIN", "url")

    first, again = asked_by(DEPLOYMENT), asked_by(DEPLOYMENT)

    assert (first.status_code, json.loads(first.get_body())) == (200, {"version": HEAD})
    assert again.status_code == 200, "a role that is there is not made again"
    engine = create_engine(url)
    with engine.begin() as connection:
        granted = text("select has_table_privilege('desk-migrating-orders', 'transfer', 'insert')")
        assert connection.execute(granted).scalar()
        connection.exec_driver_sql('drop owned by "desk-migrating-orders"; drop role "desk-migrating-orders"')
    engine.dispose()
    roles.close()


def test_a_migration_that_fails_is_no_success(settings: pytest.MonkeyPatch) -> None:
    settings.setenv("ISTHMUS_PRINCIPALS", "nothing")

    answered = asked_by(DEPLOYMENT)

    assert answered.status_code >= 400
    assert "ISTH385" in answered.get_body().decode()


def test_the_app_has_one_function_which_the_platform_guards() -> None:
    (function,) = migrating.migrating_app().get_functions()

    (trigger,) = [one for one in function.get_bindings() if one.type == "httpTrigger"]
    assert trigger.get_dict_repr()["route"] == "migrate"
    assert function.get_function_name() == "isthmus_migrate"
