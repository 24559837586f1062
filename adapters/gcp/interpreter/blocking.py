"""The library functions that block: their parameters, in the order of their pages.

They stand in `call` steps alone. Pages: stdlib/http/*, stdlib/sys/*, stdlib/events/*, syntax/expressions (blocking
calls).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Blocking:
    """Hold the parameters of a function, those that must be given, and those that are not supported here."""

    parameters: tuple[str, ...]
    required: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()


_REQUEST: Final = ("url", "timeout", "body", "headers", "query", "auth", "private_service_name", "ca_certificate")
_PRIVATE: Final = frozenset({"private_service_name", "ca_certificate"})
_SHORTCUT: Final = Blocking(_REQUEST, frozenset({"url"}), _PRIVATE)

BLOCKING: Final[dict[str, Blocking]] = {
    "http.delete": _SHORTCUT,
    "http.get": _SHORTCUT,
    "http.patch": _SHORTCUT,
    "http.post": _SHORTCUT,
    "http.put": _SHORTCUT,
    "http.request": Blocking(("method", *_REQUEST), frozenset({"method", "url"}), _PRIVATE),
    "sys.log": Blocking(("data", "severity", "text", "json", "timeout")),
    "sys.sleep": Blocking(("seconds",), frozenset({"seconds"})),
    "sys.sleep_until": Blocking(("time",), frozenset({"time"})),
    "events.create_callback_endpoint": Blocking(("http_callback_method",)),
    "events.await_callback": Blocking(("callback", "timeout"), frozenset({"callback"})),
}
