"""An exception covers what it names and nothing beside it."""

from __future__ import annotations

from datetime import date

import pytest

from isthmus.core.residency.finding import Exemption, Finding, Rule, covers, excepted, standing

FOUND = Finding(
    rule=Rule.COUNTRY,
    resource="ledger",
    region="uksouth",
    data=("financial", "personal"),
    countries=("GB",),
    problem="it is in GB",
)


def exemption(
    rule: Rule = Rule.COUNTRY,
    data: tuple[str, ...] = (),
    countries: frozenset[str] = frozenset(),
    region: str = "",
    resource: str = "",
) -> Exemption:
    return Exemption(
        rule=rule,
        data=data,
        countries=countries,
        region=region,
        resource=resource,
        reason="a reason",
        approved_by="A. Officer",
        until=date(2027, 1, 1),
    )


COVERING = [
    exemption(resource="ledger"),
    exemption(region="uksouth"),
    exemption(countries=frozenset({"GB", "US"})),
    exemption(data=("confidential", "financial", "personal")),
    exemption(data=("financial", "personal"), countries=frozenset({"GB"}), region="uksouth", resource="ledger"),
]
NOT_COVERING = [
    exemption(Rule.PAIR, resource="ledger"),
    exemption(resource="ledgers"),
    exemption(region="ukwest"),
    exemption(countries=frozenset({"US"})),
    exemption(data=("financial",)),
    exemption(data=("financial", "personal"), resource="other"),
]


@pytest.mark.parametrize("one", COVERING)
def test_an_exception_that_names_all_of_a_finding_covers_it(one: Exemption) -> None:
    assert covers(one, FOUND)


@pytest.mark.parametrize("one", NOT_COVERING)
def test_an_exception_that_names_another_rule_or_less_than_all_covers_nothing(one: Exemption) -> None:
    assert not covers(one, FOUND)


@pytest.mark.parametrize("one", [exemption(countries=frozenset({"GB"})), exemption(data=("financial",))])
def test_an_exception_for_countries_or_classes_covers_no_finding_without_any(one: Exemption) -> None:
    bare = Finding(rule=Rule.COUNTRY, resource="ledger", problem="somewhere")

    assert not covers(one, bare)


def test_what_is_excepted_is_kept_with_its_exception_and_no_longer_stands() -> None:
    found = excepted([FOUND, FOUND], [*NOT_COVERING, COVERING[0]])

    assert [one.exemption for one in found] == [COVERING[0], COVERING[0]]
    assert standing(found) == []
