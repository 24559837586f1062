"""Table ports: what a handler may touch within its own unit of work, and what stands behind each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args, get_origin

from isthmus.adapters.runtime.events import send_event
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.ledger import SqlLedger
from isthmus.adapters.sql.records import SqlRecords
from isthmus.contracts.ledger import Ledger
from isthmus.core.codec import codec, hold_size
from isthmus.core.errors import SourceError
from isthmus.core.message import Event, Message
from isthmus.core.ports import Mailbox, Publisher, Records


class OutboxPublisher[M: Message]:
    """Publish messages of one type through the outbox."""

    __slots__ = ("_codec", "_key", "_topic", "_unit")

    def __init__(self, unit: UnitOfWork, message: type[M]) -> None:
        topic = unit.deployment.composition.topic_of(message)
        self._unit = unit
        self._topic = topic.name
        self._key = topic.key
        self._codec = codec(message)

    def publish(self, message: M) -> None:
        """Write the message to the outbox, in order within its ordering key."""
        body = hold_size(self._codec.encode(message, self._unit.vault), self._topic)
        self._unit.publish(self._topic, str(getattr(message, self._key)), body)


class MailboxSender[E: Event]:
    """Send events of one type into the mailbox."""

    __slots__ = ("_codec", "_event", "_unit")

    def __init__(self, unit: UnitOfWork, event: type[E]) -> None:
        self._unit = unit
        self._event = event.__name__
        self._codec = codec(event)

    def send(self, event: E, *, key: str) -> None:
        """Put the event into the queue of its type and key, once for this step and number of the sending."""
        unit = self._unit
        unit.sent += 1
        body = hold_size(self._codec.encode(event, unit.vault), self._event)
        send_event(unit, self._event, key, body, event_id=f"{unit.key}#{unit.sent}")


TABLES: dict[Any, Callable[[UnitOfWork, Any], object]] = {
    Records: lambda unit, port: SqlRecords(unit, get_args(port)[0]),
    Publisher: lambda unit, port: OutboxPublisher(unit, get_args(port)[0]),
    Mailbox: lambda unit, port: MailboxSender(unit, get_args(port)[0]),
    Ledger: lambda unit, _port: SqlLedger(unit),
}


def open_table(unit: UnitOfWork, port: Any) -> object:
    """Return the implementation of a table port within a unit of work."""
    make = TABLES.get(get_origin(port) or port)
    if make is None:
        raise SourceError(f"nothing stands behind the table {port!r}", instead="use Records[…], or bind a port")
    return make(unit, port)
