"""What is known at one point of a workflow: which names have a value, of which kind, and what lies behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from isthmus.core.program import nodes
from isthmus.core.program.kinds import NULL, Kind, either


class Scope:
    """Hold the names that have a value, what tests have shown, and the final step that lies behind, if any."""

    def __init__(self) -> None:
        self.kinds: dict[str, Kind] = {}
        self.maybe: set[str] = set()
        """Names that have a value on some paths only."""
        self.facts: dict[str, Kind] = {}
        """What `is None` and its like have shown about a path such as `order.limit`."""
        self.final: str | None = None
        """The final contract that may have been fulfilled before this point."""
        self.counters: dict[str, int] = {}
        """The names that hold an integer which is known here."""

    @property
    def known(self) -> tuple[object, ...]:
        """Return all that is known, to be compared."""
        return self.kinds, self.maybe, self.facts, self.final, self.counters

    def copy(self) -> Scope:
        """Return a scope that changes apart from this one."""
        twin = Scope()
        twin.kinds, twin.maybe, twin.facts = dict(self.kinds), set(self.maybe), dict(self.facts)
        twin.counters, twin.final = dict(self.counters), self.final
        return twin

    def assign(self, name: str, kind: Kind) -> None:
        """Give a name a value, and forget what was known of the old one."""
        self.kinds[name] = kind
        self.maybe.discard(name)
        self.counters.pop(name, None)
        self.facts = {path: fact for path, fact in self.facts.items() if path.split(".")[0] != name}

    def forget(self, name: str) -> None:
        """Take a name's value away."""
        self.kinds.pop(name, None)
        self.counters.pop(name, None)
        self.maybe.add(name)
        self.facts = {path: fact for path, fact in self.facts.items() if path.split(".")[0] != name}

    def knowing(self, facts: Mapping[str, Kind]) -> Scope:
        """Return this scope with what a test has shown."""
        twin = self.copy()
        twin.facts.update(facts)
        return twin


def join(scopes: Iterable[Scope | None]) -> Scope | None:
    """Return what is known where several paths meet; None when none of them gets there."""
    live = [scope for scope in scopes if scope is not None]
    if not live:
        return None
    met = Scope()
    names = set().union(*(set(scope.kinds) | scope.maybe for scope in live))
    for name in names:
        if all(name in scope.kinds for scope in live):
            met.kinds[name] = either(*(scope.facts.get(name, scope.kinds[name]) for scope in live))
        else:
            met.maybe.add(name)
    for path in set(live[0].facts).intersection(*(scope.facts for scope in live)):
        if path.split(".")[0] in met.kinds:
            met.facts[path] = either(*(scope.facts[path] for scope in live))
    met.counters = {
        name: number for name, number in live[0].counters.items() if all(s.counters.get(name) == number for s in live)
    }
    met.final = next((scope.final for scope in live if scope.final), None)
    return met


def path_of(expression: nodes.Expression) -> str | None:
    """Return the path that a name or a chain of fields is, such as `order.limit`."""
    match expression:
        case nodes.Name(name=name):
            return name
        case nodes.Attribute(value=value, field=field):
            base = path_of(value)
            return None if base is None else f"{base}.{field}"
    return None


def shown_by(test: nodes.Expression, kinds: Mapping[str, Kind], *, holds: bool) -> dict[str, Kind]:
    """Return what a test shows about paths when it holds, or when it does not.

    `kinds` are the kinds of the paths that the test compares with null.
    """
    match test:
        case nodes.Not(operand=operand):
            return shown_by(operand, kinds, holds=not holds)
        case nodes.Both(operands=operands) if holds:
            return _shown_by_all(operands, kinds, holds=True)
        case nodes.Either(operands=operands) if not holds:
            return _shown_by_all(operands, kinds, holds=False)
        case nodes.Compare(operator="==" | "!=" as operator, left=left, right=nodes.Literal(value=None)):
            path = path_of(left)
            if path is not None and path in kinds:
                is_null = (operator == "==") == holds
                return {path: NULL if is_null else kinds[path].present}
    return {}


def _shown_by_all(operands: Iterable[nodes.Expression], kinds: Mapping[str, Kind], *, holds: bool) -> dict[str, Kind]:
    found: dict[str, Kind] = {}
    for operand in operands:
        found |= shown_by(operand, kinds, holds=holds)
    return found
