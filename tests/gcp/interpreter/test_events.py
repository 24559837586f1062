"""Callbacks, the order flow written by hand, and real servers. Pages: creating-callback-endpoints, stdlib/events/*."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from small_workflows import Answers, Script, run, tags

from isthmus.adapters.gcp.interpreter import (
    CallbackRequest,
    Callbacks,
    CallbackServer,
    Choices,
    First,
    HttpTransport,
    Outcome,
    RealClock,
    Response,
    Scheduler,
    Seeded,
    Undocumented,
    execute,
    load,
    start,
)

SAGA = load((Path(__file__).parent / "saga.yaml").read_text("utf-8"), name="saga.yaml")
WAIT = """
- a: {call: events.create_callback_endpoint, args: {http_callback_method: POST}, result: c}
- b: {call: http.post, args: {url: 'http://x/register', body: '${c.url}'}}
- d: {call: events.await_callback, args: {callback: '${c}', timeout: 10}, result: r}
- e: {return: '${r.http_request.body}'}
"""


def waiting(at: float | None, choices: Choices | None = None, method: str = "POST") -> tuple[Outcome, list[int]]:
    """Run the wait; post to its endpoint so many seconds after it was registered, and again a second later."""
    scheduler, callbacks, answered = Scheduler(choices=choices), Callbacks(), list[int]()

    def register(name: str, url: Any) -> Any:
        def post() -> None:
            answered.append(callbacks.receive(url, CallbackRequest(method, body=b'{"n": 1}')))

        if at == 0:
            post()
        elif at is not None:
            scheduler.at(scheduler.clock.now() + at, post)
        return {}

    execution = start(load(WAIT), scheduler=scheduler, callbacks=callbacks, transport=Script(register))
    scheduler.run()
    assert execution.outcome is not None
    return execution.outcome, answered


def test_a_request_during_the_wait_resumes_the_execution() -> None:
    outcome, answered = waiting(4)

    assert (outcome.result, outcome.seconds, answered) == ({"n": 1}, 4, [200])


def test_a_wait_ends_with_a_timeout_error() -> None:
    outcome, _ = waiting(None)

    assert (tags(outcome), outcome.seconds) == (("TimeoutError",), 10)


def test_another_method_is_refused() -> None:
    outcome, answered = waiting(4, method="GET")

    assert (tags(outcome), answered) == (("TimeoutError",), [405])


@pytest.mark.parametrize(("index", "came", "status"), [(0, True, 200), (1, False, 200), (2, False, 404)])
def test_whether_a_request_before_the_wait_is_kept_is_a_choice(index: int, came: bool, status: int) -> None:
    outcome, answered = waiting(0, Answers(EARLY_CALLBACK=index))

    assert (not outcome.failed, answered) == (came, [status])


def test_a_request_at_the_moment_of_the_time_out_may_win_or_lose() -> None:
    outcomes = [waiting(10, Seeded(seed)) for seed in range(40)]

    assert {outcome.failed for outcome, _ in outcomes} == {True, False}
    assert all(answered == ([404] if outcome.failed else [200]) or outcome.failed for outcome, answered in outcomes)


def test_the_endpoint_of_an_execution_that_ended_is_gone() -> None:
    callbacks = Callbacks()
    urls: list[str] = []
    execute(load(WAIT), callbacks=callbacks, transport=Script(lambda name, url: urls.append(url)))

    assert callbacks.receive(urls[0], CallbackRequest()) == 404


@pytest.mark.parametrize(
    ("args", "tag"),
    [
        ("{callback: x}", "TypeError"),
        ("{callback: {url: x}}", "ValueError"),
        ("{callback: {url: 1}, timeout: 1}", "ValueError"),
    ],
)
def test_a_wait_for_what_is_no_endpoint_is_an_error(args: str, tag: str) -> None:
    assert tags(run(f"- a: {{call: events.await_callback, args: {args}}}")) == (tag,)


def test_awaiting_an_endpoint_twice_is_described_nowhere() -> None:
    again = WAIT.replace("- e:", "- f: {call: events.await_callback, args: {callback: '${c}'}}\n- e:")
    callbacks = Callbacks()
    script = Script(lambda name, url: callbacks.receive(url, CallbackRequest(body=b"1")))

    with pytest.raises(Undocumented, match="awaited twice"):
        execute(load(again), callbacks=callbacks, transport=script)


# The order flow written by hand


def saga(event_at: float | None = 5, choices: Choices | None = None, **answers: Any) -> tuple[Any, list[str]]:
    """Run the order flow; an event comes so many seconds after the registration; -1 says before it."""
    scheduler, callbacks = Scheduler(choices=choices), Callbacks()
    counts: dict[str, int] = {}
    row: dict[str, Any] = {"event": {"ok": "early"} if event_at == -1 else None}

    def deliver(url: str) -> None:
        row["event"] = {"ok": "event"}
        callbacks.receive(url, CallbackRequest(body=b'{"ok": "event"}'))

    def answer(name: str, body: Any) -> Any:
        counts[name] = counts.get(name, 0) + 1
        if name == "register_waiter":
            if event_at is not None and event_at >= 0:
                scheduler.at(scheduler.clock.now() + event_at, lambda: deliver(body["url"]))
            return {"event": row["event"]}
        if name in ("unregister_waiter", "ack_waiter"):
            return {"event": row["event"]}
        given = answers.get(name)
        if isinstance(given, tuple):
            return Response(given[0]) if counts[name] <= given[1] else {"id": "o1", "ok": True}
        return given or {"id": "o1", "ok": True}

    script = Script(answer)
    argument = {"base": "http://shop", "order": {"id": "o1"}, "timeout": 60}
    execution = start(SAGA, argument, scheduler=scheduler, callbacks=callbacks, transport=script)
    scheduler.run()
    assert execution.outcome is not None
    assert not execution.outcome.failed, execution.outcome
    waits = ("register_waiter", "ack_waiter", "unregister_waiter", "validate", "compliance", "reserve_position")
    return execution.outcome.result, [name for name in script.called if name not in waits]


UNDO = ["cancel_execution", "release_position"]


@pytest.mark.parametrize("seed", [None, *range(12)])
@pytest.mark.parametrize(
    ("options", "status", "calls"),
    [
        ({"execute": (503, 2)}, "done", ["execute"] * 3 + ["settle"]),
        ({"event_at": -1}, "done", ["execute", "settle"]),
        ({"event_at": 0}, "done", ["execute", "settle"]),
        ({"event_at": None}, "failed", ["execute", *UNDO]),
        ({"event_at": 99}, "failed", ["execute", *UNDO]),
        ({"compliance": {"ok": False}}, "failed", ["release_position"]),
        ({"compliance": (400, 9)}, "failed", ["release_position"]),
        ({"execute": (503, 99)}, "failed", ["execute"] * 5 + UNDO),
        ({"execute": (503, 99), "cancel_execution": (503, 99)}, "failed", ["execute"] * 5 + [UNDO[0]] * 9 + [UNDO[1]]),
    ],
)
def test_the_order_flow_by_hand_ends_the_same_whatever_is_open(
    options: dict[str, Any], status: str, calls: list[str], seed: int | None
) -> None:
    result, called = saga(choices=First() if seed is None else Seeded(seed), **options)

    assert (result["status"], called) == (status, calls)
    if calls.count(UNDO[0]) == 9:
        assert result["stuck"] == [UNDO[0]]


# Real servers


@pytest.fixture
def address() -> Iterator[str]:
    """Serve: /slow waits, /teapot is 418, everything else echoes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path == "/slow":
                threading.Event().wait(0.5)
            answer = json.dumps(
                {"path": self.path, "body": json.loads(body or b"null"), "auth": self.headers["Authorization"]}
            )
            self.send_response(418 if self.path == "/teapot" else 200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, format: str, *args: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def post(url: str, more: str = "") -> str:
    return f"- a: {{call: http.post, args: {{url: '{url}', body: {{a: 1}}{more}}}, result: r}}\n- b: {{return: '${{r.body}}'}}"


@pytest.mark.parametrize("real", [False, True])
def test_a_call_reaches_a_real_server(address: str, real: bool) -> None:
    clock = RealClock() if real else None
    outcome = run(
        post(f"{address}/x", ", auth: {type: OIDC}"), transport=HttpTransport(lambda _: "Bearer t"), clock=clock
    )

    assert outcome.result == {"path": "/x", "body": {"a": 1}, "auth": "Bearer t"}


@pytest.mark.parametrize(
    ("path", "more", "tag"),
    [
        ("/teapot", "", "HttpError"),
        ("/slow", ", timeout: 0.1", "TimeoutError"),
        ("/x", ", auth: {type: OIDC}", "AuthError"),
    ],
)
def test_what_goes_wrong_at_a_real_server_has_its_tag(address: str, path: str, more: str, tag: str) -> None:
    assert tags(run(post(address + path, more), transport=HttpTransport())) == (tag,)


def test_nobody_at_an_address_is_a_connection_that_failed() -> None:
    assert tags(run(post("http://127.0.0.1:9/x"), transport=HttpTransport())) == ("ConnectionFailedError",)


def test_a_callback_comes_over_the_network_on_the_real_clock() -> None:
    scheduler = Scheduler(RealClock())
    workflow = load(
        "- a: {call: events.create_callback_endpoint, result: c}\n"
        "- b: {parallel: {branches: [\n"
        "    {one: {steps: [{d: {call: events.await_callback, args: {callback: '${c}', timeout: 20}, result: r}}]}},\n"
        "    {two: {steps: [{e: {call: sys.sleep, args: {seconds: 0.05}}}, {f: {call: http.post, args: {url: '${c.url}', body: 1}}}]}}]}}\n"
        "- g: {return: done}\n"
    )
    with CallbackServer(scheduler) as server:
        execution = start(workflow, scheduler=scheduler, callbacks=server.callbacks, transport=HttpTransport())
        scheduler.run()

    assert execution.outcome is not None
    assert (execution.outcome.result, execution.outcome.seconds < 10) == ("done", True)
