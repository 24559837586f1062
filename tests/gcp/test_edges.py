"""What reaches an App on Google Cloud from outside: over HTTP, by Pub/Sub, by Scheduler; and what of it is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from counter import MINUTE, Counter, opened, pushed, said


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    with opened(tmp_path) as made:
        yield made


def numbers(counter: Counter, key: str) -> list[int]:
    found = counter.rows("select body from record where key = :it", it=key)
    return list(json.loads(bytes(found[0][0]))["numbers"]) if found else []


# Over HTTP


def test_an_endpoint_starts_a_run_and_says_where_to_look(counter: Counter) -> None:
    status, answer = counter.post("/tickets", {"id": "1"})
    counter.rehearsal.settle()
    shown = counter.rehearsal.request("GET", answer["status_url"])

    assert (status, answer["status_url"]) == (202, f"/workflows/{answer['run_id']}")
    assert json.loads(shown.body)["status"] == "running"


def test_an_endpoint_of_a_handler_answers_or_refuses(counter: Counter) -> None:
    assert json.loads(counter.rehearsal.request("GET", "/looks/7").body) == {"id": "7"}
    refused = counter.rehearsal.request("GET", "/looks/7?refuse=true")
    assert (refused.code, json.loads(refused.body)["refusal"]) == (422, "Closed")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/tickets", b'{"id": 1}', 400),
        ("POST", "/tickets", b"\xff", 400),
        ("POST", "/tickets", b"x" * 40_000, 413),
        ("PUT", "/tickets", b"{}", 405),
        ("POST", "/nowhere", b"{}", 404),
        ("POST", "/events/Else/1", b"{}", 404),
        ("POST", "/topics/told", b'{"id": "1"}', 400),
        ("GET", "/workflows/none", b"", 404),
    ],
)
def test_what_is_wrong_is_said_as_on_a_laptop(
    counter: Counter, method: str, path: str, body: bytes, status: int
) -> None:
    response = counter.rehearsal.request(method, path, body)
    assert response.code == status
    assert json.loads(response.body)["status"] == status
    assert counter.counts()["run"] == 0


def test_a_body_of_no_stated_type_is_turned_away(counter: Counter) -> None:
    assert counter.rehearsal.request("POST", "/tickets", b"{}", {"Content-Type": "text/plain"}).code == 415


# Pub/Sub


def test_a_message_of_others_is_handled_once_under_the_id_that_pub_sub_gave_it(counter: Counter) -> None:
    for _ in range(2):
        assert counter.post("/pubsub/others/hear", pushed(said("k", 1), "77"), signed=True)[0] == 204
    assert numbers(counter, "k") == [1]


def test_a_record_of_a_stream_that_others_publish_is_handled_once(counter: Counter) -> None:
    for number in (1, 2):
        for _ in range(2):
            body = pushed(said("k", number), str(number), orderingKey="k")
            assert counter.post("/pubsub/stream.ticks/count", body, signed=True)[0] == 204
    assert numbers(counter, "k") == [1, 2]
    assert counter.rows("select count(*) from outbox where published_at is null") == [(0,)]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda body: body,
        lambda body: {"specversion": "1.0", "type": "google.cloud.pubsub.topic.v1.messagePublished", "data": body},
    ],
    ids=["pushed", "a CloudEvent"],
)
def test_a_push_and_a_cloud_event_around_it_are_the_same(counter: Counter, wrap: Any) -> None:
    assert counter.post("/pubsub/others/hear", wrap(pushed(said("k", 1))), signed=True)[0] == 204
    assert numbers(counter, "k") == [1]


@pytest.mark.parametrize(
    "data",
    ["%%%", "aGVsbG8", b"\xff\xfe", b"", b"[]", b'{"key": "k"}', b'{"key":"k","number":"one","word":""}', b"[" * 9_000],
)
@pytest.mark.parametrize("path", ["/pubsub/others/hear", "/pubsub/stream.ticks/count"])
def test_what_is_no_message_is_journaled_once_and_not_delivered_for_ever(
    counter: Counter, data: bytes | str, path: str
) -> None:
    for _ in range(3):
        assert counter.post(path, pushed(data, "5"), signed=True)[0] == 204
    assert len(counter.journaled("rejected")) == 1
    assert counter.kept() == set()
    assert counter.counts()["outbox"] == 0


def test_a_message_without_attributes_on_a_topic_of_the_app_alone_is_journaled_once(counter: Counter) -> None:
    for _ in range(2):
        assert counter.post("/pubsub/told/note", pushed(b'{"id": "x"}', "9"), signed=True)[0] == 204
    assert counter.journaled("rejected") == ["told"]
    assert counter.kept() == set()


@pytest.mark.parametrize("attributes", [{"message_id": "x/0#0"}, {"message_id": ""}, {"run": "x"}])
def test_what_a_message_says_of_itself_is_not_believed(counter: Counter, attributes: dict[str, str]) -> None:
    body = pushed(b'{"id": "x"}', "9", attributes=attributes)
    assert counter.post("/pubsub/told/note", body, signed=True)[0] == 204
    assert counter.journaled("rejected") == ["told"]


def test_a_message_of_ours_is_taken_as_the_outbox_has_it(counter: Counter) -> None:
    run_id = counter.admit("1")
    counter.rehearsal.move(MINUTE)
    counter.answer("1")
    assert counter.status(run_id) == "completed"
    ((message_id,),) = counter.rows("select message_id from outbox where topic = 'told'")
    forged = pushed(b'{"id": "forged"}', "9", attributes={"message_id": message_id})

    assert counter.post("/pubsub/told/note", forged, signed=True)[0] == 204
    assert "forged" not in counter.kept()


@pytest.mark.parametrize("body", [b"", b"{}", b'{"message": {}}', b"\xff", b'{"message": {"data": 1}}'])
def test_what_is_no_push_is_turned_away(counter: Counter, body: bytes) -> None:
    assert counter.post("/pubsub/others/hear", body, signed=True)[0] == 400


@pytest.mark.parametrize("path", ["/pubsub/others/note", "/pubsub/none/hear", "/pubsub/others", "/pubsub/"])
def test_there_is_no_other_subscription(counter: Counter, path: str) -> None:
    assert counter.post(path, pushed(said("k", 1)), signed=True)[0] == 404


def test_a_subscriber_that_fails_is_given_the_message_again_and_at_last_a_person_is(counter: Counter) -> None:
    statuses = [
        counter.post("/pubsub/others/hear", pushed(said("k", 1, "fail"), "3"), signed=True)[0] for _ in range(3)
    ]
    assert statuses == [503, 204, 204]
    assert counter.rows("select kind, subject from dead_letter") == [("delivery", "hear")]


# Scheduler


def test_a_schedule_ticks_once_however_often_it_is_called(counter: Counter) -> None:
    for _ in range(2):
        assert counter.post("/schedules/daily", b"", signed=True)[0] == 204
    assert numbers(counter, "daily") == [1]


def test_a_tick_whose_handler_fails_goes_to_a_person_in_the_end(counter: Counter) -> None:
    assert counter.post("/schedules/broken", b"", signed=True)[0] == 204
    assert counter.rows("select kind, subject from dead_letter") == [("delivery", "count")]


def test_there_is_no_other_schedule(counter: Counter) -> None:
    assert counter.post("/schedules/none", b"", signed=True)[0] == 404
