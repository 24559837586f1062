"""Every planted leak is caught, by the resource, property, country and rule; good programs have no finding."""

from __future__ import annotations

import msgspec
import pytest
from planted import AZURE, GOOGLE, Change, Leak, good, put
from policies import policy

from isthmus.adapters.residency.shipped import facts
from isthmus.core.residency.finding import Finding, standing
from isthmus.core.residency.policy import Policy
from isthmus.core.residency.preview.judge import judge, pairs_judged, state_backend
from isthmus.core.residency.preview.resource import Resource, read_preview

KNOWN = facts()
POLICIES = {"azure": policy("NL", "SE"), "google": policy("NL", "DE")}
GOOD = {cloud: good(cloud) for cloud in POLICIES}
LEAKS = [pytest.param("azure", one, id=f"azure-{n}-{one.resource}-{one.property}") for n, one in enumerate(AZURE)]
LEAKS += [pytest.param("google", one, id=f"google-{n}-{one.resource}-{one.property}") for n, one in enumerate(GOOGLE)]


def findings(cloud: str, resources: list[Resource]) -> list[Finding]:
    return judge(resources, POLICIES[cloud], KNOWN)


@pytest.mark.parametrize("cloud", POLICIES)
def test_a_good_program_has_no_finding(cloud: str) -> None:
    assert [str(one) for one in findings(cloud, GOOD[cloud])] == []


@pytest.mark.parametrize("cloud", POLICIES)
def test_a_good_program_is_no_longer_good_by_a_stricter_policy(cloud: str) -> None:
    places = {one.property for one in judge(GOOD[cloud], policy("NL"), KNOWN)}

    assert "location" in places


@pytest.mark.parametrize(("cloud", "leak"), LEAKS)
def test_a_planted_leak_is_caught(cloud: str, leak: Leak) -> None:
    found = findings(cloud, leak.change(GOOD[cloud]))

    caught = [one for one in found if (one.resource, one.property) == (leak.resource, leak.property)]
    assert [one.rule.value for one in caught] == [leak.rule], [str(one) for one in found]
    assert caught[0].type == leak.type
    assert leak.country in caught[0].countries if leak.country else not caught[0].countries
    said = str(caught[0])
    assert said.startswith(f"{leak.resource} ({leak.type})")
    assert leak.property in said
    assert KNOWN.spoken(leak.country) in said if leak.country else "no" in said
    assert said.endswith(f"[rule {leak.rule}]")


def test_there_are_enough_leaks_over_enough_types_and_properties() -> None:
    azure, google = ({(one.type, one.property) for one in leaks} for leaks in (AZURE, GOOGLE))

    assert len(AZURE) + len(GOOGLE) >= 60
    assert len(azure) >= 20
    assert len(google) >= 20
    assert len(pairs_judged("azure")) > len(pairs_judged("google")) > 60


OURS = '\n[data.personal]\nstore = ["NL"]\nprocess = ["NL"]\nreplicate = ["NL"]\n'


def test_a_label_says_which_classes_a_resource_holds() -> None:
    strict = policy("ANYWHERE", more=OURS)
    found = {one.resource: one for one in judge(GOOD["google"], strict, KNOWN)}

    assert found["ledger"].data == ("personal",)
    assert "code" not in found
    assert found["risk"].data == ("personal",)


@pytest.mark.parametrize("label", ["persnal", "", "personal market", "none-personal"])
def test_a_label_that_is_not_understood_makes_a_resource_hold_everything(label: str) -> None:
    bucket = Resource(
        urn="bucket",
        type="gcp:storage/bucket:Bucket",
        properties={"location": "europe-west2", "labels": {"isthmus-data": label}},
    )

    (found,) = judge([bucket], policy("GB", more=OURS), KNOWN)

    assert found.data == ("personal",)


def test_a_place_comes_from_the_configuration_of_the_provider_when_the_resource_names_none() -> None:
    def deployed(region: str) -> list[Resource]:
        provider = Resource(urn="p", type="pulumi:providers:gcp", properties={"region": region})
        job = Resource(urn="job", type="gcp:cloudscheduler/job:Job", properties={"region": region}, provider="p")
        flow = Resource(urn="f", type="gcp:redis/cluster:Cluster", properties={}, provider="p")
        return [provider, job, flow]

    assert judge(deployed("europe-west4"), POLICIES["google"], KNOWN) == []
    assert [one.resource for one in judge(deployed("us-east1"), POLICIES["google"], KNOWN)] == ["job", "f"]


