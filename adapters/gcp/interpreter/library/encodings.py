"""Bytes and what is written as text: base64, hash, json. Pages: stdlib/base64/*, stdlib/hash/*, stdlib/json/*."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json as plain_json
from typing import Any, Final

from isthmus.adapters.gcp.interpreter.faults import type_fault, value_fault
from isthmus.adapters.gcp.interpreter.library.registry import Surroundings, expect, library
from isthmus.adapters.gcp.interpreter.values import from_json, to_json

ALGORITHMS: Final = ("MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512")
CHARACTERS_IN_A_GROUP: Final = 4


@library("base64.encode")
def encode_base64(_around: Surroundings, data: Any, padding: Any = True) -> str:  # noqa: FBT002  # as documented
    """Return bytes as Base64 text."""
    expect("base64.encode", data, bytes)
    expect("base64.encode", padding, bool)
    text = base64.b64encode(data).decode()
    return text if padding else text.rstrip("=")


@library("base64.decode")
def decode_base64(_around: Surroundings, data: Any, padding: Any = True) -> bytes:  # noqa: FBT002  # as documented
    """Return the bytes of a Base64 text; ends of lines in it are ignored."""
    expect("base64.decode", data, str)
    expect("base64.decode", padding, bool)
    text = data.replace("\r", "").replace("\n", "")
    if not padding:
        text += "=" * (-len(text) % CHARACTERS_IN_A_GROUP)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise value_fault("base64.decode: this is not Base64") from None


@library("hash.compute_checksum")
def compute_checksum(_around: Surroundings, data: Any, algorithm: Any) -> bytes:
    """Return the checksum of bytes."""
    expect("hash.compute_checksum", data, bytes)
    return hashlib.new(_algorithm("hash.compute_checksum", algorithm), data).digest()


@library("hash.compute_hmac")
def compute_hmac(_around: Surroundings, key: Any, data: Any, algorithm: Any) -> bytes:
    """Return the keyed checksum of bytes."""
    expect("hash.compute_hmac", key, bytes)
    expect("hash.compute_hmac", data, bytes)
    return hmac.new(key, data, _algorithm("hash.compute_hmac", algorithm)).digest()


def _algorithm(function: str, name: Any) -> str:
    expect(function, name, str)
    if name not in ALGORITHMS:
        raise value_fault(f"{function}: {name} is none of {', '.join(ALGORITHMS)}")
    return str(name).lower()


@library("json.decode")
def decode_json(around: Surroundings, data: Any) -> Any:
    """Return the value of a JSON text, given as bytes or string."""
    expect("json.decode", data, bytes, str)
    return from_json(data, around.answers)


@library("json.encode")
def encode_json(around: Surroundings, data: Any, indent: Any = None) -> bytes:
    """Return a value as JSON in bytes."""
    return bytes(encode_json_to_string(around, data, indent).encode())


@library("json.encode_to_string")
def encode_json_to_string(around: Surroundings, data: Any, indent: Any = None) -> str:
    """Return a value as JSON in a string, on lines of its own when it is indented."""
    compact = to_json(data, around.answers).decode()
    layout = {} if indent is True else indent
    if layout is None or layout is False:
        return compact
    if not isinstance(layout, dict) or not all(isinstance(part, str) for part in layout.values()):
        raise type_fault("indent is a boolean, or a map with the strings prefix and indent")
    if not layout.keys() <= {"prefix", "indent"}:
        raise value_fault("indent has the keys prefix and indent alone")
    text = plain_json.dumps(plain_json.loads(compact), indent=layout.get("indent", " " * 4), ensure_ascii=False)
    return text.replace("\n", "\n" + str(layout.get("prefix", "")))
