"""The relay of the laptop: messages of the outbox to their subscribers, in sequence within an ordering key.

Each subscriber has a queue of its own for each topic and key, so that one which fails holds up no other. A message is
published once all its subscribers have settled; one that is not is delivered again after a restart, and the inbox
knows who has had it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping

from isthmus.adapters.runtime.unit import OutgoingMessage

log = logging.getLogger("isthmus.engine")


class Delivery:
    """Be one message on its way to one subscriber."""

    __slots__ = ("message", "queue", "subscriber")

    def __init__(self, message: OutgoingMessage, subscriber: str, queue: tuple[str, str, str]) -> None:
        self.message = message
        self.subscriber = subscriber
        self.queue = queue


class Relay:
    """Keep the queues, and say which delivery may go next."""

    def __init__(self, subscribers: Mapping[str, tuple[str, ...]]) -> None:
        self._subscribers = subscribers
        self._queues: dict[tuple[str, str, str], deque[Delivery]] = {}
        self._owed: dict[str, int] = {}
        self.published: list[str] = []
        """The messages that all their subscribers have settled, to be marked."""

    def accept(self, message: OutgoingMessage) -> list[Delivery]:
        """Take a message over, and return the deliveries that may go at once.

        A message of a topic that the App does not know any longer stays unpublished, for the version that does.
        """
        if message.message_id in self._owed:
            return []
        subscribers = self._subscribers.get(message.topic)
        if subscribers is None:
            log.error("message %s: no topic %s is loaded, so nobody gets it", message.message_id, message.topic)
            return []
        if not subscribers:
            self.published.append(message.message_id)
            return []
        self._owed[message.message_id] = len(subscribers)
        return [delivery for subscriber in subscribers for delivery in self._enqueue(message, subscriber)]

    def accept_again(self, message: OutgoingMessage, subscriber: str) -> list[Delivery]:
        """Take a message over for one subscriber that had it before, and return the delivery if it may go at once."""
        self._owed[message.message_id] = self._owed.get(message.message_id, 0) + 1
        return self._enqueue(message, subscriber)

    def _enqueue(self, message: OutgoingMessage, subscriber: str) -> list[Delivery]:
        name = (message.topic, message.ordering_key, subscriber)
        queue = self._queues.setdefault(name, deque())
        queue.append(Delivery(message, subscriber, name))
        return [queue[0]] if len(queue) == 1 else []

    def settle(self, delivery: Delivery) -> Delivery | None:
        """Take a delivery off its queue, and return the next of that queue."""
        queue = self._queues[delivery.queue]
        queue.popleft()
        owed = self._owed[delivery.message.message_id] - 1
        if owed:
            self._owed[delivery.message.message_id] = owed
        else:
            del self._owed[delivery.message.message_id]
            self.published.append(delivery.message.message_id)
        if queue:
            return queue[0]
        del self._queues[delivery.queue]
        return None
