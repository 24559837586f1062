"""The evidence: a data map, controls with tests that exist, digests, and what was never seen; as a page and as data."""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from planted import add, good, put
from policies import policy

from isthmus.adapters.residency.shipped import facts
from isthmus.core.residency.evidence import CONTROLS, Evidence, Holding, evidence
from isthmus.core.residency.evidence_page import page
from isthmus.core.residency.policy import Policy
from isthmus.core.residency.preview.resource import Resource

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 12, 1)
POLICIES = {"azure": policy("NL", "SE"), "google": policy("NL", "DE")}


def shown(cloud: str, resources: list[Resource] | None = None, by: Policy | None = None) -> Evidence:
    return evidence(
        good(cloud) if resources is None else resources,
        by or POLICIES[cloud],
        facts(),
        stack="prod",
        on=TODAY,
        inputs={"preview": "0" * 64},
    )


def holding(one: Evidence, name: str) -> Holding:
    return next(each for each in one.holdings if each.resource == name)


def test_the_map_says_what_a_resource_holds_where_and_where_it_is_copied() -> None:
    topics = holding(shown("azure"), "topics")
    books = holding(shown("google"), "books")

    assert topics.data == ("financial", "personal")
    assert (topics.where[0].place, topics.where[0].countries) == ("westeurope", ("NL",))
    assert [one.place for one in books.copied_to] == ["europe-west4", "europe-west4-b"]
    assert books.data == ("personal",)
    assert holding(shown("google"), "risk").labelled is False


def test_a_part_of_another_is_told_with_what_it_is_a_part_of() -> None:
    assert holding(shown("azure"), "journal").part_of == ("ledger",)
    assert holding(shown("google"), "package").part_of == ("code",)


def test_a_part_without_a_label_holds_what_it_is_a_part_of_holds() -> None:
    unlabelled = put("ledger", "tags", {})(good("azure"))
    unclear = put("ledger", "tags", {"isthmus-data": "everything"})(good("azure"))

    whole, part = holding(shown("azure"), "ledger"), holding(shown("azure"), "journal")
    assert (whole.labelled, part.labelled, part.data) == (True, True, whole.data)
    assert holding(shown("azure", unlabelled), "journal").labelled is False
    assert holding(shown("azure", unclear), "journal").labelled is False


def test_the_map_begins_with_what_holds_a_class_and_keeps_parts_with_their_whole() -> None:
    map_ = shown("azure").holdings
    names = [one.resource for one in map_]
    of_none = [one.labelled and one.data == ("unclassified",) for one in map_]

    assert map_[0].labelled
    assert map_[0].data != ("unclassified",)
    assert of_none == sorted(of_none)
    assert names.index("journal") - names.index("ledger") in range(1, 4)


def test_a_copy_in_the_paired_region_is_told_by_that_regions_name() -> None:
    copied = holding(shown("azure", put("ledger", "sku.name", "Standard_GRS")(good("azure"))), "ledger")

    assert [(one.place, one.countries) for one in copied.copied_to] == [("northeurope", ("IE",))]


def test_keys_of_the_customer_are_named_and_those_of_the_cloud_are_said_to_be() -> None:
    keyed = put("history", "defaultEncryptionConfiguration", {"kmsKeyName": "projects/desk/…/master"})(good("google"))

    assert holding(shown("google", keyed), "history").key == "projects/desk/…/master"
    assert holding(shown("google"), "history").key == "a key of the cloud's"


def test_who_was_given_a_role_is_named_with_it() -> None:
    (reader,) = holding(shown("google"), "journal").readers

    assert (reader.who, reader.role) == (
        "serviceAccount:desk-app@desk.iam.gserviceaccount.com",
        "roles/storage.objectViewer",
    )
    assert holding(shown("google"), "ledger").readers == ()


def test_what_holds_no_data_is_not_in_the_map_and_everything_else_is() -> None:
    names = {one.resource for one in shown("google").holdings}

    assert not names & {"who", "api", "reader", "net"}
    assert {"journal", "books", "orders", "flow", "app", "keys", "password"} <= names


@pytest.mark.parametrize("cloud", POLICIES)
def test_controls_are_those_of_the_cloud_that_is_used(cloud: str) -> None:
    names = [one.name for one in shown(cloud).controls]

    assert ("The cloud refuses, Azure" in names) == (cloud == "azure")
    assert ("The cloud refuses, Google" in names) == (cloud == "google")


def test_every_test_behind_a_control_is_there() -> None:
    for *_, test in CONTROLS:
        file, _, name = test.partition("::")
        text = (ROOT / file).read_text("utf-8")
        assert f"def {name}(" in text if name else text


def test_findings_and_exceptions_are_shown_those_that_ran_out_apart() -> None:
    def exception(until: str) -> str:
        return (
            '\n[[exceptions]]\nrule = "country"\nresource = "lake"\nreason = "prices"\napproved_by = "A. Officer"\n'
            f"until = {until}\n"
        )

    lake = add("gcp:storage/bucket:Bucket", "lake", location="us-east1")(good("google"))
    valid = shown("google", lake, policy("NL", "DE", more=exception("2026-12-01")))
    expired = shown("google", lake, policy("NL", "DE", more=exception("2026-11-30")))

    assert (len(valid.findings), len(valid.excepted), len(valid.expired)) == (0, 1, 0)
    assert (len(expired.findings), len(expired.excepted), len(expired.expired)) == (1, 0, 1)
    assert "A. Officer" in page(valid)
    assert "Exceptions that have run out" in page(expired)


class Reader(HTMLParser):
    """Read a page as a browser and a screen reader would."""

    VOID = ("meta", "br", "wbr")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.headers_without_scope = 0
        self.elsewhere: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.elsewhere += [value or "" for name, value in attrs if name in ("src", "href")]
        self.headers_without_scope += tag == "th" and "scope" not in dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("cloud", POLICIES)
def test_the_page_needs_nothing_else_and_can_be_read_aloud(cloud: str) -> None:
    reader = Reader()
    text = page(shown(cloud))
    reader.feed(text)

    assert reader.open == []
    assert reader.elsewhere == []
    assert reader.headers_without_scope == 0
    assert reader.seen.count("h1") == 1
    assert reader.seen.count("table") == reader.seen.count("caption")
    assert "script" not in reader.seen
    assert '<html lang="en">' in text
    assert "Nothing here was run in Azure or in Google Cloud" in text
    assert "0" * 64 in text


def test_a_name_breaks_after_what_separates_its_parts_and_a_day_never() -> None:
    text = page(shown("azure"))

    assert "<code>azure-native:<wbr>storage:<wbr>StorageAccount</code>" in text
    assert '<span class="day">2026-12-01</span>' in text
    assert "<wbr>;" not in page(shown("azure", add("a:b:C", "x&<y>:z", location="here")(good("azure"))))


def test_a_name_that_is_markup_stays_text() -> None:
    strange = add("gcp:storage/bucket:Bucket", "<script>alert(1)</script>", location="<b>")(good("google"))

    assert "<script>" not in page(shown("google", strange))
    assert "<b>" not in page(shown("google", strange))


def test_the_page_says_whether_the_deployment_is_within_the_policy() -> None:
    assert "No finding: every resource of the preview is within the policy." in page(shown("azure"))
    told = page(shown("azure", put("ledger", "location", "uksouth")(good("azure"))))
    assert re.search(r"\d+ findings?: this deployment is not within the policy\.", told)
