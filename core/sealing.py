"""Sealing: which values of a message are personal by its annotations, and what goes in their place outside handlers.

client_name: Annotated[str, PERSONAL]               the value is sealed, for the subject that its message names
aliases: list[Annotated[str, PERSONAL]]             each item is
client: Client | None                               those within are, for the subject that `Client` names
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, Union, get_args, get_origin

import msgspec

from isthmus.core.annotations import base_of, named, unfolded
from isthmus.core.errors import SourceError
from isthmus.core.message import Message, Sealed, annotations_within, field_types, is_personal, is_struct, where_written

ENCODER = msgspec.json.Encoder()


class Sealer(Protocol):
    """Seal and open what is personal, under the key of the subject."""

    def seal(self, subject: str, plaintext: bytes) -> Sealed:
        """Return the plaintext sealed for the subject."""
        ...

    def open(self, sealed: Sealed) -> bytes:
        """Return what was sealed. Raises KeyUnavailable when its key is gone."""
        ...


type Leaf = Callable[[Any, str, Sealer], Any]
"""What becomes of one personal value, in builtins: of the value and its subject."""

type Change = Callable[[Any, str, Sealer], Any]
"""What becomes of a value in builtins that may hold personal values."""


def holds_personal(annotation: Any) -> bool:
    """Say whether a value of this annotation may hold anything personal, however deep."""
    return any(is_personal(one) for one in annotations_within(annotation))


def opaque(annotation: Any) -> Any:
    """Return the annotation with `Sealed` in place of what is personal."""
    base = base_of(annotation)
    arguments = get_args(base)
    if is_personal(annotation):
        return Sealed | None if type(None) in arguments else Sealed
    if not holds_personal(annotation):
        return annotation
    if is_struct(base):
        return _opaque_message(base)
    inner = tuple(one if one is Ellipsis else opaque(one) for one in arguments)
    return Union[inner] if _is_union(base) else get_origin(base)[inner]  # noqa: UP007


def _opaque_message(message: Any) -> Any:
    struct: Any = get_origin(message) or message
    config = struct.__struct_config__
    return msgspec.defstruct(
        struct.__name__,
        [(name, opaque(one)) for name, one in field_types(message).items()],
        frozen=True,
        kw_only=True,
        tag=config.tag,
        tag_field=config.tag_field,
    )


def _is_union(annotation: Any) -> bool:
    return isinstance(annotation, types.UnionType) or get_origin(annotation) is Union


# What is done to the personal values


def seal_value(value: Any, subject: str, sealer: Sealer) -> Any:
    """Seal a value; what a workflow passed on is sealed already."""
    if isinstance(value, dict) and value.keys() == set(Sealed.__struct_fields__):
        return value
    return msgspec.to_builtins(sealer.seal(subject, ENCODER.encode(value)))


def open_value(value: Any, _subject: str, sealer: Sealer) -> Any:
    """Open a value that is sealed."""
    if not _is_sealed(value):
        return value
    return msgspec.json.decode(sealer.open(msgspec.convert(value, Sealed)))


def fingerprint_value(value: Any, _subject: str, _sealer: Sealer) -> Any:
    """Return the fingerprint in place of a value that is sealed."""
    return value["fingerprint"] if _is_sealed(value) else value


def _is_sealed(value: Any) -> bool:
    return isinstance(value, dict) and "fingerprint" in value


# Where the personal values are


def change_of(annotation: Any, leaf: Leaf, outer: tuple[Any, ...] = ()) -> Change | None:
    """Return what changes the personal values within a value, or None where there are none.

    `outer` are the messages that are being looked into. Raises SourceError (ISTH100) where personal values stand
    that cannot be sealed.
    """
    if is_personal(annotation):
        return lambda value, subject, sealer: None if value is None else leaf(value, subject, sealer)
    base = base_of(annotation)
    if not holds_personal(base):
        return None
    origin, arguments = get_origin(base), get_args(base)
    if is_struct(base):
        return _change_message(base, leaf, outer)
    if _is_union(base):
        return _change_union(base, leaf, outer)
    if origin in (list, Sequence) or (origin is tuple and arguments[1:] == (Ellipsis,)):
        return _change_items(change_of(arguments[0], leaf, outer))
    if origin in (dict, Mapping) and not holds_personal(arguments[0]):
        return _change_values(change_of(arguments[1], leaf, outer))
    raise SourceError(
        f"{named(base)} holds what is PERSONAL",
        place=where_written(outer[-1] if outer else Message),
        instead="put it into a message, a list, the values of a dict, or mark the whole field PERSONAL",
    )


def _change_items(item: Change | None) -> Change:
    assert item is not None

    def change(value: Any, subject: str, sealer: Sealer) -> Any:
        return [item(one, subject, sealer) for one in value] if isinstance(value, list | tuple) else value

    return change


def _change_values(item: Change | None) -> Change:
    assert item is not None

    def change(value: Any, subject: str, sealer: Sealer) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: item(one, subject, sealer) for key, one in value.items()}

    return change


def _change_union(union: Any, leaf: Leaf, outer: tuple[Any, ...]) -> Change:
    parts = [part for part in get_args(union) if part is not type(None)]
    if len(parts) == 1:
        only = change_of(parts[0], leaf, outer)
        assert only is not None
        return lambda value, subject, sealer: None if value is None else only(value, subject, sealer)
    structs = [base_of(part) for part in parts]
    if not all(is_struct(struct) for struct in structs) or any(map(is_personal, parts)):
        raise SourceError(
            f"{named(union)} holds what is PERSONAL, and its parts cannot be told apart",
            place=where_written(outer[-1] if outer else Message),
            instead="make it a union of tagged messages, or mark the whole field PERSONAL",
        )
    configs = [(get_origin(struct) or struct).__struct_config__ for struct in structs]
    changes = {config.tag: change_of(struct, leaf, outer) for config, struct in zip(configs, structs, strict=True)}
    field = configs[0].tag_field

    def change(value: Any, subject: str, sealer: Sealer) -> Any:
        tag = value.get(field) if isinstance(value, dict) else None
        inner = changes.get(tag) if isinstance(tag, str | int) else None
        return value if inner is None else inner(value, subject, sealer)

    return change


def _change_message(message: Any, leaf: Leaf, outer: tuple[Any, ...]) -> Change:
    struct: Any = get_origin(message) or message
    if message in outer:
        raise SourceError(
            f"message {struct.__name__} holds itself, and what is PERSONAL",
            place=where_written(message),
            instead="let it hold the keys of the others",
        )
    annotations = field_types(message)
    own = [one for field in annotations.values() for one in annotations_within(field, fields=False)]
    subject_field = subject_of(struct, annotations) if any(map(is_personal, own)) else None
    found = {name: change_of(one, leaf, (*outer, message)) for name, one in annotations.items()}
    inner = {name: change for name, change in found.items() if change is not None}

    def change(value: Any, _subject: str, sealer: Sealer) -> Any:
        if not isinstance(value, dict):
            return value
        subject = value.get(subject_field, "") if subject_field else ""
        return {name: inner[name](one, subject, sealer) if name in inner else one for name, one in value.items()}

    return change


def subject_of(struct: Any, annotations: Mapping[str, Any]) -> str:
    """Return the field that names whose key seals the personal values of a message."""
    field: str | None = getattr(struct, "__subject_field__", None)
    place = where_written(struct)
    if field is None:
        raise SourceError(
            f"message {struct.__name__} has PERSONAL fields and names no subject",
            place=place,
            instead=f'write: class {struct.__name__}(Message, subject="client")'
            if issubclass(struct, Message)
            else "derive it from Message, and name one",
        )
    if base_of(annotations[field]) is not str or is_personal(annotations[field]):
        raise SourceError(
            f"subject={field!r} of message {struct.__name__} is {named(unfolded(annotations[field]))}",
            place=place,
            instead="make it a str that is neither PERSONAL nor optional: a random pseudonym",
        )
    return field
