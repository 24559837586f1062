"""Read an expression: text to tokens, tokens to a tree.

    ${not ("KeyError" in e.tags)}      Unary("not", Binary("in", Literal("KeyError"), Field(Name("e"), …)))
    ${list.concat(undo, "a")}          Call("list.concat", (Name("undo"), Literal("a")))
    ${a == b == c}                     refused: what a chain of comparisons means is written nowhere

`not` binds tighter than a comparison, unlike Python's. Pages: syntax/expressions, syntax/datatypes (order of
operations).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from isthmus.adapters.gcp.interpreter.values import INTEGER_MAX

TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
    | (?P<double>[0-9]+\.[0-9]+) | (?P<integer>[0-9]+)
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<symbol>==|!=|<=|>=|//|[-+*/%<>().,\[\]])""",
    re.VERBOSE,
)
ESCAPES: Final = {'"': '"', "\\": "\\", "n": "\n", "t": "\t", "r": "\r"}
CONSTANTS: Final[dict[str, Any]] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    "null": None,
}
WORDS: Final = {word: word.lower() for word in ("and", "or", "not", "in", "AND", "OR", "NOT")}
COMPARISONS: Final = frozenset({"<", "<=", ">", ">=", "==", "!=", "in"})
LEVELS: Final = (frozenset({"+", "-"}), frozenset({"*", "/", "//", "%"}))
DEPTH_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Literal:
    """Hold a value that is written out."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """Hold the name of a variable, a sub-workflow or a module."""

    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """Hold `value.field` or `value[key]`; `dotted` tells which."""

    value: Expression
    key: Expression
    dotted: bool


@dataclass(frozen=True, slots=True)
class Call:
    """Hold a call of a function or sub-workflow, with its arguments in order."""

    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """Hold a list that is written out, which stands as an argument of map.get alone."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """Hold `not` or a minus sign."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """Hold an operator between two operands."""

    operator: str
    left: Expression
    right: Expression


type Expression = Literal | Name | Field | Call | ListOf | Unary | Binary


class NotAnExpression(Exception):
    """Say what is wrong with an expression; whoever knows the line reports it."""


def parse(text: str) -> Expression:
    """Return the tree of the text between `${` and `}`. Raises NotAnExpression."""
    parser = Parser(tokens(text))
    tree = parser.disjunction()
    if parser.kind != "end":
        raise NotAnExpression(f"{parser.text} is not expected here")
    return tree


def tokens(text: str) -> list[tuple[str, str]]:
    """Split a text into pairs of a kind and a text, with an `end` after them."""
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise NotAnExpression(_not_a_token(text[at:]))
        kind, word = str(match.lastgroup), match.group()
        if kind == "name" and word in WORDS:
            kind, word = "symbol", WORDS[word]
        if kind != "space":
            found.append((kind, word))
        at = match.end()
    return [*found, ("end", "the end")]


def _not_a_token(rest: str) -> str:
    match rest[0]:
        case "'":
            return "a string stands in double quotes: pages differ on single ones"
        case '"':
            return "a string does not end"
        case "{":
            return "a map is not written in an expression: assign it in YAML"
        case _:
            return f"{rest[0]} is not part of any expression"


class Parser:
    """Read tokens by descending from what binds least."""

    def __init__(self, found: list[tuple[str, str]]) -> None:
        self._tokens = found
        self._at = 0
        self._depth = 0

    @property
    def kind(self) -> str:
        """Return the kind of the next token."""
        return self._tokens[self._at][0]

    @property
    def text(self) -> str:
        """Return the text of the next token."""
        return self._tokens[self._at][1]

    def _is(self, *symbols: str) -> bool:
        return self.kind == "symbol" and self.text in symbols

    def _take(self) -> str:
        text = self.text
        self._at += 1
        return text

    def _expect(self, symbol: str) -> None:
        if not self._is(symbol):
            raise NotAnExpression(f"{self.text} is not expected here, but {symbol}")
        self._take()

    def disjunction(self) -> Expression:
        """Read operands of `or`."""
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise NotAnExpression(f"nested more than {DEPTH_MAX} deep")
        left = self._conjunction()
        while self._is("or"):
            left = Binary(self._take(), left, self._conjunction())
        self._depth -= 1
        return left

    def _conjunction(self) -> Expression:
        left = self._comparison()
        while self._is("and"):
            left = Binary(self._take(), left, self._comparison())
        return left

    def _comparison(self) -> Expression:
        left = self._arithmetic(0)
        if self._is(*COMPARISONS):
            left = Binary(self._take(), left, self._arithmetic(0))
            if self._is(*COMPARISONS):
                raise NotAnExpression("a chain of comparisons is described nowhere: join two by and")
        return left

    def _arithmetic(self, level: int) -> Expression:
        if level == len(LEVELS):
            return self._unary()
        left = self._arithmetic(level + 1)
        while self._is(*LEVELS[level]):
            left = Binary(self._take(), left, self._arithmetic(level + 1))
        return left

    def _unary(self) -> Expression:
        operators: list[str] = []
        while self._is("not", "-"):
            operators.append(self._take())
        operand = self._postfix()
        for operator in reversed(operators):
            operand = Unary(operator, operand)
        return operand

    def _postfix(self) -> Expression:
        value = self._primary()
        while self._is(".", "[", "("):
            match self._take():
                case ".":
                    if self.kind not in ("name", "symbol") or not self.text.isidentifier():
                        raise NotAnExpression(f"{self.text} is no name of a field")
                    value = Field(value, Literal(self._take()), dotted=True)
                case "[":
                    value = Field(value, self.disjunction(), dotted=False)
                    self._expect("]")
                case _:
                    value = Call(_dotted(value), self._arguments(")"))
                    if value.function != "map.get" and any(isinstance(one, ListOf) for one in value.arguments):
                        raise NotAnExpression("a list is written out for map.get alone: assign it in YAML")
        return value

    def _arguments(self, closing: str) -> tuple[Expression, ...]:
        found: list[Expression] = []
        while not self._is(closing):
            if found:
                self._expect(",")
            found.append(self._list() if self._is("[") else self.disjunction())
        self._expect(closing)
        return tuple(found)

    def _list(self) -> ListOf:
        self._expect("[")
        items = self._arguments("]")
        if any(isinstance(item, ListOf) for item in items):
            raise NotAnExpression("a list in a list is not described in expressions: assign it in YAML")
        return ListOf(items)

    def _primary(self) -> Expression:
        kind = self.kind
        if self._is("("):
            self._take()
            inner = self.disjunction()
            self._expect(")")
            return inner
        if kind in ("symbol", "end"):
            if self._is("["):
                raise NotAnExpression("a list is not written in an expression: assign it in YAML")
            raise NotAnExpression(f"{self.text} is not expected here")
        text = self._take()
        match kind:
            case "name":
                return Literal(CONSTANTS[text]) if text in CONSTANTS else Name(text)
            case "string":
                return Literal(_unquoted(text))
            case "double":
                return Literal(float(text))
            case _:
                return Literal(_integer(text))


def _integer(text: str) -> int:
    number = int(text)
    if number > INTEGER_MAX:
        raise NotAnExpression(f"{text} does not fit into a signed integer of 64 bits")
    return number


def _unquoted(text: str) -> str:
    if "\n" in text:
        raise NotAnExpression(r"a string does not go over lines: write \n")

    def escaped(match: re.Match[str]) -> str:
        character = match.group(1)
        if character not in ESCAPES:
            raise NotAnExpression(f"\\{character} is not described in strings")
        return ESCAPES[character]

    return re.sub(r"\\(.)", escaped, text[1:-1])


def _dotted(value: Expression) -> str:
    match value:
        case Name(name):
            return name
        case Field(inner, Literal(str(key)), dotted=True):
            return f"{_dotted(inner)}.{key}"
        case _:
            raise NotAnExpression("only a function or a sub-workflow can be called")


def dotted_name(value: Expression) -> str:
    """Return `a.b.c` for names joined by dots, or an empty string."""
    try:
        return _dotted(value)
    except NotAnExpression:
        return ""
