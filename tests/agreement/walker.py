"""Walk a drawn program: an interpretation of its source that shares nothing with the product.

The text is read by `ast`, and walked as a person would: values are what JSON can carry, a place is the path of a
statement. Whoever walks is asked at each await, and answers, refuses or lets time run out.
"""

from __future__ import annotations

import ast
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

UNITS: Final = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}


class Refused(Exception):
    """Be a refusal on its way through a workflow."""

    def __init__(self, name: str, fields: dict[str, Any]) -> None:
        super().__init__(name)
        self.name = name
        self.fields = fields


class TimedOut(Exception):
    """Be a wait that ended without its event."""

    def __init__(self, event: str) -> None:
        super().__init__(event)
        self.event = event


class _Left(Exception):
    """Leave a loop."""


class _GoneOn(Exception):
    """Go on with the next turn."""


class _Returned(Exception):
    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


@dataclass
class Asked:
    """Be one await: its step, and what is wanted there."""

    step: str
    kind: str
    """call, gather, each, sleep or wait."""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    at_most: int = 1
    event: str = ""
    key: str = ""
    seconds: int = 0


@dataclass(frozen=True)
class Terms:
    """Be what a contract promises, as it is written."""

    name: str
    effect: str
    """reads, undone, final, undo, or flow."""
    undo: str
    refuses: tuple[str, ...]
    attempts: int
    first: int
    factor: int
    at_most: int

    def delay_after(self, attempts: int) -> int:
        """Return how long to wait after so many failed attempts."""
        return min(self.first * self.factor ** (attempts - 1), self.at_most) if self.first else 0


type Walk = Generator[Asked, Any, Any]


