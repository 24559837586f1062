"""Lines: where in the text of a TOML file something stands, which `tomllib` does not tell."""

from __future__ import annotations

import re
from typing import Final

_HEADER: Final = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(r"^\s*([A-Za-z0-9_\-.\"']+)\s*=")


def line_of(text: str, table: str = "", key: str = "", *, which: int = 0) -> int:
    """Return the line of a key of a table, else that of the table's header, else 0.

    `which` counts the tables of one name that `[[name]]` makes.
    """
    current, seen, header = "", -1, 0
    for number, line in enumerate(text.splitlines(), start=1):
        heading = _HEADER.match(line)
        if heading:
            current = _bare(heading[2])
            if current == table:
                seen += 1
                header = number if seen == which else header
            continue
        found = _KEY.match(line)
        if found and key and current == table and (not table or seen == which) and _bare(found[1]) == key:
            return number
    return header


def _bare(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))
