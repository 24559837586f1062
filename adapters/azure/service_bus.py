"""Service Bus: the names of topics there, and the messages that leave for them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from isthmus.adapters.azure.identity import identity
from isthmus.adapters.runtime.unit import OutgoingMessage

CONNECTION: Final = "ISTHMUS_SERVICE_BUS"
NAMESPACE: Final = f"{CONNECTION}__fullyQualifiedNamespace"

RUN, ORDERING_KEY = "run", "key"
"""What travels beside the body: the run that a message belongs to, and the key within which it keeps its place."""


def bus_name(topic: str) -> str:
    """Return the name of a topic on Service Bus, which allows no colon."""
    return topic.replace(":", ".")


class ServiceBusOutlet:
    """Send by the identity of the function app; its settings hold no secret."""

    def __init__(self) -> None:
        from azure.servicebus import ServiceBusClient  # noqa: PLC0415

        self._client = ServiceBusClient(os.environ[NAMESPACE], identity())

    def send(self, messages: Sequence[OutgoingMessage]) -> None:
        """Send messages of one topic and key in one batch, in their order; a duplicate carries the same id."""
        from azure.servicebus import ServiceBusMessage  # noqa: PLC0415

        with self._client.get_topic_sender(bus_name(messages[0].topic)) as sender:
            sender.send_messages(
                [
                    ServiceBusMessage(
                        one.body,
                        message_id=one.message_id,
                        session_id=one.ordering_key,
                        content_type="application/json",
                        application_properties={RUN: one.run_id, ORDERING_KEY: one.ordering_key},
                    )
                    for one in messages
                ]
            )
