"""What is promised: a client's address changes when two officers agree, and never otherwise."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, NewType, Protocol

from isthmus.core import PERSONAL, Event, Message, Refusal, contract

ChangeId = NewType("ChangeId", str)
ClientId = NewType("ClientId", str)
OfficerId = NewType("OfficerId", str)


class Rule(StrEnum):
    """Name the rule that a change broke."""

    COUNTRY_BARRED = "country_barred"
    SAME_OFFICER = "same_officer"
    OFFICER_REFUSED = "officer_refused"
    NOBODY_DECIDED = "nobody_decided"


class AddressChange(Message, identity="id", subject="client"):
    """Ask for a client's address to be changed."""

    id: ChangeId
    client: ClientId
    asked_by: OfficerId
    country: str
    address: Annotated[str, PERSONAL]


class Address(Message, subject="client"):
    """Be where a client lives, and the change that said so."""

    client: ClientId
    country: str
    address: Annotated[str, PERSONAL]
    change: ChangeId


class SecondOpinion(Event):
    """Say what a second officer decided."""

    change: ChangeId
    officer: OfficerId
    approved: bool


class AddressChanged(Message):
    """Tell everyone that a client's address has changed, and not what it is."""

    change: ChangeId
    client: ClientId
    country: str


class Screened(Message):
    """Say how a country was rated."""

    rating: str


class Changed(Message):
    """Say that the change was made, and who agreed to it."""

    change: ChangeId
    approved_by: OfficerId


class ChangeRejected(Refusal):
    """Refuse a change, by the rule that it broke."""

    rule: Rule


class CountryRisk(Protocol):
    """Rate countries: a port of this app's own."""

    def rating(self, country: str) -> str:
        """Return `low`, `high` or `barred`; a country that nobody rated is `barred`."""
        ...


@contract(refuses=[ChangeRejected])
def change_address(change: AddressChange) -> Changed:
    """Change a client's address when a second officer approves within five days."""


@contract(reads=True, refuses=[ChangeRejected])
def screen_country(change: AddressChange) -> Screened:
    """Refuse a change to a country that is barred."""


@contract(final=True)
def keep_address(change: AddressChange) -> AddressChanged:
    """Keep the new address, and publish that it changed."""


@contract(final=True)
def count_change(changed: AddressChanged) -> None:
    """Count how often a client's address has changed."""


@contract(final=True)
def keep_late_opinion(opinion: SecondOpinion) -> None:
    """Keep an opinion that came when nobody waited for it any more."""
