"""The sealed journal: a bucket whose objects nobody changes or deletes before their time, not even their owner.

The lock of that time is for production alone, and set by a deployment of its own: there is no way back from it but to
wait.
"""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_gcp import storage

from isthmus.provision.demand import Demand
from isthmus.provision.google_target.identity import Identities
from isthmus.provision.google_target.site import Site

DAY_SECONDS: Final = 86_400


class Journal(pulumi.ComponentResource):
    """Make the store of the sealed journal."""

    def __init__(self, site: Site, identities: Identities, demand: Demand, parent: pulumi.Resource) -> None:
        super().__init__("isthmus:google:Journal", "journal", None, pulumi.ResourceOptions(parent=parent))
        production = site.stack.is_production
        days = site.stack.retention_days if production else 1
        bucket = storage.Bucket(
            site.names.of("journal", longest=63),
            project=site.project,
            location=site.region,
            storage_class="STANDARD",
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            retention_policy={"retention_period": str(days * DAY_SECONDS), "is_locked": site.stack.lock},
            force_destroy=not production,
            labels=site.labels,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=site.services, protect=production, retain_on_delete=production
            ),
        )
        self.location = pulumi.Output.concat("gs://", bucket.name)
        self.ready: list[pulumi.Resource] = [
            storage.BucketIAMMember(
                f"{demand.home.name}-{role.rpartition('/')[2]}",
                bucket=bucket.name,
                role=role,
                member=identities.of[demand.home.name].member,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for role in ("roles/storage.objectCreator", "roles/storage.objectViewer")
        ]
        self.register_outputs({})
