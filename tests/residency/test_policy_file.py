"""Reading a policy: what is not understood is refused, by its line, with what to write instead."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from policies import policy, text_of

from isthmus.adapters.residency.shipped import PRESETS, PolicyUnreadable, facts, policy_of
from isthmus.core.residency.finding import Rule
from isthmus.core.residency.policy import Verb
from isthmus.core.residency.policy_file import PolicyInvalid, read_policy

EXCEPTION = """
[[exceptions]]
rule = "country"
data = ["market"]
in = ["US"]
reason = "a licence asks for it"
approved_by = "A. Officer"
until = 2027-06-30
"""


def test_countries_and_jurisdictions_are_allowed_by_class_of_data() -> None:
    read = policy(
        "EU", process=["EU", "CH"], more='\n[data.market]\nstore = ["US"]\nprocess = ["US"]\nreplicate = []\n'
    )

    assert read.allowed(["personal"], Verb.STORE) == facts().jurisdictions["EU"].countries
    assert "CH" in read.allowed(["personal"], Verb.PROCESS)
    assert read.allowed(["market"], Verb.STORE) == {"US"}
    assert read.allowed(["market"], Verb.REPLICATE) == frozenset()
    assert read.allowed(["personal", "market"], Verb.STORE) == frozenset()
    assert read.refused(["personal", "market"], Verb.STORE, ["US"]) == ("personal",)


def test_no_country_at_all_is_never_an_allowed_one() -> None:
    assert policy("EU").refused(["personal"], Verb.STORE, []) == ("personal",)


def test_an_exception_counts_until_its_day_and_not_after() -> None:
    read = policy("EU", more=EXCEPTION)

    assert [one.rule for one in read.on(date(2027, 6, 30)).exemptions] == [Rule.COUNTRY]
    assert read.on(date(2027, 7, 1)).exemptions == ()


WRONG = {
    "no TOML": ("title = ", "residency.toml: it is not TOML"),
    "an unknown key": (text_of(["EU"], more="\n[defaults]\n"), "there is no key 'defaults' (did you mean default?)"),
    "an unknown verb": (text_of(["EU"], more='stores = ["EU"]\n'), "residency.toml:7: there is no key 'stores'"),
    "an unknown country": (text_of(["EU", "XX"]), "residency.toml:4: there is no country 'XX'"),
    "the UK": (text_of(["UK"]), "residency.toml:4: there is no country 'UK' (did you mean GB?)"),
    "a name": (text_of(["germany"]), "(did you mean DE?)"),
    "lower case": (text_of(["eu"]), "(did you mean EU?)"),
    "an unknown class": (
        text_of(["EU"], more="\n[data.persnal]\n"),
        "residency.toml:8: there is no class of data 'persnal' (did you mean personal?)",
    ),
    "no default": ('title = "x"', "residency.toml: the policy has no default (add default)"),
    "no title": ("[default]\nstore = []\nprocess = []\nreplicate = []", "the policy has no title"),
    "a verb left out": (
        text_of(["EU"], more='\n[data.market]\nstore = ["US"]\n'),
        "residency.toml:8: [data.market] has no process",
    ),
    "no list": ('title = "x"\n[default]\nstore = "EU"\nprocess = []\nreplicate = []', ":3: store is no list of texts"),
    "no reason": (
        text_of(["EU"], more=EXCEPTION.replace('reason = "a licence asks for it"\n', "")),
        "residency.toml:8: [exceptions] has no reason",
    ),
    "an empty reason": (
        text_of(["EU"], more=EXCEPTION.replace("a licence asks for it", " ")),
        "residency.toml:12: reason says nothing",
    ),
    "no person": (
        text_of(["EU"], more=EXCEPTION.replace('approved_by = "A. Officer"\n', "")),
        "[exceptions] has no approved_by",
    ),
    "no expiry": (text_of(["EU"], more=EXCEPTION.replace("until = 2027-06-30\n", "")), "[exceptions] has no until"),
    "an expiry in quotes": (
        text_of(["EU"], more=EXCEPTION.replace("2027-06-30", '"2027-06-30"')),
        "residency.toml:14: until is no day (write until = 2027-06-30, without quotation marks)",
    ),
    "an unknown rule in the second exception": (
        text_of(["EU"], more=EXCEPTION + EXCEPTION.replace('"country"', '"countries"')),
        "residency.toml:17: there is no rule 'countries' (did you mean country?)",
    ),
    "an exception of everything": (
        text_of(["EU"], more=EXCEPTION.replace('data = ["market"]\nin = ["US"]\n', "")),
        "residency.toml:8: the exception excepts everything from its rule",
    ),
    "a key of an exception": (text_of(["EU"], more=EXCEPTION + 'why = "?"\n'), "there is no key 'why'"),
    "something existing nowhere": (
        text_of(["EU"], more='\n[[existing]]\nwhat = "gs://state"\ncountry = "EU"\nby = "me"\non = 2026-01-01\n'),
        "residency.toml:10: there is no country 'EU'",
    ),
    "a service that is none": (
        text_of(
            ["EU"], more='\n[[available]]\nservices = ["workflow"]\nregion = "me-west1"\nby = "me"\non = 2026-01-01\n'
        ),
        "residency.toml:9: there is no service 'workflow' (did you mean workflows?)",
    ),
    "a service of the other cloud": (
        text_of(
            ["EU"],
            more='\n[[available]]\nservices = ["workflows"]\nregion = "westeurope"\nby = "me"\non = 2026-01-01\n',
        ),
        "residency.toml:10: there is no region of google 'westeurope'",
    ),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_what_is_not_understood_is_refused_by_its_line(mistake: str) -> None:
    text, words = WRONG[mistake]

    with pytest.raises(PolicyInvalid) as refused:
        read_policy(text, facts(), name="residency.toml")

    assert words in str(refused.value)
    assert str(refused.value).endswith("[ISTH275]")


def test_classes_of_ones_own_are_named_before_they_are_used() -> None:
    text = 'own_classes = ["trade_secret"]\n' + text_of(
        ["EU"], more='\n[data.trade_secret]\nstore = ["DE"]\nprocess = ["DE"]\nreplicate = ["DE"]\n'
    )

    read = read_policy(text, facts(), name="residency.toml")

    assert read.allowed(["trade_secret"], Verb.STORE) == {"DE"}


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_can_be_read_and_says_its_source_date_and_how_sure_it_is(preset: str) -> None:
    read = policy_of(preset)

    assert read.title
    assert read.source
    assert read.dated
    assert read.sure
    assert read.default.store


def test_the_policy_in_the_documentation_can_be_read() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "residency.md").read_text("utf-8")
    written = page.partition("```toml\n")[2].partition("```")[0]

    read = read_policy(written, facts(), name="docs/residency.md")

    assert read.place_of("gs://our-state") == "DE"
    assert read.exemptions[0].rule is Rule.WORKFLOWS_VARIABLES
    assert read.available[0].services == ("pubsub", "cloud_sql")


def test_a_policy_that_is_no_file_and_no_preset_names_the_presets() -> None:
    with pytest.raises(PolicyUnreadable, match="presets are: eu, eu-data-boundary"):
        policy_of("europe")


def test_a_policy_may_be_given_as_its_text() -> None:
    assert policy_of(text_of(["IN"])).default.store == {"IN"}
