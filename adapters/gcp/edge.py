"""The edge: what reaches an App over HTTP, at the same paths as on a laptop.

POST /orders                     an endpoint of the app: a handler's contract answers, a workflow is started
POST /events/Verdict/order-1     an event for whoever waits for it by that key
POST /topics/prices              a message of a topic that others publish to; /streams/… for a record
GET  /workflows/<run>            how a run stands
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from isthmus.adapters.gcp.carrying import Carrying
from isthmus.adapters.runtime.edge import asking_key
from isthmus.adapters.runtime.host import Host
from isthmus.adapters.runtime.hosting import ask, feed, publish, start, take_event
from isthmus.adapters.runtime.http import accepted, body_of, idempotency_key, json_response, message_for
from isthmus.adapters.runtime.requests import Unacceptable
from isthmus.adapters.sql.shown import plain
from isthmus.adapters.sql.views import Views
from isthmus.core.trigger import Endpoint

ACTOR: Final = "http"

type InThread = Callable[..., Awaitable[Any]]
type Answer = Callable[[Request], Awaitable[Response]]


class Edge:
    """Answer an App's users."""

    def __init__(self, host: Host, carrying: Carrying, in_thread: InThread) -> None:
        self._host = host
        self._carrying = carrying
        self._in_thread = in_thread
        self._routes: list[tuple[str, re.Pattern[str], Answer]] = []
        for endpoint in host.composition.app.endpoints:
            self._add(endpoint.method.upper(), endpoint.path, self._endpoint(endpoint))
        self._add("POST", "/events/{event}/{key:path}", self._take_event)
        self._add("POST", "/topics/{name}", self._take_message)
        self._add("POST", "/streams/{name}", self._take_record)
        self._add("GET", "/workflows/{run_id}", self._show_run)

    def _add(self, method: str, path: str, answer: Answer) -> None:
        self._routes.append((method, compile_path(path)[0], answer))

    async def answer(self, request: Request) -> Response:
        """Answer a request. Raises Unacceptable for a path or a method that there is not."""
        allowed = False
        for method, pattern, answer in self._routes:
            match = pattern.match(request.scope["path"])
            if match is not None and method == request.method:
                request.scope["path_params"] = match.groupdict()
                return await answer(request)
            allowed = allowed or match is not None
        raise Unacceptable(405, "Method Not Allowed") if allowed else Unacceptable(404, "Not Found")

    def _endpoint(self, endpoint: Endpoint) -> Answer:
        contract = endpoint.starts.name

        async def answer(request: Request) -> Response:
            message = await message_for(request, endpoint.starts.input_type)
            key = idempotency_key(request)
            if contract not in self._host.composition.workflows:
                known_by = asking_key(self._host.composition, contract, message) if key is None else key
                value = await self._in_thread(ask, self._host, contract, message, known_by, ACTOR)
                return Response(status_code=204) if value is None else json_response(200, value)
            run_id = await self._in_thread(self._start, contract, message)
            where = f"/workflows/{run_id}"
            return accepted({"run_id": run_id, "status_url": where}, location=where)

        return answer

    def _start(self, contract: str, message: Any) -> str:
        run_id = start(self._host, contract, message, ACTOR)
        self._carrying.begin_or_leave(run_id)
        return run_id

    async def _take_event(self, request: Request) -> Response:
        event, key = request.path_params["event"], request.path_params["key"]
        event_id = idempotency_key(request)
        await self._in_thread(take_event, self._host, event, key, await body_of(request), event_id, ACTOR)
        return accepted({"event": event, "key": key})

    async def _take_message(self, request: Request) -> Response:
        name = request.path_params["name"]
        await self._in_thread(publish, self._host, name, await body_of(request), ACTOR)
        return accepted({"topic": name})

    async def _take_record(self, request: Request) -> Response:
        name = request.path_params["name"]
        await self._in_thread(feed, self._host, name, await body_of(request), ACTOR)
        return accepted({"stream": name})

    async def _show_run(self, request: Request) -> Response:
        def view(run_id: str) -> Any:
            with Views(self._host.database) as views:
                return plain(views.run(run_id))

        return json_response(200, await self._in_thread(view, request.path_params["run_id"]))
