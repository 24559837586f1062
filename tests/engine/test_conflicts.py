"""Conflicts, and databases that go away: what lost is tried again; what cannot be kept is a clear error, never half."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from house import House
from stall import Part, Word, a_job

from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.faults import ConnectionLost, DiskFull
from isthmus.core.errors import StorageUnavailable


def test_an_engine_and_other_processes_lose_nothing_against_one_another(house: House) -> None:
    """All of them count the same news, which no two transactions can do at once."""
    beside = [house.beside() for _ in range(3)]
    failed: list[BaseException] = []

    def send(number: int) -> None:
        try:
            for one in range(6):
                beside[number].send("Word", key="1", message=Word(text="same"), event_id=f"{number} {one}")
        except BaseException as error:  # noqa: BLE001  # it is looked at below
            failed.append(error)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for number in range(20):
        house.engine.start("chain", a_job(str(number)))
    for thread in threads:
        thread.join(60)

    assert failed == []
    house.until(lambda: house.records().get("late same") == 18)
    house.settle()
    assert set(house.statuses("chain")) == {"completed"}


def test_a_group_in_which_one_fails_is_done_one_by_one(house: House) -> None:
    """Many starts in one transaction, one of them refused, and each caller hears its own."""
    futures = [house.engine.submit("chain", a_job(str(number))) for number in range(10)]
    wrong = house.engine.submit("chain", a_job("0", a="other"))
    more = [house.engine.submit("chain", a_job(str(number))) for number in range(10, 20)]

    assert len({future.result(10) for future in futures + more}) == 20
    assert type(wrong.exception(10)).__name__ == "IdentityConflict"
    house.settle()
    assert house.statuses("chain") == ["completed"] * 20


def test_a_handler_that_swallows_errors_cannot_break_its_unit_of_work(house: House) -> None:
    house.plan["make", "a"] = ["fail", "no"]
    run = house.run("side", a_job("1"))

    assert run.status == "refused"
    assert house.records() == {}


def test_a_server_that_goes_away_is_a_clear_error_and_reopening_carries_on(
    new_postgresql: Callable[[], Any], tmp_path: Path
) -> None:
    server = new_postgresql()
    url = server.create()
    Database.open(url).close()
    house = House(url, tmp_path)
    waiting = house.run("must_hear", a_job("1")).run_id
    server.stop()

    with pytest.raises(StorageUnavailable) as error:
        house.engine.start("chain", a_job("2"))
    assert isinstance(error.value, ConnectionLost)
    with pytest.raises(StorageUnavailable):
        house.engine.ask("make", Part(name="a"), key="k")
    with pytest.raises(StorageUnavailable):
        house.engine.wait(waiting, timeout_seconds=1)
    with pytest.raises(StorageUnavailable):
        house.settle()
    with pytest.raises(StorageUnavailable):
        house.reopen()

    server.start()
    house.open()
    assert house.run("chain", a_job("2")).status == "completed"
    assert house.say("1", "now") == "delivered"
    assert house.view(waiting).status == "completed"
    house.close()


def test_a_server_that_crashes_in_the_middle_of_work_leaves_nothing_half_done(
    new_postgresql: Callable[[], Any], tmp_path: Path
) -> None:
    import signal  # noqa: PLC0415

    server = new_postgresql()
    url = f"{server.create()}&options=-csynchronous_commit%3Don"  # the servers of tests are quick, and forget
    Database.open(url).close()
    house = House(url, tmp_path)
    house.plan["make", "b"] = [lambda: server.stop(signal.SIGQUIT) or "made"]
    run_id = house.engine.start("chain", a_job("1"))

    with pytest.raises(StorageUnavailable):
        house.settle()
    server.start()
    house.plan["make", "b"] = ["ok"]
    house.reopen()
    house.settle()

    assert house.view(run_id).status == "completed"
    assert house.records() == {"a": "made", "b": "made"}
    assert house.journal(run_id).count(("1", "answered")) == 1
    house.close()


def test_a_full_disk_is_a_clear_error_and_room_carries_everything_on(sqlite_house: House) -> None:
    house = sqlite_house
    done = house.run("chain", a_job("done"))
    connection = house.engine._transaction._connection  # the limit is one of the connection's own
    (pages,) = connection.execute("pragma page_count").fetchone()
    connection.execute(f"pragma max_page_count = {pages}")

    def fill_it() -> None:
        for number in range(2_000):
            house.engine.start("chain", a_job(str(number)))

    with pytest.raises(DiskFull, match="free some space"):
        fill_it()
    with pytest.raises(DiskFull):
        house.engine.start("chain", a_job("another"))
    house.reopen()
    house.settle()
    assert house.view(done.run_id) == done
    assert set(house.statuses("chain")) == {"completed"}
    assert house.run("chain", a_job("another")).status == "completed"
    assert sqlite3.connect(house.folder / "isthmus.db").execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_full_disk_takes_no_gateway_call_back_or_twice(sqlite_house: House) -> None:
    """The answer of a call cannot be kept: the next engine inquires after it."""
    house = sqlite_house
    connection = house.engine._transaction._connection  # the limit is one of the connection's own

    def fill() -> str:
        connection.execute(f"pragma max_page_count = {connection.execute('pragma page_count').fetchone()[0]}")
        return "ok"

    for number in range(400):
        house.plan["market call", f"b{number}"] = [fill]
        try:
            house.run("trade", a_job(str(number), a=f"a{number}", b=f"b{number}"))
        except DiskFull:
            break
    else:
        raise AssertionError("the disk was never full")
    house.reopen()
    house.settle()

    assert set(house.statuses("trade")) == {"completed"}
    assert len(house.stall.market.done) == len(set(house.stall.market.done)) == len(house.statuses("trade"))
