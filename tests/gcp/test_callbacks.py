"""Posting to callbacks: a token goes to Workflows alone, and only what nobody has heard is posted again."""

from __future__ import annotations

from typing import Any

import pytest

from isthmus.adapters.gcp import callbacks
from isthmus.adapters.gcp.callbacks import CallbackUnavailable, GoogleCallbacks, hold_to_posted

URL = "https://workflowexecutions.googleapis.com/v1/projects/p/callbacks/1"


class Connection:
    """Stand in for a connection of TLS, and note what goes over it."""

    status = 200
    sent: list[tuple[str, str, dict[str, str]]]

    def __init__(self, host: str, _port: int | None, timeout: int) -> None:
        self.host = host
        assert timeout > 0

    def request(self, method: str, path: str, _body: bytes, headers: dict[str, str]) -> None:
        if self.status == 0:
            raise OSError("no way there")
        self.sent.append((self.host, f"{method} {path}", headers))

    def getresponse(self) -> Any:
        return self

    def read(self) -> bytes:
        return b""

    def close(self) -> None:
        return None


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> type[Connection]:
    monkeypatch.setattr(callbacks, "HTTPSConnection", Connection)
    monkeypatch.setattr(Connection, "sent", [], raising=False)
    return Connection


def test_a_callback_is_posted_to_with_a_token(connection: type[Connection]) -> None:
    GoogleCallbacks(lambda scope: f"token for {scope}").post(URL)

    ((host, what, headers),) = connection.sent
    assert (host, what) == ("workflowexecutions.googleapis.com", "POST /v1/projects/p/callbacks/1")
    assert headers["authorization"] == "Bearer token for https://www.googleapis.com/auth/cloud-platform"


@pytest.mark.parametrize(
    "url",
    [
        "http://workflowexecutions.googleapis.com/v1/callbacks/1",
        "https://workflowexecutions.googleapis.com.example/1",
        "https://example.com/workflowexecutions.googleapis.com",
        "https://workflowexecutions.googleapis.com@example.com/1",
        "nothing",
    ],
)
def test_no_token_goes_anywhere_else(connection: type[Connection], url: str) -> None:
    def no_token(_scope: str) -> str:
        raise AssertionError

    with pytest.raises(CallbackUnavailable):
        GoogleCallbacks(no_token).post(url)
    assert connection.sent == []


def test_a_callback_that_does_not_answer_is_a_fault(
    connection: type[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "status", 0)
    with pytest.raises(CallbackUnavailable, match="OSError"):
        GoogleCallbacks(lambda _: "token").post(URL)


@pytest.mark.parametrize("status", [200, 202, 400, 404, 405, 409, 410])
def test_that_nobody_waits_any_longer_is_no_fault(status: int) -> None:
    hold_to_posted(URL, status)


@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 503])
def test_what_nobody_has_heard_is_a_fault(status: int) -> None:
    with pytest.raises(CallbackUnavailable):
        hold_to_posted(URL, status)
