"""The library functions that block: HTTP calls, sleeps, logs, callbacks.

Pages: stdlib/http/*, stdlib/sys/*, stdlib/events/*.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from isthmus.adapters.gcp.interpreter.callbacks import METHODS
from isthmus.adapters.gcp.interpreter.faults import Fault, fault, type_fault, value_fault
from isthmus.adapters.gcp.interpreter.library.system import seconds_of
from isthmus.adapters.gcp.interpreter.outcome import LogEntry
from isthmus.adapters.gcp.interpreter.problems import Undocumented
from isthmus.adapters.gcp.interpreter.requests import request_of, result_of, timeout_of
from isthmus.adapters.gcp.interpreter.scheduler import PAUSE, Coroutine, Suspend, Wake
from isthmus.adapters.gcp.interpreter.transport import (
    ConnectionBroken,
    ConnectionFailed,
    NoCredentials,
    Request,
    Response,
    TimedOut,
)
from isthmus.adapters.gcp.interpreter.values import type_name

if TYPE_CHECKING:
    from isthmus.adapters.gcp.interpreter.execution import Execution

SEVERITIES: Final = (*("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"),)
LOGGED: Final = (int, float, bool, str, list, dict)


def _sleep(execution: Execution, until: float) -> Suspend:
    def start(wake: Wake) -> None:
        execution.scheduler.at(until, lambda: wake(None, None))

    return Suspend(start)


def http(execution: Execution, function: str, given: dict[str, Any]) -> Coroutine:
    """Send a request, and return the response."""
    request = request_of(function, given, execution.answers, execution.limits)
    began = execution.now()
    try:
        response = yield from _sent(execution, request)
    except ConnectionFailed as failed:
        raise fault("ConnectionFailedError", str(failed)) from None
    except ConnectionBroken as broken:
        raise fault("ConnectionError", str(broken)) from None
    except NoCredentials as missing:
        raise fault("AuthError", str(missing)) from None
    except TimedOut:
        # On the real clock the time has passed; on the virtual one it passes now.
        yield _sleep(execution, began + request.timeout_seconds)
        raise _late(request) from None
    if response.seconds > request.timeout_seconds:
        yield _sleep(execution, began + request.timeout_seconds)
        raise _late(request)
    if response.seconds:
        yield _sleep(execution, began + response.seconds)
    return result_of(response, execution.answers, execution.limits)


def _sent(execution: Execution, request: Request) -> Coroutine:
    if execution.scheduler.clock.real:
        response = yield Suspend(
            lambda wake: execution.scheduler.outside(lambda: execution.transport.send(request), wake)
        )
        return response
    answer: Response = execution.transport.send(request)
    if execution.scheduler.crowded:
        yield PAUSE
    return answer


def _late(request: Request) -> Fault:
    return fault("TimeoutError", f"{request.method} {request.url}: no answer in {request.timeout_seconds:g} seconds")


def sleep(execution: Execution, function: str, given: dict[str, Any]) -> Coroutine:
    """Let so many seconds pass."""
    seconds = given["seconds"]
    if type(seconds) not in (int, float):
        raise type_fault(f"{function} takes a number of seconds; got: {type_name(seconds)}")
    most = execution.limits.sleep_seconds
    if not math.isfinite(seconds) or not 0 <= seconds <= most:
        raise value_fault(f"{function} takes 0 to {most:g} seconds; got: {seconds}")
    yield _sleep(execution, execution.now() + seconds)


def sleep_until(execution: Execution, function: str, given: dict[str, Any]) -> Coroutine:
    """Let time pass until an instant."""
    if not isinstance(given["time"], str):
        raise type_fault(f"{function} takes a string; got: {type_name(given['time'])}")
    until = seconds_of(given["time"])
    if until > execution.now() + execution.limits.sleep_seconds:
        raise value_fault(f"{function} takes a time at most one year from now")
    yield _sleep(execution, until)


def log(execution: Execution, function: str, given: dict[str, Any]) -> Coroutine:
    """Note a message among the logs of the execution."""
    payloads = {name: given[name] for name in ("data", "text", "json") if given.get(name) is not None}
    if len(payloads) != 1:
        raise type_fault(f"{function} takes one of data, text and json")
    name, payload = next(iter(payloads.items()))
    if type(payload) not in ((dict,) if name == "json" else LOGGED):
        raise type_fault(f"{name} of {function} does not take a value of type {type_name(payload)}")
    severity = given.get("severity") or "DEFAULT"
    if severity not in SEVERITIES:
        raise value_fault(f"{severity} is none of {', '.join(SEVERITIES)}")
    execution.logs.append(LogEntry(str(severity), payload))
    return None
    yield


def create_callback_endpoint(execution: Execution, function: str, given: dict[str, Any]) -> Coroutine:
    """Make an endpoint, and return a map with its URL."""
    method = given.get("http_callback_method", "POST")
    if not isinstance(method, str):
        raise type_fault(f"{function} takes the name of a method; got: {type_name(method)}")
    if method not in METHODS:
        raise value_fault(f"{method} is none of {', '.join(sorted(METHODS))}")
    return {"url": execution.callbacks.create(execution, method).url}
    yield


def await_callback(execution: Execution, function: str, given: dict[str, Any]) -> Coroutine:
    """Wait for a request at an endpoint, and return it. Raises a TimeoutError fault."""
    callback = given["callback"]
    if not isinstance(callback, dict):
        raise type_fault(f"{function} takes the map of an endpoint; got: {type_name(callback)}")
    endpoint = execution.callbacks.find(callback.get("url"))
    if endpoint is None or endpoint.owner is not execution:
        raise value_fault(f"{function}: this is no endpoint of this execution")
    limits = execution.limits
    timeout = timeout_of(given.get("timeout"), limits.callback_timeout_seconds, limits.duration_seconds)
    if endpoint.used or endpoint.wake is not None:
        raise Undocumented("an endpoint is awaited twice", instead="create another endpoint")
    if endpoint.kept is not None:
        endpoint.used = True
        return endpoint.kept

    def start(wake: Wake) -> None:
        late = fault("TimeoutError", f"no callback in {timeout:g} seconds")

        def give_up() -> None:
            if not endpoint.used:
                endpoint.wake = None
                wake(None, late)

        endpoint.wake = lambda event: wake(event, None)
        execution.scheduler.at(execution.now() + timeout, give_up)

    event = yield Suspend(start)
    endpoint.wake = None
    return event


BLOCKERS: Final[dict[str, Callable[[Execution, str, dict[str, Any]], Coroutine]]] = {
    **dict.fromkeys(("http.delete", "http.get", "http.patch", "http.post", "http.put", "http.request"), http),
    "sys.sleep": sleep,
    "sys.sleep_until": sleep_until,
    "sys.log": log,
    "events.create_callback_endpoint": create_callback_endpoint,
    "events.await_callback": await_callback,
}
