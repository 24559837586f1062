"""Names of resources: the App's and the stack's in each, within what the kind of resource takes.

brokerage, dev, journal, at most 16 letters and digits   brokeragedevjour, or with a hash where it had to be cut

The provider adds letters of its own to most, so that the same names can be had twice in the world.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

HASH_LENGTH: Final = 4
PROVIDER_ADDS: Final = 8
"""How many characters a provider adds to make a name the only one of its kind."""


class Names:
    """Name the resources of a stack."""

    def __init__(self, app: str, stack: str) -> None:
        self._words = [*_words(app), *_words(stack.rpartition("/")[2])]

    def of(self, *what: str, longest: int = 64) -> str:
        """Return a name of lower-case letters, digits and hyphens, letter first, with room for what is added to it."""
        return self._within("-".join([*self._words, *what]).replace("_", "-").lower(), "-", longest)

    def whole(self, *what: str, longest: int = 63) -> str:
        """Return a name as it is used, to which nothing is added."""
        return self.of(*(word for word in what if word), longest=longest + PROVIDER_ADDS)

    def plain(self, *what: str, longest: int = 24) -> str:
        """Return a name of lower-case letters and digits alone."""
        joined = re.sub(r"[^a-z0-9]", "", "".join([*self._words, *what]).lower())
        return self._within(joined, "", longest)

    def _within(self, name: str, separator: str, longest: int) -> str:
        room = longest - PROVIDER_ADDS
        name = name if name[:1].isalpha() else f"i{name}"
        if len(name) <= room:
            return name
        digest = sha256(name.encode()).hexdigest()[:HASH_LENGTH]
        kept = name[: room - HASH_LENGTH - len(separator)].rstrip("-")
        return f"{kept}{separator}{digest}"


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Za-z0-9]+", name)]
