# isthmus lock: change_address 815a88c3472cded5 of addresses.flow
# Runs that began with this version go on by it. `isthmus lock` wrote it: do not edit it.
# ruff: noqa
# fmt: off
# mypy: ignore-errors
from isthmus.core import TimedOut, days, wait_for
from addresses.contracts import AddressChange, Changed, ChangeRejected, Rule, SecondOpinion, keep_address, screen_country


async def change_by_four_eyes(change: AddressChange) -> Changed:
    """Change the address once another officer than the one who asked has approved."""
    await screen_country(change)
    try:
        opinion = await wait_for(SecondOpinion, key=change.id, within=days(5))
    except TimedOut:
        raise ChangeRejected(rule=Rule.NOBODY_DECIDED)
    if opinion.officer == change.asked_by:
        raise ChangeRejected(rule=Rule.SAME_OFFICER)
    if not opinion.approved:
        raise ChangeRejected(rule=Rule.OFFICER_REFUSED)
    await keep_address(change)
    return Changed(change=change.id, approved_by=opinion.officer)
