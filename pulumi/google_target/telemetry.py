"""Telemetry: a log bucket in the stack's region, which the logs of what the stack makes go to, and nowhere else.

A project's own bucket `_Default` is global: a sink of the stack's takes its logs, and an exclusion keeps them out
of that one. What Google writes to `_Required`, who administered what, stays there: no setting moves it.

https://cloud.google.com/logging/docs/regionalized-logs
https://cloud.google.com/logging/docs/routing/overview
"""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_gcp import logging

from isthmus.provision.google_target.site import Site

BUCKET_ID_MAX, SINK_MAX = 100, 100
LOG_DAYS: Final = 365
LABELLED: Final = (
    'resource.labels.service_name =~ "^{0}"',
    'resource.labels.job_name =~ "^{0}"',
    'resource.labels.workflow_id =~ "^{0}"',
    'resource.labels.subscription_id =~ "^{0}"',
    'resource.labels.topic_id =~ "^{0}"',
    'resource.labels.job_id =~ "^{0}"',
    'resource.labels.database_id : ":{0}"',
    'resource.labels.bucket_name =~ "^{0}"',
    'resource.labels.function_name =~ "^{0}"',
    'resource.labels.subnetwork_name =~ "^{0}"',
    'resource.type = "build"',
)
"""What the logs of the stack's resources are known by, their names beginning alike; builds carry no name."""


class Telemetry(pulumi.ComponentResource):
    """Keep the stack's logs in its region, in a bucket of its own or in the one that is there."""

    def __init__(self, site: Site, parent: pulumi.Resource) -> None:
        super().__init__("isthmus:google:Telemetry", "telemetry", None, pulumi.ResourceOptions(parent=parent))
        destination: pulumi.Input[str]
        if site.stack.existing.log_workspace:
            destination = site.stack.existing.log_workspace
        else:
            bucket = logging.ProjectBucketConfig(
                "logs",
                project=site.project,
                location=site.region,
                bucket_id=site.names.whole("logs", longest=BUCKET_ID_MAX),
                description=f"the logs of stack {site.stack.name}",
                retention_days=LOG_DAYS,
                opts=site.options(self, "logging"),
            )
            destination = bucket.id
        ours = filter_of(site.prefix)
        sink = logging.ProjectSink(
            site.names.of("logs", longest=SINK_MAX),
            project=site.project,
            destination=pulumi.Output.concat("logging.googleapis.com/", destination),
            filter=ours,
            unique_writer_identity=True,
            opts=site.options(self, "logging"),
        )
        kept_out = logging.ProjectExclusion(
            site.names.of("logs", longest=SINK_MAX),
            project=site.project,
            description="they are kept in the region, by the sink of the same name",
            filter=ours,
            opts=site.options(self, "logging", after=[sink]),
        )
        self.ready: list[pulumi.Resource] = [sink, kept_out]
        self.register_outputs({})


def filter_of(prefix: str) -> str:
    """Return the filter of the logs of resources whose names begin so."""
    return " OR ".join(one.format(prefix) for one in LABELLED)
