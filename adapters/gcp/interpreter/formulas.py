"""Turn trees and YAML values into functions of a scope, once, when a workflow is loaded.

    ${a + 1}                     scope -> add(scope.read("a"), 1)
    {id: '${a}', "${k}": [1]}    scope -> {"id": ..., scope.read("k"): [1]}
    ${f(a) + g(b)}               two calls first, then scope -> the sum of their results

A sub-workflow may block, and is therefore called before the rest of its expression is evaluated. Where operands may be
left out (right of `and` and `or`, in `if` and `default`) it is refused. Pages: syntax/expressions, syntax/subworkflows.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NoReturn

from isthmus.adapters.gcp.interpreter.choices import Open
from isthmus.adapters.gcp.interpreter.expressions import (
    Binary,
    Call,
    Expression,
    Field,
    ListOf,
    Literal,
    Name,
    NotAnExpression,
    Unary,
    dotted_name,
    parse,
)
from isthmus.adapters.gcp.interpreter.faults import Fault, type_fault
from isthmus.adapters.gcp.interpreter.library import FUNCTIONS
from isthmus.adapters.gcp.interpreter.operators import BINARY, invert, negate
from isthmus.adapters.gcp.interpreter.operators import field as item_of
from isthmus.adapters.gcp.interpreter.policies import OBJECTS, PREDICATES
from isthmus.adapters.gcp.interpreter.source import Entries, Items, Node, Reader, Scalar
from isthmus.adapters.gcp.interpreter.values import Reference, type_name

if TYPE_CHECKING:
    from isthmus.adapters.gcp.interpreter.scope import Scope

type Evaluate = Callable[[Scope], Any]

WHOLE: Final = re.compile(r"\$\{(.*)\}", re.DOTALL)
CALL_STEP_ONLY: Final = re.compile(
    r"(http\.(get|post|put|patch|delete|request)|sys\.(sleep|sleep_until|log)|events\.\w+|googleapis\..*)"
)


@dataclass(frozen=True, slots=True)
class Formula:
    """Hold what a value in YAML becomes: calls of sub-workflows to be made first, then a function of the scope."""

    line: int
    evaluate: Evaluate
    calls: tuple[RoutineCall, ...] = ()
    names: frozenset[str] = frozenset()
    literal: Any = None
    constant: bool = False


@dataclass(frozen=True, slots=True)
class RoutineCall:
    """Hold a call of a sub-workflow within an expression, and under which number its result is kept."""

    number: int
    routine: str
    arguments: tuple[Formula, ...]


@dataclass(slots=True)
class Signature:
    """Hold the parameters of a sub-workflow, in order, and which of them must be given."""

    parameters: tuple[str, ...]
    required: frozenset[str]


@dataclass(slots=True)
class Compiler:
    """Compile the expressions of one file."""

    reader: Reader
    routines: Mapping[str, Signature]
    expression_characters: int
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def formula(self, node: Node) -> Formula:
        """Compile a value: a scalar, a list or a map, with expressions anywhere in it."""
        match node:
            case Scalar(str(text), line) if "${" in text:
                return self._expression(text, line)
            case Scalar(value, line):
                return Formula(line, lambda _: value, literal=value, constant=True)
            case Items(items, line):
                return self._list([self.formula(item) for item in items], line)
            case Entries():
                return self._map(node)

    def _list(self, parts: list[Formula], line: int) -> Formula:
        if all(part.constant for part in parts):
            literal = [part.literal for part in parts]
            return Formula(line, lambda _: literal, literal=literal, constant=True)
        functions = [part.evaluate for part in parts]
        return Formula(line, lambda scope: [one(scope) for one in functions], _calls(parts), _names(parts))

    def _map(self, node: Entries) -> Formula:
        keys = [self.formula(Scalar(key, node.key_lines[key])) for key in node.entries]
        values = [self.formula(value) for value in node.entries.values()]
        if all(part.constant for part in [*keys, *values]):
            literal = {key.literal: value.literal for key, value in zip(keys, values, strict=True)}
            return Formula(node.line, lambda _: literal, literal=literal, constant=True)
        pairs = [(key.evaluate, value.evaluate) for key, value in zip(keys, values, strict=True)]

        def evaluate(scope: Scope) -> dict[str, Any]:
            return {_key(key(scope)): value(scope) for key, value in pairs}

        return Formula(node.line, evaluate, _calls([*keys, *values]), _names([*keys, *values]))

    def _expression(self, text: str, line: int) -> Formula:
        whole = WHOLE.fullmatch(text.strip())
        if whole is None:
            self.reader.refuse(
                line, f"text around an expression: {text}", 'write the whole as one: ${"text " + string(value)}'
            )
        if len(text.strip()) > self.expression_characters:
            self.reader.refuse(
                line,
                f"an expression of {len(text.strip())} characters, and {self.expression_characters} are allowed",
                "assign parts of it to variables first",
            )
        try:
            tree = parse(whole.group(1))
        except NotAnExpression as wrong:
            self.reader.refuse(line, f"{wrong}: {text.strip()}")
        return self.tree(tree, line)

    def tree(self, tree: Expression, line: int) -> Formula:
        """Compile the tree of an expression."""
        found = Tree(self, line)
        evaluate = found.compile(tree)
        return Formula(line, evaluate, tuple(found.calls), frozenset(found.names))

    def next_number(self) -> int:
        """Return a number for the result of a call."""
        return next(self._numbers)


def _key(key: Any) -> str:
    if type(key) is not str:
        raise type_fault(f"a key of a map is a string; got: {type_name(key)}")
    return key


def _calls(parts: Iterable[Formula]) -> tuple[RoutineCall, ...]:
    return tuple(call for part in parts for call in part.calls)


def _names(parts: Iterable[Formula]) -> frozenset[str]:
    return frozenset(name for part in parts for name in part.names)


class Tree:
    """Compile one tree, and gather what it calls and reads."""

    def __init__(self, compiler: Compiler, line: int) -> None:
        self._compiler = compiler
        self._line = line
        self.calls: list[RoutineCall] = []
        self.names: set[str] = set()

    def compile(self, tree: Expression) -> Evaluate:
        """Return the function that a tree becomes."""
        match tree:
            case Literal(value):
                return lambda _: value
            case Name(name):
                return self._name(name)
            case Field():
                return self._field(tree)
            case Unary(operator, operand):
                inner = self.compile(operand)
                change = invert if operator == "not" else negate
                return lambda scope: change(inner(scope), scope.answers)
            case Binary("and" | "or" as operator, left, right):
                return self._lazy_operator(operator, self.compile(left), self._without_calls(right, operator))
            case Binary(operator, left, right):
                first, second, combine = self.compile(left), self.compile(right), BINARY[operator]
                return lambda scope: combine(first(scope), second(scope), scope.answers)
            case ListOf(items):
                functions = [self.compile(item) for item in items]
                return lambda scope: [one(scope) for one in functions]
            case Call():
                return self._call(tree)

    def _name(self, name: str) -> Evaluate:
        if name in self._compiler.routines:
            reference = Reference(name)
            return lambda _: reference
        self.names.add(name)

        def read(scope: Scope) -> Any:
            values = scope.values
            return values[name] if name in values else scope.read(name)

        return read

    def _field(self, tree: Field) -> Evaluate:
        dotted = dotted_name(tree)
        if dotted in PREDICATES:
            reference = Reference(dotted)
            return lambda _: reference
        if dotted in OBJECTS:
            policy = OBJECTS[dotted]
            return lambda _: policy
        value = self.compile(tree.value)
        if isinstance(tree.key, Literal):
            fixed = tree.key.value
            return lambda scope: item_of(value(scope), fixed, scope.answers)
        key = self.compile(tree.key)
        return lambda scope: item_of(value(scope), key(scope), scope.answers)

    def _call(self, tree: Call) -> Evaluate:
        name, count = tree.function, len(tree.arguments)
        if name in self._compiler.routines:
            return self._routine(tree)
        if CALL_STEP_ONLY.fullmatch(name):
            self._refuse(f"{name} blocks, and stands in a call step alone")
        function = FUNCTIONS.get(name)
        if function is None:
            self._refuse(f"there is no function or sub-workflow {name}")
        if not len(function.required) <= count <= len(function.parameters):
            self._refuse(
                f"{name} takes {_span(len(function.required), len(function.parameters))}, and is given {count}"
            )
        if name in ("if", "default"):
            first, *others = tree.arguments
            return _lazy_function(
                name, self.compile(first), [self._without_calls(one, name) for one in others], function.run
            )
        run, arguments = function.run, [self.compile(one) for one in tree.arguments]
        return lambda scope: run(scope.around, *[one(scope) for one in arguments])

    def _routine(self, tree: Call) -> Evaluate:
        signature, count = self._compiler.routines[tree.function], len(tree.arguments)
        least = max((i + 1 for i, one in enumerate(signature.parameters) if one in signature.required), default=0)
        if not least <= count <= len(signature.parameters):
            self._refuse(f"{tree.function} takes {_span(least, len(signature.parameters))}, and is given {count}")
        # Calls within the arguments come first, and are found first.
        arguments = tuple(self._argument(one) for one in tree.arguments)
        number = self._compiler.next_number()
        self.calls.append(RoutineCall(number, tree.function, arguments))
        return lambda scope: scope.results[number]

    def _argument(self, tree: Expression) -> Formula:
        return Formula(self._line, self.compile(tree))

    def _without_calls(self, tree: Expression, where: str) -> Evaluate:
        before = len(self.calls)
        evaluate = self.compile(tree)
        if len(self.calls) > before:
            self._refuse(f"a sub-workflow in an operand of {where} that may not be needed", "call it in a step before")
        return evaluate

    def _lazy_operator(self, operator: str, left: Evaluate, right: Evaluate) -> Evaluate:
        deciding = operator == "or"

        def evaluate(scope: Scope) -> bool:
            first = _boolean(operator, left(scope))
            if first is not deciding:
                return _boolean(operator, right(scope))
            try:
                _boolean(operator, right(scope))
            except Fault:
                if scope.answers.of(Open.LAZINESS) == 1:
                    raise
            return first

        return evaluate

    def _refuse(self, problem: str, instead: str = "") -> NoReturn:
        self._compiler.reader.refuse(self._line, problem, instead)


def _boolean(operator: str, value: Any) -> bool:
    if type(value) is not bool:
        raise type_fault(f"'{operator}' takes booleans; got: {type_name(value)}")
    return value


def _lazy_function(name: str, first: Evaluate, others: list[Evaluate], run: Callable[..., Any]) -> Evaluate:
    def evaluate(scope: Scope) -> Any:
        deciding = first(scope)
        needed = (1 if deciding is None else None) if name == "default" else (0 if deciding is True else 1)
        values: list[Any] = []
        for index, other in enumerate(others):
            try:
                values.append(other(scope))
            except Fault:
                is_needed = index == needed if name == "if" else needed is not None
                if is_needed or scope.answers.of(Open.LAZINESS) == 1:
                    raise
                values.append(None)
        return run(scope.around, deciding, *values)

    return evaluate


def _span(least: int, most: int) -> str:
    counted = str(most) if least == most else f"{least} to {most}"
    return f"{counted} argument" if counted == "1" else f"{counted} arguments"
