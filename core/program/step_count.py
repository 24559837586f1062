"""How many steps of Google's Workflows a run takes, at most: with the workflows it awaits, and without misfortune.

    await look(order)             6: counted, called, asked, posted, looked at, returned
    for one in order.lines: …     a list counts as one turn: how long it is, the message alone says
    for n in range(200): …        200 turns

Retries, refusals and long lists come on top, and have as many steps again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, assert_never

from isthmus.core.program import nodes
from isthmus.core.program.guards import within

type StepsOf = Callable[[str], int | None]
"""What gives the steps of the workflow that fulfils a contract; None when a handler does."""

ASKING: Final = 6
CARRYING: Final = 32
"""A child from its beginning to its answer, without its own steps."""
SETTLING: Final = 16
WAITING: Final = 24
SLEEPING: Final = 14
RUNNING: Final = 24
"""The claim and the end of a run."""


def run_steps(body: tuple[nodes.Statement, ...], child: StepsOf) -> int:
    """Return how many steps the run of a program takes at most, its claim and its end included."""
    return RUNNING + steps(body, child)


def steps(body: tuple[nodes.Statement, ...], child: StepsOf) -> int:
    """Return how many steps a block takes at most."""
    return sum(_steps(statement, child) for statement in body)


def _steps(node: nodes.Statement, child: StepsOf) -> int:
    match node:
        case nodes.Await(awaited=awaited):
            return 1 + _awaited(awaited, child)
        case nodes.Assign(value=value):
            return 1 + _made(value)
        case nodes.If(test=test, then=then, orelse=orelse):
            return 2 + _made(test) + max(steps(then, child), steps(orelse, child))
        case nodes.For(items=items, body=body):
            return 2 + _made(items) + steps(body, child)
        case nodes.Repeat(body=body, count=count):
            return 1 + count * (1 + steps(body, child))
        case nodes.While(test=test, body=body, bound=bound):
            return 1 + bound * (1 + _made(test) + steps(body, child))
        case nodes.Try(body=body, catches=catches, orelse=orelse):
            after = [steps(orelse, child), *(steps(catch.body, child) for catch in catches)]
            return 6 + steps(body, child) + max(after)
        case nodes.Raise(fields=fields):
            return 2 + sum(_made(value) for _, value in fields or ())
        case nodes.Return(value=value):
            return 1 + (_made(value) if value is not None else 0)
        case nodes.Break() | nodes.Continue():
            return 1
        case nodes.Pass():
            return 0
        case _:
            assert_never(node)


def _awaited(awaited: nodes.Awaited, child: StepsOf) -> int:
    match awaited:
        case nodes.CallOf(contract=contract, message=message):
            return _made(message) + _asked(contract, child)
        case nodes.GatherOf(calls=calls):
            return 3 + sum(_made(call.message) + _asked(call.contract, child) for call in calls)
        case nodes.EachOf(contract=contract, items=items):
            return _made(items) + SETTLING + _asked(contract, child)
        case nodes.SleepFor(count=count):
            return SLEEPING + _made(count)
        case nodes.WaitForEvent(key=key, count=count):
            return WAITING + _made(key) + _made(count)
        case _:
            assert_never(awaited)


def _asked(contract: str, child: StepsOf) -> int:
    below = child(contract)
    return ASKING if below is None else CARRYING + below


def _made(found: nodes.Expression) -> int:
    """Return how many steps an expression takes beside the one it stands in."""
    own = 0
    match found:
        case nodes.Both(operands=operands) | nodes.Either(operands=operands):
            own = 2 * len(operands)
        case nodes.Build() | nodes.ListOf():
            own = 1
        case nodes.Literal(value=str() as text) | nodes.Member(value=str() as text):
            own = 0 if text.isprintable() else 2 + text.count("${")
    return own + sum(_made(inside) for inside in within(found))
