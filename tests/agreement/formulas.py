"""Draw expressions: what stands in tests, assignments, messages, keys and durations of a drawn workflow."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Final

from vocabulary import FIELDS

TEXTS: Final = (
    "a",
    "",
    "${x}",
    'a "quoted" word',
    "back\\slash",
    "ünï → code",
    "two\nlines",
    "{brace}",
    "it's",
    "a: b",
    "#",
)
MARKS: Final = ("Mark.RED", "Mark.BLUE", "Mark.GREEN")
LENGTH_MAX: Final = 150


@dataclass
class Scope:
    """Hold what has a value at one point of a workflow: names by kind, and the notes that are known to be there."""

    kinds: dict[str, str] = field(default_factory=dict)
    noted: set[str] = field(default_factory=set)
    frozen: set[str] = field(default_factory=set)
    """Names that are not assigned again: counters, items of loops, what was caught."""

    def copy(self) -> Scope:
        """Return a scope that changes apart from this one."""
        return Scope(dict(self.kinds), set(self.noted), set(self.frozen))

    def assign(self, name: str, kind: str) -> None:
        """Give a name a value."""
        self.kinds[name] = kind
        self.noted = {path for path in self.noted if path.split(".")[0] != name}

    def meet(self, others: list[Scope | None]) -> Scope | None:
        """Return what is known where several paths meet; None when none of them gets there."""
        live = [other for other in others if other is not None]
        if not live:
            return None
        names = set(live[0].kinds).intersection(*(other.kinds for other in live))
        kinds = {name: live[0].kinds[name] for name in sorted(names)}
        noted = set(live[0].noted).intersection(*(other.noted for other in live))
        return Scope(kinds, {path for path in noted if path.split(".")[0] in kinds}, set(self.frozen))


def paths(scope: Scope, kind: str) -> list[str]:
    """Return what can be read of a kind: names, and fields of messages."""
    found = [name for name, known in scope.kinds.items() if known == kind]
    for name, known in scope.kinds.items():
        found += [f"{name}.{part}" for part, inner in FIELDS.get(known, {}).items() if inner == kind]
    if kind == "str":
        found += sorted(scope.noted)
    return found


class Formulas:
    """Draw expressions over a scope."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def of(self, kind: str, scope: Scope, depth: int = 2) -> str:
        """Draw an expression of a kind."""
        match kind:
            case "int":
                return self.number(scope, depth)
            case "bool":
                note = self._one(scope, "opt", 0.25)
                return self._noted(scope, note) if note else self.truth(scope, depth)
            case "str":
                return self.text(scope, depth)
            case "Mark":
                return self._one(scope, "Mark") or self.random.choice(MARKS)
            case "opt":
                return self._one(scope, "opt") or self.random.choice(["None", self.text(scope, 0)])
            case "tags":
                return self._one(scope, "tags") or self.list_of([self.text(scope, 0) for _ in range(2)])
        raise AssertionError(kind)

    def list_of(self, items: list[str]) -> str:
        """Write a list."""
        return f"[{', '.join(items)}]"

    def _one(self, scope: Scope, kind: str, chance: float = 0.7) -> str | None:
        found = paths(scope, kind)
        return self.random.choice(found) if found and self.random.random() < chance else None

    def literal(self, text: str) -> str:
        """Write a string."""
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

    def number(self, scope: Scope, depth: int) -> str:
        """Draw an integer."""
        draw = self.random.random()
        lists = [*paths(scope, "parts"), *paths(scope, "tags"), *paths(scope, "answers")]
        if depth > 0 and draw < 0.3:
            left, right = self.number(scope, depth - 1), self.number(scope, self.random.choice([0, depth - 1]))
            sign = self.random.choice("+-")
            return f"{left} {sign} {f'({right})' if ' ' in right or right.startswith('-') else right}"
        if lists and draw < 0.5:
            return f"len({self.random.choice(lists)})"
        return self._one(scope, "int") or str(self.random.choice([0, 1, 2, 3, -1, 7]))

    def text(self, scope: Scope, depth: int) -> str:
        """Draw a string."""
        if depth > 0 and self.random.random() < 0.35:
            parts = []
            for _ in range(self.random.randint(1, 3)):
                kind = self.random.choice(["str", "int"])
                found = paths(scope, kind)
                parts.append(f"{{{self.random.choice(found)}}}" if found else "x")
                parts.append(self.random.choice(["", "-", " of ", "{{", "$"]))
            return 'f"' + "".join(parts) + '"'
        return self._one(scope, "str") or self.literal(self.random.choice(TEXTS))

    def truth(self, scope: Scope, depth: int) -> str:
        """Draw a boolean."""
        draw = self.random.random()
        if depth > 0 and draw < 0.25:
            word = self.random.choice([" and ", " or "])
            found = word.join(f"({self.truth(scope, depth - 1)})" for _ in range(2))
            return found if len(found) < LENGTH_MAX else self.truth(scope, 0)
        if depth > 0 and draw < 0.35:
            return f"not ({self.truth(scope, depth - 1)})"
        if draw < 0.55:
            sign = self.random.choice(["<", "<=", ">", ">=", "==", "!="])
            left = self._one(scope, "int", 1.0) or self.number(scope, 1)
            return f"{left} {sign} {self.number(scope, 1)}"
        if draw < 0.68:
            return self._among(scope)
        if draw < 0.78:
            left = self._one(scope, "Mark", 1.0)
            if left is not None:
                return f"{left} {self.random.choice(['==', '!='])} {self.random.choice(MARKS)}"
        if draw < 0.85:
            left = self._one(scope, "str", 1.0)
            if left is not None:
                return f"{left} {self.random.choice(['==', '!='])} {self.text(scope, 0)}"
        return self._one(scope, "bool", 1.0) or f"{self.number(scope, 1)} > {self.number(scope, 0)}"

    def _noted(self, scope: Scope, note: str) -> str:
        """Draw a test for None, by itself or before what relies on it."""
        sign = self.random.choice(["==", "!="])
        shown = self.random.choice([note, f'f"{{{note}}}-"'])
        match self.random.randint(0, 3):
            case 0:
                return f"{note} is None or {shown} {sign} {self.text(scope, 0)}"
            case 1:
                return f"{note} is not None and {shown} {sign} {self.text(scope, 0)}"
            case _:
                return f"{note} is {self.random.choice(['', 'not '])}None"

    def _among(self, scope: Scope) -> str:
        word = self.random.choice(["in", "not in"])
        tags = paths(scope, "tags")
        if tags and self.random.random() < 0.6:
            return f"{self.text(scope, 0)} {word} {self.random.choice(tags)}"
        kind = self.random.choice(["Mark", "int", "str"])
        left = self._one(scope, kind, 1.0)
        if left is None:
            kind, left = "int", self.number(scope, 0)
        items = [self.of(kind, scope, 0) for _ in range(self.random.randint(1, 3))]
        return f"{left} {word} {self.list_of(items)}"
