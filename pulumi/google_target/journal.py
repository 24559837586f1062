"""The sealed journal: a bucket whose objects nobody changes or deletes before their time, not even its owner.

The lock of that time is for production alone, and set by a deployment of its own: it cannot be taken off, and the time
cannot be made shorter.
https://cloud.google.com/storage/docs/bucket-lock
"""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_gcp import storage

from isthmus.provision.demand import Demand
from isthmus.provision.google_target.identity import Identities
from isthmus.provision.google_target.keys import Keys
from isthmus.provision.google_target.site import Site

BUCKET_MAX: Final = 63
SECONDS_A_DAY: Final = 86_400
DAYS_ELSEWHERE: Final = 1
"""How long an object is kept where nothing is to last."""


class Journal(pulumi.ComponentResource):
    """Make the store of the sealed journal."""

    def __init__(self, site: Site, keys: Keys, identities: Identities, demand: Demand, parent: pulumi.Resource) -> None:
        super().__init__("isthmus:google:Journal", "journal", None, pulumi.ResourceOptions(parent=parent))
        production = site.stack.is_production
        days = site.stack.retention_days if production else DAYS_ELSEWHERE
        bucket = storage.Bucket(
            site.names.of("journal", longest=BUCKET_MAX),
            project=site.project,
            location=site.region,
            storage_class="STANDARD",
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            encryption={"default_kms_key_name": keys.at_rest},
            retention_policy={"retention_period": str(days * SECONDS_A_DAY), "is_locked": site.stack.lock},
            force_destroy=False,
            labels=site.labels,
            opts=site.options(self, "storage", after=keys.ready, protect=production, retain=production),
        )
        self.location = pulumi.Output.concat("gs://", bucket.name)
        # It may add and read, and neither change nor delete: the retention is not the only thing in the way.
        self.ready: list[pulumi.Resource] = [
            storage.BucketIAMMember(
                f"{demand.home.name}-{role.lower()}",
                bucket=bucket.name,
                role=f"roles/storage.{role}",
                member=identities.member(demand.home.name),
                opts=site.options(self, "storage"),
            )
            for role in ("objectCreator", "objectViewer")
        ]
        self.register_outputs({})