class Text:
    """Be a program that was read."""

    def __init__(self, source: str) -> None:
        tree = ast.parse(source)
        self.marks: dict[str, str] = {}
        self.terms: dict[str, Terms] = {}
        self.flows: dict[str, ast.AsyncFunctionDef] = {}
        self.reaches: set[str] = set()
        """The contracts whose handlers reach outside."""
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and node.name == "Mark":
                for line in node.body:
                    assert isinstance(line, ast.Assign)
                    assert isinstance(line.targets[0], ast.Name)
                    self.marks[line.targets[0].id] = ast.literal_eval(line.value)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.decorator_list:
                self._declare(node)
        for flow in self.flows:
            if self.terms[flow].effect == "unstated":
                self.terms[flow] = Terms(**{**self.terms[flow].__dict__, "effect": "flow"})
        self.waits = {flow: list(_waits(self.flows[flow])) for flow in self.flows}

    def _declare(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        (decorator,) = node.decorator_list
        assert isinstance(decorator, ast.Call)
        if ast.unparse(decorator.func) == "workflow":
            assert isinstance(node, ast.AsyncFunctionDef)
            self.flows[ast.unparse(decorator.args[0])] = node
        elif ast.unparse(decorator.func) == "handles" and any(one.arg == "outside" for one in node.args.args):
            self.reaches.add(ast.unparse(decorator.args[0]))
        elif ast.unparse(decorator.func) == "contract":
            self.terms[node.name] = _terms(node.name, decorator, ast.unparse(node.args.args[0].annotation or node))

    def own_keys(self, flow: str, message: Any) -> list[tuple[str, str]]:
        """Return the (event, key) of waits whose key the input alone tells."""
        parameter = self.flows[flow].args.args[0].arg
        walker = Walker(self, flow, message)
        found = [(event, key) for event, key in self.waits[flow] if _reads(key) <= {parameter}]
        return [(event, walker.value(key)) for event, key in found]

    def may_come_to_own(self, flow: str, event: str) -> bool:
        """Say whether a workflow waits for an event by a key that only answers tell."""
        parameter = self.flows[flow].args.args[0].arg
        return any(one == event and not _reads(key) <= {parameter} for one, key in self.waits[flow])


def _terms(name: str, decorator: ast.Call, takes: str) -> Terms:
    given = {keyword.arg: keyword.value for keyword in decorator.keywords}
    effect = next(
        (mine for word, mine in (("reads", "reads"), ("undone_by", "undone"), ("final", "final")) if word in given),
        "undo" if takes.startswith("Undo[") else "unstated",
    )
    refuses = given.get("refuses")
    retry: dict[str | None, int] = {}
    if isinstance(given.get("retry"), ast.Call):
        call = given["retry"]
        assert isinstance(call, ast.Call)
        retry = {keyword.arg: _number(keyword.value) for keyword in call.keywords}
    return Terms(
        name=name,
        effect=effect,
        undo=ast.unparse(given["undone_by"]) if "undone_by" in given else "",
        refuses=tuple(ast.unparse(one) for one in refuses.elts) if isinstance(refuses, ast.List) else (),
        attempts=retry.get("attempts", 3),
        first=retry.get("first", 1),
        factor=retry.get("factor", 2),
        at_most=retry.get("at_most", 60),
    )


def _number(node: ast.expr) -> int:
    if isinstance(node, ast.Call):
        return UNITS[ast.unparse(node.func)] * _number(node.args[0])
    return int(ast.literal_eval(node))


def _waits(flow: ast.AsyncFunctionDef) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(flow):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "wait_for":
            key = next(keyword.value for keyword in node.keywords if keyword.arg == "key")
            yield ast.unparse(node.args[0]), key


def _reads(key: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(key) if isinstance(node, ast.Name)}


class Walker:
    """Walk one run of one workflow."""

    def __init__(self, text: Text, flow: str, message: Any) -> None:
        self._text = text
        self._function = text.flows[flow]
        self._names: dict[str, Any] = {self._function.args.args[0].arg: message}
        self._visits: dict[str, int] = {}
        self._place = ""
        self._inner = 0
        self._caught: list[Exception] = []

    def walk(self) -> Walk:
        """Walk to the end, and return the answer; a refusal or a timeout that nobody catches is raised."""
        try:
            yield from self._block(self._function.body, "")
        except _Returned as returned:
            return returned.value
        return None

    def _block(self, statements: list[ast.stmt], prefix: str) -> Walk:
        for number, statement in enumerate(statements):
            outer = self._place, self._inner
            self._place, self._inner = f"{prefix}{number}", 0
            yield from self._statement(statement)
            self._place, self._inner = outer

    def _statement(self, node: ast.stmt) -> Walk:
        place = self._place
        match node:
            case ast.Expr(value=ast.Await() as awaited):
                yield from self._await(awaited, place)
            case ast.Assign(targets=[target], value=ast.Await() as awaited):
                answer = yield from self._await(awaited, place)
                self._assign(target, answer)
            case ast.Assign(targets=[target], value=value):
                found = yield from self._value(value)
                self._assign(target, found)
            case ast.AugAssign(target=ast.Name(id=name), op=sign, value=value):
                more = yield from self._value(value)
                self._names[name] += more if isinstance(sign, ast.Add) else -more
            case ast.If(test=test, body=body, orelse=orelse):
                held = yield from self._value(test)
                yield from self._block(body if held else orelse, f"{place}.{'then' if held else 'else'}.")
            case ast.For(target=ast.Name(id=name), iter=items, body=body):
                among = yield from self._value(items)
                yield from self._for(name, list(among), body, place)
            case ast.While(test=test, body=body):
                yield from self._while(test, body, place)
            case ast.Try():
                yield from self._try(node, place)
            case ast.Raise(exc=None):
                raise self._caught[-1]
            case ast.Raise(exc=ast.Name(id=name)):
                raise self._names[name]
            case ast.Raise(exc=ast.Call(func=name, keywords=keywords)):
                fields = yield from self._fields(keywords)
                raise Refused(ast.unparse(name), fields)
            case ast.Return(value=value):
                found = None if value is None else (yield from self._value(value))
                raise _Returned(found)
            case ast.Break():
                raise _Left
            case ast.Continue():
                raise _GoneOn
            case ast.Pass():
                pass
            case _:
                raise AssertionError(ast.unparse(node))

    def _assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Tuple):
            for one, part in zip(target.elts, value, strict=True):
                self._assign(one, part)
        else:
            assert isinstance(target, ast.Name)
            self._names[target.id] = value

    def _for(self, name: str, items: list[Any], body: list[ast.stmt], place: str) -> Walk:
        for item in items:
            self._names[name] = item
            try:
                yield from self._block(body, f"{place}.body.")
            except _Left:
                break
            except _GoneOn:
                continue

    def _while(self, test: ast.expr, body: list[ast.stmt], place: str) -> Walk:
        while self.value(test):
            try:
                yield from self._block(body, f"{place}.body.")
            except _Left:
                break
            except _GoneOn:
                continue

    def _try(self, node: ast.Try, place: str) -> Walk:
        try:
            yield from self._block(node.body, f"{place}.try.")
        except (Refused, TimedOut) as caught:
            number = _clause_for(node, caught)
            if number is None:
                raise
            clause = node.handlers[number]
            if clause.name:
                self._names[clause.name] = caught
            self._caught.append(caught)
            try:
                yield from self._block(clause.body, f"{place}.except{number}.")
            finally:
                self._caught.pop()
        else:
            yield from self._block(node.orelse, f"{place}.else.")

    # Awaiting

    def _await(self, node: ast.Await, place: str | None) -> Walk:
        call = node.value
        assert isinstance(call, ast.Call)
        word = ast.unparse(call.func)
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        match word:
            case "gather":
                calls = []
                for branch in call.args:
                    assert isinstance(branch, ast.Call)
                    message = yield from self._value(branch.args[0])
                    calls.append((ast.unparse(branch.func), message))
                asked = Asked("", "gather", calls, at_most=len(calls))
            case "each":
                items = yield from self._value(call.args[1])
                contract = ast.unparse(call.args[0])
                asked = Asked("", "each", [(contract, item) for item in items], at_most=_number(given["at_most"]))
            case "sleep":
                asked = Asked("", "sleep", seconds=_number(call.args[0]))
            case "wait_for":
                key = yield from self._value(given["key"])
                asked = Asked("", "wait", event=ast.unparse(call.args[0]), key=key, seconds=_number(given["within"]))
            case contract:
                message = yield from self._value(call.args[0])
                asked = Asked("", "call", [(contract, message)])
        if place is None:
            place = f"{self._place}.await{self._inner}"
            self._inner += 1
        asked.step = self._step(place)
        answer = yield asked
        return answer

    def _step(self, place: str) -> str:
        if ".body." not in place:
            return place
        visits = self._visits.get(place, 0)
        self._visits[place] = visits + 1
        return f"{place}[{visits}]"

    # Values

    def value(self, node: ast.expr) -> Any:
        """Return the value of an expression without an await."""
        try:
            next(self._value(node))
        except StopIteration as ended:
            return ended.value
        raise AssertionError(ast.unparse(node))

    def _fields(self, keywords: list[ast.keyword]) -> Walk:
        found = {}
        for keyword in keywords:
            assert keyword.arg is not None
            found[keyword.arg] = yield from self._value(keyword.value)
        return found

    def _value(self, node: ast.expr) -> Walk:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self._names[name]
            case ast.Attribute(value=ast.Name(id="Mark"), attr=member):
                return self._text.marks[member]
            case ast.Attribute(value=inner, attr=name):
                held = yield from self._value(inner)
                return held.fields[name] if isinstance(held, Refused) else held[name]
            case ast.Await():
                return (yield from self._await(node, None))
            case ast.BoolOp(op=word, values=values):
                held = False
                for value in values:
                    held = yield from self._value(value)
                    if held is isinstance(word, ast.Or):
                        break
                return held
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return not (yield from self._value(inner))
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return -(yield from self._value(inner))
            case ast.BinOp(left=left, op=sign, right=right):
                one = yield from self._value(left)
                other = yield from self._value(right)
                return one + other if isinstance(sign, ast.Add) else one - other
            case ast.Compare(left=left, ops=[sign], comparators=[right]):
                one = yield from self._value(left)
                other = yield from self._value(right)
                return _compare(sign, one, other)
            case ast.JoinedStr(values=values):
                parts = []
                for part in values:
                    inner = part.value if isinstance(part, ast.FormattedValue) else part
                    parts.append(str((yield from self._value(inner))))
                return "".join(parts)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                found = []
                for item in items:
                    found.append((yield from self._value(item)))
                return found
            case ast.Call(func=ast.Name(id="len"), args=[items]):
                return len((yield from self._value(items)))
            case ast.Call(func=ast.Name(id="range"), args=[count]):
                return list(range((yield from self._value(count))))
            case ast.Call(keywords=keywords):
                return (yield from self._fields(keywords))
        raise AssertionError(ast.unparse(node))


def _clause_for(node: ast.Try, caught: Refused | TimedOut) -> int | None:
    """Return which except takes what was raised, if any does."""
    name = caught.name if isinstance(caught, Refused) else "TimedOut"
    for number, clause in enumerate(node.handlers):
        assert clause.type is not None
        among = clause.type.elts if isinstance(clause.type, ast.Tuple) else [clause.type]
        if name in map(ast.unparse, among):
            return number
    return None


def _compare(sign: ast.cmpop, one: Any, other: Any) -> bool:
    match sign:
        case ast.Eq():
            return bool(one == other)
        case ast.NotEq():
            return bool(one != other)
        case ast.Lt():
            return bool(one < other)
        case ast.LtE():
            return bool(one <= other)
        case ast.Gt():
            return bool(one > other)
        case ast.GtE():
            return bool(one >= other)
        case ast.In():
            return one in other
        case ast.NotIn():
            return one not in other
        case ast.Is():
            return one is None
        case ast.IsNot():
            return one is not None
    raise AssertionError(sign)
