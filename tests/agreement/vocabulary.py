"""The vocabulary of drawn programs: the text that stands at the head of each, and of each kind of contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HEAD: Final = '''"""A drawn program."""

from enum import StrEnum
from typing import Any, Protocol

import msgspec
from servants import Played, Script

from isthmus.core import (
    App, Event, Gateway, Message, Records, Reference, Refusal, Retry, TimedOut, Undo, contract, days, each, gather,
    handles, hours, minutes, seconds, sleep, wait_for, workflow,
)
from isthmus.core.ports import reference_of


class Mark(StrEnum):
    RED = "red"
    BLUE = "bl${ue}"
    GREEN = "green"


class Part(Message, identity="id"):
    id: str
    number: int
    open: bool
    mark: Mark
    note: str | None


class Job(Message, identity="id"):
    id: str
    number: int
    open: bool
    mark: Mark
    note: str | None
    tags: list[str]
    parts: list[Part]


class Answer(Message):
    text: str
    number: int
    open: bool
    mark: Mark
    note: str | None
    tags: list[str]
    parts: list[Part]


class Word(Event):
    text: str
    number: int


class Bell(Event):
    text: str
    open: bool


class Ask(Message):
    contract: str
    id: str
    number: int


class Kept(Message):
    count: int
    text: str


class No(Refusal):
    why: str
    number: int


class Closed(Refusal):
    why: str


class Stranger(Refusal):
    why: str


class Outside(Gateway[Ask, Any], Protocol):
    """Reach what is outside of the database."""


def add(kept: Records[Kept], key: str, count: int) -> None:
    before = kept.get(key)
    kept.put(key, Kept(count=count + (before.count if before else 0), text=""))


def end(row: dict[str, Any], name: str, identity: str, number: int) -> Answer:
    if row["how"] == "no":
        raise No(why=f"{name} {identity}", number=number)
    if row["how"] == "closed":
        raise Closed(why=name)
    if row["how"] == "stranger":
        raise Stranger(why=name)
    answer = row["answer"]
    if row["how"] == "large":
        answer = {**answer, "text": "x" * 40_000}
    return msgspec.convert(answer, Answer)


def undo(taken: Undo[Any, Any], name: str, of: str, script: Script, reference: Reference, kept: Records[Kept]) -> None:
    forward = reference_of(taken.key)
    result = taken.result
    shown = "nothing" if result is None else f"{result.text} {result.number}"
    kept.put(f"{name} {forward}", Kept(count=taken.input.number, text=f"{taken.input.id} {shown}"))
    if result is not None:
        add(kept, f"all {of}", -1)
    row = script.row(name, taken.input.id, taken.input.number, reference)
    if row["how"] == "no":
        raise No(why=name, number=0)
'''

READS: Final = '''

@contract(reads=True, refuses=[{refuses}], retry={retry})
def {name}(asked: {takes}) -> Answer:
    """Look at it."""


@handles({name})
def do_{name}(asked: {takes}, script: Script, reference: Reference) -> Answer:
    return end(script.row("{name}", asked.id, asked.number, reference), "{name}", asked.id, asked.number)
'''

DOES: Final = '''

@contract({effect}, refuses=[{refuses}], retry={retry})
def {name}(asked: {takes}) -> Answer:
    """Do it."""


@handles({name})
def do_{name}(asked: {takes}, script: Script, reference: Reference, kept: Records[Kept]) -> Answer:
    kept.put(f"{name} {{reference}}", Kept(count=asked.number, text=asked.id))
    add(kept, "all {name}", 1)
    return end(script.row("{name}", asked.id, asked.number, reference), "{name}", asked.id, asked.number)
'''

REACHES: Final = '''

@contract({effect}, refuses=[{refuses}], retry={retry})
def {name}(asked: {takes}) -> Answer:
    """Do it outside."""


@handles({name})
def do_{name}(asked: {takes}, outside: Outside, reference: Reference, kept: Records[Kept]) -> Answer:
    row = outside.call(reference, Ask(contract="{name}", id=asked.id, number=asked.number))
    kept.put(f"{name} {{reference}}", Kept(count=asked.number, text=asked.id))
    add(kept, "all {name}", 1)
    return end(row, "{name}", asked.id, asked.number)
'''

UNDOES: Final = '''

@contract(refuses=[No], retry={retry})
def undo_{name}(taken: Undo[{takes}, Answer]) -> None:
    """Take it back."""


@handles(undo_{name})
def do_undo_{name}(taken: Undo[{takes}, Answer], script: Script, reference: Reference, kept: Records[Kept]) -> None:
    undo(taken, "undo_{name}", "{name}", script, reference, kept)
'''

FLOW: Final = '''

@contract({effect}refuses=[{refuses}])
def {name}(asked: {takes}) -> Answer:
    """Decide."""


@workflow({name})
async def flow_{name}({parameter}: {takes}) -> Answer:
{body}
'''

TAIL: Final = '''

@contract(final=True)
def late_word(word: Word) -> None:
    """Keep a word that came late."""


@handles(late_word)
def do_late_word(word: Word, kept: Records[Kept]) -> None:
    add(kept, f"late {word.text}", 1)


@contract(final=True)
def late_bell(bell: Bell) -> None:
    """Keep a bell that came late."""


@handles(late_bell)
def do_late_bell(bell: Bell, kept: Records[Kept]) -> None:
    add(kept, f"late {bell.text}", 1)


app = App(
    "drawn",
    fulfils=[%s],
    late_events={Word: late_word, Bell: late_bell},
)
app.bind(Script, Played)
app.bind(Outside, Played)
'''

FIELDS: Final[dict[str, dict[str, str]]] = {
    "Part": {"id": "str", "number": "int", "open": "bool", "mark": "Mark", "note": "opt"},
    "Job": {
        **{"id": "str", "number": "int", "open": "bool", "mark": "Mark", "note": "opt"},
        **{"tags": "tags", "parts": "parts"},
    },
    "Answer": {
        **{"text": "str", "number": "int", "open": "bool", "mark": "Mark", "note": "opt"},
        **{"tags": "tags", "parts": "parts"},
    },
    "Word": {"text": "str", "number": "int"},
    "Bell": {"text": "str", "open": "bool"},
    "No": {"why": "str", "number": "int"},
    "Closed": {"why": "str"},
}
"""The messages that a workflow reads, their fields, and what kind of value each field is."""


@dataclass(frozen=True)
class Promise:
    """Be what a drawn workflow knows of a contract that it may await."""

    name: str
    takes: str
    effect: str
    """reads, undone, final, or flow for a workflow without an undo of its own."""
    refuses: tuple[str, ...]
    flow: bool = False
    parallel: int = 0
    deep: int = 0
    waits: bool = False
    final: bool = False
    """Whether something final may have been done once it completes."""
    times_out: bool = False
    quick: bool = False
    """Whether it takes no time, however it goes."""
    asks: frozenset[str] = frozenset()
    """The contracts that it may come to ask, those of its children included."""
    crowded: frozenset[str] = frozenset()
    """Those of them that are asked while something else is done beside them."""
