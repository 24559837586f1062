"""Pub/Sub: the messages that leave for topics, by its REST interface.

    POST https://europe-west3-pubsub.googleapis.com/v1/projects/desk/topics/orders.accepted:publish

A publication here is one request that has to be answered before its messages are marked as sent; the outbox keeps them
until then, and their order. Google's client library brings queues, batches and threads of its own instead, which would
have to be waited for and, after a failure, resumed key by key; it takes several times as long to import as this.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from itertools import batched
from typing import Final
from urllib.parse import urlsplit

import httpx2
import msgspec

from isthmus.adapters.gcp.naming import topic_name
from isthmus.adapters.gcp.pushes import MESSAGE_ID
from isthmus.adapters.runtime.settings import SettingMissing
from isthmus.adapters.runtime.unit import OutgoingMessage
from isthmus.core.codec import UNREADABLE
from isthmus.core.errors import EnvironmentFault

SCOPE: Final = "https://www.googleapis.com/auth/pubsub"
KEY, RUN, TYPE = "key", "run", "type"
"""What travels beside the body and the message's id: its key, the run that it belongs to, and its topic in full."""

MESSAGES_MAX: Final = 100
"""How many messages one request publishes: of 32 KB each they stay below the 10 MB that it may have."""

KEY_BYTES_MAX: Final = 1_024
SECONDS_MAX: Final = 20
OK: Final = 200
ON_THIS_MACHINE: Final = "127.0.0.1"


class PublishFailed(EnvironmentFault):
    """Report messages that Pub/Sub has not taken: they stay in the outbox, and are sent again."""

    code = "ISTH367"


class _Published(msgspec.Struct, frozen=True, rename="camel"):
    """Be what Pub/Sub answers."""

    message_ids: list[str]


class PubsubOutlet:
    """Publish to the topics of a project, `https://REGION-pubsub.googleapis.com/projects/PROJECT`.

    `token` gives a token for a scope. A region's address keeps the order of a key, and the data in the region; an
    address of this machine may be without TLS. Raises SettingMissing (ISTH360) for what is no such address.
    """

    def __init__(self, url: str, token: Callable[[str], str]) -> None:
        parts = urlsplit(url)
        known = parts.scheme == "https" and (parts.hostname or "").endswith(".googleapis.com")
        here = parts.scheme == "http" and parts.hostname == ON_THIS_MACHINE
        kind, _, project = parts.path.strip("/").partition("/")
        if not (known or here) or kind != "projects" or not project or "/" in project:
            raise SettingMissing(
                "it names no project of Pub/Sub",
                place=url,
                instead="write https://REGION-pubsub.googleapis.com/projects/PROJECT",
            )
        self._url = f"{parts.scheme}://{parts.netloc}/v1/projects/{project}/topics"
        self._token = token
        self._client = httpx2.Client(timeout=SECONDS_MAX)

    def send(self, messages: Sequence[OutgoingMessage]) -> None:
        """Publish messages of one topic and key in their order; a duplicate carries the same id.

        Raises PublishFailed (ISTH367), and TokenUnavailable (ISTH366).
        """
        topic = topic_name(messages[0].topic)
        headers = {"authorization": f"Bearer {self._token(SCOPE)}", "content-type": "application/json"}
        for some in batched(messages, MESSAGES_MAX, strict=False):
            body = msgspec.json.encode({"messages": [_written(one) for one in some]})
            try:
                response = self._client.post(f"{self._url}/{topic}:publish", content=body, headers=headers)
            except httpx2.HTTPError as error:
                raise _failed(topic, f"it does not answer: {type(error).__name__}") from None
            if response.status_code != OK or _taken(response.content) != len(some):
                raise _failed(topic, f"it answered {response.status_code}")


def _written(message: OutgoingMessage) -> dict[str, object]:
    key = key_of(message)
    named = {MESSAGE_ID: message.message_id, KEY: key, TYPE: message.topic, RUN: message.run_id}
    return {
        "data": b64encode(message.body).decode(),
        "orderingKey": key,
        "attributes": {name: value for name, value in named.items() if value},
    }


def key_of(message: OutgoingMessage) -> str:
    """Return the key within which a message keeps its place; of one that Pub/Sub would not take, its hash."""
    key = message.ordering_key.encode()
    return message.ordering_key if len(key) <= KEY_BYTES_MAX else sha256(key).hexdigest()


def _taken(answer: bytes) -> int:
    """Return how many messages Pub/Sub has taken."""
    try:
        return len(msgspec.json.decode(answer, type=_Published).message_ids)
    except UNREADABLE:
        return 0


def _failed(topic: str, problem: str) -> PublishFailed:
    return PublishFailed(
        problem,
        place=f"topic {topic}",
        instead="see that it exists, and that the app's service account has the role Pub/Sub Publisher on it",
    )
