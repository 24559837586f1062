"""The nodes of a checked program: small, frozen, and free of Python and of any cloud.

    async def order_flow(order: Order) -> OrderOutcome:
        clearance = await check_compliance(order)         Await(place="0", …, targets=("clearance",))
        if order.limit is None:                           If(place="1", test=Compare("==", …))
            raise ComplianceRejected(rule="limit")        Raise(place="1.then.0", …)

A place is the path of a statement through the program: positions and branch names, never source lines. An await that
stands inside a larger expression is hoisted before its statement, left to right, and named `<place>.await<n>`.
"""

from __future__ import annotations

import msgspec


class Span(msgspec.Struct, frozen=True, array_like=True):
    """Say where something stands in its file: lines from 1, columns (UTF-8 bytes, as in `ast`) from 0."""

    line: int
    column: int
    end_line: int
    end_column: int


class Node(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Be part of a program. `span` is left out of a program's version, by which programs are compared."""

    span: Span


# Expressions


class Name(Node, frozen=True):
    """Read a variable."""

    name: str


class Attribute(Node, frozen=True):
    """Read a field of a message."""

    value: Expression
    field: str


class Literal(Node, frozen=True):
    """Be a string, integer, boolean or null."""

    value: str | int | bool | None


class Member(Node, frozen=True):
    """Be a member of an enumeration; `value` is its wire form."""

    enumeration: str
    member: str
    value: str | int


class Build(Node, frozen=True):
    """Build a message; every field is present, defaults included, in the order of the class."""

    message: str
    fields: tuple[tuple[str, Expression], ...]


class ListOf(Node, frozen=True):
    """Build a list."""

    items: tuple[Expression, ...]


class Compare(Node, frozen=True):
    """Compare: `==` `!=` `<` `<=` `>` `>=` `in` `not in`. `is None` is `== null`."""

    operator: str
    left: Expression
    right: Expression


class Both(Node, frozen=True):
    """Be true when every operand is (`and`). Operands are booleans."""

    operands: tuple[Expression, ...]


class Either(Node, frozen=True):
    """Be true when one operand is (`or`). Operands are booleans."""

    operands: tuple[Expression, ...]


class Not(Node, frozen=True):
    """Negate a boolean."""

    operand: Expression


class Count(Node, frozen=True):
    """Add or subtract integers (`+`, `-`), range checked."""

    operator: str
    left: Expression
    right: Expression


class Length(Node, frozen=True):
    """Count the items of a list (`len`)."""

    value: Expression


class Text(Node, frozen=True):
    """Join strings and integers (an f-string)."""

    parts: tuple[Expression, ...]


type Expression = (
    Name | Attribute | Literal | Member | Build | ListOf | Compare | Both | Either | Not | Count | Length | Text
)


# What may be awaited


class CallOf(Node, frozen=True):
    """Await a contract with a message."""

    contract: str
    message: Expression


class GatherOf(Node, frozen=True):
    """Await contracts side by side."""

    calls: tuple[CallOf, ...]


class EachOf(Node, frozen=True):
    """Await one contract for every item of a list, so many at a time."""

    contract: str
    items: Expression
    at_most: int


class SleepFor(Node, frozen=True):
    """Let `count` units (seconds, minutes, hours, days) pass."""

    unit: str
    count: Expression


class WaitForEvent(Node, frozen=True):
    """Wait for an event by key, within `count` units."""

    event: str
    key: Expression
    unit: str
    count: Expression


type Awaited = CallOf | GatherOf | EachOf | SleepFor | WaitForEvent


# Statements


class Await(Node, frozen=True):
    """Await, and assign the answer: to no name, to one, or (gather) to one a branch."""

    place: str
    awaited: Awaited
    targets: tuple[str, ...]


class Assign(Node, frozen=True):
    """Assign an expression to a name."""

    place: str
    name: str
    value: Expression


class If(Node, frozen=True):
    """Branch on a boolean; places below are `<place>.then.<n>` and `<place>.else.<n>`."""

    place: str
    test: Expression
    then: tuple[Statement, ...]
    orelse: tuple[Statement, ...]


class For(Node, frozen=True):
    """Walk a list; places below are `<place>.body.<n>`."""

    place: str
    name: str
    items: Expression
    body: tuple[Statement, ...]


class Repeat(Node, frozen=True):
    """Walk 0, 1, … `count` - 1; places below are `<place>.body.<n>`."""

    place: str
    name: str
    count: int
    body: tuple[Statement, ...]


class While(Node, frozen=True):
    """Repeat while a boolean holds, at most `bound` times; places below are `<place>.body.<n>`."""

    place: str
    test: Expression
    bound: int
    body: tuple[Statement, ...]


class Catch(Node, frozen=True):
    """Catch refusals (by name, or `TimedOut`), and bind what was caught to a name or to none."""

    refusals: tuple[str, ...]
    name: str | None
    body: tuple[Statement, ...]


class Try(Node, frozen=True):
    """Run a body; places are `<place>.try.<n>`, `<place>.except<i>.<n>`, `<place>.else.<n>`."""

    place: str
    body: tuple[Statement, ...]
    catches: tuple[Catch, ...]
    orelse: tuple[Statement, ...]


class Raise(Node, frozen=True):
    """End with a refusal, built here or caught before (`refusal` is then the name it was bound to)."""

    place: str
    refusal: str
    fields: tuple[tuple[str, Expression], ...] | None


class Return(Node, frozen=True):
    """End with an answer."""

    place: str
    value: Expression | None


class Break(Node, frozen=True):
    """Leave the innermost loop."""

    place: str


class Continue(Node, frozen=True):
    """Go on with the next turn of the innermost loop."""

    place: str


class Pass(Node, frozen=True):
    """Do nothing."""

    place: str


type Statement = Await | Assign | If | For | Repeat | While | Try | Raise | Return | Break | Continue | Pass


class Program(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Be one workflow as the neutral program that every backend runs. Programs of one version are equal."""

    contract: str
    parameter: str
    file: str
    body: tuple[Statement, ...]
    version: str
    places: tuple[tuple[Span, str], ...]
    """Where each `await` stands in the file, and its place: how a driver names the step it was asked for."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Program) and (other.contract, other.version) == (self.contract, self.version)

    def __hash__(self) -> int:
        return hash((self.contract, self.version))
