"""Azure itself is told the policy: before data is there, and by tags which data it is."""

from __future__ import annotations

from typing import Any

import pytest
from apps import addresses, brokerage, desk
from recorded import recorded, stack_of
from test_life import Deployed

from isthmus.adapters.residency.shipped import facts, policy_of
from isthmus.core.residency.definitions import ALLOWED_GROUP_LOCATIONS, ALLOWED_LOCATIONS, allowed_regions
from isthmus.core.residency.preview.keys_and_readers import BUILT_IN_ROLES
from isthmus.provision.azure_target.identity import Role
from isthmus.provision.policy import FOLDER

ASSIGNMENT = "azure-native:authorization:PolicyAssignment"
GROUP = "azure-native:resources:ResourceGroup"
LABEL = "isthmus-data"


def allowed(one: dict[str, Any]) -> list[str]:
    return list(one["inputs"]["parameters"]["listOfAllowedLocations"]["value"])


def test_azure_refuses_other_regions_in_the_group_before_anything_else_is_in_it(inline, stand_in, tmp_path) -> None:
    inline(Deployed("azure", brokerage(), tmp_path, residency="eu")).up()

    (made,) = [one for one in stand_in.resources().values() if one["type"] == ASSIGNMENT]
    assert [one.split()[0] for one in stand_in.order[:2]] == [GROUP, ASSIGNMENT]
    assert made["inputs"]["policyDefinitionId"] == ALLOWED_LOCATIONS
    assert made["inputs"]["enforcementMode"] == "Default"
    assert made["inputs"]["scope"] in stand_in.resources(), "it is the group's own id"
    assert allowed(made) == allowed_regions(policy_of("eu"), facts(), "azure", ["financial", "personal"])
    assert "westeurope" in allowed(made)
    assert "uksouth" not in allowed(made)


def test_where_the_stack_may_azure_refuses_other_regions_in_the_subscription_before_the_group_is_made(
    inline, stand_in, tmp_path
) -> None:
    inline(Deployed("azure", brokerage(), tmp_path, residency="eu", residencyScope="subscription")).up()

    made = [one for one in stand_in.resources().values() if one["type"] == ASSIGNMENT]
    assert [one.split()[0] for one in stand_in.order[:3]] == [ASSIGNMENT, ASSIGNMENT, GROUP]
    assert {one["inputs"]["policyDefinitionId"] for one in made} == {ALLOWED_LOCATIONS, ALLOWED_GROUP_LOCATIONS}
    assert {one["inputs"]["scope"].count("/") for one in made} == {2}
    assert allowed(made[0]) == allowed(made[1])


def test_a_policy_that_comes_later_is_assigned_and_nothing_is_made_anew(inline, tmp_path) -> None:
    program = Deployed("azure", addresses(), tmp_path)
    stack = inline(program)
    stack.up()
    program.configuration["residency"] = "eu"

    changed = stack.up()

    assert (changed["create"], changed.get("delete", 0), changed.get("replace", 0)) == (1, 0, 0)
    assert changed["update"] == 2, "the apps are told the policy: home, and what migrates"


def test_a_group_that_is_there_is_confined_too() -> None:
    made = recorded(stack_of("azure", residency="eu", existing={"resourceGroup": "ours"}), desk())

    assert made.one(ASSIGNMENT).inputs["scope"].endswith("/resourceGroups/ours")
    assert made.of(GROUP) == []


def test_without_a_policy_azure_is_told_nothing() -> None:
    assert recorded(stack_of("azure"), brokerage()).of(ASSIGNMENT) == []


def test_two_stacks_confine_one_subscription_without_taking_each_others_names() -> None:
    both = [
        recorded(stack_of("azure", name, residency="eu", residencyScope="subscription"), desk()) for name in ("a", "b")
    ]

    names = [one.inputs["policyAssignmentName"] for made in both for one in made.of(ASSIGNMENT)]
    assert len({*names}) == len(names) == 4


def test_every_resource_says_by_a_tag_which_classes_of_data_it_may_hold() -> None:
    import sdk_types  # noqa: PLC0415

    made = recorded(stack_of("azure"), desk(streams=()))
    tagged = [one for one in made.made if "tags" in sdk_types.inputs_of(one.token)]

    assert [one.name for one in tagged if LABEL not in (one.inputs.get("tags") or {})
            and one.token != "azure-native:resources:Deployment"] == []  # fmt: skip
    said = {one.name: one.inputs["tags"][LABEL] for one in tagged if one.inputs.get("tags")}
    assert said["desk-dev-data"] == "financial-personal"
    assert said["deskdevjournal"] == "financial-personal"
    assert said["desk-dev-orders"] == "financial-personal", "home sends what any unit left"
    assert said["desk-dev-prices"] == "financial"
    assert said["desk-dev-v"] == "personal", "its key opens what is personal"
    assert said["deskdevdeploy"] == "none"


def test_the_policy_pack_finds_nothing_in_what_is_made(inline, surroundings, tmp_path) -> None:
    policy = tmp_path / "residency.toml"
    policy.write_text(POLICY.format(url=surroundings["PULUMI_BACKEND_URL"]), "utf-8")
    surroundings["ISTHMUS_RESIDENCY"] = str(policy)
    stack = inline(Deployed("azure", brokerage(), tmp_path, residency=policy.read_text("utf-8")))

    stack.up(policy_packs=[str(FOLDER)])

    assert "isthmus-residency" in stack.said
    assert "[rule " not in stack.said


def test_the_evidence_names_every_role_that_is_given() -> None:
    assert {*Role} <= {*BUILT_IN_ROLES}


POLICY = """title = "Ours"

[default]
store = ["EU"]
process = ["EU"]
replicate = ["EU"]

[[existing]]
what = "{url}"
country = "NL"
by = "the tests"
on = 2026-11-28
"""


@pytest.mark.parametrize("scope", ["group", "subscription"])
def test_what_is_refused_is_refused_before_anything_is_made(inline, stand_in, tmp_path, scope) -> None:
    stack = inline(Deployed("azure", brokerage(), tmp_path, residency="singapore", residencyScope=scope))

    with pytest.raises(Exception, match="allows no region of azure"):
        stack.up()

    assert stand_in.resources() == {}
