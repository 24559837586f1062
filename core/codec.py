"""The codec: messages as handlers see them, as workflows see them, and as they travel.

    handler's    Order(client="c-7", client_name="Ada Lovelace", …)      plain: every field open
    wire         {"client":"c-7","client_name":{"subject":"c-7",…},…}    JSON, PERSONAL fields sealed
    workflow's   Order(client="c-7", client_name=Sealed(…), …)           opaque: decoded, and never opened

Sealing needs the key of the field's subject: the value of the field that the message names with `subject=`.
"""

from __future__ import annotations

import types
from base64 import b64decode
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any, Protocol, TypeAliasType, Union, get_args, get_origin

import msgspec

from isthmus.core.errors import MessageInvalid, SourceError
from isthmus.core.message import Sealed, field_types, is_personal, messages_within

MESSAGE_BYTES_MAX = 32 * 1024
"""What one message may take on the wire: below the limits of both clouds."""

ENCODER = msgspec.json.Encoder()

type Change = Callable[[Any, Sealer], Any]


class Sealer(Protocol):
    """Seal and open what is personal, under the key of the subject."""

    def seal(self, subject: str, plaintext: bytes) -> Sealed:
        """Return the plaintext sealed for the subject."""
        ...

    def open(self, sealed: Sealed) -> bytes:
        """Return what was sealed. Raises KeyUnavailable when its key is gone."""
        ...


class Codec:
    """Encode and decode the values of one annotation: a message, a union of messages, or None."""

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation
        self._plain = msgspec.json.Decoder(annotation)
        self.personal = _holds_personal(annotation)
        opaque = _opaque(annotation) if self.personal else annotation
        self._opaque = msgspec.json.Decoder(opaque)
        self._seal = _change(annotation, _seal_value) if self.personal else None
        self._open = _change(annotation, _open_value) if self.personal else None
        self._print = _change(annotation, _fingerprint) if self.personal else None

    def encode(self, value: Any, sealer: Sealer) -> bytes:
        """Return the wire form of a handler's value."""
        if self._seal is None:
            return ENCODER.encode(value)
        return ENCODER.encode(self._seal(msgspec.to_builtins(value), sealer))

    def decode(self, wire: bytes, sealer: Sealer) -> Any:
        """Return the value as a handler sees it: opened, then validated.

        Raises MessageInvalid (ISTH201) naming the field and the rule, KeyUnavailable when a key is gone.
        """
        try:
            if self._open is None:
                return self._plain.decode(wire)
            return msgspec.convert(self._open(msgspec.json.decode(wire), sealer), self.annotation)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._invalid(error) from error

    def decode_opaque(self, wire: bytes) -> Any:
        """Return the value as a workflow sees it."""
        try:
            return self._opaque.decode(wire)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._invalid(error) from error

    def decode_outer(self, text: bytes) -> Any:
        """Return a plain value from outside, where every field must be one that is known.

        Raises MessageInvalid (ISTH201) naming the field and the rule.
        """
        if len(text) > MESSAGE_BYTES_MAX:
            raise MessageInvalid(
                f"the message has {len(text)} bytes, and may have {MESSAGE_BYTES_MAX}",
                place=shown(self.annotation),
                instead="send a reference to what is large",
            )
        try:
            value = self._plain.decode(text)
            stranger = _stranger(msgspec.json.decode(text), msgspec.to_builtins(value), "$")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._invalid(error) from error
        if stranger:
            raise MessageInvalid(
                f"field `{stranger}` is not known", place=shown(self.annotation), instead="leave it out"
            )
        return value

    def fingerprint(self, wire: bytes) -> str:
        """Return the hash by which inputs are compared: of the wire form, with what is sealed by its fingerprint."""
        if self._print is None:
            return sha256(wire).hexdigest()
        return sha256(ENCODER.encode(self._print(msgspec.json.decode(wire), _NOBODY))).hexdigest()

    def _invalid(self, error: Exception) -> MessageInvalid:
        return MessageInvalid(
            str(error), place=shown(self.annotation), instead="see the fields and types of the message"
        )


@lru_cache(maxsize=1024)
def codec(annotation: Any) -> Codec:
    """Return the codec of an annotation. Raises SourceError when values of it cannot travel."""
    try:
        return Codec(annotation)
    except TypeError as error:
        raise SourceError(
            f"{shown(annotation)} cannot travel: {error}", instead="use types that JSON can hold"
        ) from error


def shown(annotation: Any) -> str:
    """Name an annotation as a developer wrote it."""
    if isinstance(annotation, types.UnionType):
        return " | ".join(shown(part) for part in get_args(annotation))
    arguments = get_args(annotation)
    name = getattr(get_origin(annotation) or annotation, "__name__", None) or str(annotation)
    if name == "NoneType":
        return "None"
    return f"{name}[{', '.join(shown(one) for one in arguments)}]" if arguments else name


def _stranger(given: Any, known: Any, place: str) -> str | None:
    """Return the path of a field that was given and is not known, if there is one."""
    if isinstance(given, Mapping) and isinstance(known, Mapping):
        for name, value in given.items():
            if name not in known:
                return f"{place}.{name}"
            if inner := _stranger(value, known[name], f"{place}.{name}"):
                return inner
    elif isinstance(given, list) and isinstance(known, list | tuple):
        for index, (value, other) in enumerate(zip(given, known, strict=False)):
            if inner := _stranger(value, other, f"{place}[{index}]"):
                return inner
    return None


