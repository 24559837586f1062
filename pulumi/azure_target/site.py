"""The site: what every part of a deployment on Azure has in common."""

from __future__ import annotations

from typing import NamedTuple

import pulumi
from pulumi_azure_native import authorization, resources

from isthmus.provision.naming import Names
from isthmus.provision.stack import Stack


class Site(NamedTuple):
    """Say where resources go, how they are called, and whose they are."""

    stack: Stack
    names: Names
    group: pulumi.Input[str]
    subscription: pulumi.Output[str]
    tenant: pulumi.Output[str]
    tags: dict[str, str]

    @property
    def region(self) -> str:
        """Return the region, which no resource leaves out: what is left out, the provider chooses."""
        return self.stack.region


def site_of(stack: Stack, names: Names, parent: pulumi.Resource) -> Site:
    """Make the resource group, or take the one that is there."""
    account = authorization.get_client_config_output(opts=pulumi.InvokeOutputOptions(parent=parent))
    tags = {"app": stack.app.partition(":")[0], "stack": stack.name, "environment": stack.environment}
    return Site(
        stack=stack,
        names=names,
        group=stack.existing.resource_group or _made_group(stack, names, tags, parent),
        subscription=account.apply(lambda one: one.subscription_id),
        tenant=account.apply(lambda one: one.tenant_id),
        tags=tags,
    )


def _made_group(stack: Stack, names: Names, tags: dict[str, str], parent: pulumi.Resource) -> pulumi.Output[str]:
    group = resources.ResourceGroup(
        names.of("group"),
        location=stack.region,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, protect=stack.is_production),
    )
    return group.name
