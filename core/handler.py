"""Handlers: plain functions that fulfil a contract, and ask for ports by the types of their parameters.

@handles(check_compliance)
def check_market_access(order: Order, limits: Records[Limit]) -> Clearance: ...
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, get_type_hints

from isthmus.core.contract import Contract
from isthmus.core.errors import SourceError


class Handler[**P, O]:
    """Bind a function to the contract that it fulfils. Calling it calls the function."""

    def __init__(self, contract: Contract[Any, O], function: Callable[P, O]) -> None:
        self.contract = contract
        self.function = function
        self.place = f"{function.__code__.co_filename}:{function.__code__.co_firstlineno}"
        self.ports = _ports(contract, function, self.place)
        functools.update_wrapper(self, function)

    def __call__(self, *arguments: P.args, **ports: P.kwargs) -> O:
        """Call the function itself, with ports of the caller's own: what a unit test does."""
        return self.function(*arguments, **ports)

    def __repr__(self) -> str:
        return f"<handler {self.function.__qualname__} of {self.contract.name}>"


def _ports(contract: Contract[Any, Any], function: Callable[..., Any], place: str) -> dict[str, Any]:
    """Return the annotated type of each parameter after the message."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    hints = get_type_hints(function, include_extras=True)

    def refuse(problem: str, instead: str) -> SourceError:
        return SourceError(f"handler {function.__name__} {problem}", place=place, instead=instead)

    if code.co_flags & 0x80:  # CO_COROUTINE
        raise refuse("is async", "write a plain function: only workflows are async")
    if not names or hints.get(names[0]) != contract.input_type:
        raise refuse(f"does not take {contract.name}'s message", f"take {_shown(contract.input_type)} first")
    if hints.get("return") != contract.output_type:
        raise refuse(f"does not return {contract.name}'s answer", f"return {_shown(contract.output_type)}")
    missing = [name for name in names[1:] if name not in hints]
    if missing:
        raise refuse(f"has a parameter {missing[0]!r} without a type", "annotate it with the port it asks for")
    return {name: hints[name] for name in names[1:]}


def _shown(annotation: Any) -> str:
    return getattr(annotation, "__name__", None) or repr(annotation)


def handles[I, O, **P](
    contract: Contract[I, O],
) -> Callable[[Callable[Concatenate[I, P], O]], Handler[Concatenate[I, P], O]]:
    """Declare that a plain function fulfils a contract.

    Its first parameter is the message; every other one asks for a port by its annotated type.

    Raises SourceError (ISTH100) when the function does not fit the contract.
    """

    def declare(function: Callable[Concatenate[I, P], O]) -> Handler[Concatenate[I, P], O]:
        return Handler(contract, function)

    return declare
