"""The limits of Google Workflows, each with the page that gives it.

A limit that Google raises is changed here and nowhere else. Those marked `unsure` are counted as the pages say, but
their number was not found on a page of Google's.
"""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Hold how much of everything one workflow and one execution of it may use."""

    source_bytes: int = 128 * KIB  # quotas
    steps: int = 100_000  # quotas
    assignments: int = 50  # quotas: of one assign step
    conditions: int = 50  # quotas: of one switch
    call_depth: int = 20  # quotas: a library function that is called counts as well
    branches: int = 10  # quotas: of one parallel step
    parallel_depth: int = 2  # quotas
    concurrent: int = 20  # quotas: branches and iterations of one execution at the same time
    unhandled_errors: int = 100  # quotas: in the parallel steps of one execution
    expression_characters: int = 400  # expressions; unsure
    memory_bytes: int = 512 * KIB  # variables; unsure
    string_bytes: int = 256 * KIB  # syntax-cheat-sheet
    argument_bytes: int = 32 * KIB  # unsure
    response_bytes: int = 2 * KIB * KIB  # quotas; unsure
    http_timeout_seconds: float = 300.0  # stdlib/http/request: unless given
    http_timeout_seconds_max: float = 1800.0  # stdlib/http/request
    callback_timeout_seconds: float = 43_200.0  # stdlib/events/await_callback: unless given
    sleep_seconds: float = 31_536_000.0  # sleeping
    duration_seconds: float = 31_536_000.0  # quotas: one year


LIMITS = Limits()
