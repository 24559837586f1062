"""Ports: what a handler may ask for by the annotated type of a parameter.

A `Table` is part of our own transaction: what a handler does there happens once, with its record, or not at all.
A `Gateway` reaches something outside our database, by key. Whatever else a handler asks for is bound by
`App.bind`, and is called inside the transaction: it should only read.
"""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NewType, Protocol, get_origin

import msgspec

from isthmus.core.errors import EnvironmentFault
from isthmus.core.message import Event, Message


class Table(Protocol):
    """Mark a port that is part of the unit of work's own transaction."""


class Records[M: Message](Table, Protocol):
    """Keep messages of one type by key, in the unit of work's transaction.

    Every change is journaled with what was there before and after.
    """

    def get(self, key: str) -> M | None:
        """Return the message that is kept under the key, or None."""
        ...

    def put(self, key: str, message: M) -> None:
        """Keep the message under the key, in place of what was there."""
        ...

    def remove(self, key: str) -> None:
        """Forget what is kept under the key; nothing happens when nothing is."""
        ...


class Publisher[M: Message](Table, Protocol):
    """Publish messages to the topic of their type, if and only if the unit of work commits."""

    def publish(self, message: M) -> None:
        """Write the message to the outbox, in order within its ordering key."""
        ...


class Mailbox[E: Event](Table, Protocol):
    """Send events to whoever waits for them, if and only if the unit of work commits."""

    def send(self, event: E, *, key: str) -> None:
        """Put the event into the queue of its type and key. Sending is part of the step: a repeated step sends once."""
        ...


class Gateway[Q, A](Protocol):
    """Reach something outside our database: a venue, a bank.

    A handler that asks for a gateway runs in three parts: the intent is committed, `call` happens outside any
    transaction, the answer is committed with its effects. After a lost answer `inquire` is asked before `call` is
    tried again.
    """

    def call(self, reference: str, request: Q) -> A:
        """Do it, once; the outside refuses a repeated reference, it does not repeat its answer."""
        ...

    def inquire(self, reference: str, request: Q) -> A | None:
        """Return the answer that was given for the reference, or None when it never arrived.

        Raises AnswerUnknown when it cannot be said: the step is then stuck and a person is asked.
        """
        ...


class AnswerUnknown(EnvironmentFault):
    """Report that nobody can say whether the outside has acted. A person is asked; it is never 'nothing'."""

    code = "ISTH310"


Reference = NewType("Reference", str)
"""What the outside knows this step by: derived from the step's key, the same on every attempt."""


class Clock(Protocol):
    """Tell the time of this unit of work: one moment, recorded, in aware UTC."""

    def now(self) -> datetime:
        """Return the moment at which this unit of work began."""
        ...


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Say who asks, and on whose behalf."""

    actor: str
    on_behalf_of: str


class Configuration(Protocol):
    """Give a bound implementation what it declared, and nothing else."""

    @property
    def folder(self) -> str:
        """Return a folder of the implementation's own, on a laptop."""
        ...

    def secret(self, name: str) -> str:
        """Return a secret that was declared with `App.bind(…, secrets=[…])`."""
        ...


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """Bind a port to an implementation, and declare what it needs."""

    port: Any
    implementation: Any
    secrets: Sequence[str] = ()
    hosts: Sequence[str] = ()
    countries: Sequence[str] = ()
    place: str = ""


PROVIDED = (Clock, Reference, Caller)
"""What every handler may ask for, and nobody binds."""


def is_table(port: Any) -> bool:
    """Say whether a port is part of the unit of work's own transaction."""
    origin = get_origin(port) or port
    return isinstance(origin, type) and Table in origin.__mro__


def is_gateway(port: Any) -> bool:
    """Say whether a port reaches something outside our database."""
    origin = get_origin(port) or port
    return isinstance(origin, type) and Gateway in origin.__mro__


def reference_of(key: str, characters: int = 26) -> Reference:
    """Derive the reference for a step's key: base 32, at most 26 characters, 5 bits each.

    130 bits are given by 26 characters; 80 by the 16 that SWIFT field 20 allows.
    """
    digest = b32encode(sha256(key.encode()).digest()).decode("ascii")
    return Reference(digest[:characters])
