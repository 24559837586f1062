"""Measure what the app for Google Cloud adds to functions-framework: requests a second of a step without its database.

A second is one of the serving process: what else the machine does is no part of it.

    ours    POST /contracts/…: who asks is checked, what is asked is read by its type, the step is told
    bare    an async function that reads the body and answers the same bytes

Both are served by uvicorn in a process of their own, and asked over connections that stay open, in turns.

uv run python -m benchmarks.google_requests --rounds 9
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Final

SPENT: Final = "/spent"
REQUESTS: Final = 2_000
CONNECTIONS: Final = 8
TOLD: Final = b'{"state":"answered","answer":{"id":"x"},"step":"0","contract":"validate","bytes":15}'
BODY: Final = json.dumps(
    {"run_id": "0" * 32, "step": "0", "contract": "validate", "input": {"id": "x"}, "ordinal": 0, "branch": 0}
).encode()


def main() -> None:
    """Measure, and print one line; or serve, as one of the two that are measured."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--serve", choices=["ours", "bare"])
    arguments.add_argument("--descriptor", type=int)
    options = arguments.parse_args()
    if options.serve:
        serve(options.serve, options.descriptor)
    else:
        print(json.dumps({"requests": ratios(options.rounds)}), flush=True)


def serve(kind: str, descriptor: int) -> None:
    """Serve one of the two on a socket that was given by its descriptor."""
    import uvicorn  # noqa: PLC0415

    app = ours() if kind == "ours" else bare()
    config = uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


def bare() -> Any:
    """Return an app whose function does nothing but read and answer."""
    from starlette.responses import Response  # noqa: PLC0415

    async def function(request: Any) -> Any:
        await request.body()
        return Response(TOLD, media_type="application/json")

    return framed(function)


def ours() -> Any:
    """Return the app, a step of which is told without its unit of work, and without the thread which that blocks."""
    from benchmarks.azure_flow import app  # noqa: PLC0415
    from isthmus.adapters.gcp.app import CONTRACTS  # noqa: PLC0415
    from isthmus.adapters.gcp.rehearsal import Rehearsal  # noqa: PLC0415
    from isthmus.adapters.gcp.wire import Told, call_of  # noqa: PLC0415

    rehearsal = Rehearsal(app.load(), "sqlite:///unused.db", folder=Path(), beginning=datetime.now(UTC))
    made = rehearsal.app

    def step(host: Any, asked: Any) -> Told:
        call = call_of(host.composition, asked)
        return Told(state="answered", answer=call.input, step=asked.step, contract=asked.contract, bytes=15)

    vars(made)["_contracts"] = {f"{CONTRACTS}validate": step}
    return framed(made)


def framed(function: Any) -> Any:
    """Return a function as functions-framework serves it."""
    from functions_framework.aio import create_asgi_app_from_module  # noqa: PLC0415
    from starlette.responses import Response  # noqa: PLC0415

    async def isthmus(request: Any) -> Any:
        if request.url.path == SPENT:
            return Response(str(time.process_time()))
        return await function(request)

    module = ModuleType("main")
    vars(module)["isthmus"] = isthmus
    return create_asgi_app_from_module("isthmus", "main.py", "http", module, None)


# The client


def ratios(rounds: int) -> list[float]:
    """Return how many requests a second ours answers for each that the bare one does, round by round."""
    with served("ours") as ours_at, served("bare") as bare_at:
        for port in (ours_at, bare_at):
            asyncio.run(seconds(port))
        return [asyncio.run(seconds(bare_at)) / asyncio.run(seconds(ours_at)) for _ in range(rounds)]


@contextmanager
def served(kind: str) -> Iterator[int]:
    """Serve one of the two in a process of its own while the block lasts, and say on which port."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        module = [sys.executable, "-m", "benchmarks.google_requests", "--serve", kind]
        process = subprocess.Popen([*module, "--descriptor", str(bound.fileno())], pass_fds=[bound.fileno()])
        port: int = bound.getsockname()[1]
    try:
        yield port
    finally:
        process.terminate()
        process.wait()


async def seconds(port: int) -> float:
    """Return how long the serving process is at work for all requests, over connections that stay open."""
    begun = float(await ask(port, written("GET", SPENT, b""), 1))
    request = written("POST", "/contracts/validate", BODY)
    await asyncio.gather(*(ask(port, request, REQUESTS // CONNECTIONS) for _ in range(CONNECTIONS)))
    return float(await ask(port, written("GET", SPENT, b""), 1)) - begun


def written(method: str, path: str, body: bytes) -> bytes:
    """Return a request as it goes out."""
    head = [
        f"{method} {path} HTTP/1.1",
        "host: 127.0.0.1",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "authorization: Bearer rehearsed:http://app.rehearsal",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


async def ask(port: int, request: bytes, times: int) -> bytes:
    """Make a request so many times over one connection, and return the last answer."""
    answer = b""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(times):
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        status = head.split(b" ", 2)[1]
        if status != b"200":
            raise RuntimeError(f"it answered {status.decode()}")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        answer = await reader.readexactly(int(length.partition(b":")[2]))
    writer.close()
    return answer


if __name__ == "__main__":
    main()
