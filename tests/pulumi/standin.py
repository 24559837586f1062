"""A stand-in for Azure and Google Cloud behind the real Pulumi engine: it keeps resources, and refuses much.

The engine attaches to it in place of the plugins `azure-native` and `gcp` (PULUMI_DEBUG_PROVIDERS). What it refuses:
whatever the SDKs' own types refuse (`sdk_types.py`), in every preview; and what the clouds document as a condition
that no type states (`preconditions.py`), in every preview as far as it is known then, and again when it is created.

Its limits: no API is behind it. It creates at once, in any order that the engine asks for, and what it answers for
computed properties is made up, but for those that `computed.py` writes by hand. Quotas, eventual consistency, prices,
billing, and whatever else a cloud refuses that no page states, are not here. What a test edits here is drift.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any

import computed
import grpc
import preconditions
import sdk_types
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc
from sdk_types import SECRET, SIGNATURE

NEWER_THAN_ANY_SDK = "999.0.0"
MESSAGE_BYTES_MAX = 400 << 20
GRPC_LIMITS = [(f"grpc.max_{way}_message_length", MESSAGE_BYTES_MAX) for way in ("receive", "send")]


def unpack(struct: Any) -> dict[str, Any]:
    """Return a struct of the protocol as a dictionary."""
    return dict(json_format.MessageToDict(struct))


def pack(values: dict[str, Any]) -> struct_pb2.Struct:
    """Return a dictionary as a struct of the protocol."""
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct


def plain(value: Any) -> Any:
    """Return a value without the marks of secrets, at any depth."""
    if isinstance(value, dict):
        return (
            plain(value["value"]) if value.get(SIGNATURE) == SECRET else {key: plain(one) for key, one in value.items()}
        )
    return [plain(one) for one in value] if isinstance(value, list) else value


class Failures:
    """Say which creations and updates are to fail, by a part of the resource's name in the program."""

    def __init__(self) -> None:
        self.named: dict[str, str] = {}

    def hold(self, urn: str, context: Any) -> None:
        """End the call when a test wants this resource to fail."""
        for part, reason in self.named.items():
            if part in urn.rpartition("::")[2]:
                context.abort(grpc.StatusCode.INTERNAL, reason)


