"""Triggers: what reaches a contract from outside: topics, streams, schedules and endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from isthmus.core.contract import Contract, contract_of
from isthmus.core.errors import SourceError
from isthmus.core.message import Message

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """Carry messages of one type from whoever publishes them to every subscriber, in order within a key."""

    name: str
    message: type[Message]
    key: str
    subscribers: tuple[Contract[Any, Any], ...]
    external: bool


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """Carry a flow of records from outside to one contract, partitioned by a key."""

    name: str
    message: type[Message]
    key: str
    into: Contract[Any, Any]


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """Ask a contract for its work again and again."""

    name: str
    every: timedelta
    starts: Contract[Any, Any]
    message: Message


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Let the outside ask a contract over HTTP."""

    method: str
    path: str
    starts: Contract[Any, Any]


def topic[M: Message](
    name: str, message: type[M], *, key: str, subscribers: Sequence[Contract[M, Any]] = (), external: bool = False
) -> Topic:
    """Declare a topic. `key` names the field that orders messages; `external` topics are published by others."""
    for subscriber in subscribers:
        contract_of(subscriber, f"topic {name}")
    return Topic(name=name, message=message, key=key, subscribers=tuple(subscribers), external=external)


def stream[M: Message](name: str, message: type[M], *, key: str, into: Contract[M, Any]) -> Stream:
    """Declare a stream. `key` names the field that partitions records."""
    contract_of(into, f"stream {name}")
    return Stream(name=name, message=message, key=key, into=into)


def schedule[M: Message](name: str, *, every: timedelta, starts: Contract[M, Any], message: M) -> Schedule:
    """Declare a schedule: every so often, the contract is asked with this message."""
    contract_of(starts, f"schedule {name}")
    if every <= timedelta(0):
        raise SourceError(f"every is {every}", place=f"schedule {name}", instead="give a duration above zero")
    return Schedule(name=name, every=every, starts=starts, message=message)


def endpoint(method: str, path: str, *, starts: Contract[Any, Any]) -> Endpoint:
    """Declare an HTTP endpoint. A handler's contract answers; a workflow's is started, and its run is named."""
    place = f"endpoint {method} {path}"
    contract_of(starts, place)
    if not path.startswith("/") or method.upper() not in METHODS:
        raise SourceError(
            "an endpoint is a method and a path",
            place=place,
            instead=f"give one of {', '.join(METHODS)}, and a path that begins with /",
        )
    return Endpoint(method=method, path=path, starts=starts)
