"""What a value in a workflow may be: the types of messages, reduced to what workflows can do with them.

Annotated[str, PERSONAL]     a string that is personal: passed on whole, never looked at
Money | None                 something opaque, or null
"""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Sequence
from typing import Any, Final, Literal, get_args, get_origin

import msgspec

from isthmus.core.annotations import base_of
from isthmus.core.errors import SourceError
from isthmus.core.message import Message, Sealed, field_types, is_personal
from isthmus.core.money import Money
from isthmus.core.refusal import Refusal, TimedOut


class FieldsUnknown(Exception):  # it becomes a problem of the workflow's source
    """Say that the annotations of a message stand for no types."""


class Shape(msgspec.Struct, frozen=True):
    """Be one alternative of a kind: string, integer, boolean, null, enum, message, refusal, list, answers or opaque.

    `of` is the class of an enum, message or refusal, the kind of a list's items, those of a gather's answers,
    or the annotation of what is opaque.
    """

    name: str
    of: Any = None


class Kind(msgspec.Struct, frozen=True):
    """Be the alternatives that a value has; none at all for what is unknown because it was refused already."""

    shapes: frozenset[Shape]
    personal: bool = False

    def __str__(self) -> str:
        shown = sorted((_shown(shape) for shape in self.shapes), key=lambda text: text == "None")
        return " | ".join(shown) or "unknown"

    @property
    def optional(self) -> bool:
        """Say whether the value may be null."""
        return NULL_SHAPE in self.shapes

    @property
    def present(self) -> Kind:
        """Return the kind without null."""
        return Kind(self.shapes - {NULL_SHAPE}, self.personal)

    @property
    def only(self) -> str:
        """Return the name that all alternatives share, or an empty string."""
        names = {shape.name for shape in self.shapes}
        return names.pop() if len(names) == 1 else ""


NULL_SHAPE: Final = Shape("null")
UNKNOWN: Final = Kind(frozenset())
STRING: Final = Kind(frozenset([Shape("string")]))
INTEGER: Final = Kind(frozenset([Shape("integer")]))
BOOLEAN: Final = Kind(frozenset([Shape("boolean")]))
NULL: Final = Kind(frozenset([NULL_SHAPE]))
PLAIN: Final = {str: STRING, int: INTEGER, bool: BOOLEAN, type(None): NULL, None: NULL}
COMPARED: Final = frozenset({"string", "integer", "boolean", "enum"})


def _shown(shape: Shape) -> str:
    match shape.name:
        case "null":
            return "None"
        case "string" | "integer" | "boolean":
            return {"string": "str", "integer": "int", "boolean": "bool"}[shape.name]
        case "list":
            return f"list[{shape.of}]"
        case "answers":
            return f"tuple[{', '.join(str(kind) for kind in shape.of)}]"
    return shape.of.__name__ if isinstance(shape.of, type) else str(shape.of)


def one(name: str, of: Any = None) -> Kind:
    """Return the kind of one shape."""
    return Kind(frozenset([Shape(name, of)]))


def either(*kinds: Kind) -> Kind:
    """Return the kind that has the alternatives of all."""
    if any(not kind.shapes for kind in kinds):
        return UNKNOWN
    return Kind(frozenset().union(*(kind.shapes for kind in kinds)), any(kind.personal for kind in kinds))


def kind_of(annotation: Any) -> Kind:
    """Return the kind of an annotation."""
    if is_personal(annotation):
        return Kind(kind_of(base_of(annotation)).shapes, personal=True)
    annotation = base_of(annotation)
    if annotation is None or (isinstance(annotation, type) and annotation in PLAIN):
        return PLAIN[annotation]
    origin = get_origin(annotation)
    if origin in (types.UnionType, typing.Union):
        return either(*(kind_of(part) for part in get_args(annotation)))
    if origin is Literal:
        return either(*(PLAIN.get(type(value), one("opaque", annotation)) for value in get_args(annotation)))
    return _kind_of_class(annotation, origin)


def _kind_of_class(annotation: Any, origin: Any) -> Kind:
    arguments = get_args(annotation)
    if origin in (list, Sequence) or (origin is tuple and arguments[1:] == (Ellipsis,)):
        return one("list", kind_of(arguments[0]))
    base = origin or annotation
    if isinstance(base, type):
        if issubclass(base, enum.Enum):
            return one("enum", base)
        if issubclass(base, msgspec.Struct) and base not in (Money, Sealed):
            return one("message", annotation)
        if issubclass(base, Refusal | TimedOut):
            return one("refusal", base)
    return one("opaque", annotation)


def fields_of(shape: Shape) -> dict[str, Kind]:
    """Return the fields that a message or refusal has, by name."""
    if shape.name == "refusal":
        return _fields(shape.of.Fields) if issubclass(shape.of, Refusal) else {}
    return _fields(shape.of) if shape.name == "message" else {}


def _fields(message: Any) -> dict[str, Kind]:
    try:
        hints = field_types(message)
    except SourceError as error:
        raise FieldsUnknown(message.__name__, error.__cause__) from error
    return {name: kind_of(hint) for name, hint in hints.items()}


def fits(value: Kind, place: Kind) -> bool:
    """Say whether a value may stand where another kind is wanted; personal values are looked at elsewhere."""
    if not value.shapes or not place.shapes:
        return True
    return all(any(_fits(shape, wanted) for wanted in place.shapes) for shape in value.shapes)


def _fits(shape: Shape, wanted: Shape) -> bool:
    if shape.name == wanted.name == "list":
        return fits(shape.of, wanted.of) and (shape.of.personal == wanted.of.personal or not shape.of.shapes)
    return shape == wanted


def is_message(value: Any) -> bool:
    """Say whether a workflow may build a value of this class."""
    base = get_origin(value) or value
    return isinstance(base, type) and issubclass(base, Message)
