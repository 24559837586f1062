"""Workflows: the scheduler and the task hub that carry orchestrations on. What a run is stands in the database.

The scheduler answers in the network, by its private endpoint: no service tag names it, so functions have no other way.
https://learn.microsoft.com/azure/durable-task/scheduler/durable-task-scheduler-private-endpoints
"""

from __future__ import annotations

import re
from typing import Final

import pulumi
from pulumi_azure_native import durabletask

from isthmus.provision.azure_target.identity import Identities, Role
from isthmus.provision.azure_target.network import Network
from isthmus.provision.azure_target.site import Site
from isthmus.provision.demand import Demand

ZONE: Final = "privatelink.durabletask.io"


class Workflows(pulumi.ComponentResource):
    """Make a Durable Task Scheduler with the hub of the App."""

    def __init__(
        self, site: Site, network: Network, identities: Identities, demand: Demand, parent: pulumi.Resource
    ) -> None:
        super().__init__("isthmus:azure:Workflows", "workflows", None, pulumi.ResourceOptions(parent=parent))
        child = pulumi.ResourceOptions(parent=self)
        production, deployers = site.stack.is_production, site.stack.deployers
        scheduler = durabletask.Scheduler(
            site.names.of("tasks"),
            resource_group_name=site.group,
            location=site.region,
            properties={
                "public_network_access": "Enabled" if deployers else "Disabled",
                "ip_allowlist": list(deployers),
                "sku": {"name": "Dedicated", "capacity": 1} if production else {"name": "Consumption"},
            },
            tags=site.tags,
            opts=child,
        )
        self.hub_name = hub_name(demand.app)
        hub = durabletask.TaskHub(
            self.hub_name,
            task_hub_name=self.hub_name,
            scheduler_name=scheduler.name,
            resource_group_name=site.group,
            opts=child,
        )
        self.endpoint = scheduler.properties.apply(lambda properties: properties.endpoint)
        self.ready: list[pulumi.Resource] = [
            network.endpoint("tasks", scheduler.id, "scheduler", ZONE),
            identities.may(demand.home.name, Role.DURABLE_TASK_CONTRIBUTOR, hub.id, "hub"),
        ]
        self.register_outputs({})

    def connection(self, client_id: pulumi.Input[str]) -> pulumi.Output[str]:
        """Return how the host reaches the hub by an identity: it holds no secret."""
        return pulumi.Output.concat("Endpoint=", self.endpoint, ";Authentication=ManagedIdentity;ClientID=", client_id)


def hub_name(app: str) -> str:
    """Return the name of an App's hub, as its host.json has it: letters and digits, a letter first."""
    return "".join(re.findall(r"[A-Za-z0-9]", app)).lstrip("0123456789") or "isthmus"
