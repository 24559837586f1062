"""How: plain functions, with the ports that they ask for by type."""

from __future__ import annotations

from isthmus.core import Message, Publisher, Records, handles

from addresses.contracts import (
    Address,
    AddressChange,
    AddressChanged,
    ChangeRejected,
    CountryRisk,
    Rule,
    Screened,
    SecondOpinion,
    count_change,
    keep_address,
    keep_late_opinion,
    screen_country,
)


class ChangeCount(Message):
    """Be how often a client's address has changed."""

    count: int


@handles(screen_country)
def screen_by_rating(change: AddressChange, risk: CountryRisk) -> Screened:
    """Ask the port how the country is rated."""
    rating = risk.rating(change.country)
    if rating == "barred":
        raise ChangeRejected(rule=Rule.COUNTRY_BARRED)
    return Screened(rating=rating)


@handles(keep_address)
def keep_in_records(
    change: AddressChange, addresses: Records[Address], publisher: Publisher[AddressChanged]
) -> AddressChanged:
    """Put the address in place of the one before, and publish, in one transaction."""
    addresses.put(
        change.client,
        Address(client=change.client, country=change.country, address=change.address, change=change.id),
    )
    changed = AddressChanged(change=change.id, client=change.client, country=change.country)
    publisher.publish(changed)
    return changed


@handles(count_change)
def count_in_records(changed: AddressChanged, counts: Records[ChangeCount]) -> None:
    """Add one to the client's count."""
    before = counts.get(changed.client)
    counts.put(changed.client, ChangeCount(count=1 if before is None else before.count + 1))


@handles(keep_late_opinion)
def keep_opinion(opinion: SecondOpinion, opinions: Records[SecondOpinion]) -> None:
    """Keep it for whoever asks."""
    opinions.put(opinion.change, opinion)
