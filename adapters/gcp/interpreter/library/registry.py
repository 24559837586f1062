"""The table of library functions: what each is called, its parameters, and what it does."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from isthmus.adapters.gcp.interpreter.faults import type_fault
from isthmus.adapters.gcp.interpreter.values import type_name

if TYPE_CHECKING:
    from isthmus.adapters.gcp.interpreter.choices import Answers


class Surroundings(Protocol):
    """Name what a function can ask of the execution that calls it."""

    answers: Answers

    def now(self) -> float:
        """Return the seconds since 1970."""
        ...

    def new_uuid(self) -> str:
        """Return an identifier that was not returned before."""
        ...

    def environment(self, name: str) -> str | None:
        """Return an environment variable, or None when it is not set."""
        ...


@dataclass(frozen=True, slots=True)
class Function:
    """Hold a function that does not block: it may stand in an expression, and in a `call` step."""

    name: str
    parameters: tuple[str, ...]
    required: frozenset[str]
    run: Callable[..., Any]


FUNCTIONS: Final[dict[str, Function]] = {}


def library(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a function into the table; its first parameter is the Surroundings, the others are the documented ones."""

    def enter(run: Callable[..., Any]) -> Callable[..., Any]:
        parameters = list(inspect.signature(run).parameters.values())[1:]
        required = frozenset(one.name for one in parameters if one.default is inspect.Parameter.empty)
        FUNCTIONS[name] = Function(name, tuple(one.name for one in parameters), required, run)
        return run

    return enter


def expect(function: str, value: Any, *kinds: type) -> None:
    """Raise a TypeError fault unless a value is of one of the types."""
    if type(value) not in kinds:
        raise type_fault(f"{function} does not take a value of type {type_name(value)}")
