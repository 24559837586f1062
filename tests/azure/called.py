"""A unit that is called: its worker in a process of its own, and the host that stands in front of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from isthmus.adapters.azure import worker as azure
from isthmus.adapters.azure.worker import WorkerGone
from isthmus.adapters.azure.worker_process import WorkerProcess, rehearsed_token

HOME = "00000000-0000-0000-0000-00000000000A"
SCOPE = "api://places/.default"
PRINCIPAL = "x-ms-client-principal-id"


class Called:
    """Turn requests into invocations; a principal is told of whoever has the token, and of nobody else."""

    def __init__(self, package: Path) -> None:
        self.package = package
        self.worker: WorkerProcess | None = None
        self.requests: list[tuple[str, bytes]] = []
        self.principal = HOME
        self.lost = 0
        outer = self

        class Front(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status, answer = outer.handle(self.path, body, dict(self.headers.items()))
                self.send_response(status)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                return None

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
        self._thread = threading.Thread(target=self._server.serve_forever, name="front", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        assert self.worker is not None
        asyncio.run(self.worker.load(self.package))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        if self.worker is not None:
            self.worker.close()

    def handle(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        self.requests.append((path, body))
        told = {name.lower(): value for name, value in headers.items()}
        token = told.pop("authorization", "")
        told.pop(PRINCIPAL, None)
        if token == f"Bearer {rehearsed_token(SCOPE)}":
            told[PRINCIPAL] = self.principal
        assert self.worker is not None
        request = azure.http_request("POST", f"{self.url}{path}", body, told, {})
        try:
            result = asyncio.run(self.worker.invoke(path.rpartition("/")[2], {"req": request}))
        except WorkerGone:
            return 503, b""
        if self.lost:
            self.lost -= 1
            return 502, b""
        return azure.http_response(result)

    def post(self, path: str, body: bytes, token: str = rehearsed_token(SCOPE), **headers: str) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self._server.server_address[1])
        given = {"authorization": f"Bearer {token}"} if token else {}
        connection.request("POST", path, body, {**given, **headers})
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        return response.status, answer
