"""Implementations: how what a port is bound to is made, and whether it does what the port promises."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Final, get_origin, get_protocol_members, get_type_hints, is_protocol

from isthmus.core.annotations import named
from isthmus.core.errors import SourceError
from isthmus.core.ports import Binding


def takes_configuration(implementation: Any) -> bool:
    """Say whether an implementation is made with a `Configuration`, or with nothing.

    Raises ValueError or TypeError where its parameters cannot be read.
    """
    parameters = inspect.signature(implementation).parameters.values()
    return any(one.default is one.empty and one.kind is not one.VAR_KEYWORD for one in parameters)


def bindings_that_do_not_fit(bindings: Iterable[Binding]) -> Iterator[SourceError]:
    """Yield a problem for each implementation that cannot be made, and for each method that one lacks."""
    for binding in bindings:
        problem = _cannot_be_made(binding)
        if problem:
            yield SourceError(
                f"port {named(binding.port)} is bound to {made_by(binding.implementation)}, {problem}",
                place=binding.place,
                instead="bind a callable that takes a Configuration, or nothing",
            )
        for name in _lacking(binding):
            yield SourceError(
                f"port {named(binding.port)} is bound to {made_by(binding.implementation)}, which has no method {name}",
                place=binding.place,
                instead=f"define {name} as {named(binding.port)} does, or bind what has it",
            )


def made_by(implementation: Any) -> str:
    """Return the name of a class or function, of what a `partial` stands for, or of the class of another object."""
    while isinstance(implementation, partial):
        implementation = implementation.func
    return getattr(implementation, "__name__", None) or type(implementation).__name__


def _cannot_be_made(binding: Binding) -> str:
    """Return why an implementation cannot be made, or nothing."""
    try:
        signature = inspect.signature(binding.implementation)
        given = (object(),) if takes_configuration(binding.implementation) else ()
    except (ValueError, TypeError):
        return "whose parameters cannot be read"
    try:
        signature.bind(*given)
    except TypeError as error:
        return f"which cannot be called with {'one Configuration' if given else 'nothing'}: {error}"
    return ""


def _lacking(binding: Binding) -> Iterator[str]:
    """Yield the methods of a Protocol that the class of an implementation lacks, or has as the Protocol's own stub."""
    port, made = get_origin(binding.port) or binding.port, _class_of(binding.implementation)
    if not (isinstance(port, type) and is_protocol(port)) or made is None or hasattr(made, "__getattr__"):
        return
    attributes = {name for one in made.__mro__ for name in getattr(one, "__annotations__", ())}
    for name in sorted(get_protocol_members(port)):
        if not callable(getattr(port, name, None)) or name in attributes:
            continue
        method = getattr(made, name, None)
        if not callable(method) or _is_stub(method, made, name):
            yield name


def _class_of(implementation: Any) -> type | None:
    """Return the class of what an implementation makes; None where only calling it would tell."""
    while isinstance(implementation, partial):
        implementation = implementation.func
    if isinstance(implementation, type):
        return implementation
    try:
        made = get_type_hints(implementation).get("return")
    except Exception:  # noqa: BLE001  # what is returned is then not known, as without an annotation
        return None
    made = get_origin(made) or made
    return made if isinstance(made, type) and not is_protocol(made) and made not in (object, type(None)) else None


def _is_stub(method: Any, made: type, name: str) -> bool:
    owner = next(one for one in made.__mro__ if name in vars(one))
    code = getattr(method, "__code__", None)
    if code is None or not is_protocol(owner):
        return False
    return code.co_code in _STUBS and set(code.co_consts) <= {None, method.__doc__}


def _empty() -> None: ...


def _described() -> None:
    """Do nothing, as the stub of a Protocol that is described."""


_STUBS: Final = (_empty.__code__.co_code, _described.__code__.co_code)
