"""The registry: where packages are uploaded, and where the images that are built of them are kept.

https://cloud.google.com/functions/docs/deploy   a function is built of an object of a bucket
https://cloud.google.com/functions/docs/building   its image goes to a repository of ours, in our region
"""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_gcp import artifactregistry, storage

from isthmus.provision.google_target.identity import BUILDS, Identities
from isthmus.provision.google_target.keys import Keys
from isthmus.provision.google_target.site import Site
from isthmus.provision.packages import Package

BUCKET_MAX, REPOSITORY_MAX = 63, 63
IMAGES_KEPT: Final = 10
OLD: Final = "2592000s"


class Registry(pulumi.ComponentResource):
    """Make the bucket of packages, the repository of images, and let builds read one and write the other."""

    def __init__(self, site: Site, keys: Keys, identities: Identities, parent: pulumi.Resource) -> None:
        super().__init__("isthmus:google:Registry", "registry", None, pulumi.ResourceOptions(parent=parent))
        self._site = site
        self.repository = artifactregistry.Repository(
            "images",
            project=site.project,
            location=site.region,
            repository_id=site.names.whole("images", longest=REPOSITORY_MAX),
            format="DOCKER",
            description=f"the functions of stack {site.stack.name}",
            kms_key_name=keys.at_rest,
            cleanup_policy_dry_run=False,
            cleanup_policies=[
                {"id": "delete-old", "action": "DELETE", "condition": {"older_than": OLD}},
                {"id": "keep-last", "action": "KEEP", "most_recent_versions": {"keep_count": IMAGES_KEPT}},
            ],
            labels=site.labels_of(()),
            opts=site.options(self, "artifactregistry", after=keys.ready),
        )
        self.bucket = storage.Bucket(
            site.names.of("packages", longest=BUCKET_MAX),
            project=site.project,
            location=site.region,
            storage_class="STANDARD",
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            encryption={"default_kms_key_name": keys.at_rest},
            soft_delete_policy={"retention_duration_seconds": 0},
            force_destroy=True,
            labels=site.labels_of(()),
            opts=site.options(self, "storage", after=keys.ready),
        )
        self.ready: list[pulumi.Resource] = self._let_builds(identities)
        self.register_outputs({})

    def uploaded(self, package: Package) -> storage.BucketObject:
        """Upload a package, under a name that its content gives: the same code is the same object."""
        return storage.BucketObject(
            f"package-{package.unit}",
            bucket=self.bucket.name,
            name=package.archive.name,
            source=pulumi.FileAsset(str(package.archive)),
            content_type="application/zip",
            opts=self._site.options(self, "storage"),
        )

    def _let_builds(self, identities: Identities) -> list[pulumi.Resource]:
        """Give builds the roles of https://cloud.google.com/functions/docs/securing/build-custom-sa, and no more."""
        site = self._site
        # The Functions API copies each package into a bucket of its own, which it builds from.
        copies = site.number.apply(
            lambda number: f'resource.name.startsWith("projects/_/buckets/gcf-v2-sources-{number}-{site.region}")'
        )
        return [
            identities.may(BUILDS, "logging.logWriter"),
            identities.may(BUILDS, "storage.objectViewer", "packages-of-functions", copies),
            storage.BucketIAMMember(
                "builds-read-packages",
                bucket=self.bucket.name,
                role="roles/storage.objectViewer",
                member=identities.member(BUILDS),
                opts=site.options(self, "storage"),
            ),
            artifactregistry.RepositoryIamMember(
                "builds-write-images",
                project=site.project,
                location=site.region,
                repository=self.repository.repository_id,
                role="roles/artifactregistry.writer",
                member=identities.member(BUILDS),
                opts=site.options(self, "artifactregistry"),
            ),
        ]
