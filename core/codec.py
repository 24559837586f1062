"""The codec: messages as handlers see them, as workflows see them, and as they travel.

    handler's    Order(client="c-7", client_name="Ada Lovelace", …)      plain: every field open
    wire         {"client":"c-7","client_name":{"subject":"c-7",…},…}    JSON, PERSONAL fields sealed
    workflow's   Order(client="c-7", client_name=Sealed(…), …)           opaque: decoded, and never opened

Sealing needs the key of the field's subject: the value of the field that the message names with `subject=`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from typing import Any

import msgspec
import msgspec.inspect

from isthmus.core.annotations import base_of, named
from isthmus.core.bounds import check_of
from isthmus.core.errors import MessageInvalid, SourceError
from isthmus.core.invalid import told
from isthmus.core.message import Sealed, annotations_within, where_written
from isthmus.core.sealing import (
    ENCODER,
    Sealer,
    change_of,
    fingerprint_value,
    holds_personal,
    opaque,
    open_value,
    seal_value,
)

__all__ = ["ENCODER", "MESSAGE_BYTES_MAX", "Codec", "Sealer", "codec", "hold_size"]

MESSAGE_BYTES_MAX = 32 * 1024
"""What one message may take on the wire: below the limits of both clouds."""

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def hold_size(wire: bytes, place: str) -> bytes:
    """Return a message's wire form, when it is not too large. Raises MessageInvalid (ISTH201)."""
    if len(wire) > MESSAGE_BYTES_MAX:
        raise MessageInvalid(
            f"the message has {len(wire)} bytes, and may have {MESSAGE_BYTES_MAX}",
            place=place,
            instead="send a reference to what is large",
        )
    return wire


class Codec:
    """Encode and decode the values of one annotation: a message, a union of messages, or None."""

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation
        self.personal = holds_personal(annotation)
        self._seal = change_of(annotation, seal_value)
        self._open = change_of(annotation, open_value)
        self._excess = check_of(annotation)
        self._print = change_of(annotation, fingerprint_value)
        self._plain = _decoder(annotation)
        self._opaque = msgspec.json.Decoder(opaque(annotation))

    def encode(self, value: Any, sealer: Sealer) -> bytes:
        """Return the wire form of a handler's value.

        Raises MessageInvalid (ISTH201) where a number is beyond what every reader of JSON keeps.
        """
        self._bounded(value)
        if self._seal is None:
            return ENCODER.encode(value)
        return ENCODER.encode(self._seal(msgspec.to_builtins(value), "", sealer))

    def decode(self, wire: bytes, sealer: Sealer) -> Any:
        """Return the value as a handler sees it: opened, then validated.

        Raises MessageInvalid (ISTH201) naming the field and the rule, KeyUnavailable when a key is gone.
        """
        try:
            if self._open is None:
                return self._bounded(self._plain.decode(wire))
            opened = self._open(msgspec.json.decode(wire), "", sealer)
            return self._bounded(msgspec.convert(opened, self.annotation, str_keys=True))
        except UNREADABLE as error:
            raise self._invalid(error) from error

    def decode_opaque(self, wire: bytes) -> Any:
        """Return the value as a workflow sees it."""
        try:
            return self._bounded(self._opaque.decode(wire))
        except UNREADABLE as error:
            raise self._invalid(error) from error

    def decode_outer(self, text: bytes) -> Any:
        """Return a plain value from outside, where every field must be one that is known.

        Raises MessageInvalid (ISTH201) naming the field and the rule.
        """
        hold_size(text, named(self.annotation))
        try:
            value = self._bounded(self._plain.decode(text))
            stranger = _stranger(msgspec.json.decode(text), value, "$")
        except UNREADABLE as error:
            raise self._invalid(error) from error
        if stranger:
            raise MessageInvalid(
                f"field `{stranger}` is not known", place=named(self.annotation), instead="leave it out"
            )
        return value

    def fingerprint(self, wire: bytes) -> str:
        """Return the hash by which inputs are compared: of the wire form, with what is sealed by its fingerprint."""
        if self._print is None:
            return sha256(wire).hexdigest()
        try:
            return sha256(ENCODER.encode(self._print(msgspec.json.decode(wire), "", _NOBODY))).hexdigest()
        except UNREADABLE as error:
            raise self._invalid(error) from error

    def _invalid(self, error: Exception) -> MessageInvalid:
        problem, instead = told(error, self.annotation)
        return MessageInvalid(problem, place=named(self.annotation), instead=instead)

    def _bounded(self, value: Any) -> Any:
        """Return the value; MessageInvalid (ISTH201) when it holds a number that not every reader of JSON keeps."""
        found = self._excess(value) if self._excess is not None else None
        if found is None:
            return value
        problem = f"{found.rule} - at `${found.path}`"
        raise MessageInvalid(problem, place=named(self.annotation), instead=found.instead)


@lru_cache(maxsize=1024)
def codec(annotation: Any) -> Codec:
    """Return the codec of an annotation. Raises SourceError when values of it cannot travel."""
    try:
        return Codec(annotation)
    except TypeError as error:
        raise SourceError(
            f"{named(annotation)} cannot travel: {error}",
            place=where_written(annotation),
            instead="use types that JSON can hold",
        ) from error


def _decoder(annotation: Any) -> msgspec.json.Decoder[Any]:
    for one in annotations_within(annotation):
        base = base_of(one)
        if isinstance(base, type) and isinstance(msgspec.inspect.type_info(base), msgspec.inspect.CustomType):
            raise TypeError(f"{named(base)} is nothing that JSON can hold")
    return msgspec.json.Decoder(annotation)


def _stranger(given: Any, value: Any, place: str) -> str | None:
    """Return the path of a field that was given and that the value, which was made of it, does not have."""
    for name, inner, known in _pairs(given, value):
        path = f"{place}{name}"
        if known is _UNKNOWN:
            return path
        if found := _stranger(inner, known, path):
            return found
    return None


def _pairs(given: Any, value: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield what was given beside what it became, by name."""
    if isinstance(value, msgspec.Struct) and isinstance(given, dict):
        fields = dict(zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True))
        for name, inner in given.items():
            if name in fields:
                yield f".{name}", inner, getattr(value, fields[name])
            elif name != value.__struct_config__.tag_field:
                yield f".{name}", inner, _UNKNOWN
    elif isinstance(value, dict) and isinstance(given, dict) and len(value) == len(given):
        yield from ((f".{name}", given[name], known) for name, known in zip(given, value.values(), strict=True))
    elif isinstance(value, list | tuple) and isinstance(given, list):
        yield from ((f"[{index}]", *pair) for index, pair in enumerate(zip(given, value, strict=False)))


_UNKNOWN = object()


class _Nobody:
    """Seal and open nothing: fingerprints need no key."""

    def seal(self, subject: str, plaintext: bytes) -> Sealed:
        raise AssertionError(subject, len(plaintext))

    def open(self, sealed: Sealed) -> bytes:
        raise AssertionError(sealed.subject)


_NOBODY = _Nobody()
