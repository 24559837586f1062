"""Expressions of a checked program as values and formulas of Workflows.

    order.limit is None                  ${order.limit == null}
    not (a and b)                        ${not ((a) and (b))}
    f"{order.id}-{n}"                    ${"" + order.id + "-" + n}
    Done(id=order.id, note=None)         a map of YAML, whose fields are values
    a is not None and a.good             steps: the right side is evaluated only when the left is true

What does not fit into one formula becomes steps before it, left to right: a map or list within a formula, a formula
of more than 400 characters, and what Python evaluates only when what stands left of it allows it.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from isthmus.adapters.gcp.limits import EXPRESSION_CHARACTERS_MAX
from isthmus.adapters.gcp.naming import Names, field_access
from isthmus.adapters.gcp.routine import AnyStep, Assign, Case, Formula, Items, Record, Switch, Value
from isthmus.core.program.guards import guarded
from isthmus.core.program.nodes import (
    Attribute,
    Both,
    Build,
    Compare,
    Count,
    Either,
    Expression,
    Length,
    ListOf,
    Literal,
    Member,
    Name,
    Not,
    Text,
)

FORMULA_MAX = EXPRESSION_CHARACTERS_MAX - len("${}")
PIECE_MAX = 100
"""How many characters of a text stand in one piece when the text has to be taken apart."""


class Expressions:
    """Compile expressions; the steps that one needs before it are handed to `emit`."""

    def __init__(self, names: Names, emit: Callable[[AnyStep], None]) -> None:
        self._names = names
        self._emit = emit

    def value(self, expression: Expression, line: int) -> Value:
        """Return an expression as a value: literals, maps and lists as themselves, all else as a formula."""
        match expression:
            case Literal(value=value) | Member(value=value):
                return value if is_plain(value) else Formula(self._literal(value, line))
            case Build(fields=fields):
                return Record(tuple((name, self.value(field, line)) for name, field in fields))
            case ListOf(items=items):
                return Items(tuple(self.value(item, line) for item in items))
            case _:
                return Formula(self.formula(expression, line))

    def formula(self, expression: Expression, line: int) -> str:
        """Return an expression as the text of one formula that is not too long."""
        text = self._text(expression, line)
        return text if len(text) <= FORMULA_MAX else self._hold(Formula(text), line)

    def _text(self, expression: Expression, line: int) -> str:
        match expression:
            case Name(name=name):
                return self._names.read(name)
            case Attribute(value=inner, field=field):
                return self.fitted([self._operand(inner, line)], lambda parts: parts[0] + field_access(field), line)
            case Literal(value=value) | Member(value=value):
                return self._literal(value, line)
            case Build() | ListOf():
                return self._hold(self.value(expression, line), line)
            case Compare(operator="not in", left=left, right=right):
                return self._pair(left, right, line, lambda a, b: f"not ({a} in {b})")
            case Compare(operator=operator, left=left, right=right) | Count(operator=operator, left=left, right=right):
                return self._pair(left, right, line, lambda a, b: f"{a} {operator} {b}")
            case Not(operand=operand):
                return self.fitted([self.formula(operand, line)], lambda parts: f"not ({parts[0]})", line)
            case Length(value=value):
                return self.fitted([self.formula(value, line)], lambda parts: f"len({parts[0]})", line)
            case Text(parts=parts):
                texts = ['""', *(self._operand(part, line) for part in parts)]
                return self.joined(texts, " + ", line)
            case Both(operands=operands):
                return self._logical(operands, "and", line)
            case Either(operands=operands):
                return self._logical(operands, "or", line)

    def _operand(self, expression: Expression, line: int) -> str:
        """Return an operand, in parentheses unless it is a name, a field, a literal or a call."""
        text = self.formula(expression, line)
        return f"({text})" if isinstance(expression, Compare | Both | Either | Not | Count | Text) else text

    def _pair(self, left: Expression, right: Expression, line: int, join: Callable[[str, str], str]) -> str:
        parts = [self._operand(left, line), self._operand(right, line)]
        return self.fitted(parts, lambda both: join(both[0], both[1]), line)

    def joined(self, parts: list[str], joiner: str, line: int) -> str:
        """Join from the left; what has grown too long is held in a temporary, and joining goes on from that."""
        text = parts[0]
        for part in parts[1:]:
            text = self.fitted([text, part], joiner.join, line)
        return text

    def fitted(self, parts: list[str], join: Callable[[list[str]], str], line: int) -> str:
        """Join parts into one formula, holding the longest in temporaries until it fits."""
        parts = list(parts)
        while len(join(parts)) > FORMULA_MAX:
            longest = max(range(len(parts)), key=lambda place: len(parts[place]))
            parts[longest] = self._hold(Formula(parts[longest]), line)
        return join(parts)

    def _logical(self, operands: tuple[Expression, ...], operator: str, line: int) -> str:
        if not guarded(operands):
            return self.joined([f"({self.formula(one, line)})" for one in operands], f" {operator} ", line)
        return self._one_after_the_other(operands, operator, line)

    def _one_after_the_other(self, operands: tuple[Expression, ...], operator: str, line: int) -> str:
        """Evaluate an operand only when those before it do not decide: no page promises a short circuit."""
        first, *rest = operands
        held = self._hold(self.value(first, line), line)
        going_on = Formula(held if operator == "and" else f"not ({held})")
        for operand in rest:
            steps: list[AnyStep] = []
            value = Expressions(self._names, steps.append).value(operand, line)
            steps.append(Assign(name=self._names.step(line, held), line=line, values=((held, value),)))
            case = Case(condition=going_on, steps=tuple(steps))
            self._emit(Switch(name=self._names.step(line, operator), line=line, cases=(case,)))
        return held

    def _hold(self, value: Value, line: int) -> str:
        held = self._names.temporary("t")
        self._emit(Assign(name=self._names.step(line, held), line=line, values=((held, value),)))
        return held

    def _literal(self, value: str | int | bool | None, line: int) -> str:  # noqa: FBT001  # a literal of the program
        if not isinstance(value, str) or (value.isprintable() and len(literal(value)) <= FORMULA_MAX):
            return literal(value)
        pieces = [value[start : start + PIECE_MAX] for start in range(0, len(value), PIECE_MAX)]
        return self.joined([self._piece(piece, line) for piece in pieces], " + ", line)

    def _piece(self, piece: str, line: int) -> str:
        """Return a piece of a text; of letters that formulas have no escapes for YAML makes a variable."""
        if piece.isprintable():
            return literal(piece)
        parts = piece.split("${")
        return self.joined([self._hold(part, line) for part in _dollars_apart(parts)], " + ", line)


def _dollars_apart(parts: list[str]) -> list[str]:
    last = len(parts) - 1
    return [("{" if at else "") + part + ("$" if at < last else "") for at, part in enumerate(parts)]


def is_plain(value: str | int | bool | None) -> bool:  # noqa: FBT001  # a literal of the program
    """Say whether YAML holds a literal as it is; a text that would be read as an expression is taken apart."""
    return not (isinstance(value, str) and "${" in value)


def literal(value: str | int | bool | None) -> str:  # noqa: FBT001  # a literal of the program
    """Return a literal as it stands within a formula."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return f"({value})" if value < 0 else str(value)
        case _:
            quoted = [json.dumps(part, ensure_ascii=False) for part in value.split("${")]
            return quoted[0] if len(quoted) == 1 else '("' + _split_dollars(quoted) + '")'


def _split_dollars(quoted: list[str]) -> str:
    return '$" + "{'.join(part[1:-1] for part in quoted)
