"""Read YAML into nodes that know their line, and refuse what two readers of YAML would read differently.

    timeout: 30          Scalar(30, line 1)
    retry: yes           refused: a boolean in YAML 1.1, a string in YAML 1.2
    due: 2026-01-02      refused: a date in YAML 1.1

JSON is YAML, and is read the same way. Page: syntax (file structure), syntax/datatypes (the forms of booleans).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from isthmus.adapters.gcp.interpreter.problems import WorkflowInvalid
from isthmus.adapters.gcp.interpreter.values import INTEGER_MAX, INTEGER_MIN

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPTH_MAX: Final = 100
CONSTANTS: Final[dict[str, Any]] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)")
DOUBLE: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
READ_DIFFERENTLY: Final = re.compile(
    r"""(?ix) yes|no|on|off|true|false|null             # booleans of YAML 1.1, and mixed case
    | [-+]? ( 0[xob_0-9][0-9a-f_]* | [0-9][0-9_]*_[0-9_]*    # other bases, leading zeros, underscores
            | [0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?               # base 60
            | \.(inf|nan) | [0-9]+\. | \.[0-9]+ )            # endless, or half a number
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt\ ].*)?              # a date
    | = | << """
)


@dataclass(frozen=True, slots=True)
class Scalar:
    """Hold null, a boolean, a number or a string."""

    value: Any
    line: int


@dataclass(frozen=True, slots=True)
class Items:
    """Hold a list."""

    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Entries:
    """Hold a map; each key is a string that knows its line."""

    entries: dict[str, Node]
    key_lines: dict[str, int]
    line: int


type Node = Scalar | Items | Entries


class Reader:
    """Build nodes from the events of PyYAML's parser, which tell what was quoted, tagged and referred to."""

    def __init__(self, name: str) -> None:
        self.name = name

    def refuse(self, line: int, problem: str, instead: str = "") -> NoReturn:
        """Raise WorkflowInvalid at a line."""
        raise WorkflowInvalid(problem, place=f"{self.name}:{line}", instead=instead)

    def read(self, text: str) -> Node:
        """Return the one document of a text."""
        import yaml  # noqa: PLC0415  # an extra

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            events = iter(list(yaml.parse(text, Loader=loader)))
        except yaml.MarkedYAMLError as wrong:
            line = wrong.problem_mark.line + 1 if wrong.problem_mark else 1
            self.refuse(line, f"this is not YAML: {wrong.problem or wrong.context}")
        except yaml.YAMLError as wrong:
            self.refuse(1, f"this is not YAML: {wrong}")
        next(events)
        if type(next(events)).__name__ == "StreamEndEvent":
            self.refuse(1, "the file is empty", "write a list of steps, or main: with steps")
        node = self._node(next(events), events, 0)
        next(events)
        rest = next(events)
        if type(rest).__name__ != "StreamEndEvent":
            self.refuse(rest.start_mark.line + 1, "a second document", "write one workflow in a file")
        return node

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        line = event.start_mark.line + 1
        kind = type(event).__name__
        if kind == "AliasEvent" or event.anchor is not None:
            self.refuse(line, "anchors and aliases are not described for Workflows", "write the value again")
        if event.tag is not None:
            self.refuse(line, f"the tag {event.tag} is not described for Workflows", "leave it out")
        if depth > DEPTH_MAX:
            self.refuse(line, f"nested more than {DEPTH_MAX} deep")
        match kind:
            case "ScalarEvent":
                return Scalar(self._plain(event.value, line) if event.implicit[0] else event.value, line)
            case "SequenceStartEvent":
                return Items(tuple(self._items(events, depth)), line)
            case _:
                return self._entries(events, depth, line)

    def _items(self, events: Iterator[Any], depth: int) -> Iterator[Node]:
        while type(event := next(events)).__name__ != "SequenceEndEvent":
            yield self._node(event, events, depth + 1)

    def _entries(self, events: Iterator[Any], depth: int, line: int) -> Entries:
        entries: dict[str, Node] = {}
        lines: dict[str, int] = {}
        while type(event := next(events)).__name__ != "MappingEndEvent":
            key = self._node(event, events, depth + 1)
            if not isinstance(key, Scalar) or not isinstance(key.value, str):
                self.refuse(key.line, "a key is a string", 'put it in "double quotes"')
            if key.value in entries:
                self.refuse(key.line, f"the key {key.value} is here twice")
            lines[key.value] = key.line
            entries[key.value] = self._node(next(events), events, depth + 1)
        return Entries(entries, lines, line)

    def _plain(self, text: str, line: int) -> Any:
        if text in CONSTANTS:
            return CONSTANTS[text]
        if READ_DIFFERENTLY.fullmatch(text):
            self.refuse(line, f"{text} is read differently by different versions of YAML", 'put it in "double quotes"')
        if INTEGER.fullmatch(text):
            number = int(text)
            if not INTEGER_MIN <= number <= INTEGER_MAX:
                self.refuse(line, f"{text} does not fit into a signed integer of 64 bits")
            return number
        return float(text) if DOUBLE.fullmatch(text) else text
