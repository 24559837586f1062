"""What Google's pages leave open, and who decides it: the order of branches, an overflow, a second callback.

    execute(workflow, choices=First())        the first answer, always: runs that can be repeated
    execute(workflow, choices=Seeded(7))      drawn at random from a seed: outcomes must not depend on it
    execute(workflow, choices=Refusing())     an execution that depends on the meaning of a value stops

An answer is drawn once a point and execution, so that one execution is consistent; the order of branches is drawn each
time that more than one can go on. A choice by Hypothesis is three lines: a class with `choose`, over `data.draw`.
"""

from __future__ import annotations

import random
from enum import Enum
from typing import Protocol

from isthmus.adapters.gcp.interpreter.problems import Undocumented


class Open(Enum):
    """Name a point that the pages leave open: the question, the answers, and whether it is about values."""

    ORDER = ("which of those that can go on does so", (), False)
    RELATED_TAGS = ("the tags of an error", ("the documented one alone", "with a related one"), False)
    HEADER_CASE = ("the case of a response's header names", ("as sent", "lower", "Canonical"), False)
    EMPTY_BODY = ("the body of an empty response", ("null", "an empty string"), False)
    WHOLE_DOUBLE = ("a whole double in JSON that is written", ("with .0", "as an integer"), False)
    WHOLE_DOUBLE_READ = ("a whole double in JSON that is read", ("is a double", "is an integer"), False)
    KEY_ORDER = ("the keys of a map, in JSON, by keys() and in a loop", ("as made", "sorted", "from the last"), False)
    EARLY_CALLBACK = ("a callback request before the wait", ("is kept", "is accepted and lost", "is refused"), False)
    USED_CALLBACK = ("a request to a callback endpoint that was used", ("is refused", "is accepted and lost"), False)
    BRANCH_ORDER = ("the order of branches in UnhandledBranchError", ("as written", "as they ended"), False)
    BRANCH_PAYLOAD = ("the payload of a branch in UnhandledBranchError", ("JSON text", "the error itself"), False)
    BRANCH_ID = ("the id of an iteration in UnhandledBranchError", ("its index", "its index as text"), False)
    OVERFLOW = ("a number beyond 64 bits", ("raises ValueError", "wraps around", "becomes a double"), True)
    FLOOR_DIVISION = ("// below zero", ("rounds down", "rounds towards zero"), True)
    REMAINDER = ("% below zero", ("has the divisor's sign", "has the dividend's sign"), True)
    EQUALITY = ("== between types", ("is false", "raises TypeError"), True)
    DOUBLE_TEXT = ("a whole double as text", ("without .0", "with .0"), True)
    STRING_AND_OTHER = ("a string + null, a list or a map", ("raises TypeError", "is text"), True)
    LIST_SUM = ("a list + a list", ("raises TypeError", "is both"), True)
    NEGATIVE_INDEX = ("a negative index", ("raises IndexError", "counts from the end"), True)
    LAZINESS = ("an operand that is not needed", ("is not evaluated", "is evaluated"), True)
    MISSING_PARENT = ("an assignment into a map that is not there", ("raises KeyError", "makes it"), True)
    OTHER_KEY = ("a key of a map that is no string, after in", ("is not there", "raises TypeError"), True)
    MISSING_ENV = ("an environment variable that is not there, without default", ("raises KeyError", "is null"), True)
    EMPTY_RANGE = ("a range whose end is before its start", ("does nothing", "raises ValueError"), True)

    def __init__(self, question: str, answers: tuple[str, ...], about_values: bool) -> None:  # noqa: FBT001
        self.question = question
        self.answers = answers
        self.about_values = about_values


class Choices(Protocol):
    """Decide the points that the pages leave open."""

    def choose(self, point: Open, count: int) -> int:
        """Return the index of the answer, at least 0 and below `count`."""
        ...


class First:
    """Take the first answer, and branches in turn as they are written."""

    def choose(self, point: Open, count: int) -> int:  # noqa: ARG002
        """Return 0."""
        return 0


class Seeded:
    """Draw answers at random, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  # nothing secret is drawn

    def choose(self, point: Open, count: int) -> int:  # noqa: ARG002
        """Draw an answer."""
        return self._random.randrange(count)


class Refusing:
    """Stop an execution that depends on what a value or operator means where no page says it; leave the rest."""

    def __init__(self, others: Choices | None = None) -> None:
        self._others = others or First()

    def choose(self, point: Open, count: int) -> int:
        """Return what the others choose. Raises Undocumented when the point is about values."""
        if point.about_values:
            answers = " or ".join(point.answers)
            raise Undocumented(f"{point.question}: no page of Google's says whether it {answers}")
        return self._others.choose(point, count)


class Answers:
    """Ask for each point once, and keep the answer for the rest of an execution."""

    __slots__ = ("_choices", "_drawn")

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self._drawn: dict[Open, int] = {}

    @property
    def given(self) -> dict[Open, str]:
        """Return the answers that an execution has got so far, in words."""
        return {point: point.answers[index] for point, index in self._drawn.items()}

    def of(self, point: Open) -> int:
        """Return the index of the answer to a point."""
        drawn = self._drawn.get(point)
        if drawn is None:
            drawn = self._drawn[point] = self._choices.choose(point, len(point.answers))
        return drawn
