"""The limits of a workflow: ours, below those of both clouds, and the same everywhere.

Sources: "quotas" and "expressions" are pages of cloud.google.com/workflows/docs; where a page names a limit without its
number, or numbers differ from copy to copy, ours is the smallest that was found.
"""

from __future__ import annotations

from typing import Final

BRANCHES: Final = 10
"""Branches of one `gather`, and items of one `each` at a time (quotas: 10 branches of one parallel step)."""

PARALLEL_NESTING: Final = 2
"""`gather` and `each` inside one another, over the whole call graph (quotas: 2)."""

CALLS_DEEP: Final = 8
"""Workflows that await workflows (quotas: a call stack of 20; each of ours takes two)."""

EXPRESSION_CHARACTERS: Final = 400
"""One expression as Workflows writes it (expressions: 400)."""

STRING_CHARACTERS: Final = 256
"""One string in the source: it stands inside one expression."""

COMPILED_BYTES: Final = 100_000
"""The workflow as compiled, by a cautious estimate (quotas: 128 KB of source)."""

STEPS: Final = 10_000
"""Statements that one run passes, loops over ranges counted in full (quotas: 100,000 steps; a statement is up to 8)."""

TURNS: Final = 1_000
"""Turns of one bounded loop."""

NESTING: Final = 8
"""Blocks inside one another."""

LOOPS: Final = 3
"""Loops inside one another."""

INTEGER: Final = 2**53 - 1
"""The largest integer, and with a minus the smallest, that every JSON reader keeps exactly."""

NAME_CHARACTERS: Final = 64
"""One name of a variable (Workflows takes ASCII letters, digits and underscores)."""

DURATION_SECONDS: Final = 300 * 86_400
"""One sleep or wait (quotas: an execution lasts a year)."""
