"""A run that began before a deployment ends by the program that it began with, its child too; new ones do not."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from counter import MINUTE, OPENING, Counter

from isthmus.adapters.gcp.rehearsal import Rehearsal
from isthmus.adapters.runtime.runs import run_id_of
from isthmus.adapters.runtime.workflows_lock import load_app, update_lock
from isthmus.adapters.sql.database import Database
from isthmus.core.composition import Composition

SOURCE = (Path(__file__).parent / "kiosk.py").read_text("utf-8")
NAME = "kiosk_in_flight"
BEFORE = """    await hold(ticket)
    await sleep(minutes(1))
    answer = await wait_for(Answer, key=ticket.id, within=minutes(30))
    await look(ticket)
    await tell(ticket)
"""
AFTER = """    await tell(ticket)
    answer = await wait_for(Answer, key=ticket.id, within=minutes(45))
    if not ticket.refuse:
        await hold(ticket)
"""
OLD_STEPS = ["0 hold", "1 ", "2 Answer", "3 look", "4 tell"]
NEW_STEPS = ["0 tell", "1 Answer", "2.then.0 hold"]

type Load = Callable[[str, bool], Composition]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Return a function that writes the kiosk with a flow, and loads it as a new process would."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text("", "utf-8")
    monkeypatch.syspath_prepend(str(project))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def load(flow: str, locked: bool) -> Composition:
        assert BEFORE in SOURCE
        (project / f"{NAME}.py").write_text(SOURCE.replace(BEFORE, flow), "utf-8")
        sys.modules.pop(NAME, None)
        importlib.invalidate_caches()
        module: ModuleType = importlib.import_module(NAME)
        if not locked:
            return module.app.load()  # type: ignore[no-any-return]
        update_lock(module.app, project)
        return load_app(module.app, NAME)

    yield load
    sys.modules.pop(NAME, None)


@pytest.fixture
def counter(tmp_path: Path, load: Load) -> Iterator[Counter]:
    url = f"sqlite:///{tmp_path / 'isthmus.db'}"
    database = Database.open(url)
    with Rehearsal(load(BEFORE, True), url, folder=tmp_path, beginning=OPENING) as rehearsal:
        yield Counter(rehearsal, database)
    database.close()


def admit_all(counter: Counter, name: str, *tickets: str) -> str:
    message = json.dumps({"id": name, "tickets": [{"id": one} for one in tickets]}).encode()
    run_id = counter.rehearsal.begin("admit_all", message, actor="test", on_behalf_of="test")
    counter.rehearsal.settle()
    return run_id


def steps(counter: Counter, run_id: str) -> list[str]:
    found = counter.rows("select step, contract from inbox where run_id = :it order by step", it=run_id)
    return [" ".join(row) for row in found if ">" not in row[0]]


def children(counter: Counter, run_id: str) -> list[str]:
    return [one for (one,) in counter.rows("select run_id from run where parent_run = :it", it=run_id)]


def test_a_run_ends_by_its_own_version_and_the_next_one_by_todays(counter: Counter, load: Load) -> None:
    old = counter.admit("old")
    counter.rehearsal.deploy(load(AFTER, True))
    new = counter.admit("new")
    counter.rehearsal.move(MINUTE)
    counter.answer("old")
    counter.answer("new")

    assert [counter.status(old), counter.status(new)] == ["completed", "completed"]
    assert [steps(counter, old), steps(counter, new)] == [OLD_STEPS, NEW_STEPS]


def test_a_child_keeps_its_version_in_whichever_execution(counter: Counter, load: Load) -> None:
    parent = admit_all(counter, "all", "1")
    (child,) = children(counter, parent)
    counter.rehearsal.deploy(load(AFTER, True))
    counter.rehearsal.app.carrying.begin_anew(child)
    counter.rehearsal.move(MINUTE)
    counter.answer("1")

    assert [counter.status(child), counter.status(parent)] == ["completed", "completed"]
    assert steps(counter, child) == OLD_STEPS


def test_a_child_that_begins_after_the_deployment_of_an_older_parent_takes_todays_version(
    counter: Counter, load: Load
) -> None:
    parent = admit_all(counter, "all", "1", "2", "3")
    counter.rehearsal.deploy(load(AFTER, True))
    counter.rehearsal.move(MINUTE)
    for name in ("1", "2"):
        counter.answer(name)
    third = next(one for one in children(counter, parent) if steps(counter, one) not in (OLD_STEPS, OLD_STEPS[:3]))
    counter.rehearsal.sweep()
    counter.rehearsal.settle()
    counter.answer("3")

    assert counter.status(parent) == "completed"
    assert steps(counter, third) == NEW_STEPS
    assert len(counter.journaled("slept")) == 2


def test_without_a_lock_a_run_of_an_earlier_version_is_left_to_a_person(
    counter: Counter, load: Load, tmp_path: Path
) -> None:
    old = counter.admit("old")
    (tmp_path / "project" / "workflows.lock").unlink()
    counter.rehearsal.deploy(load(AFTER, False))
    counter.rehearsal.app.carrying.begin_anew(old)
    counter.rehearsal.settle()

    assert counter.status(old) == "stuck"
    assert counter.rows("select kind, run_id from dead_letter") == [("step", run_id_of("admit", "old"))]
