"""Stand in for Pub/Sub: its REST on this machine, with the limits that it documents for a publication."""

from __future__ import annotations

import json
import threading
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

REQUEST_BYTES_MAX = 10_000_000
MESSAGES_MAX = 1_000
KEY_BYTES_MAX = VALUE_BYTES_MAX = 1_024


class Pubsub(ThreadingHTTPServer):
    """Take publications of some topics, and give each message an id of its own."""

    def __init__(self, *topics: str, token: str = "token") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken: dict[str, list[dict[str, Any]]] = {topic: [] for topic in topics}
        self.token = token
        self.statuses: list[int] = []
        self.loses_answers = 0
        self.answer: Any = None
        self.requests = 0
        self.url = f"http://127.0.0.1:{self.server_port}/projects/desk"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Pubsub
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.server.requests += 1
        body = self.rfile.read(int(self.headers["content-length"]))
        status, answer = self.published(body)
        answer = answer if self.server.answer is None else self.server.answer
        if status == 200 and self.server.loses_answers:
            self.server.loses_answers -= 1
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(status)
        written = json.dumps(answer).encode()
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    def published(self, body: bytes) -> tuple[int, Any]:
        topic = self.path.removeprefix("/v1/projects/desk/topics/").removesuffix(":publish")
        if self.headers.get("authorization") != f"Bearer {self.server.token}":
            return 401, {"error": {"status": "UNAUTHENTICATED"}}
        if self.server.statuses and (status := self.server.statuses.pop(0)) != 200:
            return status, {"error": {"status": "NO"}}
        if topic not in self.server.taken:
            return 404, {"error": {"status": "NOT_FOUND", "message": f"Resource not found (resource={topic})."}}
        messages = json.loads(body)["messages"]
        if len(body) > REQUEST_BYTES_MAX or not 0 < len(messages) <= MESSAGES_MAX or not all(map(is_fit, messages)):
            return 400, {"error": {"status": "INVALID_ARGUMENT"}}
        self.server.taken[topic] += messages
        count = sum(map(len, self.server.taken.values()))
        return 200, {"messageIds": [str(count - len(messages) + index) for index in range(len(messages))]}

    def log_message(self, *_: Any) -> None:
        return


def is_fit(message: dict[str, Any]) -> bool:
    """Say whether Pub/Sub takes a message."""
    attributes = message.get("attributes", {})
    b64decode(message["data"], validate=True)
    return (
        set(message) <= {"data", "attributes", "orderingKey"}
        and len(message.get("orderingKey", "").encode()) <= KEY_BYTES_MAX
        and all(
            0 < len(name) <= 256 and 0 < len(value.encode()) <= VALUE_BYTES_MAX for name, value in attributes.items()
        )
    )