class StandInCloud(provider_pb2_grpc.ResourceProviderServicer):
    """Keep resources as the two providers would."""

    def __init__(self) -> None:
        self.failures = Failures()
        self.order: list[str] = []
        """The types and names of what was created or updated, in that order."""
        self._lock = threading.RLock()
        self._resources: dict[str, Any] = {}
        self._configured: dict[str, dict[str, Any]] = {}  # every instance of a provider dials a connection of its own

    # State

    def resources(self) -> dict[str, Any]:
        """Return what there is, by id."""
        return self._resources

    def edit(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Change what there is behind the engine's back: that is drift."""
        with self._lock:
            change(self._resources)

    # What the engine asks of every provider

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    Cancel = Attach

    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=NEWER_THAN_ANY_SDK)

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:
        self._configured[context.peer()] = plain(unpack(request.args))
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True)

    # Resources

    def Check(self, request: Any, context: Any) -> Any:
        token = _token(request.urn)
        news, olds = unpack(request.news), unpack(request.olds)
        found = sdk_types.faults(token, news)
        named = _named(token, news, olds, request)
        if not found:
            found = preconditions.broken_alone(token, plain(named))
        failures = [provider_pb2.CheckFailure(property=one.split(":")[0].lstrip("."), reason=one) for one in found]
        return provider_pb2.CheckResponse(inputs=pack(named), failures=failures)

    def Diff(self, request: Any, context: Any) -> Any:
        old = plain(unpack(request.old_inputs) or unpack(request.olds))
        new = plain(unpack(request.news))
        kinds = provider_pb2.PropertyDiff
        replacing = computed.replacing(_token(request.urn))
        details = {}
        for key in sorted({*old, *new}):
            if key.startswith("__") or key in request.ignoreChanges or old.get(key) == new.get(key):
                continue
            kind = kinds.ADD if key not in old else kinds.DELETE if key not in new else kinds.UPDATE
            details[key] = kinds(kind=kind + 1 if key in replacing else kind, inputDiff=True)
        replaces = [key for key in details if key in replacing]
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=some if details else none,
            diffs=list(details),
            replaces=replaces,
            deleteBeforeReplace=bool(replaces),
            detailedDiff=details,
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: Any) -> Any:
        token, inputs = _token(request.urn), unpack(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=pack(sdk_types.in_preview(token, inputs)))
        self.failures.hold(request.urn, context)
        identifier, outputs = self._computed(token, inputs, context)
        with self._lock:
            if identifier in self.resources() and not computed.is_shared(token):
                context.abort(grpc.StatusCode.ALREADY_EXISTS, f"{identifier} is there already")
            self._hold_to_preconditions(token, inputs, identifier, context)
            self._keep(identifier, token, inputs, outputs, request.urn)
        return provider_pb2.CreateResponse(id=identifier, properties=pack(outputs))

    def Update(self, request: Any, context: Any) -> Any:
        token, inputs = _token(request.urn), unpack(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(
                properties=pack({**unpack(request.olds), **sdk_types.answered(token, inputs)})
            )
        self.failures.hold(request.urn, context)
        _, outputs = self._computed(token, inputs, context)
        with self._lock:
            self._hold_to_preconditions(token, inputs, request.id, context)
            self._keep(request.id, token, inputs, outputs, request.urn)
        return provider_pb2.UpdateResponse(properties=pack(outputs))

    def Read(self, request: Any, context: Any) -> Any:
        entry = self.resources().get(request.id)
        if entry is None:
            return provider_pb2.ReadResponse()  # an empty id says that it is gone
        return provider_pb2.ReadResponse(id=request.id, properties=pack(entry["state"]), inputs=pack(entry["inputs"]))

    def Delete(self, request: Any, context: Any) -> Any:
        with self._lock:
            entry = self.resources().get(request.id)
            problem = preconditions.broken_by_deletion(entry["type"], plain(entry["inputs"])) if entry else ""
            if problem:
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, problem)
            if entry and not computed.is_shared(entry["type"]):
                self.edit(lambda resources: resources.pop(request.id, None))
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        answer = computed.answered(request.tok, plain(unpack(request.args)), self._configured.get(context.peer(), {}))
        if answer is None:
            context.abort(grpc.StatusCode.NOT_FOUND, f"the stand-in answers no {request.tok}")
        return provider_pb2.InvokeResponse(**{"return": pack(answer)})

    def _computed(self, token: str, inputs: dict[str, Any], context: Any) -> tuple[str, dict[str, Any]]:
        configured = self._configured.get(context.peer(), {})
        identifier, known = computed.identity(token, plain(inputs), configured)
        return identifier, sdk_types.completed(token, {**sdk_types.answered(token, inputs), **known}, identifier)

    def _hold_to_preconditions(self, token: str, inputs: dict[str, Any], identifier: str, context: Any) -> None:
        others = {key: one for key, one in self.resources().items() if key != identifier}
        before = self.resources().get(identifier, {}).get("inputs")
        found = preconditions.broken(token, plain(inputs), plain(others), plain(before))
        if found:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "; ".join(found))

    def _keep(self, identifier: str, token: str, inputs: dict[str, Any], outputs: dict[str, Any], urn: str) -> None:
        self.order.append(f"{token} {urn.rpartition('::')[2]}")
        entry = {"type": token, "inputs": inputs, "state": outputs}
        self.edit(lambda resources: resources.update({identifier: entry}))


def _token(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def _named(token: str, news: dict[str, Any], olds: dict[str, Any], request: Any) -> dict[str, Any]:
    """Return the inputs with a name, which a provider makes of the resource's own when the program gives none."""
    key = computed.name_property(token)
    if key not in sdk_types.inputs_of(token) or news.get(key):
        return news
    base = request.urn.rpartition("::")[2]
    seed = request.randomSeed.hex() or f"{request.urn}"
    return {**news, key: olds.get(key) or computed.own_name(token, base, hashlib.sha256(seed.encode()).hexdigest())}


def serve() -> tuple[StandInCloud, grpc.Server, int]:
    """Start on a port of this machine."""
    cloud = StandInCloud()
    server = grpc.server(futures.ThreadPoolExecutor(32), options=GRPC_LIMITS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(cloud, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return cloud, server, port
