"""Migrating on Google Cloud: the function that a deployment's job calls."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from isthmus.adapters.gcp.migrating import migrate
from isthmus.adapters.sql.migrations import HEAD

CLIENT = TestClient(Starlette(routes=[Route("/migrate", migrate, methods=["GET", "POST"])]))


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, postgresql: Any) -> pytest.MonkeyPatch:
    monkeypatch.setenv("ISTHMUS_DATABASE", postgresql.create())
    monkeypatch.setenv("ISTHMUS_DATABASE_LOGIN", "url")
    monkeypatch.setenv("ISTHMUS_PRINCIPALS", "{}")
    return monkeypatch


def test_a_post_migrates_and_a_second_one_changes_nothing(settings: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        answered = CLIENT.post("/migrate")

        assert (answered.status_code, answered.json()) == (200, {"version": HEAD})


def test_anything_else_does_nothing(settings: pytest.MonkeyPatch) -> None:
    assert CLIENT.get("/migrate").status_code == 405


def test_a_migration_that_fails_is_no_success(settings: pytest.MonkeyPatch) -> None:
    settings.setenv("ISTHMUS_PRINCIPALS", "nothing")

    answered = CLIENT.post("/migrate")

    assert answered.status_code >= 400
    assert "ISTH385" in answered.text
