"""Telemetry: a log bucket in the region, to which what the App's parts write is led, and who may write."""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_gcp import logging

from isthmus.provision.demand import Demand
from isthmus.provision.google_target.identity import MIGRATIONS, Identities
from isthmus.provision.google_target.site import Site

DAYS: Final = 90


class Telemetry(pulumi.ComponentResource):
    """Make where logs go, or use the bucket that is there."""

    def __init__(self, site: Site, identities: Identities, demand: Demand, parent: pulumi.Resource) -> None:
        super().__init__("isthmus:google:Telemetry", "telemetry", None, pulumi.ResourceOptions(parent=parent))
        bucket: pulumi.Input[str] = site.stack.existing.log_workspace or self._bucket(site)
        prefix = site.names.whole("", longest=40)
        logging.ProjectSink(
            site.names.of("logs"),
            project=site.project,
            destination=pulumi.Output.concat("logging.googleapis.com/", bucket),
            filter=f'resource.labels.service_name:"{prefix}" OR resource.type="workflows.googleapis.com/Workflow"',
            unique_writer_identity=True,
            opts=site.child(self),
        )
        self.ready: list[pulumi.Resource] = [
            identities.may_in_project(who, role)
            for who in (*(unit.name for unit in demand.units), MIGRATIONS)
            for role in ("roles/logging.logWriter", "roles/cloudtrace.agent")
        ]
        self.register_outputs({})

    def _bucket(self, site: Site) -> pulumi.Output[str]:
        return logging.ProjectBucketConfig(
            "logs",
            project=site.project,
            location=site.region,
            bucket_id=site.names.whole("logs", longest=100),
            retention_days=DAYS,
            description="What the app's parts write",
            opts=site.child(self),
        ).id
