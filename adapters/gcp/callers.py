"""Callers: who may ask an App's private paths, and how they prove who they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from isthmus.core.errors import InputError


class Unauthorized(InputError):
    """Report a caller of a private path who does not prove to be one that may ask."""

    code = "ISTH264"

    def __init__(self, problem: str, *, status: int = 401, place: str = "", instead: str = "") -> None:
        super().__init__(problem, place=place, instead=instead)
        self.status = status


class Callers(Protocol):
    """Check who asks."""

    def check(self, headers: Mapping[str, str], audience: str) -> str:
        """Return the identity that a request's headers prove, for this audience. Raises Unauthorized."""
        ...
