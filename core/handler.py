"""Handlers: plain functions that fulfil a contract, and ask for ports by the types of their parameters.

@handles(check_compliance)
def check_market_access(order: Order, limits: Records[Limit]) -> Clearance: ...
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Concatenate, Final

from isthmus.core.annotations import hints_of, named, place_of
from isthmus.core.contract import Contract, of_a_contract
from isthmus.core.errors import SourceError

COROUTINE: Final = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


class Handler[**P, O]:
    """Bind a function to the contract that it fulfils. Calling it calls the function."""

    def __init__(self, contract: Contract[Any, O], function: Callable[P, O]) -> None:
        self.contract = contract
        self.function = function
        self.place = place_of(function, "@handles")
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
    hints = hints_of(function, place=place)

    def refuse(problem: str, instead: str) -> SourceError:
        return SourceError(f"handler {function.__name__} {problem}", place=place, instead=instead)

    if code.co_flags & COROUTINE:
        raise refuse("is async", "write a plain function: only workflows are async")
    if code.co_flags & inspect.CO_GENERATOR:
        raise refuse("yields", "return the answer")
    if code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS) or code.co_posonlyargcount > 1:
        raise refuse("takes ports that have no names", "give each port a parameter of its own, without *, ** and /")
    if not names or hints.get(names[0]) != contract.input_type:
        raise refuse(f"does not take {contract.name}'s message", f"take {named(contract.input_type)} first")
    if hints.get("return") != contract.output_type:
        raise refuse(f"does not return {contract.name}'s answer", f"return {named(contract.output_type)}")
    missing = [name for name in names[1:] if name not in hints]
    if missing:
        raise refuse(f"has a parameter {missing[0]!r} without a type", "annotate it with the port it asks for")
    return {name: hints[name] for name in names[1:]}


def handles[I, O, **P](
    contract: Contract[I, O],
) -> Callable[[Callable[Concatenate[I, P], O]], Handler[Concatenate[I, P], O]]:
    """Declare that a plain function fulfils a contract.

    Its first parameter is the message; every other one asks for a port by its annotated type.

    Raises SourceError (ISTH100) when the function does not fit the contract.
    """
    of_a_contract(contract, "@handles")

    def declare(function: Callable[Concatenate[I, P], O]) -> Handler[Concatenate[I, P], O]:
        return Handler(contract, function)

    return declare
