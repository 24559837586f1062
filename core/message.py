"""Messages: the frozen typed values that cross a boundary.

class Order(Message, identity="id", subject="client"):
    id: OrderId                                  a run of a workflow is known by this field
    client: ClientId                             the person whose key seals what is personal
    client_name: Annotated[str, PERSONAL]        travels as `Sealed`, opened in handlers only
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, dataclass_transform, get_args, get_origin, get_type_hints

import msgspec

from isthmus.core.errors import SourceError
from isthmus.core.residency import PERSONAL, DataClass


class MessageMeta(msgspec.StructMeta):
    """Make message classes frozen and keyword-only, and remember which fields name the identity and the person."""

    def __new__(  # noqa: D102
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        identity: str | None = None,
        subject: str | None = None,
        **config: Any,
    ) -> Any:
        cls = super().__new__(mcls, name, bases, namespace, **{**config, "frozen": True, "kw_only": True})
        for role, field in (("identity", identity), ("subject", subject)):
            if field is None:
                continue
            if field not in cls.__struct_fields__:
                raise SourceError(
                    f"{role}={field!r} is not a field of {name}",
                    place=f"{namespace.get('__module__')}.{name}",
                    instead=f"name one of: {', '.join(cls.__struct_fields__) or 'it has no fields'}",
                )
            setattr(cls, f"__{role}_field__", field)
        return cls


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Message(msgspec.Struct, metaclass=MessageMeta, frozen=True, kw_only=True):
    """Be a frozen typed value that crosses a boundary.

    `identity` names the field by which a run of a workflow is known; `subject` names the field that holds the
    pseudonym of the person whose key seals the fields marked `PERSONAL`.
    """

    __identity_field__: ClassVar[str | None] = None
    __subject_field__: ClassVar[str | None] = None


class Event(Message):
    """Be a message from outside that a workflow waits for, by key."""


type Ciphertext = bytes


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """Stand for a personal value outside handlers.

    `fingerprint` is an HMAC under the subject's key: it is what hashes and journals compare.
    """

    subject: str
    key_version: int
    bytes: Ciphertext
    fingerprint: str


class Undo[I: Message, O](Message):
    """Carry what an undo needs: the forward step's key, its input, and its result if there was one."""

    key: str
    input: I
    result: O | None = None


def field_types(message: type[msgspec.Struct]) -> dict[str, Any]:
    """Return each field's annotation, with `Annotated` kept, in wire order."""
    hints = get_type_hints(message, include_extras=True)
    return {name: hints[name] for name in message.__struct_fields__}


def data_classes(annotation: Any) -> set[DataClass]:
    """Return the classes of data that an annotation itself carries, not those of the messages within."""
    if get_origin(annotation) is not Annotated:
        return set()
    return {mark for mark in get_args(annotation)[1:] if isinstance(mark, DataClass)}


def is_personal(annotation: Any) -> bool:
    """Say whether a field with this annotation travels sealed."""
    return PERSONAL in data_classes(annotation)


def messages_within(annotation: Any) -> Iterator[type[msgspec.Struct]]:
    """Yield the struct types that an annotation mentions, through lists, unions and generics."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    origin = get_origin(annotation)
    if isinstance(origin or annotation, type) and issubclass(origin or annotation, msgspec.Struct):
        yield annotation
        return
    for argument in get_args(annotation):
        yield from messages_within(argument)


def carried_classes(annotation: Any, *, _seen: frozenset[Any] = frozenset()) -> set[DataClass]:
    """Return every class of data that a value of this annotation may hold, however deep."""
    found = data_classes(annotation)
    for message in messages_within(annotation):
        if message in _seen:
            continue
        struct: Any = get_origin(message) or message
        for inner in (*get_args(message), *field_types(struct).values()):
            found |= carried_classes(inner, _seen=_seen | {message})
    return found
