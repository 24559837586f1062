"""What Azure documents of policies that are assigned, and what they then refuse."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from azure_preconditions import ACCOUNT, APP, ENDPOINT, NAMES, NAMESPACE, NETWORK, PLAN, SCRIPT, SERVER, VAULT
from preconditions import LEARN, Asked, World, rule

ASSIGNMENT = "azure-native:authorization:PolicyAssignment"
GROUP = "azure-native:resources:ResourceGroup"
DEFINITIONS = "/providers/Microsoft.Authorization/policyDefinitions"
LOCATIONS = f"{DEFINITIONS}/e56962a6-4747-49cd-b67b-bf8b01975c4c"
GROUP_LOCATIONS = f"{DEFINITIONS}/e765b5de-1225-4ba3-bd56-1ac6695af988"
BUILT_IN = f"{LEARN}/governance/policy/samples/built-in-policies#general"
PARAMETERS = {LOCATIONS: {"listOfAllowedLocations"}, GROUP_LOCATIONS: {"listOfAllowedLocations"}}
LOCATED = (
    ACCOUNT,
    APP,
    ENDPOINT,
    NAMESPACE,
    NETWORK,
    PLAN,
    SCRIPT,
    SERVER,
    VAULT,
    "azure-native:applicationinsights:Component",
    "azure-native:durabletask:Scheduler",
    "azure-native:eventhub:Namespace",
    "azure-native:managedidentity:UserAssignedIdentity",
    "azure-native:network:AzureFirewall",
    "azure-native:network:FirewallPolicy",
    "azure-native:network:NetworkSecurityGroup",
    "azure-native:network:PublicIPAddress",
    "azure-native:network:RouteTable",
    "azure-native:operationalinsights:Workspace",
    "azure-native:privatedns:PrivateZone",
    "azure-native:privatedns:VirtualNetworkLink",
)
"""The types with tags and a place, which a definition of mode Indexed looks at."""


@rule(ASSIGNMENT, source=NAMES)
def an_assignment_has_64_characters_at_most_and_24_in_a_management_group(assignment: Asked) -> str:
    name = assignment["policyAssignmentName"] or ""
    most = 24 if "/managementGroups/" in (assignment["scope"] or "") else 64
    return "" if len(name) <= most else f"{name!r} has {len(name)}"


@rule(ASSIGNMENT, source="https://learn.microsoft.com/rest/api/policy/policy-assignments/create")
def the_name_of_an_assignment_has_none_of_the_characters_that_addresses_use(assignment: Asked) -> str:
    name = assignment["policyAssignmentName"]
    fits = name is None or re.fullmatch(r"[^<>*%&:\\?.+/]*[^<>*%&:\\?.+/ ]+", name)
    return "" if fits else f"{name!r} cannot name one"


@rule(ASSIGNMENT, source=f"{LEARN}/governance/policy/concepts/assignment-structure#display-name-and-description")
def an_assignment_is_shown_by_128_characters_and_described_by_512_at_most(assignment: Asked) -> str:
    lengths = len(assignment["displayName"] or ""), len(assignment["description"] or "")
    return "" if lengths[0] <= 128 and lengths[1] <= 512 else f"it has {lengths[0]} and {lengths[1]}"


@rule(ASSIGNMENT, source=BUILT_IN)
def an_assignment_gives_its_definition_the_parameters_that_it_has(assignment: Asked) -> str:
    wanted = PARAMETERS.get(assignment["policyDefinitionId"])
    given = assignment["parameters"] or {}
    if wanted is None:
        return (
            "" if assignment["policyDefinitionId"] is None else f"{assignment['policyDefinitionId']} is not known here"
        )
    if wanted != {*given}:
        return f"it takes {', '.join(sorted(wanted))} and is given {', '.join(sorted(given)) or 'none'}"
    empty = [name for name, one in given.items() if not one.get("value")]
    return f"{', '.join(empty)} is empty, and would refuse every resource" if empty else ""


@rule(ASSIGNMENT, source=f"{LEARN}/governance/policy/concepts/scope#assignment-scopes")
def a_policy_is_assigned_to_what_is_there(assignment: Asked, world: World) -> str:
    scope = assignment["scope"] or ""
    if re.fullmatch(r"/subscriptions/[^/]+", scope):
        return ""
    return "" if world.get(scope) else f"{scope} is not there"


@rule(*LOCATED, source=BUILT_IN)
def a_resource_is_only_made_in_a_location_that_is_allowed(asked: Asked, world: World) -> str:
    group = str(asked["resourceGroupName"] or "")
    return refused(asked, world, LOCATIONS, lambda scope: scope.lower().endswith(f"/resourcegroups/{group.lower()}"))


@rule(GROUP, source=BUILT_IN)
def a_group_is_only_made_in_a_location_that_is_allowed(asked: Asked, world: World) -> str:
    return refused(asked, world, GROUP_LOCATIONS, lambda _: False)


def refused(asked: Asked, world: World, definition: str, is_mine: Callable[[str], bool]) -> str:
    """Return what the policies over a resource say against its location; global ones are never refused."""
    location = str(asked["location"] or "")
    if location.lower() in ("", "global"):
        return ""
    for allowed in over(world, definition, is_mine):
        if location.lower() not in allowed:
            return f"{location} is none of {', '.join(allowed)}: RequestDisallowedByPolicy"
    return ""


def over(world: World, definition: str, is_mine: Callable[[str], bool]) -> Iterator[list[str]]:
    """Return the locations that each assignment of a definition allows, over a whole subscription or a group."""
    for one in world.of(ASSIGNMENT):
        scope = str(one["scope"])
        of_all = re.fullmatch(r"/subscriptions/[^/]+", scope) is not None
        if one["policyDefinitionId"] == definition and (of_all or is_mine(scope)):
            yield list(one["parameters.listOfAllowedLocations.value"] or [])
