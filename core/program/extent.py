"""How large a workflow is as YAML of Google's Workflows, at most, before it is written.

    await look(order)        15 lines, and the names in them
    if order.urgent: …       5 lines, and the block, whose lines stand 10 columns further in

It follows the compiler construct by construct, and is a little above it everywhere: a test holds the two together. The
checker asks it, so that what is accepted on a laptop also deploys.
"""

from __future__ import annotations

import json
from typing import Final

import msgspec

from isthmus.core.program import nodes
from isthmus.core.program.guards import guarded, within
from isthmus.core.program.written import written

BLOCK_COLUMNS: Final = 10
"""By how much the steps of a case stand further in than their switch."""

SUFFIX_CHARACTERS: Final = 5
"""The number at the end of a step's name, when others of its routine are called the same."""

MADE_CHARACTERS: Final = 14
"""A variable that the compiler makes up."""

ESCAPE_CHARACTERS: Final = 10
"""One letter that YAML does not show as it is."""


class Extent(msgspec.Struct, frozen=True):
    """Be how many lines and bytes a piece of YAML has at the left margin, ends of lines included."""

    lines: int = 0
    bytes: int = 0

    def __add__(self, other: Extent) -> Extent:
        return Extent(self.lines + other.lines, self.bytes + other.bytes)

    def inside(self, columns: int) -> Extent:
        """Return the extent of the same lines further in."""
        return Extent(self.lines, self.bytes + columns * self.lines)


def line(characters: int) -> Extent:
    """Return the extent of one line."""
    return Extent(1, characters + 1)


def lines(*texts: str) -> Extent:
    """Return the extent of lines like these."""
    return Extent(len(texts), sum(len(text) + 1 for text in texts))


def together(*parts: Extent) -> Extent:
    """Return the extent of parts one below the other."""
    return Extent(sum(part.lines for part in parts), sum(part.bytes for part in parts))


def head(at: nodes.Node, what: str | int) -> Extent:
    """Return the extent of a step's name; of a part that the compiler makes up its length is given."""
    characters = what if isinstance(what, int) else size(what)
    return line(len(f"- line_{at.span.line}_:") + characters + SUFFIX_CHARACTERS)


def assigning(at: nodes.Node, what: str | int, *pairs: Extent) -> Extent:
    """Return the extent of a step that assigns."""
    return together(head(at, what), lines("    assign:"), together(*pairs).inside(8))


def switching(at: nodes.Node, what: str | int, *cases: Extent) -> Extent:
    """Return the extent of a switch."""
    return together(head(at, what), lines("    switch:"), *cases)


def case(condition: int, block: Extent) -> Extent:
    """Return the extent of a case, whose condition has so many characters, and of its steps."""
    return together(
        line(len("      - condition: '${}'") + condition + 2), lines("        steps:"), block.inside(BLOCK_COLUMNS)
    )


def size(text: str) -> int:
    """Return the bytes of a text."""
    return len(text.encode("utf-8", "surrogatepass"))


# Expressions


def formula(found: nodes.Expression) -> int:
    """Return the bytes of an expression as a formula in quotes."""
    return written(found) + _wider(found) + len("'${}'")


def _wider(found: nodes.Expression) -> int:
    """Return by how much bytes are more than characters: wide letters, quotes that are doubled, texts taken apart."""
    wider = sum(_wider(inside) for inside in within(found))
    match found:
        case nodes.Literal(value=str() as text) | nodes.Member(value=str() as text):
            apart = 0 if text.isprintable() else (text.count("${") + 1) * (MADE_CHARACTERS + 3)
            wider += size(text) - len(text) + text.count("'") + apart
        case nodes.Attribute(field=field):
            wider += size(field) - len(field)
    return wider


def before(found: nodes.Expression) -> Extent:
    """Return the extent of the steps that a formula needs before it."""
    match found:
        case nodes.Build() | nodes.ListOf():
            return _held(found, found)
        case nodes.Both(operands=operands) | nodes.Either(operands=operands) if guarded(operands):
            first, *rest = operands
            later = [
                switching(found, "and", case(len("not ()") + MADE_CHARACTERS, _held(found, operand)))
                for operand in rest
            ]
            return together(_held(found, first), *later)
        case nodes.Literal(value=str() as text) | nodes.Member(value=str() as text) if not text.isprintable():
            parts = [nodes.Literal(span=found.span, value=part) for part in text.split("${")]
            return together(*(_held(found, part) for part in parts))
    return together(*(before(inside) for inside in within(found)))


def _held(at: nodes.Node, found: nodes.Expression) -> Extent:
    return together(steps_before(found), assigning(at, MADE_CHARACTERS, pair(MADE_CHARACTERS, found)))


def steps_before(found: nodes.Expression) -> Extent:
    """Return the extent of the steps that a value needs before it."""
    match found:
        case nodes.Build(fields=fields):
            return together(*(steps_before(field) for _, field in fields))
        case nodes.ListOf(items=items):
            return together(*(steps_before(item) for item in items))
        case nodes.Literal(value=value) | nodes.Member(value=value) if not (isinstance(value, str) and "${" in value):
            return Extent()
    return before(found)


def pair(key: str | int, found: nodes.Expression) -> Extent:
    """Return the extent of a key and its value."""
    characters = key if isinstance(key, int) else size(json.dumps(key, ensure_ascii=False))
    match found:
        case nodes.Build(fields=fields) if fields:
            return together(line(characters + 1), together(*(pair(name, field) for name, field in fields)).inside(2))
        case nodes.ListOf(items=items) if any(isinstance(item, nodes.Build | nodes.ListOf) for item in items):
            return together(line(characters + 1), *(_listed(item) for item in items))
        case nodes.ListOf(items=items):
            return line(characters + len(": []") + sum(_scalar(item) + 2 for item in items))
    return line(characters + 2 + _scalar(found))


def _listed(item: nodes.Expression) -> Extent:
    match item:
        case nodes.Build(fields=fields) if fields:
            return together(*(pair(name, field) for name, field in fields)).inside(4)
        case nodes.ListOf(items=items) if items:
            return together(*(_listed(one) for one in items)).inside(4)
    return line(4 + _scalar(item))


def _scalar(found: nodes.Expression) -> int:
    match found:
        case nodes.Build() | nodes.ListOf():
            return 2
        case nodes.Literal(value=str() as text) | nodes.Member(value=str() as text) if "${" not in text:
            hidden = sum(not letter.isprintable() for letter in text)
            return size(json.dumps(text, ensure_ascii=False)) + ESCAPE_CHARACTERS * hidden
    return formula(found)
