"""What is wrong with what reaches an App on Azure is said and journaled, goes to a person, and loses nothing else."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

BINARY = b"\x89PNG\r\n\x1a\n\x00\xff"
TABLES = ("run", "inbox", "journal", "outbox", "mailbox", "record", "dead_letter", "wake")


@pytest.fixture
def azure(sides: tuple[Any, Any]) -> Any:
    side = sides[1]
    side.rehearsal.settle()
    return side


def record(key: str, number: int, word: str = "") -> bytes:
    return json.dumps({"key": key, "number": number, "word": word}).encode()


def rows(side: Any, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    with side.database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement), values)]


def counts(side: Any) -> dict[str, int]:
    return {table: rows(side, f"select count(*) from {table}")[0][0] for table in TABLES}


def grown(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {table: after[table] - count for table, count in before.items() if after[table] != count}


def kept(side: Any, kind: str, key: str) -> Any:
    found = rows(side, "select body from record where kind like :kind and key = :key", kind=f"%{kind}", key=key)
    return json.loads(found[0][0]) if found else None


def letters_about(side: Any, run_id: str) -> list[tuple[Any, ...]]:
    return rows(side, "select kind, subject, step from dead_letter where run_id = :run", run=run_id)


def rejected(side: Any, after: int) -> list[tuple[Any, ...]]:
    statement = "select subject, actor, after from journal where kind = 'rejected' and sequence > :after"
    return [(subject, actor, json.loads(said)) for subject, actor, said in rows(side, statement, after=after)]


def last_entry(side: Any) -> int:
    return int(rows(side, "select coalesce(max(sequence), 0) from journal")[0][0])


# Service Bus


def deliver(side: Any, body: bytes, function: str = "others_hear", **properties: str) -> str:
    """Deliver a message as Service Bus does, once; return its id."""
    from isthmus.adapters.azure import worker  # noqa: PLC0415  # an extra

    message_id = uuid4().hex
    given, metadata = worker.service_bus_message(body, message_id, properties)
    inputs = {"message": given, "client": side.rehearsal.hub.client_binding()}
    side.rehearsal.wait(side.rehearsal.worker.invoke(function, inputs, metadata))
    return message_id


@pytest.mark.parametrize(
    "body",
    [
        BINARY,
        b"",
        b"[]",
        b'{"key": "k"}',
        b'{"key": "k", "number": "one", "word": ""}',
        record("", 1),
        record("k", 1)[:-1] + b', "more": 1}',
    ],
    ids=["binary", "empty", "a list", "missing field", "wrong type", "empty key", "unknown field"],
)
@pytest.mark.parametrize("properties", [{}, {"run": "x", "key": "k"}], ids=["of others", "that says it is ours"])
def test_a_message_that_is_none_is_journaled_and_raised_for_the_dead_letter_queue_of_its_subscription(
    azure: Any, body: bytes, properties: dict[str, str]
) -> None:
    from isthmus.adapters.azure.worker import WorkerFailed  # noqa: PLC0415  # an extra

    before, entry = counts(azure), last_entry(azure)
    with pytest.raises(WorkerFailed, match="ISTH201"):
        deliver(azure, body, **properties)

    assert grown(before, counts(azure)) == {"journal": 1}
    [(subject, actor, said)] = rejected(azure, entry)
    assert (subject, actor, said["code"]) == ("others", "topic:others", "ISTH201")
    assert said.keys() == {"code", "place"}

    deliver(azure, record("good", 1))
    assert kept(azure, "Record", "good") == {"key": "good", "number": 1, "word": ""}


@pytest.mark.parametrize("function", ["told_note", "late_Answer_file_late"])
def test_a_message_of_others_on_a_topic_that_is_the_apps_alone_is_turned_away(azure: Any, function: str) -> None:
    from isthmus.adapters.azure.worker import WorkerFailed  # noqa: PLC0415  # an extra

    before = counts(azure)
    for properties in ({}, {"run": "x", "key": "k"}):
        with pytest.raises(WorkerFailed, match="ISTH200"):
            deliver(azure, b'{"id": "forged"}', function, **properties)

    assert grown(before, counts(azure)) == {"journal": 2}
    assert kept(azure, "Told", "forged") is None


def test_a_message_that_is_delivered_again_is_heard_once(azure: Any) -> None:
    from isthmus.adapters.azure import worker  # noqa: PLC0415  # an extra

    given, metadata = worker.service_bus_message(record("twice", 1), "the same", {})
    inputs = {"message": given, "client": azure.rehearsal.hub.client_binding()}
    azure.rehearsal.wait(azure.rehearsal.worker.invoke("others_hear", inputs, metadata))
    before = counts(azure)
    azure.rehearsal.wait(azure.rehearsal.worker.invoke("others_hear", inputs, metadata))

    assert grown(before, counts(azure)) == {}


# Event Hubs


def read(side: Any, bodies: list[bytes], partition: str, first: int = 0, **changed: Any) -> None:
    """Read a batch as Event Hubs gives it."""
    from isthmus.adapters.azure import worker  # noqa: PLC0415  # an extra

    given, metadata = worker.event_hub_batch(bodies, partition, first)
    inputs = {"records": given, "client": side.rehearsal.hub.client_binding()}
    side.rehearsal.wait(side.rehearsal.worker.invoke("stream_ticks", inputs, {**metadata, **changed}))


def test_a_binary_record_between_good_ones_goes_to_a_person_and_the_good_ones_are_handled_in_order(azure: Any) -> None:
    from isthmus.adapters.runtime.runs import run_id_of  # noqa: PLC0415  # an extra

    batch = [record("a", 1), record("b", 1), BINARY, record("a", 2), record("b", 2), record("a", 3)]
    entry = last_entry(azure)
    read(azure, batch, "7", 40)

    assert kept(azure, "Counted", "a") == {"numbers": [1, 2, 3]}
    assert kept(azure, "Counted", "b") == {"numbers": [1, 2]}
    [(subject, actor, said)] = rejected(azure, entry)
    assert (subject, actor, said["code"]) == ("ticks", "stream:ticks", "ISTH201")
    assert letters_about(azure, run_id_of("stream:ticks", "7/42")) == [("delivery", "count", "7/42")]

    before = counts(azure)
    read(azure, batch, "7", 40)
    assert grown(before, counts(azure)) == {}


def test_the_same_number_in_another_partition_is_another_record(azure: Any) -> None:
    read(azure, [record("p", 1)], "1", 9)
    read(azure, [record("p", 2)], "2", 9)

    assert kept(azure, "Counted", "p") == {"numbers": [1, 2]}


def test_a_batch_that_does_not_tell_its_partition_is_not_taken_in(azure: Any) -> None:
    from isthmus.adapters.azure import worker  # noqa: PLC0415  # an extra

    before = counts(azure)
    with pytest.raises(worker.WorkerFailed, match="ISTH364"):
        read(azure, [record("nowhere", 1)], "1", PartitionContext=worker.json_value({}))

    assert grown(before, counts(azure)) == {}


def test_a_record_whose_handler_fails_has_its_attempts_then_a_person_and_those_after_it_are_handled(azure: Any) -> None:
    read(azure, [record("f", 1), record("f", 2, "fail"), record("f", 3)], "3")

    assert kept(azure, "Counted", "f") == {"numbers": [1, 3]}
    statement = "select step, attempts, state from inbox where step like '%ticks/3/1>count'"
    assert [row[1:] for row in rows(azure, statement)] == [(2, "failed")]
    letters = "select count(*) from dead_letter where step like '%ticks/3/1>count'"
    assert rows(azure, letters) == [(1,)]
    before = counts(azure)
    read(azure, [record("f", 1), record("f", 2, "fail"), record("f", 3)], "3")
    assert grown(before, counts(azure)) == {}


def test_a_record_over_http_is_handled_before_the_answer(azure: Any) -> None:
    status, _ = _post(azure, "isthmus_streams", "/streams/ticks", {"name": "ticks"}, record("http", 5))

    assert status == 202
    assert kept(azure, "Counted", "http") == {"numbers": [5]}


def test_the_sweep_delivers_a_record_that_a_crash_has_left_once_nobody_can_be_at_it(azure: Any) -> None:
    from isthmus.adapters.runtime.operations import STREAM_TOPIC, take_in  # noqa: PLC0415  # an extra

    host = azure.rehearsal.host
    topic = f"{STREAM_TOPIC}ticks"
    for number, word in ((1, ""), (2, "fail"), (3, "")):
        body = record("left", number, word)
        host.do_from_outside("ticks", "test", "", lambda unit: take_in(unit, topic, f"{topic}/9/{number}", body))  # noqa: B023
    azure.rehearsal.sweep()
    assert kept(azure, "Counted", "left") is None

    azure.move(timedelta(minutes=11))
    azure.rehearsal.sweep()
    assert kept(azure, "Counted", "left") == {"numbers": [1]}  # the one that fails keeps its place in the queue
    azure.rehearsal.sweep()

    assert kept(azure, "Counted", "left") == {"numbers": [1, 3]}
    before = counts(azure)
    azure.rehearsal.sweep()
    assert grown(before, counts(azure)) == {}


# Timers


def tick(side: Any, name: str) -> None:
    from isthmus.adapters.azure import worker  # noqa: PLC0415  # an extra

    inputs = {"timer": worker.timer_tick(), "client": side.rehearsal.hub.client_binding()}
    side.rehearsal.wait(side.rehearsal.worker.invoke(f"schedule_{name}", inputs))


def test_a_tick_that_fires_twice_is_one(azure: Any) -> None:
    tick(azure, "daily")
    done = kept(azure, "Counted", "daily")
    before = counts(azure)
    tick(azure, "daily")

    assert grown(before, counts(azure)) == {}
    assert done == {"numbers": [1]}


def test_a_tick_that_fails_in_every_attempt_goes_to_a_person(azure: Any) -> None:
    for _ in range(2):
        tick(azure, "broken")

    letters = "select kind, subject from dead_letter where step like '%broken@%>count'"
    assert rows(azure, letters) == [("delivery", "count")]


# HTTP


def _post(side: Any, function: str, path: str, route: dict[str, str], body: bytes, **headers: str) -> tuple[int, Any]:
    from isthmus.adapters.azure import worker  # noqa: PLC0415  # an extra

    given = {"content-type": "application/json", **headers}
    request = worker.http_request("POST", f"http://127.0.0.1{path}", body, given, route)
    inputs = {"req": request, "client": side.rehearsal.hub.client_binding()}
    status, said = worker.http_response(side.rehearsal.wait(side.rehearsal.worker.invoke(function, inputs)))
    return status, json.loads(said)


@pytest.mark.parametrize(
    ("function", "route", "body", "expected"),
    [
        ("isthmus_streams", {"name": "ticks"}, BINARY, (400, "ISTH201")),
        ("isthmus_streams", {"name": "nothing"}, record("k", 1), (404, "ISTH203")),
        ("isthmus_streams", {"name": "ticks"}, record("", 1), (400, "ISTH201")),
        ("isthmus_topics", {"name": "others"}, record("k", 1)[:-1] + b', "more": 1}', (400, "ISTH201")),
        ("isthmus_topics", {"name": "told"}, b'{"id": "x"}', (400, "ISTH200")),
        ("isthmus_events", {"event": "Answer", "key": ""}, b'{"text": "x"}', (400, "ISTH201")),
        ("isthmus_events", {"event": "Answer", "key": "x\0"}, b'{"text": "x"}', (400, "ISTH201")),
        ("isthmus_events", {"event": "Answer", "key": "x"}, BINARY, (400, "ISTH201")),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_message_is_answered_by_problem_details_and_journaled(
    azure: Any, function: str, route: dict[str, str], body: bytes, expected: tuple[int, str]
) -> None:
    before = counts(azure)
    status, said = _post(azure, function, "/x", route, body)

    assert (status, said["code"], said["status"]) == (*expected, status)
    assert grown(before, counts(azure)) == {"journal": 1}


def test_an_idempotency_key_that_is_empty_is_turned_away(azure: Any) -> None:
    before = counts(azure)
    status, said = _post(azure, "post_looks", "/looks", {}, b"{}", **{"idempotency-key": ""})

    assert status == said["status"] == 400
    assert grown(before, counts(azure)) == {}
