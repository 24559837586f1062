"""Pushes: Pub/Sub hands over a message, for each subscriber by a subscription of its own.

    POST /pubsub/orders.accepted/track_accepted   {"message": {"data": "…", "messageId": "7", "attributes": {…}}, …}

The body is that of a push, or of a CloudEvent around it. A failure of a handler is an answer of 503, so that Pub/Sub
delivers again; attempts are counted in the database, and the last one leaves a dead letter of ours. What is no message
is journaled, once, and acknowledged: no delivery would make it one.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Final

import msgspec

from isthmus.adapters.gcp.carrying import Carrying
from isthmus.adapters.gcp.naming import topic_name
from isthmus.adapters.runtime.host import Host
from isthmus.adapters.runtime.hosting import delivered, hold_to_delivery, kept_message
from isthmus.adapters.runtime.operations import outer_unit, reject, take_in
from isthmus.adapters.runtime.requests import Unacceptable
from isthmus.adapters.runtime.runs import Run, run_id_of
from isthmus.adapters.runtime.unit import OutgoingMessage, UnitOfWork
from isthmus.adapters.sql.intake import WRITTEN
from isthmus.adapters.sql.journal import Kind
from isthmus.adapters.sql.outbox import MARK_PUBLISHED
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.codec import UNREADABLE
from isthmus.core.errors import InputError, MessageInvalid

MESSAGE_ID: Final = "message_id"
"""The attribute by which a message of ours says its id: Pub/Sub gives each publication one of its own."""


class PushedMessage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Be a message as Pub/Sub writes it."""

    message_id: str
    data: str = ""
    attributes: dict[str, str] = {}


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """Be the body of a push."""

    message: PushedMessage


class Wrapped(msgspec.Struct, frozen=True, kw_only=True):
    """Be the body of a structured CloudEvent around a push."""

    data: Push


def push(host: Host, carrying: Carrying, path: str, body: bytes) -> None:
    """Have a subscriber handle a pushed message. Raises DeliveryFailed (ISTH361) when it is to be delivered again."""
    topic, subscriber = _subscription_of(host, path)
    pushed = pushed_of(body)
    message = _message_of(host, topic, pushed)
    if message is None:
        return
    _, result = delivered(host, message, subscriber)
    if isinstance(result, Run):
        carrying.begin_or_leave(result.run_id)
    hold_to_delivery(result, topic, subscriber)


def _subscription_of(host: Host, path: str) -> tuple[str, str]:
    """Return the topic and the subscriber of a path. Raises Unacceptable."""
    name, _, subscriber = path.partition("/")
    for topic, subscribers in host.subscribers.items():
        if topic_name(topic) == name and subscriber in subscribers:
            return topic, subscriber
    raise Unacceptable(404, "there is no such subscription")


def pushed_of(body: bytes) -> PushedMessage:
    """Return the message of a push, or of a CloudEvent around it. Raises Unacceptable."""
    try:
        return msgspec.json.decode(body, type=Push).message
    except UNREADABLE:
        pass
    try:
        return msgspec.json.decode(body, type=Wrapped).data.message
    except UNREADABLE as error:
        raise Unacceptable(400, f"the body is no push of Pub/Sub: {error}") from None


def _message_of(host: Host, topic: str, pushed: PushedMessage) -> OutgoingMessage | None:
    """Return what was published, by a unit of work of ours or by others; None when it is no message.

    What it says of itself is not believed: it is ours when our outbox has it, as it stands there.
    """
    ours = pushed.attributes.get(MESSAGE_ID)
    kept = kept_message(host, topic, ours) if ours is not None else None
    if kept is not None:
        return kept
    name, actor = f"{topic}/{pushed.message_id}", f"topic:{topic}"

    def work(transaction: Transaction) -> tuple[UnitOfWork, OutgoingMessage]:
        unit = outer_unit(host.deployment, transaction, actor, actor, "message")
        taken = take_in(unit, topic, name, _data_of(pushed))
        transaction.run(MARK_PUBLISHED, unit.now_us, name)
        return unit, taken

    try:
        return host.do(work)[1]
    except InputError as error:
        _reject_once(host, topic, name, error)
    return None


def _data_of(pushed: PushedMessage) -> bytes:
    try:
        return b64decode(pushed.data, validate=True)
    except (binascii.Error, ValueError):
        raise MessageInvalid("the data is no Base64", place="data", instead="publish JSON") from None


def _reject_once(host: Host, topic: str, name: str, error: InputError) -> None:
    """Journal that what came is no message, however often it comes."""

    def work(transaction: Transaction) -> tuple[UnitOfWork, None]:
        unit = outer_unit(host.deployment, transaction, f"topic:{topic}", "", "message")
        unit.run_id = run_id_of(topic, name)
        if transaction.row(WRITTEN, unit.run_id, unit.step, Kind.REJECTED) is None:
            reject(unit, topic, error)
        return unit, None

    host.do(work)
