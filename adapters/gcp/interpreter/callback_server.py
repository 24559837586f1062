"""Callback endpoints that other processes can reach: a small HTTP server on this machine, for the real clock.

with CallbackServer(scheduler) as server:
    start(workflow, scheduler=scheduler, callbacks=server.callbacks, …)
    scheduler.run()
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NobodyAnswers
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import parse_qs, urlsplit

from isthmus.adapters.gcp.interpreter.callbacks import METHODS, NOT_FOUND, CallbackRequest, Callbacks
from isthmus.adapters.gcp.interpreter.faults import Fault

if TYPE_CHECKING:
    from isthmus.adapters.gcp.interpreter.scheduler import Scheduler

BODY_BYTES_MAX: Final = 512 * 1024
ANSWER_SECONDS: Final = 30
TOO_LARGE, BAD_REQUEST = 413, 400


class CallbackServer:
    """Serve the endpoints of executions on 127.0.0.1, on a port that is free."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.callbacks = Callbacks(f"http://127.0.0.1:{self._server.server_port}/callbacks")

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, url: str, request: CallbackRequest) -> int:
        """Take a request in, in the thread of the executions."""
        answered: Future[int] = Future()

        def receive() -> None:
            try:
                answered.set_result(self.callbacks.receive(url, request))
            except Fault:
                answered.set_result(BAD_REQUEST)

        self._scheduler.post(receive)
        try:
            return answered.result(ANSWER_SECONDS)
        except NobodyAnswers:
            return NOT_FOUND

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def respond(self) -> None:
                size = self.headers.get("Content-Length", "0")
                if not size.isdecimal() or int(size) > BODY_BYTES_MAX:
                    self._end(TOO_LARGE)
                    return
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                body = self.rfile.read(int(size))
                request = CallbackRequest(self.command, dict(self.headers.items()), query, body)
                self._end(server.answer(f"http://{self.headers.get('Host', '')}{parts.path}", request))

            def _end(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing: standard error belongs to the command."""

        for method in METHODS:
            setattr(Handler, f"do_{method}", Handler.respond)
        return Handler
