"""An App meets the stack's policy before anything is asked of a cloud."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from apps import addresses, brokerage
from recorded import recorded, stack_of

from isthmus.core.residency.placement import carriers
from isthmus.core.residency.policy_file import PolicyInvalid
from isthmus.provision.residency import OutsidePolicy, hold_to_residency
from isthmus.provision.stack import Stack

TODAY = date(2026, 12, 1)
AVAILABLE = """title = "Ours"

[default]
store = ["EU"]
process = ["EU"]
replicate = ["EU"]

[[available]]
services = [
  "functions_flex_consumption", "durable_task_scheduler", "service_bus", "postgresql", "key_vault",
  "application_insights",
]
region = "westeurope"
by = "A. Platform"
on = 2026-11-20
"""


@pytest.fixture
def ours(tmp_path: Path) -> str:
    file = tmp_path / "residency.toml"
    file.write_text(AVAILABLE, "utf-8")
    return str(file)


def test_an_app_that_may_be_there_is_deployed_with_the_text_of_its_policy(ours: str) -> None:
    held = hold_to_residency(stack_of("azure", residency=ours), brokerage(), today=TODAY)

    assert held.residency == AVAILABLE


def test_running_code_is_given_the_policy_and_not_a_file_that_it_does_not_have(ours: str) -> None:
    held = hold_to_residency(stack_of("azure", residency=ours), addresses(), today=TODAY)
    made = recorded(held, addresses()).of("azure-native:web:WebApp")

    settings = [{one["name"]: one["value"] for one in app.inputs["siteConfig"]["appSettings"]} for app in made]
    assert [one["ISTHMUS_RESIDENCY"] for one in settings] == [AVAILABLE] * len(made)
    assert {one["ISTHMUS_REGION"] for one in settings} == {"westeurope"}


@pytest.mark.parametrize(
    ("region", "words"),
    [
        ("uksouth", "financial, personal: GB (United Kingdom) is not allowed"),
        ("northeurope", "it is not known that the region has it"),
    ],
)
def test_an_app_that_may_not_be_there_is_refused_with_every_reason(ours: str, region: str, words: str) -> None:
    stack = stack_of("azure", residency=ours, region=region)

    with pytest.raises(OutsidePolicy) as refused:
        hold_to_residency(stack, brokerage(), today=TODAY)

    assert words in str(refused.value)
    assert str(refused.value).endswith("[ISTH171]")


def test_a_listing_of_ones_own_says_that_a_service_is_there(tmp_path: Path, ours: str) -> None:
    files = []
    for service in ("functions_flex_consumption", "durable_task_scheduler", "service_bus", "postgresql", "key_vault"):
        files.append(f"{service}={tmp_path / service}")
        (tmp_path / service).write_text("Name\nnortheurope\n", "utf-8")
    stack = stack_of("azure", residency=ours, region="northeurope", availability=files)

    with pytest.raises(OutsidePolicy) as refused:
        hold_to_residency(stack, brokerage(), today=TODAY)

    assert str(refused.value).count("service ") == 1
    assert "service application_insights" in str(refused.value)


def test_a_region_that_only_a_part_of_an_app_may_be_in_is_refused_for_the_cloud_knows_no_parts(ours: str) -> None:
    part = """
[[exceptions]]
rule = "country"
{names}
reason = "a pilot"
approved_by = "A. Officer"
until = 2026-12-31
"""
    moved = AVAILABLE.replace("westeurope", "uksouth").replace('replicate = ["EU"]', 'replicate = ["EU", "GB"]')
    parts = moved + "".join(part.format(names=f'resource = "{one.name}"') for one in carriers(addresses()))
    whole = moved + part.format(names='in = ["GB"]')

    with pytest.raises(OutsidePolicy, match="does not allow all that is kept in uksouth"):
        hold_to_residency(stack_of("azure", residency=parts, region="uksouth"), addresses(), today=TODAY)

    held = hold_to_residency(stack_of("azure", residency=whole, region="uksouth"), addresses(), today=TODAY)
    assert held.residency == whole


def test_an_ill_policy_is_one_clear_error(tmp_path: Path) -> None:
    file = tmp_path / "residency.toml"
    file.write_text(AVAILABLE.replace('["EU"]', '["Europe"]', 1), "utf-8")

    with pytest.raises(PolicyInvalid, match=r"residency\.toml:4: there is no country 'Europe'"):
        hold_to_residency(stack_of("azure", residency=str(file)), brokerage(), today=TODAY)


def test_without_a_policy_nothing_is_held(ours: str) -> None:
    stack: Stack = stack_of("azure")

    assert hold_to_residency(stack, brokerage(), today=TODAY) is stack
