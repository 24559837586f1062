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

CALLS_DEEP: Final = 7
"""Workflows that await workflows (quotas: a call stack of 20; each takes two of it, and a request at the end five)."""

EXPRESSION_CHARACTERS: Final = 400
"""One expression as Workflows writes it (expressions: 400)."""

STRING_CHARACTERS: Final = 256
"""One string in the source: it stands inside one expression."""

COMPILED_BYTES: Final = 120_000
"""The workflow as compiled with those it awaits, at most (quotas: 128 KB of source, of which compilers keep some)."""

STEPS: Final = 50_000
"""Steps of Workflows in one run with those it awaits, a list as one turn (quotas: 100,000; retries come on top)."""

TURNS: Final = 1_000
"""Turns of one bounded loop."""

BUILDING: Final = 8
"""Messages and lists inside one another in one expression."""

CLAUSES: Final = 40
"""`except` clauses of one `try` (quotas: 50 conditions of one switch, some of which are the compiler's)."""

NESTING: Final = 8
"""Blocks inside one another."""

LOOPS: Final = 3
"""Loops inside one another."""

INTEGER: Final = 2**53 - 1
"""The largest integer, and with a minus the smallest, that every JSON reader keeps exactly."""

NAME_CHARACTERS: Final = 64
"""One name: of a variable (ASCII letters, digits and underscores), of a contract, unit, event or refusal."""

DURATION_SECONDS: Final = 300 * 86_400
"""One sleep or wait (quotas: an execution lasts a year)."""
