"""Services of a rehearsal that listen: functions-framework's apps under uvicorn, each on a free port of its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from typing import Final

from isthmus.adapters.gcp.interpreter import HttpTransport, Request, Response
from isthmus.adapters.gcp.network import Asgi, token_for
from isthmus.core.errors import EnvironmentFault

LOOK_SECONDS: Final = 0.01
START_SECONDS: Final = 60


def listen() -> socket.socket:
    """Return a socket that is bound to a free port of this machine."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound


def address_of(bound: socket.socket) -> str:
    """Return the address at which a socket is reached."""
    return f"http://127.0.0.1:{bound.getsockname()[1]}"


class Served:
    """Serve apps while there is need, and reach them over HTTP."""

    def __init__(self, apps: Mapping[socket.socket, Asgi]) -> None:
        import uvicorn  # noqa: PLC0415  # only where services listen

        self._servers = [
            (uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", access_log=False)), bound)
            for bound, app in apps.items()
        ]
        self._threads = [
            threading.Thread(target=server.run, kwargs={"sockets": [bound]}, name="service", daemon=True)
            for server, bound in self._servers
        ]
        for thread in self._threads:
            thread.start()
        self._transport = HttpTransport(token_for)
        self._wait_until_started()

    def _wait_until_started(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not all(server.started for server, _ in self._servers):
            if time.monotonic() > deadline:
                raise EnvironmentFault("the services do not start", place="rehearsal", instead="try again")
            time.sleep(LOOK_SECONDS)

    def send(self, request: Request) -> Response:
        """Send a request over HTTP."""
        return self._transport.send(request)

    def close(self) -> None:
        """Stop serving."""
        for server, _ in self._servers:
            server.should_exit = True
        for thread in self._threads:
            thread.join()
