"""Messages: the frozen typed values that cross a boundary.

class Order(Message, identity="id", subject="client"):
    id: OrderId                                  a run of a workflow is known by this field
    client: ClientId                             the person whose key seals what is personal
    client_name: Annotated[str, PERSONAL]        travels as `Sealed`, opened in handlers only
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Final, dataclass_transform, get_args, get_origin

import msgspec

from isthmus.core.annotations import base_of, filled, hints_of, unfolded
from isthmus.core.errors import SourceError
from isthmus.core.residency import PERSONAL, DataClass

CHANGES_OF_THE_WIRE: Final = ("array_like", "omit_defaults", "rename")


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
        place = f"{namespace.get('__module__')}.{namespace.get('__qualname__', name)}"
        for option in CHANGES_OF_THE_WIRE:
            if config.get(option):
                raise SourceError(
                    f"message {name} sets {option}",
                    place=place,
                    instead="leave it out: every message travels as an object with all its fields, by their own names",
                )
        cls = super().__new__(mcls, name, bases, namespace, **{**config, "frozen": True, "kw_only": True})
        for role, field in (("identity", identity), ("subject", subject)):
            if field is None:
                continue
            if field not in cls.__struct_fields__:
                raise SourceError(
                    f"{role}={field!r} is not a field of {name}",
                    place=place,
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


def is_struct(annotation: Any) -> bool:
    """Say whether an annotation is a class of messages, or one of a generic class of them."""
    struct = get_origin(annotation) or annotation
    return isinstance(struct, type) and issubclass(struct, msgspec.Struct)


def where_written(annotation: Any) -> str:
    """Return the module and name of a class of messages, or of what else is no message."""
    struct = get_origin(annotation) or annotation
    return f"{struct.__module__}.{struct.__qualname__}" if isinstance(struct, type) else str(annotation)


def field_types(message: Any) -> dict[str, Any]:
    """Return each field's annotation, with `Annotated` kept and type parameters filled in, in wire order.

    Raises SourceError (ISTH100) when an annotation stands for no type.
    """
    struct: Any = get_origin(message) or message
    hints = hints_of(struct, place=where_written(struct))
    arguments = dict(zip(getattr(struct, "__parameters__", ()), get_args(message), strict=False))
    return {name: filled(hints[name], arguments) for name in struct.__struct_fields__}


def data_classes(annotation: Any) -> set[DataClass]:
    """Return the classes of data that an annotation itself carries, not those of what it is made of."""
    known = unfolded(annotation)
    if get_origin(known) is not Annotated:
        return set()
    return {mark for mark in get_args(known)[1:] if isinstance(mark, DataClass)}


def is_personal(annotation: Any) -> bool:
    """Say whether values of this annotation travel sealed."""
    return PERSONAL in data_classes(annotation)


def annotations_within(annotation: Any, *, fields: bool = True) -> Iterator[Any]:
    """Yield an annotation and all that it is made of, once each: through aliases, lists and unions, and into messages.

    Without `fields`, messages are yielded and not looked into.
    """
    waiting = [annotation]
    seen: list[Any] = []  # some annotations have no hash
    while waiting:
        one = unfolded(waiting.pop())
        if one in seen:
            continue
        seen.append(one)
        yield one
        base = base_of(one)
        if not is_struct(base):
            waiting += reversed(get_args(base))
        elif fields:
            waiting += reversed(field_types(base).values())


def carried_classes(annotation: Any) -> set[DataClass]:
    """Return every class of data that a value of this annotation may hold, however deep."""
    return set[DataClass]().union(*(data_classes(one) for one in annotations_within(annotation)))
