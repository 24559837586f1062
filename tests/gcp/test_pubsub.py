"""What leaves for topics: published in order, by key, and taken in again by the push that carries it."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pubsub_service import Pubsub

from isthmus.adapters.gcp.pubsub import PublishFailed, PubsubOutlet
from isthmus.adapters.gcp.pushes import pushed_of
from isthmus.adapters.runtime.settings import SettingMissing
from isthmus.adapters.runtime.unit import OutgoingMessage

TOPIC = "late:Answer"


@pytest.fixture
def pubsub() -> Iterator[Pubsub]:
    served = Pubsub("late.Answer", "told")
    yield served
    served.close()


@pytest.fixture
def outlet(pubsub: Pubsub) -> PubsubOutlet:
    return PubsubOutlet(pubsub.url, lambda _scope: pubsub.token)


def message(
    number: int, *, key: str = "order-1", body: bytes = b'{"id":"order-1"}', run: str = "r1"
) -> OutgoingMessage:
    return OutgoingMessage(f"m{number}", TOPIC, key, body, run)


def test_messages_of_a_key_are_published_in_their_order_with_what_tells_them_apart(
    pubsub: Pubsub, outlet: PubsubOutlet
) -> None:
    outlet.send([message(number) for number in range(3)])

    assert pubsub.requests == 1
    assert [one["attributes"]["message_id"] for one in pubsub.taken["late.Answer"]] == ["m0", "m1", "m2"]
    assert {one["orderingKey"] for one in pubsub.taken["late.Answer"]} == {"order-1"}
    assert pubsub.taken["late.Answer"][0]["attributes"] == {
        "message_id": "m0",
        "key": "order-1",
        "type": "late:Answer",
        "run": "r1",
    }


@given(
    bodies=st.lists(st.binary(max_size=200), min_size=1, max_size=5),
    key=st.text(st.characters(codec="utf-8"), max_size=2_000),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_published_is_taken_and_a_push_of_it_gives_it_back(
    pubsub: Pubsub, outlet: PubsubOutlet, bodies: list[bytes], key: str
) -> None:
    pubsub.taken["late.Answer"].clear()
    outlet.send([message(number, key=key, body=body) for number, body in enumerate(bodies)])

    taken = pubsub.taken["late.Answer"]
    pushes = [
        pushed_of(json.dumps({"message": {**one, "messageId": "1"}, "subscription": "s"}).encode()) for one in taken
    ]
    assert [b64decode(one.data) for one in pushes] == bodies
    assert [one.attributes["message_id"] for one in pushes] == [f"m{number}" for number in range(len(bodies))]
    assert len({one["orderingKey"] for one in taken}) == 1


def test_many_large_messages_go_in_requests_that_pubsub_takes(pubsub: Pubsub, outlet: PubsubOutlet) -> None:
    outlet.send([message(number, body=b"x" * 32_768) for number in range(350)])

    assert pubsub.requests == 4
    assert [one["attributes"]["message_id"] for one in pubsub.taken["late.Answer"]] == [f"m{n}" for n in range(350)]


def test_keys_that_are_too_long_for_pubsub_keep_their_messages_together_and_apart_from_others(
    pubsub: Pubsub, outlet: PubsubOutlet
) -> None:
    for key in ("k" * 5_000, "k" * 5_000, "k" * 5_001):
        outlet.send([message(1, key=key)])

    first, second, other = (one["orderingKey"] for one in pubsub.taken["late.Answer"])
    assert first == second != other


def test_a_message_whose_answer_was_lost_is_published_again_with_the_same_id(
    pubsub: Pubsub, outlet: PubsubOutlet
) -> None:
    pubsub.loses_answers = 1
    with pytest.raises(PublishFailed, match="does not answer"):
        outlet.send([message(1)])
    outlet.send([message(1)])

    assert [one["attributes"]["message_id"] for one in pubsub.taken["late.Answer"]] == ["m1", "m1"]


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503])
def test_what_pubsub_does_not_take_is_a_fault_that_names_the_topic(
    pubsub: Pubsub, outlet: PubsubOutlet, status: int
) -> None:
    pubsub.statuses = [status]
    with pytest.raises(PublishFailed, match=f"it answered {status}") as fault:
        outlet.send([message(1)])
    assert fault.value.place == "topic late.Answer"
    assert pubsub.token not in str(fault.value)


@pytest.mark.parametrize("answer", [{}, {"messageIds": ["1"]}, {"messageIds": "12"}, [], "ok"])
def test_messages_that_pubsub_gave_no_ids_are_not_taken_for_published(
    pubsub: Pubsub, outlet: PubsubOutlet, answer: object
) -> None:
    pubsub.answer = answer
    with pytest.raises(PublishFailed, match="it answered 200"):
        outlet.send([message(1), message(2)])


def test_a_topic_that_is_not_there_is_named(pubsub: Pubsub, outlet: PubsubOutlet) -> None:
    with pytest.raises(PublishFailed, match=r"topic other: it answered 404 \(see that it exists"):
        outlet.send([OutgoingMessage("m1", "other", "k", b"{}", "r1")])


def test_nobody_there_is_a_fault_of_the_environment(pubsub: Pubsub, outlet: PubsubOutlet) -> None:
    pubsub.close()
    with pytest.raises(PublishFailed, match="does not answer: ConnectError"):
        outlet.send([message(1)])


@pytest.mark.parametrize(
    "url",
    [
        "desk",
        "http://pubsub.googleapis.com/projects/desk",
        "https://pubsub.evil.example/projects/desk",
        "https://evil.example/?pubsub.googleapis.com/projects/desk",
        "https://europe-west3-pubsub.googleapis.com",
        "https://europe-west3-pubsub.googleapis.com/projects/",
        "https://europe-west3-pubsub.googleapis.com/projects/desk/topics/told",
    ],
)
def test_a_token_is_sent_to_no_other_place_than_a_project_of_pubsub(url: str) -> None:
    with pytest.raises(SettingMissing, match="names no project of Pub/Sub"):
        PubsubOutlet(url, lambda _scope: "token")
