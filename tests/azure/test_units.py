"""An App of two units is two function apps: home has the other do its contracts over HTTP, and nothing else differs."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from test_package import package
from test_same_journal import (
    MINUTE,
    answered_while_waiting,
    children_side_by_side,
    failed_in_every_attempt,
    refused_and_taken_back,
    ticket,
)

STAND = Path(__file__).with_name("stand.py")
HOLD = "/contracts/hold"


def split(source: str) -> str:
    """Return the stand with holding and telling, and what undoes them, in a unit of their own."""
    for name in ("release", "hold", "untell", "tell"):
        before, _, after = source.partition(f"\ndef {name}(")
        at = before.rindex("@contract(") + len("@contract(")
        source = f'{before[:at]}unit="places", {before[at:]}\ndef {name}({after}'
    return source


@pytest.fixture(scope="module")
def composition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("source")
    (folder / "split_stand.py").write_text(split(STAND.read_text("utf-8")), "utf-8")
    sys.path.insert(0, str(folder))
    yield importlib.import_module("split_stand").app.load()
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def folders(composition: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    from isthmus.adapters.azure.package import write_units  # noqa: PLC0415  # an extra

    return write_units("split_stand:app", composition, tmp_path_factory.mktemp("units"))


@pytest.fixture(scope="module")
def sides(
    composition: Any, folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Any, Any, Any]]:
    from called import HOME, SCOPE, Called  # noqa: PLC0415  # an extra
    from sides import Azure, Laptop  # noqa: PLC0415

    from isthmus.adapters.azure.worker_process import WorkerProcess, settings_of  # noqa: PLC0415

    paths = [tmp_path_factory.mktemp(name) for name in ("laptop", "azure")]
    urls = [f"sqlite:///{path / 'isthmus.db'}" for path in paths]
    laptop = Laptop(paths[0], urls[0], composition)
    places = Called(folders["places"])
    settings = {"ISTHMUS_UNIT_PLACES_URL": places.url, "ISTHMUS_UNIT_PLACES_SCOPE": SCOPE}
    home = Azure(
        paths[1], urls[1], own_process=True, composition=composition, package=folders["normal"], settings=settings
    )
    rehearsal = home.rehearsal
    own = {**settings_of(urls[1], paths[1]), "ISTHMUS_CALLERS": f"other, {HOME}", "WEBSITE_AUTH_ENABLED": "True"}
    places.worker = WorkerProcess(rehearsal.clock, rehearsal.outgoing, own)
    places.start()
    laptop.open()
    home.open()
    yield laptop, home, places
    home.close()
    laptop.close()
    places.close()


@pytest.mark.parametrize(
    ("scene", "contract", "status"),
    [
        (answered_while_waiting, "admit", "completed"),
        (refused_and_taken_back, "admit", "refused"),
        (failed_in_every_attempt, "admit", "failed"),
        (children_side_by_side, "admit_all", "completed"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_scene_has_the_same_outcome_and_journal_when_another_unit_does_a_part(
    sides: tuple[Any, Any, Any], scene: Callable[[Any, str], None], contract: str, status: str
) -> None:
    from sides import play  # noqa: PLC0415  # an extra

    laptop, home, places = sides
    asked = len(places.requests)
    play(laptop, home, scene, contract, status)
    assert HOLD in {path for path, _ in places.requests[asked:]}


def test_the_undo_of_what_a_unit_did_is_done_by_that_unit(sides: tuple[Any, Any, Any]) -> None:
    _, home, places = sides
    asked = len(places.requests)
    _admitted(home, ticket("undone-there", refuse=True))

    assert [path for path, _ in places.requests[asked:]] == [HOLD, "/contracts/isthmus_take_back"]


def test_what_a_called_unit_publishes_reaches_its_subscribers(sides: tuple[Any, Any, Any]) -> None:
    _, home, _ = sides
    _admitted(home, ticket("published-there"))

    statement = "select count(*) from record where key = 'published-there' and kind like '%Told'"
    assert _number(home, statement) == 1


def test_a_run_waits_while_a_unit_is_down_and_loses_no_attempt(sides: tuple[Any, Any, Any]) -> None:
    from sides import journal_of, run_of, status_of  # noqa: PLC0415  # an extra

    laptop, home, places = sides
    run_id = run_of("admit", "down")
    places.worker.kill()
    home.admit("admit", ticket("down"))
    home.move(5 * MINUTE)  # more faults than the contract allows attempts
    assert not any(kind in {"failed", "answered"} for _, _, kind, _ in journal_of(home, run_id))
    assert status_of(home, run_id) == "running"

    places.start()
    home.move(3 * MINUTE)
    home.answer("down", "yes", "down")
    _admitted(laptop, ticket("down"))

    assert status_of(home, run_id) == "completed"
    assert journal_of(home, run_id) == journal_of(laptop, run_id)


def test_an_answer_that_is_lost_after_the_unit_has_committed_is_asked_for_again(sides: tuple[Any, Any, Any]) -> None:
    from sides import journal_of, run_of  # noqa: PLC0415  # an extra

    laptop, home, places = sides
    asked = len(places.requests)
    places.lost = 2
    for side in (laptop, home):
        _admitted(side, ticket("lost-answer"))

    assert [path for path, _ in places.requests[asked:]][:3] == [HOLD] * 3
    run_id = run_of("admit", "lost-answer")
    assert journal_of(home, run_id) == journal_of(laptop, run_id)


def test_a_request_that_comes_again_is_done_once_and_answered_alike(sides: tuple[Any, Any, Any]) -> None:
    from sides import journal_of, run_of  # noqa: PLC0415  # an extra

    _, home, places = sides
    home.admit("admit", ticket("again"))
    path, body = next(one for one in reversed(places.requests) if one[0] == HOLD)
    before = journal_of(home, run_of("admit", "again"))

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(lambda _: places.post(path, body), range(4)))

    assert len(answers) == 1
    status, answer = answers.pop()
    assert (status, json.loads(answer)["state"]) == (200, "answered")
    assert journal_of(home, run_of("admit", "again")) == before


def test_a_caller_without_a_known_identity_is_turned_away(sides: tuple[Any, Any, Any]) -> None:
    from called import HOME, PRINCIPAL  # noqa: PLC0415  # an extra

    _, home, places = sides
    home.admit("admit", ticket("identity"))
    path, body = places.requests[-1]
    said = [places.post(path, body, token=""), places.post(path, body, token="", **{PRINCIPAL: HOME})]
    places.principal = "00000000-0000-0000-0000-00000000000B"
    said.append(places.post(path, body))
    places.principal = HOME

    assert [status for status, _ in said] == [401, 401, 401]
    assert {json.loads(answer)["status"] for _, answer in said} == {401}
    assert places.post(path, body)[0] == 200


def test_a_unit_without_the_platforms_authentication_believes_no_header(
    composition: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio  # noqa: PLC0415

    import azure.functions as func  # noqa: PLC0415  # an extra

    from isthmus.adapters.azure.app import functions_of_composition  # noqa: PLC0415

    monkeypatch.setenv("ISTHMUS_CALLERS", "home")
    monkeypatch.delenv("WEBSITE_AUTH_ENABLED", raising=False)
    hold = functions_of_composition(composition, "places").bodies["hold"]
    request = func.HttpRequest(
        method="POST", url=HOLD, headers={"x-ms-client-principal-id": "home"}, params={}, route_params={}, body=b"{}"
    )

    said = [asyncio.run(hold(request)).status_code]
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "True")
    said.append(asyncio.run(hold(request)).status_code)

    assert said == [401, 400]


def test_a_body_that_is_no_call_of_the_contract_is_a_problem(sides: tuple[Any, Any, Any]) -> None:
    places = sides[2]
    other = json.dumps({"run_id": "r", "step": "1", "contract": "tell"}).encode()

    bodies = (b"{", b"{}", other, b'{"run_id": "\xf6"}')
    assert [places.post(HOLD, body)[0] for body in bodies] == [400, 400, 400, 400]


def test_a_token_is_not_sent_in_the_clear(composition: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from isthmus.adapters.azure.calling import UnitUnavailable, call_unit  # noqa: PLC0415  # an extra
    from isthmus.adapters.azure.surroundings import host_of  # noqa: PLC0415
    from isthmus.adapters.runtime.settings import SettingMissing  # noqa: PLC0415

    host = host_of(composition)
    with pytest.raises(SettingMissing):
        call_unit(host, "places", "hold", b"{}")
    monkeypatch.setenv("ISTHMUS_UNIT_PLACES_URL", "http://places.example")
    monkeypatch.setenv("ISTHMUS_UNIT_PLACES_SCOPE", "api://places/.default")
    with pytest.raises(UnitUnavailable, match="https"):
        call_unit(host, "places", "hold", b"{}")


def test_a_unit_that_turns_home_away_or_is_not_there_is_a_fault(
    sides: tuple[Any, Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from called import HOME, SCOPE  # noqa: PLC0415  # an extra

    from isthmus.adapters.azure.calling import UnitUnavailable, call_unit  # noqa: PLC0415

    _, home, places = sides
    monkeypatch.setenv("ISTHMUS_UNIT_PLACES_SCOPE", SCOPE)
    monkeypatch.setenv("ISTHMUS_UNIT_PLACES_URL", places.url)
    places.principal = "somebody"
    with pytest.raises(UnitUnavailable, match="it answered 401"):
        call_unit(home.rehearsal.host, "places", "hold", b"{}")
    places.principal = HOME
    monkeypatch.setenv("ISTHMUS_UNIT_PLACES_URL", "http://127.0.0.1:1")
    with pytest.raises(UnitUnavailable, match="ConnectionRefusedError"):
        call_unit(home.rehearsal.host, "places", "hold", b"{}")


def test_each_folder_is_indexed_and_home_alone_has_a_task_hub(folders: dict[str, Path]) -> None:
    from isthmus.adapters.azure.package import index_package  # noqa: PLC0415  # an extra

    indexed = {unit: index_package(folder).functions for unit, folder in folders.items()}
    hosts = {unit: json.loads((folder / "host.json").read_text("utf-8")) for unit, folder in folders.items()}
    settings = {unit: json.loads((folder / "settings.json").read_text("utf-8")) for unit, folder in folders.items()}

    assert list(folders) == ["normal", "places"]
    assert set(indexed["places"]) == {"hold", "release", "tell", "untell", "isthmus_take_back"}
    assert {binding.kind for bindings in indexed["places"].values() for binding in bindings} == {"httpTrigger"}
    assert {"hold", "admit", "isthmus_sweep", "post_tickets"} <= set(indexed["normal"])
    assert {unit: "durableTask" in host["extensions"] for unit, host in hosts.items()} == {
        "normal": True,
        "places": False,
    }
    assert {"ISTHMUS_UNIT_PLACES_URL", "ISTHMUS_UNIT_PLACES_SCOPE"} <= set(settings["normal"])
    assert int(settings["normal"]["PYTHON_THREADPOOL_THREAD_COUNT"]) > 16  # as many activities may wait for a unit
    assert "ISTHMUS_CALLERS" in settings["places"]


def test_the_command_prints_a_table_for_each_unit_and_writes_one_alone_when_asked(tmp_path: Path) -> None:
    (tmp_path / "split_stand.py").write_text(split(STAND.read_text("utf-8")), "utf-8")
    both = package(tmp_path, "split_stand:app", "-o", "units")
    (tmp_path / "units" / "normal" / "left.txt").touch()
    alone = package(tmp_path, "split_stand:app", "-o", "units", "--unit", "places")
    unknown = package(tmp_path, "split_stand:app", "-o", "other", "--unit", "nowhere")

    assert both.returncode == 0, both.stderr
    titles = [line for line in both.stdout.splitlines() if line.startswith("Unit ")]
    assert titles == ["Unit normal, home of the workflows and of all that reaches the app", "Unit places"]
    assert "POST /contracts/hold" in both.stdout
    assert alone.returncode == 0, alone.stderr
    assert "admit" not in alone.stdout
    assert (tmp_path / "units" / "normal" / "left.txt").exists()
    assert unknown.returncode == 3
    assert "ISTH203" in unknown.stderr
    assert "normal, places" in unknown.stderr
    assert not (tmp_path / "other").exists()


def test_the_folders_of_units_replace_the_package_of_the_whole_app_and_nothing_else(
    composition: Any, tmp_path: Path
) -> None:
    from isthmus.adapters.azure.package import write_package, write_units  # noqa: PLC0415  # an extra
    from isthmus.adapters.runtime.packaging import PackageInTheWay  # noqa: PLC0415

    write_package("split_stand:app", composition, tmp_path / "dist")
    write_units("split_stand:app", composition, tmp_path / "dist")
    assert {path.name for path in (tmp_path / "dist").iterdir()} == {"normal", "places"}

    write_units("split_stand:app", composition, tmp_path / "dist")
    (tmp_path / "dist" / "own.txt").touch()
    with pytest.raises(PackageInTheWay):
        write_units("split_stand:app", composition, tmp_path / "dist")
    assert (tmp_path / "dist" / "normal").is_dir()


@pytest.mark.parametrize("name", ["../away", "two words", "ärger", "x" * 33])
def test_a_unit_whose_name_no_folder_and_no_setting_can_have_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from isthmus.adapters.azure.fitness import UnfitForAzure  # noqa: PLC0415  # an extra
    from isthmus.adapters.azure.units import units_of  # noqa: PLC0415

    with pytest.raises(UnfitForAzure, match="ISTH140"):
        units_of(_loaded(split(STAND.read_text("utf-8")).replace('"places"', f'"{name}"'), tmp_path, monkeypatch))


def test_units_whose_settings_would_have_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from isthmus.adapters.azure.fitness import UnfitForAzure  # noqa: PLC0415  # an extra
    from isthmus.adapters.azure.units import units_of  # noqa: PLC0415

    source = split(STAND.read_text("utf-8")).replace('"places"', '"pla-ces"', 1).replace('"places"', '"pla_ces"')
    with pytest.raises(UnfitForAzure, match="rename"):
        units_of(_loaded(source, tmp_path, monkeypatch))


def _loaded(source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (folder / "misnamed.py").write_text(source, "utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "misnamed", raising=False)
    return importlib.import_module("misnamed").app.load()


def _admitted(side: Any, message: dict[str, Any]) -> None:
    side.admit("admit", message)
    side.move(2 * MINUTE)
    side.answer(message["id"], "yes", message["id"])


def _number(side: Any, statement: str) -> int:
    with side.database.engine.connect() as connection:
        return int(connection.execute(text(statement)).scalar() or 0)
