"""At run time: handlers refuse to start in a place where the policy does not let them work, on every backend."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from desk_plan import blueprint
from policies import text_of

from isthmus.adapters.azure.surroundings import Settings
from isthmus.adapters.local.engine import Engine
from isthmus.adapters.runtime.home import REGION, RESIDENCY, OutsideResidency, stay_at_home
from isthmus.adapters.runtime.host import Host
from isthmus.adapters.runtime.operations import Operations
from isthmus.adapters.sql.database import Database
from isthmus.core import App, Message, contract, handles
from isthmus.core.composition import Composition

TODAY = date(2026, 12, 1)


def start(region: str, residency: str = "eu", day: date = TODAY) -> None:
    settings = {REGION: region, RESIDENCY: residency}
    stay_at_home(blueprint(), {name: value for name, value in settings.items() if value}, today=day)


@pytest.mark.parametrize("region", ["westeurope", "europe-west3", "West Europe", "DE"])
def test_handlers_start_where_the_policy_lets_them(region: str) -> None:
    start(region)


@pytest.mark.parametrize(
    ("region", "words"),
    [
        ("uksouth", "handler of greet: personal: processing in GB (United Kingdom) is not allowed"),
        ("europe-west6", "processing in CH (Switzerland) is not allowed"),
        ("US", "processing in US (United States) is not allowed"),
        ("europe", "europe is no place that is known"),
        ("moon", "moon is no place that is known"),
        ("", "ISTHMUS_RESIDENCY is set, and nothing says where this is"),
    ],
)
def test_handlers_refuse_to_start_anywhere_else(region: str, words: str) -> None:
    with pytest.raises(OutsideResidency) as refused:
        start(region)

    assert words in str(refused.value)


def test_without_a_policy_nothing_is_asked() -> None:
    stay_at_home(blueprint(), {REGION: "moon"}, today=TODAY)


def test_only_handlers_of_the_class_are_named() -> None:
    abroad = text_of(["EU"], more='\n[data.personal]\nstore = ["US"]\nprocess = ["US"]\nreplicate = ["US"]\n')

    with pytest.raises(OutsideResidency) as refused:
        start("westeurope", abroad)

    assert "handler of greet" in str(refused.value)
    assert "handler of book" not in str(refused.value)


def test_an_exception_lets_a_handler_start_until_its_day() -> None:
    excepted = text_of(
        ["EU"],
        more='\n[[exceptions]]\nrule = "country"\nin = ["GB"]\nreason = "a move"\napproved_by = "A. Officer"\n'
        "until = 2026-12-01\n",
    )

    start("uksouth", excepted)
    with pytest.raises(OutsideResidency):
        start("uksouth", excepted, date(2026, 12, 2))


class Note(Message, identity="id"):
    id: str


@contract(final=True)
def note(message: Note) -> Note:
    """Keep a note."""
    ...


@handles(note)
def keep(message: Note) -> Note:
    return message


@pytest.fixture
def abroad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REGION, "uksouth")
    monkeypatch.setenv(RESIDENCY, "eu")


@pytest.fixture
def composition() -> Composition:
    return App("notes", fulfils=[keep]).load()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'notes.db'}")
    yield opened
    opened.close()


@pytest.mark.usefixtures("abroad")
def test_the_engine_on_a_laptop_refuses_to_start(composition: Composition, database: Database, tmp_path: Path) -> None:
    with pytest.raises(OutsideResidency):
        Engine(composition, database, folder=tmp_path)


@pytest.mark.usefixtures("abroad")
@pytest.mark.parametrize("backend", ["azure", "google"])
def test_a_function_in_a_cloud_refuses_its_first_unit_of_work(composition: Composition, backend: str) -> None:
    host = Host(composition, Settings(), backend=backend, handled_here=())

    with pytest.raises(OutsideResidency):
        host.do(lambda _: (None, None))


@pytest.mark.usefixtures("abroad")
def test_operations_beside_an_engine_refuse_to_start(
    composition: Composition, database: Database, tmp_path: Path
) -> None:
    with pytest.raises(OutsideResidency):
        Operations(composition, database, folder=tmp_path)
