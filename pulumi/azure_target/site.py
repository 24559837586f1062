"""The site: what every part of a deployment on Azure has in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pulumi
from pulumi_azure_native import authorization, resources

from isthmus.core.residency.definitions import labels_for
from isthmus.provision.azure_target.allowed_locations import RESOURCES, assign, told
from isthmus.provision.demand import Demand
from isthmus.provision.naming import Names
from isthmus.provision.residency import policy_today
from isthmus.provision.stack import Stack


class Site(NamedTuple):
    """Say where resources go, how they are called, and whose they are."""

    stack: Stack
    names: Names
    group: pulumi.Input[str]
    """The resource group's name, which is known once Azure refuses other regions in it."""
    subscription: pulumi.Output[str]
    tenant: pulumi.Output[str]
    tags: dict[str, str]
    """What every resource says: that it holds any data of the App's, unless it is known to hold less."""

    @property
    def region(self) -> str:
        """Return the region, which no resource leaves out: what is left out, the provider chooses."""
        return self.stack.region

    def tags_of(self, classes: Iterable[str]) -> dict[str, str]:
        """Return the tags of a resource that holds some classes of data, and no other."""
        return {**self.tags, **labels_for(classes)}


def site_of(stack: Stack, demand: Demand, parent: pulumi.Resource) -> Site:
    """Make the resource group, or take the one that is there, and have Azure refuse other regions in it.

    Raises NowhereAllowed (ISTH170), before anything is made.
    """
    names = Names(demand.app, stack.name)
    account = authorization.get_client_config_output(opts=pulumi.InvokeOutputOptions(parent=parent))
    subscription = account.apply(lambda one: one.subscription_id)
    tags = {"app": stack.app.partition(":")[0], "stack": stack.name, "environment": stack.environment}
    tags |= labels_for(demand.data_classes)
    return Site(
        stack=stack,
        names=names,
        group=_confined_group(stack, names, demand.data_classes, subscription, tags, parent),
        subscription=subscription,
        tenant=account.apply(lambda one: one.tenant_id),
        tags=tags,
    )


def _confined_group(
    stack: Stack,
    names: Names,
    classes: Sequence[str],
    subscription: pulumi.Output[str],
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> pulumi.Input[str]:
    """Return the name of the group, which whatever is made in it waits for."""
    policy = policy_today(stack)
    if policy is None:
        return _group(stack, names, tags, parent, after=())
    definitions = told(policy, classes)
    whole = pulumi.Output.concat("/subscriptions/", subscription)
    if stack.residency_scope == "subscription":
        assigned = [assign(what, one, whole, policy, names, parent) for what, one in definitions.items()]
        group = _group(stack, names, tags, parent, after=assigned)
    else:
        group = _group(stack, names, tags, parent, after=())
        scope = pulumi.Output.concat(whole, "/resourceGroups/", group)
        assigned = [assign(RESOURCES, definitions[RESOURCES], scope, policy, names, parent)]
    return pulumi.Output.all(group, *(one.scope for one in assigned)).apply(lambda known: str(known[0]))


def _group(
    stack: Stack, names: Names, tags: dict[str, str], parent: pulumi.Resource, *, after: Sequence[pulumi.Resource]
) -> pulumi.Input[str]:
    """Return the name of the group that is there, or of one that is made after what it waits for."""
    if stack.existing.resource_group:
        return stack.existing.resource_group
    group = resources.ResourceGroup(
        names.of("group"),
        location=stack.region,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, protect=stack.is_production, depends_on=list(after)),
    )
    return group.name
