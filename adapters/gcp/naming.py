"""Names in a compiled workflow: variables that hide nothing of Workflows, and steps that say their line.

order          order
list, t_1      v_list, v_t_1      what the library, the language or the compiler itself calls so
line 17        line_17_execute_order, and line_17_execute_order_2 for the next of that name
"""

from __future__ import annotations

import re

WORDS = frozenset(
    "and or not in true false null if default len keys string int double get_type list map json text base64 "  # noqa: SIM905
    "hash http sys events time math uuid retry experimental googleapis main run_id ordinal at nothing "
    "yes no on off end break continue args".split()
)
"""What a variable is not called: operators, literals, functions and libraries of Workflows, and what we use."""

OURS = re.compile(
    r"(?:t|r|e|visits|caught|tags|ended|item|index|key|replies|answer|answers|size|raised)_\d+|[vu]_.*|(?:flow|run|isthmus)_.*"
)


def variable(name: str) -> str:
    """Return what a variable of the source is called; no two are called the same."""
    if not name.isascii():
        return "u_" + "".join(c if c.isascii() and c != "_" else f"_{ord(c):x}_" for c in name)
    if name.lower() in WORDS or OURS.fullmatch(name):
        return f"v_{name}"
    return name


def field_access(field: str) -> str:
    """Return how a field is read."""
    return f".{field}" if field.isascii() and field.lower() not in WORDS else f'["{field}"]'


def workflow_name(contract: str, version: str) -> str:
    """Return what the workflow of one version of a contract's program is called: at most 64 letters, digits, _ and -.

    A version has a workflow of its own, so that runs in flight keep theirs.
    """
    return f"{contract[:NAME_MAX]}-{version[:VERSION_MAX]}"


def topic_name(topic: str) -> str:
    """Return the name of a topic on Pub/Sub, which allows no colon."""
    return topic.replace(":", ".")


def subscription_name(topic: str, subscriber: str) -> str:
    """Return the name of the subscription by which a contract has a topic's messages."""
    return f"{topic_name(topic)}.{subscriber}"


def environment(unit: str) -> str:
    """Return the environment variable of a workflow that holds the address of a unit's functions."""
    return "ISTHMUS_URL_" + re.sub(r"[^A-Z0-9]", "_", unit.upper())


NAME_MAX, VERSION_MAX = 47, 16
"""How much of a contract's name and of its version a workflow's name has."""


class Names:
    """Give steps their names, each once, and temporaries their numbers."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}
        self._number = 0
        self._answers: dict[str, str] = {}

    def answered(self, name: str, reply: str) -> None:
        """Have a name of the source stand for the answer in a reply from here on."""
        self._answers[name] = f"{reply}.answer"

    def read(self, name: str) -> str:
        """Return how a name of the source is read."""
        return self._answers.get(name) or variable(name)

    def step(self, line: int, what: str) -> str:
        """Return the name of a step that came from a line."""
        stem = f"line_{line}_{what}" if line else what
        count = self._used[stem] = self._used.get(stem, 0) + 1
        return stem if count == 1 else self.step(line, f"{what}_{count}")

    def temporary(self, kind: str) -> str:
        """Return a variable that nothing else is called."""
        self._number += 1
        return f"{kind}_{self._number}"
