"""What the HTTP server promises, over an engine that only notes what it is asked."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from isthmus.adapters.local.server import make_server
from isthmus.adapters.runtime.requests import BODY_BYTES_MAX
from isthmus.core import EnvironmentFault, InputError, IsthmusError, Message, Refusal, contract, endpoint
from isthmus.core.errors import EngineBusy, IdentityConflict, InternalError, MessageInvalid, NotFound


class Ticket(Message, identity="id"):
    id: str
    count: int = 1


class Ink(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Wish(Message):
    ink: Ink


class Stamp(Message):
    text: str


class Closed(Refusal):
    rule: str


@contract(refuses=[Closed])
def open_ticket(ticket: Ticket) -> Stamp:
    """Open a ticket."""


@contract(reads=True, refuses=[Closed])
def stamp_ticket(ticket: Ticket) -> Stamp:
    """Stamp a ticket."""


@contract(final=True)
def drop_ticket(ticket: Ticket) -> None:
    """Drop a ticket."""


@contract(reads=True)
def choose_ink(wish: Wish) -> Stamp:
    """Choose an ink."""


class NotingEngine:
    """Note what is asked; answer, or raise what it was told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.fault: Exception | None = None
        self.in_flight = 3

    def _note(self, *what: Any) -> None:
        if self.fault is not None:
            raise self.fault
        self.asked.append(what)

    def start(self, contract: str, message: Any, *, actor: str, on_behalf_of: str) -> str:
        self._note("start", contract, message)
        return "run-1"

    def ask(self, contract: str, message: Any, *, key: str | None) -> Stamp | None:
        self._note("ask", contract, message, key)
        return None if contract == "drop_ticket" else Stamp(text="yes")

    def send(self, event: str, *, key: str, message: Any, event_id: str | None) -> None:
        self._note("send", event, key, message, event_id)

    def publish(self, topic: str, message: Any) -> None:
        self._note("publish", topic, message)

    def feed(self, stream: str, message: Any) -> None:
        self._note("feed", stream, message)

    def run(self, run_id: str) -> Stamp:
        self._note("run", run_id)
        return Stamp(text=run_id)


ENDPOINTS = (
    endpoint("POST", "/tickets", starts=open_ticket),
    endpoint("POST", "/stamps", starts=stamp_ticket),
    endpoint("POST", "/stamps/{id}", starts=stamp_ticket),
    endpoint("GET", "/stamps/{id}", starts=stamp_ticket),
    endpoint("GET", "/inks", starts=choose_ink),
    endpoint("POST", "/drops", starts=drop_ticket),
)
COMPOSITION = SimpleNamespace(
    name="tickets", app=SimpleNamespace(endpoints=ENDPOINTS), workflows={"open_ticket": object()}
)


def client_of(engine: NotingEngine, **options: Any) -> TestClient:
    server = make_server(cast("Any", engine), cast("Any", COMPOSITION), cast("Any", engine), **options)
    return TestClient(server, base_url="http://127.0.0.1", raise_server_exceptions=False)


@pytest.fixture
def engine() -> NotingEngine:
    return NotingEngine()


@pytest.fixture
def client(engine: NotingEngine) -> Iterator[TestClient]:
    with client_of(engine) as client:
        yield client


def test_a_workflow_is_started_and_its_run_is_named(client: TestClient, engine: NotingEngine) -> None:
    answer = client.post("/tickets", json={"id": "t1"})

    assert (answer.status_code, answer.json()) == (202, {"run_id": "run-1", "status_url": "/workflows/run-1"})
    assert answer.headers["location"] == "/workflows/run-1"
    assert engine.asked == [("start", "open_ticket", b'{"id":"t1"}')]


def test_a_handlers_contract_answers(client: TestClient) -> None:
    answer = client.post("/stamps", json={"id": "t1"})

    assert (answer.status_code, answer.json()) == (200, {"text": "yes"})


def test_an_answer_of_nothing_has_no_body(client: TestClient) -> None:
    answer = client.post("/drops", json={"id": "t1"})

    assert (answer.status_code, answer.content) == (204, b"")


def test_an_idempotency_key_is_the_key_of_the_request(client: TestClient, engine: NotingEngine) -> None:
    client.post("/stamps", json={"id": "t1"}, headers={"Idempotency-Key": "k1"})

    assert engine.asked[0][3] == "k1"


def test_without_an_idempotency_key_the_engine_says_what_is_the_same_request(
    client: TestClient, engine: NotingEngine
) -> None:
    client.post("/stamps", json={"id": "t1"})

    assert engine.asked[0][3] is None


def test_the_path_fills_in_fields(client: TestClient, engine: NotingEngine) -> None:
    client.post("/stamps/t7", json={"count": 2})
    client.get("/stamps/t8?count=5")

    assert msgspec.json.decode(engine.asked[0][2]) == {"id": "t7", "count": 2}
    assert engine.asked[1][2] == Ticket(id="t8", count=5)


def test_a_body_that_contradicts_the_path_is_refused(client: TestClient, engine: NotingEngine) -> None:
    answer = client.post("/stamps/t7", json={"id": "t9"})

    assert answer.status_code == 400
    assert "id" in answer.json()["place"]
    assert engine.asked == []


