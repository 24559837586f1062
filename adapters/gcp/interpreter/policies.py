"""Retry policies and predicates of the standard library. Pages: stdlib/http/default_retry*, stdlib/retry/*."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from isthmus.adapters.gcp.interpreter.values import Reference

CODES: Final = frozenset({429, 502, 503, 504})
CODES_NON_IDEMPOTENT: Final = frozenset({429, 503})
TAGS: Final = frozenset({"ConnectionError", "ConnectionFailedError", "TimeoutError"})
TAGS_NON_IDEMPOTENT: Final = frozenset({"ConnectionFailedError"})
DEFAULT_BACKOFF: Final = {"initial_delay": 1.0, "max_delay": 60.0, "multiplier": 1.25}


def _retries(codes: frozenset[int], tags: frozenset[str]) -> Callable[[Any], bool]:
    def predicate(error: Any) -> bool:
        if not isinstance(error, dict):
            return False
        listed = error.get("tags")
        found = {tag for tag in listed if isinstance(tag, str)} if isinstance(listed, list) else set()
        return bool(found & tags) or ("HttpError" in found and error.get("code") in codes)

    return predicate


PREDICATES: Final[dict[str, Callable[[Any], bool]]] = {
    "http.default_retry_predicate": _retries(CODES, TAGS),
    "http.default_retry_predicate_non_idempotent": _retries(CODES_NON_IDEMPOTENT, TAGS_NON_IDEMPOTENT),
    "retry.always": lambda _: True,
    "retry.never": lambda _: False,
}


def _policy(predicate: str) -> dict[str, Any]:
    return {"predicate": Reference(predicate), "max_retries": 5, "backoff": DEFAULT_BACKOFF}


OBJECTS: Final[dict[str, dict[str, Any]]] = {
    "http.default_retry": _policy("http.default_retry_predicate"),
    "http.default_retry_non_idempotent": _policy("http.default_retry_predicate_non_idempotent"),
    "retry.default_backoff": DEFAULT_BACKOFF,
}
