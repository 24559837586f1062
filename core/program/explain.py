"""Show a checked program: step by step, each with its place and the line of the source it came from.

place_order (program 3f0c…) from shop/flow.py
  0    12  await check_compliance(order) -> clearance
  1    13  if clearance.allowed == false
  1.then.0   14    raise ComplianceRejected(rule="limit")
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import assert_never

from isthmus.core.program import nodes


def statements(body: tuple[nodes.Statement, ...]) -> Iterator[nodes.Statement]:
    """Yield every statement of a body, those inside others included, in source order."""
    for statement in body:
        yield statement
        for _, inner in _blocks(statement):
            yield from statements(inner)


def awaited(program: nodes.Program) -> Iterator[str]:
    """Yield the names of the contracts that a program awaits."""
    for statement in statements(program.body):
        match statement:
            case nodes.Await(awaited=nodes.CallOf(contract=contract) | nodes.EachOf(contract=contract)):
                yield contract
            case nodes.Await(awaited=nodes.GatherOf(calls=calls)):
                yield from (call.contract for call in calls)


def waited_for(program: nodes.Program) -> Iterator[str]:
    """Yield the names of the events that a program waits for."""
    for statement in statements(program.body):
        match statement:
            case nodes.Await(awaited=nodes.WaitForEvent(event=event)):
                yield event


def assigned(program: nodes.Program) -> Iterator[str]:
    """Yield the names that a program assigns, each as often as it does."""
    for statement in statements(program.body):
        match statement:
            case nodes.Assign(name=name) | nodes.For(name=name) | nodes.Repeat(name=name):
                yield name
            case nodes.Await(targets=targets):
                yield from targets
            case nodes.Try(catches=catches):
                yield from (catch.name for catch in catches if catch.name is not None)


def explain(program: nodes.Program) -> str:
    """Return the program as text: a line for each statement, with its place, source line and meaning."""
    rows = list(_rows(program.body, 0))
    places = max((len(place) for place, _, _ in rows), default=0)
    lines = max((len(str(line)) for _, line, _ in rows), default=0)
    head = f"{program.contract}({program.parameter}), program {program.version}, from {program.file}"
    return "\n".join([head, *(f"  {place:<{places}}  {line:>{lines}}  {text}" for place, line, text in rows)])


def _rows(body: tuple[nodes.Statement, ...], depth: int) -> Iterator[tuple[str, int, str]]:
    indent = "  " * depth
    for statement in body:
        yield statement.place, statement.span.line, indent + _said(statement)
        blocks = list(_blocks(statement))
        for title, inner in blocks:
            if title:
                line = inner[0].span.line if inner else statement.span.line
                yield "", line, indent + title
            yield from _rows(inner, depth + 1)


def _blocks(statement: nodes.Statement) -> Iterator[tuple[str, tuple[nodes.Statement, ...]]]:
    """Yield the blocks of a statement, with the line that opens each; the first has none."""
    match statement:
        case nodes.If(then=then, orelse=orelse):
            yield "", then
            if orelse:
                yield "else", orelse
        case nodes.For(body=body) | nodes.Repeat(body=body) | nodes.While(body=body):
            yield "", body
        case nodes.Try(body=body, catches=catches, orelse=orelse):
            yield "", body
            for catch in catches:
                bound = f" as {catch.name}" if catch.name else ""
                yield f"except {', '.join(catch.refusals)}{bound}", catch.body
            if orelse:
                yield "else", orelse


def _said(statement: nodes.Statement) -> str:  # one line for each sort of statement
    match statement:
        case nodes.Await(awaited=inner, targets=targets):
            return f"await {_waiting(inner)}" + (f" -> {', '.join(targets)}" if targets else "")
        case nodes.Assign(name=name, value=value):
            return f"{name} = {shown(value)}"
        case nodes.If(test=test):
            return f"if {shown(test)}"
        case nodes.For(name=name, items=items):
            return f"for {name} in {shown(items)}"
        case nodes.Repeat(name=name, count=count):
            return f"for {name} in 0 … {count - 1}"
        case nodes.While(test=test, bound=bound):
            return f"while {shown(test)}, at most {bound} times"
        case nodes.Try():
            return "try"
        case nodes.Raise(refusal=refusal, fields=None):
            return f"raise {refusal} again"
        case nodes.Raise(refusal=refusal, fields=fields):
            return f"raise {refusal}({_fields(fields or ())})"
        case nodes.Return(value=value):
            return "return" if value is None else f"return {shown(value)}"
        case nodes.Break():
            return "break"
        case nodes.Continue():
            return "continue"
        case nodes.Pass():
            return "pass"
        case _:
            assert_never(statement)


def _waiting(awaited: nodes.Awaited) -> str:
    match awaited:
        case nodes.CallOf(contract=contract, message=message):
            return f"{contract}({shown(message)})"
        case nodes.GatherOf(calls=calls):
            return f"side by side {', '.join(_waiting(call) for call in calls)}"
        case nodes.EachOf(contract=contract, items=items, at_most=at_most):
            return f"{contract} for each of {shown(items)}, {at_most} at a time"
        case nodes.SleepFor(unit=unit, count=count):
            return f"{shown(count)} {unit}"
        case nodes.WaitForEvent(event=event, key=key, unit=unit, count=count):
            return f"event {event} with key {shown(key)}, within {shown(count)} {unit}"
        case _:
            assert_never(awaited)


def shown(expression: nodes.Expression) -> str:  # one line for each sort of expression
    """Return an expression as text."""
    match expression:
        case nodes.Name(name=name):
            return name
        case nodes.Attribute(value=value, field=field):
            return f"{shown(value)}.{field}"
        case nodes.Literal(value=value):
            return json.dumps(value, ensure_ascii=False)
        case nodes.Member(enumeration=enumeration, member=member):
            return f"{enumeration}.{member}"
        case nodes.Build(message=message, fields=fields):
            return f"{message}({_fields(fields)})"
        case nodes.ListOf(items=items):
            return f"[{', '.join(shown(item) for item in items)}]"
        case nodes.Compare(operator=operator, left=left, right=right):
            return f"{shown(left)} {operator} {shown(right)}"
        case nodes.Count(operator=operator, left=left, right=right):
            return f"({shown(left)} {operator} {shown(right)})"
        case nodes.Both(operands=operands):
            return f"({' and '.join(shown(operand) for operand in operands)})"
        case nodes.Either(operands=operands):
            return f"({' or '.join(shown(operand) for operand in operands)})"
        case nodes.Not(operand=operand):
            return f"not ({shown(operand)})"
        case nodes.Length(value=value):
            return f"len({shown(value)})"
        case nodes.Text(parts=parts):
            return f"text({', '.join(shown(part) for part in parts)})"
        case _:
            assert_never(expression)


def _fields(fields: tuple[tuple[str, nodes.Expression], ...]) -> str:
    return ", ".join(f"{name}={shown(value)}" for name, value in fields)
