"""Problems: what a workflow's source says that cannot be, where, by which rule, and what to write instead.

    shop/flow.py:12:11: a workflow has no clock [ISTH127]
      12 |     now = datetime.now(UTC)
         |           ^^^^^^^^^^^^^^^^^
      instead: let a handler ask for a Clock and answer with the time

Codes: ISTH120 what is no part of the subset, 121 types, 122 names, 123 awaiting, 124 effects and refusals,
125 personal data, 126 limits, 127 the world outside, 128 source that cannot be read.
"""

from __future__ import annotations

import enum

import msgspec

from isthmus.core.program.nodes import Span


class Code(enum.StrEnum):
    """Name the family of a rule."""

    SUBSET = "ISTH120"
    TYPE = "ISTH121"
    NAME = "ISTH122"
    AWAITING = "ISTH123"
    EFFECT = "ISTH124"
    PERSONAL = "ISTH125"
    LIMIT = "ISTH126"
    WORLD = "ISTH127"
    SOURCE = "ISTH128"


class Problem(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Be one reason why a workflow is refused; problems sort by file and line."""

    file: str
    line: int
    column: int
    """From 1, as editors count; tabs and wide letters are one column each."""
    code: str
    rule: str
    instead: str
    text: str
    """The line of the source; empty when there is none to show."""
    width: int
    """How many columns of the line the caret marks."""

    def __str__(self) -> str:
        head = f"{self.file}:{self.line}:{self.column}: {self.rule} [{self.code}]"
        if not self.text:
            return f"{head}\n  instead: {self.instead}"
        gutter = len(str(self.line)) + 2
        # tabs are kept before the caret, so that it stands where the editor shows the character
        before = "".join(letter if letter == "\t" else " " for letter in self.text[: self.column - 1])
        return (
            f"{head}\n{self.line:>{gutter}} | {self.text}\n{' ' * gutter} | {before}{'^' * self.width}\n"
            f"  instead: {self.instead}"
        )


def problem_at(file: str, lines: tuple[str, ...], span: Span, code: Code, rule: str, instead: str) -> Problem:
    """Make a problem of a span; of one that goes over several lines the first is shown."""
    text = lines[span.line - 1].rstrip("\r\n") if 0 < span.line <= len(lines) else ""
    start = _characters(text, span.column)
    end = _characters(text, span.end_column) if span.end_line == span.line else len(text)
    return Problem(
        file=file,
        line=span.line,
        column=start + 1,
        code=code.value,
        rule=rule,
        instead=instead,
        text=text,
        width=max(1, end - start),
    )


def _characters(text: str, column: int) -> int:
    """Turn a column in UTF-8 bytes, as `ast` counts, into one in characters."""
    return len(text.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "replace"))


def describe(problem: Problem) -> str:
    """Return the problem as it is printed."""
    return str(problem)
