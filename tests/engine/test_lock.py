"""The lock: one engine for a database; a second is told who holds it, and a superseded one cannot write."""

from __future__ import annotations

import os

import pytest
from house import House
from stall import STALL, a_job

from isthmus.adapters.local.engine import Engine
from isthmus.adapters.sql.database import Database
from isthmus.core.errors import EngineBusy, EnvironmentFault, Superseded


def test_a_second_engine_refuses_to_start_and_says_who_holds_the_database(house: House) -> None:
    database = Database.open(house.url, migrate=False)
    second = Engine(STALL, database, folder=house.folder, clock=house.clock)

    with pytest.raises(EngineBusy, match=f"process {os.getpid()} on "):
        second.open()
    assert house.run("chain", a_job("1")).status == "completed"
    database.close()


def test_a_closed_engine_leaves_the_database_to_the_next(house: House) -> None:
    house.engine.close()
    house.open()

    assert house.run("chain", a_job("1")).status == "completed"


def test_a_superseded_engine_changes_nothing_any_longer(house: House) -> None:
    run_id = house.run("must_hear", a_job("1")).run_id
    house.rows("update epoch set epoch = epoch + 1, holder = 'the newer one'")
    journal = house.journal(run_id)

    with pytest.raises(Superseded, match="the newer one"):
        house.engine.send("Word", key="1", message=b'{"text": "x"}')
    with pytest.raises(Superseded):
        house.engine.start("chain", a_job("2"))
    assert house.journal(run_id) == journal
    assert house.rows("select count(*) from mailbox") == [(0,)]

    house.reopen()
    assert house.say("1", "heard") == "delivered"
    assert house.view(run_id).status == "completed"


def test_a_closed_engine_says_that_it_is_closed(house: House) -> None:
    house.engine.close()

    for call in (
        lambda: house.engine.start("chain", a_job("1")),
        lambda: house.engine.ask("make", a_job("1").a, key="k"),
        lambda: house.engine.cancel("1", actor="it"),
    ):
        with pytest.raises(EnvironmentFault, match="closed"):
            call()
