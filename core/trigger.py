"""Triggers: what reaches a contract from outside: topics, streams, schedules and endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, get_origin

import msgspec

from isthmus.core.annotations import expect, expect_several, place_of_call, shown
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
    place: str = ""


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """Carry a flow of records from outside to one contract, partitioned by a key."""

    name: str
    message: type[Message]
    key: str
    into: Contract[Any, Any]
    place: str = ""


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """Ask a contract for its work again and again."""

    name: str
    every: timedelta
    starts: Contract[Any, Any]
    message: Message
    place: str = ""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Let the outside ask a contract over HTTP."""

    method: str
    path: str
    starts: Contract[Any, Any]
    place: str = ""


def topic[M: Message](
    name: str, message: type[M], *, key: str, subscribers: Sequence[Contract[M, Any]] = (), external: bool = False
) -> Topic:
    """Declare a topic. `key` names the field that orders messages; `external` topics are published by others."""
    _name_and_message("topic", name, message)
    expect(key, str, f"topic {name}: key", 'name a field of the message, as in key="order_id"')
    expect(external, bool, f"topic {name}: external", "write external=True")
    expect_several(subscribers, object, f"topic {name}: subscribers", "list contracts, as in subscribers=[track_order]")
    for subscriber in subscribers:
        contract_of(subscriber, f"topic {name}")
    return Topic(
        name=name,
        message=message,
        key=key,
        subscribers=tuple(subscribers),
        external=external,
        place=place_of_call(),
    )


def stream[M: Message](name: str, message: type[M], *, key: str, into: Contract[M, Any]) -> Stream:
    """Declare a stream. `key` names the field that partitions records."""
    _name_and_message("stream", name, message)
    expect(key, str, f"stream {name}: key", 'name a field of the message, as in key="symbol"')
    contract_of(into, f"stream {name}")
    return Stream(name=name, message=message, key=key, into=into, place=place_of_call())


def schedule[M: Message](name: str, *, every: timedelta, starts: Contract[M, Any], message: M) -> Schedule:
    """Declare a schedule: every so often, the contract is asked with this message."""
    _name("schedule", name)
    contract_of(starts, f"schedule {name}")
    expect(every, timedelta, f"schedule {name}: every", "write a duration, as in every=hours(1)")
    if every <= timedelta(0):
        raise SourceError(
            f"schedule {name}: every is {every}", place=place_of_call(), instead="give a duration above zero"
        )
    expect(message, Message, f"schedule {name}: message", "give the message itself that the contract is asked with")
    return Schedule(name=name, every=every, starts=starts, message=message, place=place_of_call())


def endpoint(method: str, path: str, *, starts: Contract[Any, Any]) -> Endpoint:
    """Declare an HTTP endpoint. A handler's contract answers; a workflow's is started, and its run is named."""
    expect(method, str, "method of an endpoint", f"give one of {', '.join(METHODS)}")
    expect(path, str, "path of an endpoint", 'give a path that begins with /, as in "/orders"')
    contract_of(starts, f"endpoint {method} {path}")
    if not path.startswith("/") or method.upper() not in METHODS:
        raise SourceError(
            f"endpoint {method} {path}: an endpoint is a method and a path",
            place=place_of_call(),
            instead=f"give one of {', '.join(METHODS)}, and a path that begins with /",
        )
    return Endpoint(method=method, path=path, starts=starts, place=place_of_call())


def _name(trigger: str, name: object) -> None:
    expect(name, str, f"name of a {trigger}", f'write its name first, as in {trigger}("orders", …)')


def _name_and_message(trigger: str, name: object, message: object) -> None:
    _name(trigger, name)
    origin = get_origin(message) or message
    if not (isinstance(origin, type) and issubclass(origin, Message)):
        raise SourceError(
            f"{trigger} {name} carries {shown(message)}",
            place=place_of_call(),
            instead="name a class derived from Message",
        )
