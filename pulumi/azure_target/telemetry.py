"""Telemetry: a workspace of logs in the region, and the component that functions write to by their identity."""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_azure_native import applicationinsights, operationalinsights

from isthmus.provision.azure_target.identity import Identities, Role
from isthmus.provision.azure_target.site import Site
from isthmus.provision.demand import Demand

DAYS: Final = 90


class Telemetry(pulumi.ComponentResource):
    """Make where logs and traces go, or use the workspace that is there."""

    def __init__(self, site: Site, identities: Identities, demand: Demand, parent: pulumi.Resource) -> None:
        super().__init__("isthmus:azure:Telemetry", "telemetry", None, pulumi.ResourceOptions(parent=parent))
        workspace: pulumi.Input[str] = site.stack.existing.log_workspace or self._workspace(site)
        component = applicationinsights.Component(
            site.names.of("telemetry"),
            resource_group_name=site.group,
            location=site.region,
            kind="web",
            application_type="web",
            ingestion_mode="LogAnalytics",
            workspace_resource_id=workspace,
            disable_local_auth=True,
            tags=site.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        # It names the place and the component, and is no credential where local authentication is off.
        self.connection = component.connection_string
        self.ready: list[pulumi.Resource] = [
            identities.may(unit.name, Role.METRICS_PUBLISHER, component.id, "telemetry") for unit in demand.units
        ]
        self.register_outputs({})

    def _workspace(self, site: Site) -> pulumi.Output[str]:
        return operationalinsights.Workspace(
            site.names.of("logs", longest=63),
            resource_group_name=site.group,
            location=site.region,
            sku={"name": "PerGB2018"},
            retention_in_days=DAYS,
            features={"disable_local_auth": True, "enable_log_access_using_only_resource_permissions": True},
            tags=site.tags,
            opts=pulumi.ResourceOptions(parent=self),
        ).id
