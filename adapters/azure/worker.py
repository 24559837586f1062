"""Microsoft's Python worker library, driven without its host: it indexes a folder, and invokes what it found.

The library takes its message classes by injection, so plain ones serve. It keeps one registry of functions in a
process: there is one `Worker` in a process.
"""

from __future__ import annotations

import json
import sys
import types
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import azure_functions_runtime as runtime
from azure_functions_runtime import native_invocation
from azure_functions_runtime.bindings.datumdef import Datum

MESSAGES: Final = (
    "BindingInfo",
    "FunctionLoadResponse",
    "FunctionMetadataResponse",
    "RpcException",
    "RpcFunctionMetadata",
    "RpcRetryOptions",
    "StatusResult",
    "WorkerInitResponse",
    "WorkerMetadata",
)
SUCCESS, FAILURE = 1, 0


class WorkerFailed(Exception):
    """Report that indexing or an invocation failed inside the worker library, in its own words."""

    def __init__(self, message: str, stack_trace: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.stack_trace = stack_trace


class WorkerGone(WorkerFailed):
    """Report an invocation whose worker ended with it, or is not there: whether it did anything is not known."""


def _message_classes() -> types.SimpleNamespace:
    classes: dict[str, Any] = {name: type(name, (types.SimpleNamespace,), {}) for name in MESSAGES}
    classes["StatusResult"].Success, classes["StatusResult"].Failure = SUCCESS, FAILURE
    classes["BindingInfo"].out, classes["BindingInfo"].inout = 1, 2
    classes["BindingInfo"].undefined = None
    return types.SimpleNamespace(**classes)


PROTOS: Final = _message_classes()


class Worker:
    """Index one folder, and invoke its functions."""

    def __init__(self) -> None:
        self._functions: dict[str, Any] = {}
        self.bindings: Mapping[str, list[dict[str, Any]]] = {}

    async def load(self, folder: Path) -> None:
        """Index a folder as Azure does. Raises WorkerFailed."""
        sys.path.insert(0, str(folder))  # the library does not do this itself
        runtime.start_threadpool_executor()
        request = types.SimpleNamespace(capabilities={}, function_app_directory=str(folder))
        reply = await runtime.worker_init_request(_request(worker_init_request=request))
        if reply.result.status != SUCCESS:
            failure = reply.result.exception
            raise WorkerFailed(failure.message, failure.stack_trace)
        metadata = await runtime.functions_metadata_request(_request())
        if metadata.result.status != SUCCESS:
            failure = metadata.result.exception
            raise WorkerFailed(failure.message, failure.stack_trace)
        self._functions = {one.name: one for one in metadata.function_metadata_results or ()}
        self.bindings = {
            name: [json.loads(raw) for raw in function.raw_bindings] for name, function in self._functions.items()
        }

    def parameter_of(self, function: str, binding: str) -> str:
        """Return the parameter that is bound to a kind of binding: the durable library renames some."""
        return next(str(one["name"]) for one in self.bindings[function] if one["type"] == binding)

    def takes_client(self, function: str) -> bool:
        """Say whether a function takes a client of the durable library."""
        return any(one["type"] == "durableClient" for one in self.bindings[function])

    async def invoke(self, function: str, inputs: Mapping[str, Any], metadata: Mapping[str, Any] | None = None) -> Any:
        """Invoke a function as the host does. Raises WorkerFailed."""
        ok, result, _, error, trace = await native_invocation.invocation_request_native(
            str(uuid.uuid4()), self._functions[function].function_id, list(inputs.items()), dict(metadata or {})
        )
        if not ok:
            raise WorkerFailed(_failure_text(error, trace), trace or "")
        return result

    async def returned(self) -> None:
        """Wait until the worker is there."""

    def close(self) -> None:
        """Let go of the worker."""


def _request(**fields: Any) -> types.SimpleNamespace:
    properties = {"host": "127.0.0.1", "protos": PROTOS}
    return types.SimpleNamespace(request=types.SimpleNamespace(**fields), properties=properties)


def _failure_text(error: str | None, trace: str | None) -> str:
    """Return "ValueError: card declined", from a repr and a traceback."""
    lines = (trace or "").strip().splitlines()
    return next((line for line in reversed(lines) if line[:1].isalpha()), error or "")


def text(value: str) -> Any:
    """Return a text as an input."""
    return Datum(value, "string")


def json_value(value: Any) -> Any:
    """Return a value as an input."""
    return Datum(json.dumps(value), "json")


def json_text(value: str) -> Any:
    """Return JSON text as an input."""
    return Datum(value or "null", "json")


def http_request(method: str, url: str, body: bytes, headers: Mapping[str, str], route: Mapping[str, str]) -> Any:
    """Return a request as an input."""
    fields = {
        "method": Datum(method, "string"),
        "url": Datum(url, "string"),
        "headers": {name: Datum(value, "string") for name, value in headers.items()},
        "params": {name: Datum(value, "string") for name, value in route.items()},
        "query": {},
        "body": Datum(body, "bytes"),
    }
    return Datum(fields, "http")


def http_response(result: Any) -> tuple[int, bytes]:
    """Return status and body of a response."""
    body = result.value["body"].value
    return int(result.value["status_code"].value), body.encode() if isinstance(body, str) else body


def service_bus_message(body: bytes, message_id: str, properties: Mapping[str, str]) -> tuple[Any, dict[str, Any]]:
    """Return a message as an input, and the metadata that come with it."""
    metadata = {
        "MessageId": Datum(message_id, "string"),
        "ApplicationProperties": json_value(dict(properties)),
        "UserProperties": json_value(dict(properties)),
    }
    return Datum(body, "bytes"), metadata


def event_hub_batch(bodies: Sequence[bytes], partition: str, first: int) -> tuple[Any, dict[str, Any]]:
    """Return the records of a partition from a sequence number on as an input, and the metadata that come with it."""
    properties = [{"SequenceNumber": first + place, "Offset": str(first + place)} for place in range(len(bodies))]
    metadata = {
        "SystemPropertiesArray": json_value(properties),
        "PartitionContext": json_value({"ConsumerGroup": "$Default", "PartitionId": partition}),
    }
    return Datum(types.SimpleNamespace(bytes=list(bodies)), "collection_bytes"), metadata


def timer_tick() -> Any:
    """Return the tick of a timer as an input."""
    status = {"Last": "", "Next": "", "LastUpdated": ""}
    return json_value({"IsPastDue": False, "Schedule": {"AdjustForDST": True}, "ScheduleStatus": status})
