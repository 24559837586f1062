"""Personal data: open in handlers, sealed everywhere else."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from house import House, everything_in
from stall import Person, Whisper

from isthmus.core.errors import InputError

NAME = "Ann Unmistakable"


def everything(house: House) -> dict[str, bytes]:
    """Return all that every table holds, as one text a table."""
    found = {}
    for name, rows in everything_in(house.database).items():
        cells = [cell for row in rows for cell in row]
        found[name] = b"|".join(bytes(c) if isinstance(c, bytes | memoryview) else str(c).encode() for c in cells)
    return found


def test_a_name_is_open_in_handlers_and_sealed_in_every_table(house: House) -> None:
    run_id = house.run("greet", Person(id="p", name=NAME)).run_id
    house.engine.send("Whisper", key="p", message=Whisper(id="p", name=NAME))
    house.settle()
    assert house.engine.send("Whisper", key="p", message=Whisper(id="p", name=NAME)) == "late"
    house.settle()

    assert house.view(run_id).status == "completed"
    assert house.plan.saw == [("meet", NAME), ("whisper", NAME)]
    tables = everything(house)
    assert {"run", "inbox", "outbox", "mailbox", "journal", "record"} <= {
        name for name, held in tables.items() if b"fingerprint" in held
    }
    for name, held in tables.items():
        assert NAME.encode() not in held, name
        assert b"Unmistakable" not in held, name


def test_a_handler_that_is_asked_alone_answers_with_the_open_name(house: House) -> None:
    known = house.engine.ask("meet", Person(id="p", name=NAME), key="k")

    assert known.name == NAME
    assert house.engine.ask("meet", Person(id="p", name=NAME), key="k").name == NAME
    assert all(NAME.encode() not in held for held in everything(house).values())


def test_a_name_is_sealed_in_dead_letters_and_failures_too(house: House) -> None:
    house.plan["meet", "p"] = ["fail"]
    house.engine.start("greet", Person(id="p", name=NAME))
    house.settle()

    assert house.statuses("greet") == ["failed"]
    assert all(NAME.encode() not in held for held in everything(house).values())


def test_the_same_start_with_the_same_name_is_the_same_though_it_is_sealed_anew(house: House) -> None:
    first = house.run("greet", Person(id="p", name=NAME))
    again = house.run("greet", Person(id="p", name=NAME))

    assert first.run_id == again.run_id
    assert house.kinds()["rejected"] == 0


def test_a_rejected_message_leaves_no_name_in_the_journal(house: House) -> None:
    house.run("greet", Person(id="p", name=NAME))
    for wrong in ({"id": "p", "name": "Bob Unmistakable"}, {"id": "q", "name": NAME, NAME: 1}, {"id": 1, "name": NAME}):
        with pytest.raises(InputError):
            house.engine.start("greet", json.dumps(wrong).encode())

    assert house.kinds()["rejected"] == 3
    assert all(b"Unmistakable" not in held for held in everything(house).values())


def test_what_was_sealed_is_opened_by_the_next_engine(house: House) -> None:
    run_id = house.run("greet", Person(id="p", name=NAME)).run_id
    house.reopen()
    house.settle()
    house.engine.send("Whisper", key="p", message=Whisper(id="p", name=NAME))
    house.settle()

    assert house.view(run_id).status == "completed"
    house.move(timedelta(minutes=1))
    assert house.engine.ask("meet", Person(id="p", name="Other"), key="k").name == "Other"
