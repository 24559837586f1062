"""Laws of accounts."""

from __future__ import annotations

from isthmus.contracts.accounts import Opening, open_account
from isthmus.contracts.laws.books import assert_balanced, balances
from isthmus.core import Refusal
from isthmus.core.law import World, law


@law(open_account)
def opening_an_account_again_brings_nothing_more(world: World, opening: Opening) -> None:
    """Open twice under different keys, and find what was brought once."""
    try:
        account = world.ask(open_account, opening, key="first")
    except Refusal:
        return
    once = balances(world)

    assert world.ask(open_account, opening, key="second") == account
    assert balances(world) == once
    assert_balanced(world)
