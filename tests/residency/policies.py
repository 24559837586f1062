"""Policies as people write them, for the tests of residency."""

from __future__ import annotations

from collections.abc import Sequence

from isthmus.adapters.residency.shipped import facts
from isthmus.core.residency.policy import Policy
from isthmus.core.residency.policy_file import read_policy


def text_of(
    store: Sequence[str], process: Sequence[str] | None = None, replicate: Sequence[str] | None = None, more: str = ""
) -> str:
    """Write a policy with one default; what is left out is where data is stored."""

    def listed(countries: Sequence[str] | None) -> str:
        return "[" + ", ".join(f'"{one}"' for one in (store if countries is None else countries)) + "]"

    return (
        f'title = "a policy"\n\n[default]\nstore = {listed(store)}\nprocess = {listed(process)}\n'
        f"replicate = {listed(replicate)}\n{more}"
    )


def policy(
    *store: str, process: Sequence[str] | None = None, replicate: Sequence[str] | None = None, more: str = ""
) -> Policy:
    """Return a policy with one default."""
    return read_policy(text_of(store, process, replicate, more), facts(), name="residency.toml")