def test_topics_streams_and_events_reach_the_engine(client: TestClient, engine: NotingEngine) -> None:
    client.post("/topics/tickets.seen", json={"id": "t1"})
    client.post("/streams/ticks", json={"id": "t2"})
    client.post("/events/Closing/acc/7", json={"id": "t3"}, headers={"Idempotency-Key": "e1"})

    assert engine.asked == [
        ("publish", "tickets.seen", b'{"id":"t1"}'),
        ("feed", "ticks", b'{"id":"t2"}'),
        ("send", "Closing", "acc/7", b'{"id":"t3"}', "e1"),
    ]


def test_a_run_can_be_looked_at(client: TestClient) -> None:
    assert client.get("/workflows/run-1").json() == {"text": "run-1"}


def test_health_names_the_app(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok", "app": "tickets", "in_flight": 3}


FAULTS: list[tuple[IsthmusError, int]] = [
    (MessageInvalid("Expected `int`, got `str`", place="$.count", instead="send a number"), 400),
    (IdentityConflict("t1 belongs to a run with other content"), 409),
    (NotFound("there is no event Opening"), 404),
    (InputError("bad"), 400),
    (EnvironmentFault("the disk is full"), 503),
    (EngineBusy("held"), 503),
    (InternalError("cannot be"), 500),
]


@pytest.mark.parametrize(("fault", "status"), FAULTS, ids=lambda value: type(value).__name__)
def test_faults_come_back_as_problem_details(
    client: TestClient, engine: NotingEngine, fault: IsthmusError, status: int
) -> None:
    engine.fault = fault
    answer = client.post("/tickets", json={"id": "t1"})

    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, fault.code)
    assert (problem["detail"], problem.get("place", "")) == (fault.problem, fault.place)


def test_a_refusal_comes_back_with_its_fields(client: TestClient, engine: NotingEngine) -> None:
    engine.fault = Closed(rule="office_hours")
    answer = client.post("/stamps", json={"id": "t1"})

    assert answer.status_code == 422
    assert (answer.json()["refusal"], answer.json()["fields"]) == ("Closed", {"rule": "office_hours"})


def test_what_nobody_expected_is_a_problem_without_its_text(client: TestClient, engine: NotingEngine) -> None:
    engine.fault = RuntimeError("the address of Mrs Example")
    answer = client.post("/stamps", json={"id": "t1"})

    assert answer.status_code == 500
    assert "Mrs Example" not in answer.text


def test_a_body_over_32_kb_is_too_large(client: TestClient, engine: NotingEngine) -> None:
    headers = {"content-type": "application/json"}
    fits = client.post("/stamps", content=b" " * BODY_BYTES_MAX, headers=headers)
    large = client.post("/stamps", content=b" " * (BODY_BYTES_MAX + 1), headers=headers)

    assert (fits.status_code, large.status_code) == (200, 413)
    assert len(engine.asked) == 1


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_is_not_json_by_its_type_is_refused(client: TestClient, kind: str) -> None:
    answer = client.post("/stamps", content=b"{}", headers={"content-type": kind})

    assert answer.status_code == 415


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_an_idempotency_key_is_of_bounded_length(client: TestClient, engine: NotingEngine, key: str) -> None:
    answer = client.post("/stamps", json={"id": "t1"}, headers={"Idempotency-Key": key})

    assert answer.status_code == 400
    assert engine.asked == []


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("GET", "/tickets", 405), ("POST", "/health", 405)]
)
def test_other_paths_and_methods_are_problems_too(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)

    assert (answer.status_code, answer.json()["status"]) == (status, status)


def test_another_host_is_turned_away() -> None:
    with client_of(NotingEngine(), hosts=("127.0.0.1", "localhost")) as client:
        statuses = [client.get("/health", headers={"host": h}).status_code for h in ("localhost:8080", "evil.example")]

    assert statuses == [200, 400]


PATHS = st.sampled_from(["/tickets", "/stamps", "/stamps/a", "/drops", "/topics/x", "/streams/x", "/events/E/k"])


@given(path=PATHS, body=st.binary(max_size=200), kind=st.sampled_from(["application/json", "text/plain"]))
@example(path="/stamps/a", body=b'{"id": "\xff"}', kind="application/json")
@example(path="/stamps/a", body=b"[" * 20_000, kind="application/json")
def test_no_body_makes_the_server_fail(path: str, body: bytes, kind: str) -> None:
    with client_of(NotingEngine()) as client:
        answer = client.post(path, content=body, headers={"content-type": kind})

    assert answer.status_code < 500
    assert answer.status_code < 300 or answer.headers["content-type"] == "application/problem+json"


def test_a_query_that_an_enumeration_does_not_know_is_told_what_it_may_be(client: TestClient) -> None:
    answer = client.get("/inks?ink=green")

    assert answer.status_code == 400
    assert answer.json()["instead"] == 'send one of "red", "blue"'
    assert answer.json()["code"] == "ISTH201"
