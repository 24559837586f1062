"""The stand-in refuses what the clouds document as refused: each has a page, and a resource that breaks it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import sdk_types
from apps import desk
from broken import BROKEN
from broken_on_google import BROKEN_ON_GOOGLE
from preconditions import all_rules, broken, broken_alone
from recorded import Made, Recorded, recorded, stack_of

PAGE = Path(__file__).parent / "preconditions.md"
RULES = {one.name: one for one in all_rules()}


def page() -> str:
    """Return the list of conditions as it is kept for readers."""
    rows = sorted(f"| {one.says} | {', '.join(one.tokens)} | {one.source} |" for one in all_rules())
    return "\n".join(
        [
            "# Preconditions that the stand-in holds resources to",
            "",
            f"{len(rows)} conditions that no type of the SDKs states, each with the page that states it. A test keeps",
            "this list: `UPDATE_PAGES=1 python -m pytest tests/pulumi/test_preconditions.py` writes it anew.",
            "",
            "| condition | of | source |",
            "| --- | --- | --- |",
            *rows,
            "",
        ]
    )


def test_every_condition_is_listed_with_its_source() -> None:
    import os  # noqa: PLC0415

    if os.environ.get("UPDATE_PAGES"):
        PAGE.write_text(page(), "utf-8")

    assert PAGE.read_text("utf-8") == page()
    assert len(RULES) >= 30
    assert all(one.source.startswith(("https://", "pulumi-")) for one in RULES.values())


@pytest.fixture(scope="session")
def good() -> dict[str, Any]:
    """Return programs that break nothing: everything that an App can have, on both clouds."""
    return {
        cloud: recorded(stack_of(cloud, environment="production", budget=budget, **more), desk())
        for cloud, budget, more in (
            (
                "azure",
                {"amount": 5, "since": "2027-01-01", "alert": ["a@example.com"]},
                {"residency": "eu", "residencyScope": "subscription"},
            ),
            (
                "google",
                {"amount": 5, "since": "2027-01-01", "alert": ["a@example.com"], "billingAccount": "1"},
                {"residency": "eu", "existing": {}, "project": {"folder": 1, "billingAccount": "1"}},
            ),
        )
    }


ALL_BROKEN = [*BROKEN, *BROKEN_ON_GOOGLE]


def test_every_bound_and_order_of_google_is_broken_once() -> None:
    modules = {"google_bounds", "google_order"}

    assert {name for name, one in RULES.items() if one.check.__module__ in modules} == {
        name for name, _, _ in BROKEN_ON_GOOGLE
    }


@pytest.mark.parametrize(("name", "token", "changed"), ALL_BROKEN, ids=[one[0] for one in ALL_BROKEN])
def test_a_good_resource_with_one_thing_changed_breaks_the_condition(name, token, changed, good) -> None:
    made = good["azure" if token.startswith("azure") else "google"]
    one = next(one for one in made.of(token) if not callable(changed) or applies(one, changed))
    inputs = changed_inputs(one, changed)
    world = world_of(made, one)

    def found(values: dict[str, Any]) -> list[str]:
        rule = RULES[name]
        return broken(token, values, world) if rule.looks_around else broken_alone(token, values)

    assert [fault for fault in found(one.inputs) if name in fault] == [], "it was good before"
    assert [fault for fault in found(inputs) if name in fault] != []


@pytest.mark.parametrize(
    "grant", ["builds-read-packages", "builds-write-images", "builds-logwriter", "builds-objectviewer"]
)
def test_a_build_needs_each_of_its_roles_at_its_bucket_or_repository(grant: str, good: dict[str, Any]) -> None:
    name = "the_account_that_builds_may_read_packages_and_write_logs_and_images"
    made = good["google"]
    function = made.of("gcp:cloudfunctionsv2/function:Function")[0]
    without = Recorded(one for one in made.made if one.name != grant)

    assert len(without.made) == len(made.made) - 1
    assert [one for one in broken(function.token, function.inputs, world_of(made, function)) if name in one] == []
    assert [one for one in broken(function.token, function.inputs, world_of(without, function)) if name in one] != []


def applies(one: Made, changed: Any) -> bool:
    try:
        return changed_inputs(one, changed) != one.inputs
    except (KeyError, IndexError, TypeError):
        return False


def changed_inputs(one: Made, changed: Any) -> dict[str, Any]:
    inputs = copy.deepcopy({key: value for key, value in one.inputs.items() if key != "source"})
    if callable(changed):
        changed(inputs)
        return inputs
    for path, value in changed.items():
        *steps, last = path.split(".")
        inside = inputs
        for step in steps:
            inside = inside.setdefault(step, {})
        inside[last] = value
    return inputs


def world_of(made: Any, besides: Made) -> dict[str, Any]:
    """Return everything else that the program makes, as the stand-in keeps it."""
    import computed  # noqa: PLC0415

    world = {}
    for one in made.made:
        if one is besides:
            continue
        identifier, known = computed.identity(one.token, one.inputs, {})
        world[identifier] = {"type": one.token, "inputs": one.inputs, "state": {**one.inputs, **known}}
    return world


@pytest.mark.parametrize(
    ("token", "inputs", "says"),
    [
        ("azure-native:storage:StorageAcount", {}, "there is no azure-native:storage:StorageAcount"),
        ("azure-native:storage:StorageAccount", {"kind": "StorageV2", "sku": {"name": "x"}}, "resourceGroupName"),
        (
            "azure-native:storage:StorageAccount",
            {"kind": "StorageV2", "resourceGroupName": "g", "sku": {"name": "Standard_TYPO"}},
            "'Standard_TYPO' is none of",
        ),
        ("gcp:pubsub/topic:Topic", {"messageStoragePolicy": {"allowedRegions": ["x"]}}, "has no such property"),
        ("gcp:pubsub/subscription:Subscription", {"topic": "t", "ackDeadlineSeconds": 1.5}, "a whole number"),
        ("azure-native:network:VirtualNetwork", {"addressSpace": {}}, "resourceGroupName"),
    ],
)
def test_the_stand_in_refuses_what_the_sdks_types_refuse(token, inputs, says) -> None:
    assert says in " ".join(sdk_types.faults(token, inputs))
