"""The HTTP app of a unit: one function of functions-framework, which dispatches by path.

    POST /contracts/make, /runs/…, /events/register, /events/take    compiled workflows ask
    POST /pubsub/TOPIC/SUBSCRIBER    Pub/Sub pushes;  /schedules/NAME, /sweep    Cloud Scheduler calls
    POST /orders, /events/Verdict/order-1, /topics/prices, …         the App's edge, as on a laptop

Who asks a private path proves who they are, before anything of the request is read. What is wrong comes back as
problem details (RFC 9457).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from isthmus.adapters.gcp.callers import Callers, Unauthorized
from isthmus.adapters.gcp.carrying import Carrying
from isthmus.adapters.gcp.edge import Edge
from isthmus.adapters.gcp.functions import FUNCTIONS, Function, step
from isthmus.adapters.gcp.paths import CONTRACTS, PUBSUB, SCHEDULES, SWEEP, is_private
from isthmus.adapters.gcp.pushes import push
from isthmus.adapters.gcp.surroundings import GoogleSurroundings, host_of
from isthmus.adapters.gcp.ticks import sweep, tick
from isthmus.adapters.gcp.units import elsewhere
from isthmus.adapters.gcp.wire import asked_of
from isthmus.adapters.runtime.http import problem_of, problem_response
from isthmus.adapters.runtime.problems import problem
from isthmus.adapters.runtime.requests import Unacceptable
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.core.codec import ENCODER
from isthmus.core.composition import Composition

JSON: Final = "application/json"
BODY_BYTES_MAX: Final = 4 * 1024 * 1024
"""What a private path reads at most: more than Workflows may hold, and less than hurts."""

type InThread = Callable[..., Awaitable[Any]]


class GoogleApp:
    """Answer the requests of one unit of an App, or of all of them in one."""

    def __init__(
        self,
        composition: Composition,
        around: GoogleSurroundings,
        *,
        unit: str | None = None,
        in_thread: InThread = asyncio.to_thread,
    ) -> None:
        self.host = host_of(composition, around, elsewhere=elsewhere(composition, unit), after=self._wake)
        self.carrying = Carrying(self.host, around.executions(), around.callbacks())
        self._callers: Callers = around.callers()
        self._audience = around.address()
        self._in_thread = in_thread
        self._edge = Edge(self.host, self.carrying, in_thread)
        self._contracts: Mapping[str, Function] = {
            **FUNCTIONS,
            **{f"{CONTRACTS}{contract}": step for contract in composition.handlers},
        }
        self._schedules = {f"{SCHEDULES}{one.name}": one for one in composition.app.schedules}

    async def __call__(self, request: Request) -> Response:
        """Answer a request."""
        try:
            return await self._answer(request)
        except Unauthorized as stranger:  # why, the log says: whoever is turned away learns nothing
            return problem_response(problem(stranger.status, "about:blank", "Unauthorized", "who asks is not known"))
        except Exception as fault:  # noqa: BLE001  # every fault becomes a problem, with its own status
            return problem_of(fault)

    async def _answer(self, request: Request) -> Response:
        path: str = request.scope["path"]
        function = self._contracts.get(path) if request.method == "POST" else None
        if function is not None:
            self._check(request)
            asked = asked_of(await _body(request))
            told = await self._in_thread(function, self.host, asked)
            return Response(ENCODER.encode(told), media_type=JSON)
        if not is_private(path):
            return await self._edge.answer(request)
        self._check(request)
        if request.method != "POST":
            raise Unacceptable(405, "only POST is answered here")
        if path == SWEEP:
            await sweep(self.host, self.carrying, self._in_thread)
        elif path in self._schedules:
            await tick(self.host, self.carrying, self._schedules[path], self._in_thread)
        elif path.startswith(PUBSUB):
            await self._in_thread(push, self.host, self.carrying, path.removeprefix(PUBSUB), await _body(request))
        else:
            raise Unacceptable(404, "nothing is here")
        return Response(status_code=204)

    def _check(self, request: Request) -> None:
        self._callers.check(request.headers, self._audience)

    def _wake(self, unit: UnitOfWork) -> None:
        self.carrying.wake(unit)

    def close(self) -> None:
        """Let go of the database."""
        self.host.close()


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise Unacceptable(413, f"the body is larger than {BODY_BYTES_MAX} bytes")
    return bytes(body)
