"""The version of a program: a hash of what it does, blind to where it stands in its file."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec

from isthmus.core.program.nodes import Statement


def without_spans(node: Any) -> Any:
    """Return a node, or a tuple of them, as plain data without positions."""
    return _stripped(msgspec.to_builtins(node))


def _stripped(plain: Any) -> Any:
    if isinstance(plain, dict):
        return {name: _stripped(inner) for name, inner in plain.items() if name != "span"}
    if isinstance(plain, list | tuple):
        return [_stripped(inner) for inner in plain]
    return plain


def version_of(contract: str, parameter: str, body: tuple[Statement, ...]) -> str:
    """Return the version: 16 hex digits that comments, blank lines and formatting do not change."""
    text = json.dumps([contract, parameter, without_spans(body)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
