"""Recovery: an engine that dies after any commit leaves what the next one carries on to the same end."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from house import House
from stall import Batch, News, Part, Word, a_job

from isthmus.core.testing import Crash

type Story = tuple[str, object, Callable[[House], None]]


def plain(_house: House) -> None:
    """Let everything go well."""


def refuse_in_the_end(house: House) -> None:
    house.plan["look", "after"] = ["no"]


def refuse_in_the_child(house: House) -> None:
    house.plan["look", "c"] = ["no"]


def fail_now_and_then(house: House) -> None:
    house.plan["make", "b"] = ["fail"]


def fail_for_good_after_shipping(house: House) -> None:
    house.plan["ship", "c"] = ["fail"]


STORIES: dict[str, Story] = {
    "a chain": ("chain", a_job("1"), plain),
    "a chain that fails": ("chain", a_job("1"), fail_now_and_then),
    "branches": ("side", a_job("1"), refuse_in_the_child),
    "many": ("many", Batch(id="1", parts=[Part(name=name) for name in "xyz"]), plain),
    "children": ("outer", a_job("1"), plain),
    "children taken back": ("outer", a_job("1"), refuse_in_the_end),
    "a child that refuses": ("forgiving", a_job("1"), refuse_in_the_child),
    "a kit taken back": ("outer_kit", a_job("1"), refuse_in_the_end),
    "a trade": ("trade", a_job("1"), plain),
    "a trade taken back": ("trade", a_job("1"), refuse_in_the_child),
    "a seal that is stuck": ("seal", a_job("1"), fail_for_good_after_shipping),
    "news": ("report", News(id="1", text="it"), plain),
    "a nap": ("nap", a_job("1"), plain),
    "a word": ("listen", a_job("1"), plain),
}


class DiesAfter:
    """Die after so many commits of units of work; at the same time, count them."""

    def __init__(self, commits: int | None) -> None:
        self.left = commits
        self.passed = 0
        self._lock = threading.Lock()

    def __call__(self, point: str, _run_id: str, step: str) -> None:
        with self._lock:
            self.passed += 1
            if self.passed == self.left:
                raise Crash(f"{point} of {step}")


def told(house: House, story: Story, faults: DiesAfter) -> tuple[object, ...]:
    """Tell a story, with whatever crash it holds, and return all that must not depend on it."""
    contract, message, prepare = story
    prepare(house)
    house.reopen(faults=faults)

    def heard(call: Callable[[], object]) -> None:
        try:
            call()
            house.settle()
        except Crash:
            house.reopen(faults=faults)
            heard(call)

    heard(lambda: house.engine.start(contract, message))
    heard(lambda: house.engine.send("Word", key="1", message=Word(text="one"), event_id="1"))
    for _hour in range(2):
        house.clock.move(timedelta(hours=1))
        heard(lambda: None)
    runs = house.rows("select contract, identity, status, outcome from run order by 1, 2, parent_step")
    journal = Counter(
        house.rows("select r.contract, j.step, j.kind, j.subject from journal j left join run r on r.run_id = j.run_id")
    )
    letters = [letter[1:] for letter in house.letters()]
    outside = (house.stall.market.done, house.stall.returns.done)
    return runs, journal, letters, house.records(), outside


@pytest.mark.parametrize("name", STORIES)
def test_a_crash_after_any_commit_changes_neither_outcome_nor_journal(
    tmp_path: Path, sqlite_template: Path, name: str
) -> None:
    def house(number: int) -> House:
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "isthmus.db").write_bytes(sqlite_template.read_bytes())
        return House(f"sqlite:///{folder / 'isthmus.db'}", folder)

    counting = DiesAfter(None)
    first = house(0)
    undisturbed = told(first, STORIES[name], counting)
    first.close()
    step = max(1, counting.passed // 8)
    for number in range(1, counting.passed + 1, step):
        again = house(number)
        assert told(again, STORIES[name], DiesAfter(number)) == undisturbed, f"dead at point {number}"
        again.close()


def test_nothing_is_lost_when_the_engine_dies_again_and_again(house: House) -> None:
    """Each engine lives for a little longer than the one before; many runs are on their way."""
    for number in range(6):
        house.engine.start("outer" if number % 2 else "trade", a_job(str(number)))
    for life in range(100):
        house.reopen(faults=DiesAfter(5 + 2 * life))
        try:
            house.settle()
            break
        except Crash:
            continue

    assert house.statuses("outer") + house.statuses("trade") == ["completed"] * 6
    assert Counter(house.stall.market.done) == {"b": 3}


def test_runs_that_wait_are_not_loaded_until_what_they_wait_for_comes(house: House) -> None:
    for number in range(20):
        house.run("must_hear", a_job(str(number)))
    house.reopen()
    house.settle()

    assert house.engine.in_flight == 0
    assert house.say("7", "you") == "delivered"
    assert house.statuses("must_hear").count("completed") == 1
    house.move(timedelta(minutes=30))
    assert sorted(set(house.statuses("must_hear"))) == ["completed", "timed_out"]


def test_more_runs_than_fit_in_memory_wait_and_are_read_again(
    sqlite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from isthmus.adapters.local import carrier  # noqa: PLC0415

    monkeypatch.setattr(carrier, "PARKED_MAX", 3)
    for number in range(10):
        sqlite_house.run("nap" if number % 2 else "must_hear", a_job(str(number)))
    assert len(sqlite_house.engine._executions) <= 4  # that is what the limit is about
    for number in range(0, 10, 2):
        sqlite_house.say(str(number), "now")
    sqlite_house.move(timedelta(hours=1))

    assert set(sqlite_house.statuses("nap") + sqlite_house.statuses("must_hear")) == {"completed"}
