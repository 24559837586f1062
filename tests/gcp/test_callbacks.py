"""Callbacks: posted to with a token where Workflows listens, and nowhere else."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from signing import Signer

from isthmus.adapters.gcp import callbacks
from isthmus.adapters.gcp.callbacks import CallbackUnavailable, GoogleCallbacks
from isthmus.adapters.gcp.interpreter import CallbackServer, RealClock, Scheduler, load, start


class Workflows(ThreadingHTTPServer):
    """Stand in for where callbacks are, with TLS when it has a certificate."""

    def __init__(self, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.asked: list[str | None] = []
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self.server_port}/v1/projects/desk/callbacks/c1"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Workflows

    def do_POST(self) -> None:
        assert self.rfile.read(int(self.headers["content-length"])) == b"{}"
        self.server.asked.append(self.headers.get("authorization"))
        self.send_response(self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def google(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workflows]:
    file = tmp_path / "workflows.pem"
    file.write_bytes(Signer().certificate_for_tls())
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setattr(callbacks, "HOSTS", frozenset({"127.0.0.1"}))
    served = Workflows(file)
    yield served
    served.close()


def test_a_callback_of_workflows_is_posted_to_with_a_token(google: Workflows) -> None:
    GoogleCallbacks(lambda scope: f"for {scope.rpartition('/')[2]}").post(google.url)

    assert google.asked == ["Bearer for cloud-platform"]


@pytest.mark.parametrize("status", [200, 202, 400, 404, 405, 409, 410])
def test_whoever_waits_no_longer_is_left_alone(google: Workflows, status: int) -> None:
    google.status = status
    GoogleCallbacks(lambda _: "token").post(google.url)


@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 503])
def test_a_callback_that_may_yet_be_heard_is_a_fault(google: Workflows, status: int) -> None:
    google.status = status
    with pytest.raises(CallbackUnavailable, match=f"it answered {status}"):
        GoogleCallbacks(lambda _: "token").post(google.url)


@pytest.mark.parametrize(
    "url",
    [
        "http://workflowexecutions.googleapis.com/v1/callbacks/c1",
        "https://workflowexecutions.googleapis.com.evil.example/c1",
        "https://evil.example/workflowexecutions.googleapis.com",
        "https://workflowexecutions.googleapis.com@evil.example/c1",
        "http://127.0.0.1:1/c1",
        "c1",
        "",
    ],
)
def test_no_token_is_sent_elsewhere(url: str) -> None:
    def token(_scope: str) -> str:
        raise AssertionError

    with pytest.raises(CallbackUnavailable, match="no callback of Workflows has this address"):
        GoogleCallbacks(token).post(url)


def test_executions_of_this_machine_are_posted_to_without_a_token() -> None:
    here = Workflows()
    GoogleCallbacks(lambda _: "token", are_here=True).post(here.url)
    here.close()

    assert here.asked == [None]
    with pytest.raises(CallbackUnavailable, match="does not answer"):
        GoogleCallbacks(lambda _: "token", are_here=True).post(here.url)


def test_a_callback_of_an_execution_that_has_ended_is_no_fault() -> None:
    text = """
main:
  steps:
    - make: {call: events.create_callback_endpoint, args: {http_callback_method: POST}, result: made}
    - done: {return: '${made.url}'}
"""
    scheduler = Scheduler(RealClock())
    with CallbackServer(scheduler) as server:
        execution = start(load(text, name="ended"), scheduler=scheduler, callbacks=server.callbacks)
        scheduler.run()
        assert execution.outcome is not None
        pumping = threading.Thread(target=_pump, args=(scheduler,), daemon=True)
        pumping.start()
        GoogleCallbacks(lambda _: "token", are_here=True).post(execution.outcome.result)


def _pump(scheduler: Scheduler) -> None:
    """Let a scheduler without tasks answer one request."""
    start(load("main: {steps: [{nap: {call: sys.sleep, args: {seconds: 1}}}]}", name="nap"), scheduler=scheduler)
    scheduler.run()
