"""Settings: what an App on Google Cloud stands on, by the names that are documented."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from metadata import TOKEN, Metadata, asked_for

from isthmus.adapters.gcp import settings as named
from isthmus.adapters.gcp.settings import OperatorSettings, Settings, app_settings
from isthmus.adapters.gcp.workflows import WorkflowsUrlInvalid
from isthmus.adapters.runtime.settings import SettingMissing
from isthmus.adapters.runtime.vault import KeyFile
from isthmus.core.errors import KeyUnavailable

KEY = "projects/desk/locations/europe-west3/keyRings/isthmus/cryptoKeys/master"
PAGE = Path(__file__).parents[2] / "docs" / "google.md"


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    import os  # noqa: PLC0415

    for name in [name for name in os.environ if name.startswith("ISTHMUS_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[Metadata]:
    with asked_for(monkeypatch) as served:
        yield served


@pytest.mark.parametrize(
    ("url", "login", "by_token"),
    [
        ("postgresql+psycopg://desk@server/orders", None, True),
        ("postgresql+psycopg://desk:secret@server/orders", None, False),
        ("postgresql+psycopg://desk:secret@server/orders", "iam", True),
        ("postgresql+psycopg://desk@server/orders", "url", False),
        ("postgresql+psycopg://desk@/orders?host=/cloudsql/desk:europe-west3:orders", "iam", True),
        ("postgresql+psycopg://desk@/orders?host=/run/socket", None, False),
    ],
)
def test_a_server_whose_password_is_not_given_is_logged_in_to_by_token(
    monkeypatch: pytest.MonkeyPatch, metadata: Metadata, url: str, login: str | None, by_token: bool
) -> None:
    import psycopg  # noqa: PLC0415  # the driver is an extra

    monkeypatch.setenv("ISTHMUS_DATABASE", url)
    if login is not None:
        monkeypatch.setenv("ISTHMUS_DATABASE_LOGIN", login)
    given: list[dict[str, Any]] = []

    def connect(*_arguments: Any, **named: Any) -> Any:
        given.append(named)
        raise psycopg.OperationalError("stop here")

    for settings in (Settings(), OperatorSettings()):
        database = settings.database()
        monkeypatch.setattr(database.engine.dialect, "connect", connect)
        with pytest.raises(Exception, match="stop here"):
            database.connect()

    assert [one.get("password") == TOKEN for one in given] == [by_token] * 2


def test_a_login_that_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISTHMUS_DATABASE", "postgresql+psycopg://desk@server/orders")
    monkeypatch.setenv("ISTHMUS_DATABASE_LOGIN", "entra")
    with pytest.raises(SettingMissing, match="neither iam nor url"):
        Settings().database()


def test_cloud_kms_is_chosen_before_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ISTHMUS_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(KeyUnavailable, match="ISTHMUS_KMS_KEY"):
        Settings().master()
    KeyFile(tmp_path / "key")
    assert isinstance(Settings().master(), KeyFile)
    monkeypatch.setenv("ISTHMUS_KMS_KEY", KEY)
    assert repr(Settings().master()) == f"Envelope(CloudKms({KEY!r}))"


@pytest.mark.parametrize(
    ("ask", "setting"),
    [
        (Settings.database, "ISTHMUS_DATABASE"),
        (Settings.master, "ISTHMUS_KEY_FILE"),
        (Settings.outlet, "ISTHMUS_PUBSUB"),
        (Settings.executions, "ISTHMUS_WORKFLOWS"),
        (Settings.callbacks, "ISTHMUS_WORKFLOWS"),
        (Settings.address, "ISTHMUS_URL"),
        (Settings.callers, "ISTHMUS_CALLERS"),
    ],
)
def test_a_setting_that_is_missing_is_named(ask: Any, setting: str) -> None:
    with pytest.raises(SettingMissing, match=f"{setting} is not set"):
        ask(Settings())


def test_an_operator_sends_no_messages() -> None:
    assert OperatorSettings().outlet() is None


def test_a_wrong_address_of_workflows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISTHMUS_WORKFLOWS", "projects/desk/locations/europe-west3")
    with pytest.raises(WorkflowsUrlInvalid):
        Settings().executions()


def test_every_setting_is_documented_where_it_is_read_and_on_the_page() -> None:
    names = {value for value in vars(named).values() if isinstance(value, str) and value.startswith("ISTHMUS_")}
    documented = set(re.findall(r"ISTHMUS_[A-Z_]+", named.__doc__ or ""))

    assert names == documented - {"ISTHMUS_KEY_FILE"}
    assert set(app_settings("home")) <= documented
    assert documented <= set(re.findall(r"ISTHMUS_[A-Z_]+", PAGE.read_text("utf-8")))