def _holds_personal(annotation: Any, seen: frozenset[Any] = frozenset()) -> bool:
    for message in messages_within(annotation):
        struct: Any = get_origin(message) or message
        if message in seen:
            continue
        inner = [*get_args(message), *field_types(struct).values()]
        if any(is_personal(one) or _holds_personal(one, seen | {message}) for one in inner):
            return True
    return False


def _bare(annotation: Any) -> Any:
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif isinstance(annotation, TypeAliasType):
            annotation = annotation.__value__
        else:
            return annotation


def _fields(message: Any) -> dict[str, Any]:
    """Return the annotations of a message's fields, those of a generic one with its arguments put in."""
    struct: Any = get_origin(message) or message
    arguments = dict(zip(getattr(struct, "__type_params__", ()), get_args(message), strict=False))
    return {name: _filled(annotation, arguments) for name, annotation in field_types(struct).items()}


def _filled(annotation: Any, arguments: Mapping[Any, Any]) -> Any:
    if annotation in arguments:
        return arguments[annotation]
    if isinstance(annotation, types.UnionType) or get_origin(annotation) is Union:
        return Union[tuple(_filled(part, arguments) for part in get_args(annotation))]  # noqa: UP007
    return annotation


def _opaque(annotation: Any) -> Any:
    """Return the annotation with `Sealed` in place of what is personal."""
    if is_personal(annotation):
        return Sealed | None if type(None) in get_args(_bare(annotation)) else Sealed
    bare = _bare(annotation)
    if not _holds_personal(bare):
        return annotation
    origin = get_origin(bare)
    if isinstance(bare, types.UnionType) or origin is Union:
        return Union[tuple(_opaque(part) for part in get_args(bare))]  # noqa: UP007
    if origin is list:
        return list[_opaque(get_args(bare)[0])]  # type: ignore[misc]
    struct: Any = origin or bare
    config = struct.__struct_config__
    return msgspec.defstruct(
        struct.__name__,
        [(name, _opaque(one)) for name, one in _fields(bare).items()],
        frozen=True,
        kw_only=True,
        tag=config.tag,
        tag_field=config.tag_field,
    )


def _seal_value(value: Any, subject: str, sealer: Sealer) -> Any:
    if isinstance(value, dict) and value.keys() == {"subject", "key_version", "bytes", "fingerprint"}:
        return value
    return msgspec.to_builtins(sealer.seal(subject, ENCODER.encode(value)))


def _open_value(value: Any, _subject: str, sealer: Sealer) -> Any:
    if not (isinstance(value, dict) and "fingerprint" in value):
        return value
    sealed = Sealed(
        subject=value["subject"],
        key_version=value["key_version"],
        bytes=b64decode(value["bytes"]),
        fingerprint=value["fingerprint"],
    )
    return msgspec.json.decode(sealer.open(sealed))


def _fingerprint(value: Any, _subject: str, _sealer: Sealer) -> Any:
    return value["fingerprint"] if isinstance(value, dict) and "fingerprint" in value else value


class _Nobody:
    """Seal and open nothing: fingerprints need no key."""

    def seal(self, subject: str, plaintext: bytes) -> Sealed:
        raise AssertionError(subject, len(plaintext))

    def open(self, sealed: Sealed) -> bytes:
        raise AssertionError(sealed.subject)


_NOBODY = _Nobody()


def _change(annotation: Any, leaf: Callable[[Any, str, Sealer], Any]) -> Change | None:
    """Return what changes the personal fields of a value in builtins, or None where there are none."""
    bare = _bare(annotation)
    if not _holds_personal(bare):
        return None
    origin = get_origin(bare)
    if isinstance(bare, types.UnionType) or origin is Union:
        return _change_union([part for part in get_args(bare) if part is not type(None)], leaf)
    if origin is list:
        item = _change(get_args(bare)[0], leaf)
        assert item is not None
        return lambda value, sealer: [item(one, sealer) for one in value]
    if not (isinstance(origin or bare, type) and issubclass(origin or bare, msgspec.Struct)):
        raise SourceError(
            f"{shown(bare)} holds PERSONAL fields", instead="put them in a message, a list or an optional message"
        )
    return _change_struct(bare, leaf)


def _change_union(parts: list[Any], leaf: Callable[[Any, str, Sealer], Any]) -> Change:
    changes = {(get_origin(part) or part).__struct_config__.tag: _change(part, leaf) for part in parts}
    if len(parts) == 1:
        only = changes.popitem()[1]
        assert only is not None
        return lambda value, sealer: None if value is None else only(value, sealer)
    field = (get_origin(parts[0]) or parts[0]).__struct_config__.tag_field

    def change(value: Any, sealer: Sealer) -> Any:
        inner = None if value is None else changes[value[field]]
        return value if inner is None else inner(value, sealer)

    return change


def _change_struct(message: Any, leaf: Callable[[Any, str, Sealer], Any]) -> Change:
    struct: Any = get_origin(message) or message
    subject_field: str | None = getattr(struct, "__subject_field__", None)
    annotations = _fields(message)
    personal = [name for name, annotation in annotations.items() if is_personal(annotation)]
    if personal and subject_field is None:
        raise SourceError(
            f"message {struct.__name__} has PERSONAL fields and names no subject",
            instead=f'write: class {struct.__name__}(Message, subject="client")',
        )
    nested = {name: _change(annotation, leaf) for name, annotation in annotations.items() if name not in personal}
    inner = {name: change for name, change in nested.items() if change is not None}

    def change(value: Any, sealer: Sealer) -> Any:
        changed = dict(value)
        for name in personal:
            if changed[name] is not None:
                changed[name] = leaf(changed[name], changed[subject_field], sealer)
        for name, one in inner.items():
            if changed[name] is not None:
                changed[name] = one(changed[name], sealer)
        return changed

    return change
