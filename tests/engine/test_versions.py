"""Versions: a run keeps the program that it began with; without it, it is left to a person, and driven by no other."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from house import House
from stall import a_job

from isthmus.adapters.runtime.workflows_lock import kept_sources, load_app, update_lock
from isthmus.core.app import App
from isthmus.core.composition import Composition

SHOP = '''
from isthmus.core import App, Event, Message, Records, Undo, contract, handles, hours, wait_for, workflow


class Job(Message, identity="id"):
    id: str


class Done(Message):
    text: str


class Word(Event):
    text: str


@contract()
def unfirst(undo: Undo[Job, Done]) -> None:
    """Take the first back."""


@contract(undone_by=unfirst)
def first(job: Job) -> Done:
    """Do the first thing."""


@contract()
def unsecond(undo: Undo[Job, Done]) -> None:
    """Take the second back."""


@contract(undone_by=unsecond)
def second(job: Job) -> Done:
    """Do the second thing."""


@contract()
def work(job: Job) -> Done:
    """Do a job."""


@contract(final=True)
def keep_late(word: Word) -> None:
    """Keep a late word."""


@handles(first)
def do_first(job: Job) -> Done:
    return Done(text="first")


@handles(second)
def do_second(job: Job) -> Done:
    return Done(text="second")


@handles(unfirst)
def undo_first(undo: Undo[Job, Done]) -> None:
    return None


@handles(unsecond)
def undo_second(undo: Undo[Job, Done]) -> None:
    return None


@handles(keep_late)
def keep_late_word(word: Word, words: Records[Word]) -> None:
    words.put(word.text, word)


@workflow(work)
async def flow(job: Job) -> Done:
{flow}


app = App(
    "shop",
    fulfils=[flow, do_first, do_second, undo_first, undo_second, keep_late_word],
    late_events={{Word: keep_late}},
)
'''

FIRST_THEN_SECOND = """
    one = await first(job)
    word = await wait_for(Word, key=job.id, within=hours(1))
    await second(job)
    return Done(text=f"v1 {one.text} {word.text}")
"""

SECOND_THEN_FIRST = """
    if job.id != "nobody":
        await second(job)
    word = await wait_for(Word, key=f"new-{job.id}", within=hours(2))
    return Done(text=f"v2 {word.text}")
"""

type Deploy = Callable[[str], tuple[App, Path]]


@pytest.fixture
def deploy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deploy]:
    """Return a function that writes the shop with a flow, and imports it as a new process would."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text("", "utf-8")
    monkeypatch.syspath_prepend(str(project))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def deploy(flow: str) -> tuple[App, Path]:
        (project / "shop_in_flight.py").write_text(SHOP.format(flow=flow.strip("\n")), "utf-8")
        sys.modules.pop("shop_in_flight", None)
        importlib.invalidate_caches()
        module: ModuleType = importlib.import_module("shop_in_flight")
        app: App = module.app
        return app, project

    yield deploy
    sys.modules.pop("shop_in_flight", None)


def loaded(app: App) -> Composition:
    return load_app(app, "shop_in_flight")


def test_a_run_goes_on_by_the_version_that_it_began_with_and_new_runs_by_todays(house: House, deploy: Deploy) -> None:
    app, project = deploy(FIRST_THEN_SECOND)
    update_lock(app, project)
    house.reopen(loaded(app))
    old = house.run("work", {"id": "old"}).run_id
    house.engine.abandon()

    app, project = deploy(SECOND_THEN_FIRST)
    update_lock(app, project)
    house.open(loaded(app))
    new = house.run("work", {"id": "new"}).run_id
    assert house.say("old", "heard") == "delivered"
    assert house.say("new-new", "heard") == "delivered"

    assert house.view(old).outcome == b'{"text":"v1 first heard"}'
    assert house.view(new).outcome == b'{"text":"v2 heard"}'
    assert set(house.steps(old)) == {"0", "1", "2"}
    assert set(house.steps(new)) == {"0.then.0", "1"}
    assert house.view(old).version != house.view(new).version


def test_a_run_of_an_earlier_version_is_taken_back_by_what_it_did(house: House, deploy: Deploy) -> None:
    app, project = deploy(FIRST_THEN_SECOND)
    update_lock(app, project)
    house.reopen(loaded(app))
    old = house.run("work", {"id": "old"}).run_id
    house.engine.abandon()
    app, project = deploy(SECOND_THEN_FIRST)
    update_lock(app, project)
    house.open(loaded(app))
    house.engine.cancel(old, actor="tester")
    house.settle()

    assert house.view(old).status == "cancelled"
    assert ("undo:0", "undone") in house.journal(old)


def test_a_version_that_only_the_lock_forgot_comes_back_with_it(house: House, deploy: Deploy) -> None:
    app, project = deploy(FIRST_THEN_SECOND)
    update_lock(app, project)
    kept = kept_sources("shop", project)
    house.reopen(loaded(app))
    old = house.run("work", {"id": "old"}).run_id
    house.engine.abandon()
    app, _ = deploy(SECOND_THEN_FIRST)
    house.open(app.load())
    house.say("old", "at last")
    assert house.view(old).status == "stuck"
    house.engine.abandon()
    house.open(app.load(kept))
    house.replay()

    assert house.view(old).outcome == b'{"text":"v1 first at last"}'


def test_a_run_of_a_version_that_is_not_carried_is_left_to_a_person(house: House) -> None:
    run_id = house.run("must_hear", a_job("1")).run_id
    other = house.run("must_hear", a_job("2")).run_id
    house.engine.abandon()
    house.rows("update run set version = 'an older one' where run_id = :run", run=run_id)
    house.open()
    house.say("1", "now")
    assert house.say("2", "now") == "delivered"

    assert house.view(run_id).status == "stuck"
    assert [(kind, step) for _, kind, step, _ in house.letters()] == [("step", "")]
    assert house.view(other).status == "completed"


def test_it_goes_on_from_where_it_stood_when_its_version_is_carried_again(house: House) -> None:
    run_id = house.run("must_hear", a_job("1")).run_id
    ((version,),) = house.rows("select version from run")
    house.engine.abandon()
    house.rows("update run set version = 'an older one'")
    house.open()
    house.say("1", "now")
    house.engine.abandon()
    house.rows("update run set version = :version", version=version)
    house.open()
    house.replay()

    assert house.view(run_id).status == "completed"
    assert house.plan.count("craft", "a") == 1


def test_a_record_that_the_program_does_not_ask_for_is_an_error_and_never_an_answer(house: House) -> None:
    run_id = house.run("must_hear", a_job("1")).run_id
    house.engine.abandon()
    house.rows("update inbox set contract = 'look' where step = '0'")
    house.open()
    assert house.say("1", "now") == "delivered"

    assert house.view(run_id).status == "stuck"
    assert [kind for _, kind, *_ in house.letters()] == ["step"]
    assert house.run("chain", a_job("2")).status == "completed"
