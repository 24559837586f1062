"""The page of all requirements: python -m tests.conformance.page writes docs/conformance.md."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
MODULES = ("scenes_steps", "scenes_taking_back", "scenes_outside", "scenes_platform", "scenes_words")
BACKENDS = ("local", "azure", "google")
TOP = """\
# Conformance

What every backend must keep, by number. Each requirement is a scene that `tests/conformance` plays on every backend,
with its stores on a real PostgreSQL; a test fails where what it says does not hold, and where outcome, journal (who did
what, before and after), records and calls to the outside differ between two backends.

- **local**: the embedded engine.
- **azure**: the packaged folder in Microsoft's worker library, orchestrations in durabletask's in-memory backend.
- **google**: compiled workflows in the interpreter, the App within functions-framework. Each scene is played three
  times: with the first answer to every point that Google's pages leave open, with the last, and with drawn ones.

Beside these, `tests/conformance/test_kills.py` kills the worker's process (SIGKILL) before, during and after work items
of four flows, and expects the laptop's outcome, journal and world: at a few fixed ones, and at all in `make prove`.

`yes` stands for a scene that is played and must pass; what a backend skips is named below with the reason.
`python -m tests.conformance.page` writes this page, and a test says when it is stale.
"""


def page() -> str:
    """Return the page."""
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "engine")]
    for module in MODULES:
        importlib.import_module(module)
    from requirement import REGISTRY, SKIPS  # noqa: PLC0415  # after the path is set

    lines = [f"| | requirement | {' | '.join(BACKENDS)} |", f"| --: | --- |{' --- |' * len(BACKENDS)}"]
    for number, one in sorted(REGISTRY.items()):
        cells = ["skipped" if number in SKIPS[backend] else "yes" for backend in BACKENDS]
        lines.append(f"| {number} | {one.text} | {' | '.join(cells)} |")
    skipped = [
        f"- {number} on {backend}: {reason}."
        for backend in BACKENDS
        for number, reason in sorted(SKIPS[backend].items())
    ]
    counts = ", ".join(f"{len(REGISTRY) - len(SKIPS[backend])} on {backend}" for backend in BACKENDS)
    summary = f"{len(REGISTRY)} requirements: {counts}."
    return "\n".join([TOP, summary, "", *lines, "", "## Skipped", "", *skipped, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
