"""Subscriptions of a rehearsal: what stands in for a cloud's topics."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from isthmus.adapters.runtime.unit import OutgoingMessage


class Subscriptions:
    """Stand in for a cloud's topics: take messages, to be handed to every subscription.

    A cloud keeps the order of a key within a topic. Here what has one key is handed over in the order in which it was
    sent, whatever its topic, as on a laptop: so the journals can be compared.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[OutgoingMessage] = []

    def send(self, messages: Sequence[OutgoingMessage]) -> None:
        """Take messages."""
        with self._lock:
            self._waiting += messages

    def take(self) -> list[OutgoingMessage]:
        """Return what was taken since."""
        with self._lock:
            taken, self._waiting = self._waiting, []
        return taken

    @property
    def is_empty(self) -> bool:
        """Say whether nothing waits."""
        with self._lock:
            return not self._waiting
