"""Whatever a policy says: what it allows is closed, a stricter one allows no more, an unknown country nothing."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from isthmus.adapters.residency.shipped import facts
from isthmus.core.residency.facts import CLOUDS, CloudFacts, Facts
from isthmus.core.residency.policy import Grant, Policy, Verb
from isthmus.core.residency.regions import pairings, verdicts

KNOWN = facts()
SEEN = sorted({region.country for cloud in KNOWN.clouds.values() for region in cloud.regions})
COUNTRIES = st.frozensets(st.sampled_from(SEEN))
GRANTS = st.builds(Grant, store=COUNTRIES, process=COUNTRIES, replicate=COUNTRIES)
CLASSES = ("personal", "financial", "market")


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    named = draw(st.dictionaries(st.sampled_from(CLASSES), GRANTS))
    return Policy(title="drawn", default=draw(GRANTS), data=named)


@st.composite
def narrowed(draw: st.DrawFn, wide: Policy) -> Policy:
    """Take countries away, nowhere add one."""

    def less(grant: Grant) -> Grant:
        kept = [grant.countries(verb) - draw(COUNTRIES) for verb in Verb]
        return Grant(store=kept[0], process=kept[1], replicate=kept[2])

    return Policy(title="narrowed", default=less(wide.default), data={k: less(v) for k, v in wide.data.items()})


def allowed(policy: Policy, known: Facts = KNOWN) -> set[tuple[str, str]]:
    return {(one.cloud, one.name) for one in verdicts(policy, known, CLOUDS) if one.allowed}


@given(policies())
def test_what_is_allowed_is_closed_copies_and_their_copies_included(policy: Policy) -> None:
    for cloud, name in allowed(policy):
        region = KNOWN.region(cloud, name)
        assert region is not None
        for grant in (policy.default, *policy.data.values()):
            assert region.country in grant.store & grant.process
            reached, seen = region, {name}
            while reached.pair and reached.pair not in seen:
                assert reached.pair_country in grant.replicate
                seen.add(reached.pair)
                reached = KNOWN.region(cloud, reached.pair) or reached


@given(st.data())
def test_a_stricter_policy_never_allows_more(data: st.DataObject) -> None:
    wide = data.draw(policies())
    strict = data.draw(narrowed(wide))

    assert allowed(strict) <= allowed(wide)


@given(policies(), st.sampled_from(sorted(KNOWN.clouds)), st.sampled_from(["", "XX", "EU", "Germany"]))
def test_a_region_whose_country_is_not_known_is_never_allowed(policy: Policy, cloud: str, country: str) -> None:
    def unknown(one: CloudFacts) -> CloudFacts:
        regions = tuple(msgspec.structs.replace(region, country=country) for region in one.regions)
        return msgspec.structs.replace(one, regions=regions)

    clouds = [unknown(one) if one.cloud == cloud else one for one in KNOWN.clouds.values()]

    assert not [name for of, name in allowed(policy, Facts(KNOWN.geography, clouds)) if of == cloud]


@given(policies())
def test_a_recovery_region_is_always_one_that_is_allowed(policy: Policy) -> None:
    proposed = pairings(verdicts(policy, KNOWN, CLOUDS), KNOWN)

    assert {(one.cloud, name) for one in proposed for name in (one.primary, *one.recovery)} <= allowed(policy)
