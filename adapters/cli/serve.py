"""`isthmus serve`: an engine with a door: endpoints, topics, streams and events over HTTP, schedules by the clock."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from isthmus.adapters.cli.output import complain
from isthmus.adapters.cli.project import app_option, composition_of, database_of, database_option
from isthmus.core.errors import EnvironmentFault

if TYPE_CHECKING:
    from starlette.applications import Starlette

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
GRACE_SECONDS: Final = 10
LOOK_SECONDS: Final = 1


class AddressUnavailable(EnvironmentFault):
    """Report an address that cannot be listened on."""

    code = "ISTH330"


@click.command()
@app_option
@database_option
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
def serve(app_reference: str | None, database_url: str | None, host: str, port: int) -> None:
    """Serve an app on this machine: endpoints, topics, streams and events over HTTP, schedules by the clock.

    There is no identity on this server, so it listens on 127.0.0.1 unless told otherwise. SIGTERM and Ctrl-C stop it:
    what is under way is finished or goes on at the next start. Each failure of a handler is a line on standard error:
    contract, run, error and place, never data. When the engine itself can do no more (the disk is full, the database
    is gone), the server stops and says why: 4 is the machine.
    """
    composition = composition_of(app_reference)
    from isthmus.adapters.cli.engines import engine_of, views_of  # noqa: PLC0415  # after what can be wrong cheaply
    from isthmus.adapters.local.server import make_server  # noqa: PLC0415

    url = database_of(database_url)
    with (
        listening(host, port) as listener,
        engine_of(composition, url, log_from=logging.WARNING) as engine,
        views_of(url) as views,
    ):
        hosts = LOOPBACK if host in LOOPBACK else ()
        server = make_server(engine, composition, views, hosts=hosts)
        complain(f"serving {composition.name} at http://{host}:{listener.getsockname()[1]} (Ctrl-C stops it)")
        serve_until_told(server, listener, lambda: engine.fault is not None)
        if engine.fault is not None:
            raise engine.fault
    complain("stopped")


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Listen on an address while the block lasts.

    Raises AddressUnavailable (ISTH330).
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family)
    except OSError as fault:
        raise AddressUnavailable(
            f"cannot listen: {fault.strerror or fault}", place=f"{host}:{port}", instead="choose another --port"
        ) from None
    with listener:
        yield listener


def serve_until_told(server: Starlette, listener: socket.socket, is_over: Callable[[], bool]) -> None:
    """Answer requests until SIGTERM or SIGINT, or until it is over, then finish those that are under way."""
    import uvicorn  # noqa: PLC0415  # only this command serves

    async def look() -> None:
        serving.should_exit = serving.should_exit or is_over()

    # Uvicorn raises the signal again once it has stopped; the engine still has to be closed then.
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        config = uvicorn.Config(
            server,
            log_level="warning",
            timeout_graceful_shutdown=GRACE_SECONDS,
            callback_notify=look,
            timeout_notify=LOOK_SECONDS,
        )
        serving = uvicorn.Server(config)
        serving.run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
