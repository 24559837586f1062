"""Stand in for the metadata server of Google Cloud: it knows one service account, and gives its tokens."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from signing import Signer

ACCOUNT = "home@desk.iam.gserviceaccount.com"
TOKEN = "ya29." + "t" * 800


class Metadata(ThreadingHTTPServer):
    """Answer as the metadata server does, and count what it was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.signer = Signer()
        self.token = TOKEN
        self.seconds = 3_600
        self.status = 200
        self.asked: list[str] = []
        self.address = f"127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Metadata

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        what = url.path.removeprefix("/computeMetadata/v1/").strip("/")
        account = f"instance/service-accounts/{ACCOUNT}"
        what = what.replace("instance/service-accounts/default", account)
        if self.headers.get("metadata-flavor") != "Google":
            self.reply(403, "text/plain", "Missing Metadata-Flavor:Google header.")
        elif what == "":
            self.reply(200, "text/plain", "instance/")
        elif what == "project/project-id":
            self.reply(200, "text/plain", "desk")
        elif what == "universe/universe-domain":
            self.reply(404, "text/plain", "")
        elif what == account:
            found = {
                "aliases": ["default"],
                "email": ACCOUNT,
                "scopes": ["https://www.googleapis.com/auth/cloud-platform"],
            }
            self.reply(200, "application/json", json.dumps(found))
        elif self.server.status != 200:
            self.reply(self.server.status, "text/plain", f"no, and not {TOKEN} either")
        elif what == f"{account}/token":
            self.server.asked += query.get("scopes", [""])
            found = {"access_token": self.server.token, "expires_in": self.server.seconds, "token_type": "Bearer"}
            self.reply(200, "application/json", json.dumps(found))
        elif what == f"{account}/identity":
            self.server.asked += query["audience"]
            full = query.get("format") == ["full"]
            named = {"email": ACCOUNT if full else None, "email_verified": True if full else None}
            self.reply(200, "text/html", self.server.signer.token(aud=query["audience"][0], **named))
        else:
            self.reply(404, "text/plain", what)

    def reply(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("metadata-flavor", "Google")
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return


@contextmanager
def asked_for(monkeypatch: pytest.MonkeyPatch) -> Iterator[Metadata]:
    """Have google-auth ask a stand-in, and find no other identity on this machine."""
    from google.auth.compute_engine import _metadata  # noqa: PLC0415  # an extra

    server = Metadata()
    monkeypatch.setenv("GCE_METADATA_IP", server.address)
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", server.address)
    monkeypatch.setenv("CLOUDSDK_CONFIG", "/nowhere")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    yield server
    server.close()