def test_no_finding_shows_the_key_in_a_connection_string() -> None:
    for end in ("", "https://eastus-8.in.applicationinsights.azure.com/"):
        change = put("app", "siteConfig.appSettings.1.value", f"InstrumentationKey=a-key;IngestionEndpoint={end}")
        found = findings("azure", change(GOOD["azure"]))

        assert found
        assert "a-key" not in "".join(str(one) for one in found)


STATES = [
    ("https://api.pulumi.com", "https://api.pulumi.com is not in this deployment"),
    ("file:///srv/state", "is not in this deployment"),
    ("gs://elsewhere", "is not in this deployment"),
    ("azblob://state?storage_account=elsewhere", "is not in this deployment"),
]


@pytest.mark.parametrize(("url", "words"), STATES)
def test_the_place_of_the_state_is_judged_too(url: str, words: str) -> None:
    (found,) = judge([state_backend(url)], POLICIES["azure"], KNOWN)

    assert found.rule.value == "cannot-be-known"
    assert found.property == "url"
    assert words in str(found)


def existing(what: str, country: str) -> Policy:
    return policy("NL", more=f'\n[[existing]]\nwhat = "{what}"\ncountry = "{country}"\nby = "me"\non = 2026-11-01\n')


def test_what_has_the_same_name_in_another_project_is_not_the_same() -> None:
    name = next(one.properties["name"] for one in GOOD["google"] if one.urn.endswith("Topic::dead"))

    def found(project: str) -> list[str]:
        change = put("orders-kept", "deadLetterPolicy.deadLetterTopic", f"projects/{project}/topics/{name}")
        return [one.property for one in findings("google", change(GOOD["google"]))]

    assert found("desk") == []
    assert found("other") == ["deadLetterPolicy.deadLetterTopic"]


ALIKE = [
    put("orders-pushed", "pushConfig.pushEndpoint", "https://desk-123.europe-west4.run.app/orders"),
    put("socket", "template.containers.0.image", "gcr.io/google.com/cloudsdktool/google-cloud-cli:slim"),
    put("code", "location", "EUROPE-WEST3"),
    put("to-bucket", "destination", "logging.googleapis.com/projects/other/locations/europe-west3/buckets/all"),
    put("documents", "locationId", "europe-west3"),
]


@pytest.mark.parametrize("change", ALIKE)
def test_a_change_that_keeps_everything_within_the_policy_has_no_finding(change: Change) -> None:
    assert [str(one) for one in findings("google", change(GOOD["google"]))] == []


def test_what_exists_is_where_the_policy_says() -> None:
    state = [state_backend("gs://our-state")]

    assert judge(state, existing("gs://our-state", "NL"), KNOWN) == []
    assert judge(state, existing("gs://our-state", "US"), KNOWN)[0].countries == ("US",)


def test_the_default_log_bucket_of_a_project_may_be_said_to_be_in_a_country() -> None:
    without = [one for one in GOOD["google"] if one.name != "logs"]
    said = existing("_Default", "DE")
    allowed = msgspec.structs.replace(said, default=POLICIES["google"].default)

    assert judge(without, allowed, KNOWN) == []
    assert [one.countries for one in judge(without, said, KNOWN) if "_Default" in one.resource] == [("DE",)]


EXCEPTED = """
[[exceptions]]
rule = "cannot-be-known"
resource = "lake"
reason = "it holds public prices"
approved_by = "A. Officer"
until = 2027-01-01
"""


def test_an_exception_covers_the_resource_that_it_names_and_no_other() -> None:
    lakes = [
        Resource(urn=f"urn:pulumi:dev::desk::lake:index:Lake::{name}", type="lake:index:Lake", properties={})
        for name in ("lake", "pond")
    ]

    found = judge(lakes, policy("NL", more=EXCEPTED), KNOWN)

    assert [one.exemption is not None for one in found] == [True, False]
    assert [one.resource for one in standing(found)] == ["pond"]


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b'{"steps": [{"op": 1}]}', b'{"steps": [{"op": "same", "newState": 5}]}']
)
def test_what_is_no_preview_is_refused(text: bytes) -> None:
    with pytest.raises(Exception, match="it is no preview") as refused:
        read_preview(text, name="preview.json")

    assert str(refused.value).endswith("[ISTH279]")


def test_what_a_preview_deletes_and_components_are_left_out() -> None:
    state = {"urn": "urn:pulumi:dev::desk::a:b:C::one", "type": "a:b:C", "custom": True, "inputs": {"x": 1}}
    steps = [
        {"op": "delete", "oldState": state},
        {"op": "same", "newState": {**state, "custom": False}},
        {"op": "same", "newState": state},
    ]

    (only,) = read_preview(msgspec.json.encode({"steps": steps}), name="preview.json")

    assert only.name == "one"
    assert only.properties == {"x": 1}
