"""The nodes of a compiled workflow: what Workflows knows, typed, frozen, and free of YAML.

    Routine("flow_place_order", params=("run_id", "order"), steps=(…))
      Call      one call of a routine or a library function, and where its result goes
      Assign    values to names, in order
      Switch    the first case that is true: its steps, or a jump
      For       over a list or a range; Parallel, branches or a For side by side
      Try       steps, and what is done with what they raise; or a retry
      Raise     an error;  Return  a value

Every step carries the line of the source that it came from; 0 when it came from none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec


class Formula(msgspec.Struct, frozen=True):
    """Be an expression of Workflows, without the `${}` around it."""

    text: str

    @property
    def written(self) -> str:
        """Return it as it stands in the YAML."""
        return "${" + self.text + "}"


type Value = Formula | str | int | float | bool | Record | Items | None


class Record(msgspec.Struct, frozen=True):
    """Be a map."""

    fields: tuple[tuple[str, Value], ...]


class Items(msgspec.Struct, frozen=True):
    """Be a list."""

    values: tuple[Value, ...]


def record(**fields: Value) -> Record:
    """Return a map of the fields given."""
    return Record(tuple(fields.items()))


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Be one named step."""

    name: str
    line: int = 0
    note: str = ""


class Assign(Step, frozen=True, kw_only=True):
    """Assign values to names, in order."""

    values: tuple[tuple[str, Value], ...]


class Call(Step, frozen=True, kw_only=True):
    """Call a routine or a library function."""

    routine: str
    arguments: Record
    result: str | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """Be one case of a switch: what it does, or where it jumps."""

    condition: Formula | bool
    steps: tuple[AnyStep, ...] = ()
    next: str | None = None


class Switch(Step, frozen=True, kw_only=True):
    """Take the first case whose condition is true."""

    cases: tuple[Case, ...]


class For(Step, frozen=True, kw_only=True):
    """Walk a list, or a range with both ends included."""

    value: str
    items: Value = None
    span: tuple[Value, Value] | None = None
    index: str | None = None
    body: tuple[AnyStep, ...]


class Parallel(Step, frozen=True, kw_only=True):
    """Run branches, or the turns of a loop, side by side."""

    shared: tuple[str, ...]
    branches: tuple[tuple[str, tuple[AnyStep, ...]], ...] = ()
    loop: For | None = None
    at_most: int | None = None


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """Say which errors have a call made again, how often and after how long."""

    predicate: str
    retries: int
    first_s: int
    at_most_s: int
    factor: int


class Try(Step, frozen=True, kw_only=True):
    """Run steps; what they raise is bound to a name, and other steps follow."""

    body: tuple[AnyStep, ...]
    error: str | None = None
    handling: tuple[AnyStep, ...] = ()
    again: Again | None = None


class Raise(Step, frozen=True, kw_only=True):
    """Raise an error."""

    value: Value


class Return(Step, frozen=True, kw_only=True):
    """End the routine with a value."""

    value: Value


type AnyStep = Assign | Call | Switch | For | Parallel | Try | Raise | Return


class Routine(msgspec.Struct, frozen=True, kw_only=True):
    """Be a workflow's `main` or one of its sub-workflows."""

    name: str
    params: tuple[str, ...]
    steps: tuple[AnyStep, ...]
    purpose: str
    file: str = ""


class Compiled(msgspec.Struct, frozen=True, kw_only=True):
    """Be the whole source of one workflow of Google's, `main` first."""

    contract: str
    version: str
    file: str
    routines: tuple[Routine, ...]


def inner(step: AnyStep) -> tuple[tuple[AnyStep, ...], ...]:
    """Return the lists of steps that stand inside a step."""
    match step:
        case Switch(cases=cases):
            return tuple(case.steps for case in cases)
        case For(body=body):
            return (body,)
        case Parallel(branches=branches, loop=loop):
            return (*(steps for _, steps in branches), *((loop.body,) if loop is not None else ()))
        case Try(body=body, handling=handling):
            return (body, handling)
        case _:
            return ()


def walk(steps: tuple[AnyStep, ...]) -> Iterator[AnyStep]:
    """Yield steps and all that stand inside them, in order."""
    for step in steps:
        yield step
        for within in inner(step):
            yield from walk(within)


def of_turn(steps: Iterable[AnyStep]) -> Iterator[AnyStep]:
    """Yield the steps of a loop's body, without those of loops inside it: their jumps are their own."""
    for step in steps:
        yield step
        if isinstance(step, Switch):
            for case in step.cases:
                yield from of_turn(case.steps)
        elif isinstance(step, Try):
            yield from of_turn(step.body)


def values(step: AnyStep) -> Iterator[Value]:
    """Yield the values of one step, not of those inside it, down to formulas and literals."""
    match step:
        case Assign(values=pairs):
            for _, value in pairs:
                yield from leaves(value)
        case Call(arguments=arguments):
            yield from leaves(arguments)
        case Switch(cases=cases):
            yield from (case.condition for case in cases)
        case For(items=items, span=span):
            yield from leaves(items)
            for end in span or ():
                yield from leaves(end)
        case Parallel(loop=loop):
            if loop is not None:
                yield from values(loop)
        case Raise(value=value) | Return(value=value):
            yield from leaves(value)
        case Try():
            return


def leaves(value: Value) -> Iterator[Value]:
    """Yield what a value is made of."""
    match value:
        case Record(fields=fields):
            for _, inside in fields:
                yield from leaves(inside)
        case Items(values=inside_all):
            for inside in inside_all:
                yield from leaves(inside)
        case _:
            yield value


def called(routine: Routine) -> Iterator[str]:
    """Yield what a routine calls: routines and library functions, the predicates of its retries among them."""
    for step in walk(routine.steps):
        match step:
            case Call(routine=name):
                yield name
            case Try(again=Again(predicate=name)):
                yield name
