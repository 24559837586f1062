"""Annotations: what they stand for, and where what carries them was written."""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NewType, TypeAliasType, TypeVar, Union, get_args, get_origin, get_type_hints

from isthmus.core.errors import SourceError

OWN_MODULES = "isthmus.core."


def place_of(function: Any, decorator: str) -> str:
    """Return the file and line of a function; SourceError when what was decorated is none."""
    code = getattr(function, "__code__", None)
    if code is None:
        raise SourceError(f"{decorator} decorates {shown(function)}", place=place_of_call(), instead="decorate a def")
    return f"{code.co_filename}:{code.co_firstlineno}"


def place_of_call() -> str:
    """Return the file and line from which this package was called."""
    frame = sys._getframe(1)  # `inspect.stack` reads every source file on the way
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(OWN_MODULES):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def shown(value: object) -> str:
    """Return how an error shows a value: a class or function by its name, never by its address."""
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if isinstance(name, str):
        return f"module {name}" if isinstance(value, types.ModuleType) else name
    return f"a {type(value).__qualname__}" if type(value).__repr__ is object.__repr__ else repr(value)


def expect(value: object, kind: type | tuple[type, ...], what: str, instead: str) -> None:
    """Refuse a value of another kind than the one that is declared; a bool is no number.

    Raises SourceError (ISTH100) at the place of the call.
    """
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise SourceError(f"{what} is {shown(value)}", place=place_of_call(), instead=instead)


def expect_several(values: object, kind: type | tuple[type, ...], what: str, instead: str) -> None:
    """Refuse what is no list, and a list that holds something of another kind.

    Raises SourceError (ISTH100) at the place of the call.
    """
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise SourceError(f"{what} is {shown(values)}, and no list", place=place_of_call(), instead=instead)
    for value in values:
        expect(value, kind, f"one of {what}", instead)


def hints_of(owner: Any, *, place: str) -> dict[str, Any]:
    """Return the annotations of a function or class, with `Annotated` kept; SourceError when one stands for no type."""
    try:
        return get_type_hints(owner, include_extras=True)
    except Exception as error:
        raise SourceError(
            f"an annotation of {owner.__name__} stands for no type: {error}",
            place=place,
            instead="define it at the top of a module, or import it there, and not under TYPE_CHECKING",
        ) from error


def filled(annotation: Any, arguments: Mapping[Any, Any]) -> Any:
    """Return an annotation with arguments in place of type parameters."""
    if isinstance(annotation, TypeVar):
        return arguments.get(annotation, annotation)
    parameters = getattr(annotation, "__parameters__", ())
    if not parameters or not arguments or (isinstance(annotation, type) and get_origin(annotation) is None):
        return annotation
    return annotation[tuple(arguments.get(one, one) for one in parameters)]


def unfolded(annotation: Any) -> Any:
    """Return what an annotation stands for: aliases and new types opened, and the marks met on the way kept."""
    marks: list[Any] = []
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *own = get_args(annotation)
            marks = [*own, *marks]
        elif isinstance(annotation, NewType):
            annotation = annotation.__supertype__
        elif isinstance(annotation, TypeAliasType):
            annotation = annotation.__value__
        elif isinstance(origin, TypeAliasType):
            annotation = filled(origin.__value__, dict(zip(origin.__type_params__, get_args(annotation), strict=False)))
        else:
            return Annotated[annotation, *marks] if marks else annotation


def base_of(annotation: Any) -> Any:
    """Return what an annotation stands for, without marks."""
    known = unfolded(annotation)
    return get_args(known)[0] if get_origin(known) is Annotated else known


def named(annotation: Any) -> str:
    """Name an annotation as a developer wrote it."""
    if annotation is type(None):
        return "None"
    arguments = get_args(annotation)
    origin = get_origin(annotation)
    if origin is Annotated:
        return named(arguments[0])
    if isinstance(annotation, types.UnionType) or origin is Union:
        return " | ".join(named(part) for part in arguments)
    name = getattr(origin or annotation, "__name__", None) or str(annotation)
    return f"{name}[{', '.join(named(one) for one in arguments)}]" if arguments else name
