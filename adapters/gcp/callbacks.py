"""Callbacks: the way to executions that wait for an event. A request only wakes; the mailbox says what has come."""

from __future__ import annotations

from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final, Protocol
from urllib.parse import urlsplit

from isthmus.core.errors import EnvironmentFault

HOSTS: Final = frozenset({"workflowexecutions.googleapis.com"})
"""Where Workflows listens: a token is sent nowhere else."""

ON_THIS_MACHINE: Final = "127.0.0.1"
SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
SECONDS_MAX: Final = 20


class CallbackUnavailable(EnvironmentFault):
    """Report a callback that could not be posted to."""

    code = "ISTH370"


class Callbacks(Protocol):
    """Wake executions that wait. Any number of threads at once."""

    def post(self, url: str) -> None:
        """Post to a callback; whether anybody waits there is not told. Raises CallbackUnavailable (ISTH370)."""
        ...


class GoogleCallbacks:
    """Post to the callbacks of Workflows, in the name of this app.

    `are_here` says that the executions are those of a server on this machine, which asks for no identity.
    """

    def __init__(self, token: Callable[[str], str], *, are_here: bool = False) -> None:
        self._token = token
        self._are_here = are_here

    def post(self, url: str) -> None:
        """Post an empty object; an execution that has ended, or was woken before, says 404 or the like to it."""
        connection, headers = self._way_to(url)
        try:
            connection.request("POST", urlsplit(url).path, b"{}", headers | {"content-type": "application/json"})
            response = connection.getresponse()
            response.read()
        except (OSError, HTTPException) as error:
            raise CallbackUnavailable(f"it does not answer: {type(error).__name__}", place=url) from error
        finally:
            connection.close()
        hold_to_posted(url, response.status)

    def _way_to(self, url: str) -> tuple[HTTPConnection, dict[str, str]]:
        """Return a connection to where a callback is, and how this app shows there who it is."""
        parts = urlsplit(url)
        if parts.scheme == "https" and parts.hostname in HOSTS:
            headers = {"authorization": f"Bearer {self._token(SCOPE)}"}
            return HTTPSConnection(parts.hostname, parts.port, timeout=SECONDS_MAX), headers
        if self._are_here and parts.scheme == "http" and parts.hostname == ON_THIS_MACHINE:
            return HTTPConnection(parts.hostname, parts.port, timeout=SECONDS_MAX), {}
        raise CallbackUnavailable("no callback of Workflows has this address", place=url)


def hold_to_posted(url: str, status: int) -> None:
    """Raise CallbackUnavailable (ISTH370) for a status that says that nobody has heard, and may yet."""
    if status in {401, 403, 408, 429} or status >= 500:
        raise CallbackUnavailable(f"it answered {status}", place=url)
