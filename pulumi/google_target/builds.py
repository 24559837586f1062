"""Builds: where packages go up, who makes images of them, and where images are: all in the region.

    package  ->  object `UNIT/DIGEST.zip` of the bucket  ->  the function's source, by its generation

The route: https://cloud.google.com/functions/docs/deploy ("Deploy from Cloud Storage"). The digest is part of the
object's name: the same code is the same object, and a function whose source is the same is not built anew.
Images are built from requirements.txt on the platform itself, so its wheels fit.
"""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_gcp import artifactregistry, cloudfunctionsv2, storage

from isthmus.provision.google_target.identity import BUILDS, Identities
from isthmus.provision.google_target.site import Site
from isthmus.provision.packages import Package

OLD_PACKAGES_DAYS: Final = 90


class Builds(pulumi.ComponentResource):
    """Make the bucket of packages and the repository of images."""

    def __init__(self, site: Site, identities: Identities, parent: pulumi.Resource) -> None:
        super().__init__("isthmus:google:Builds", "builds", None, pulumi.ResourceOptions(parent=parent))
        self._child = pulumi.ResourceOptions(parent=self)
        self._bucket = storage.Bucket(
            site.names.of("packages", longest=63),
            project=site.project,
            location=site.region,
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            force_destroy=True,
            labels=site.labels,
            opts=site.child(self),
        )
        repository = artifactregistry.Repository(
            "images",
            project=site.project,
            location=site.region,
            repository_id=site.names.whole("images", longest=63),
            format="DOCKER",
            labels=site.labels,
            opts=site.child(self),
        )
        self.repository = repository.id
        member = identities.of[BUILDS].member
        self.ready: list[pulumi.Resource] = [
            storage.BucketIAMMember(
                "builds-reads",
                bucket=self._bucket.name,
                role="roles/storage.objectViewer",
                member=member,
                opts=self._child,
            ),
            artifactregistry.RepositoryIamMember(
                "builds-writes",
                project=site.project,
                location=site.region,
                repository=repository.name,
                role="roles/artifactregistry.writer",
                member=member,
                opts=self._child,
            ),
            identities.may_in_project(BUILDS, "roles/logging.logWriter"),
            # A build fetches the package from a bucket of the platform's own, whose name is known to it alone.
            identities.may_in_project(BUILDS, "roles/cloudbuild.builds.builder"),
        ]
        self.register_outputs({})

    def source(self, who: str, package: Package) -> cloudfunctionsv2.FunctionBuildConfigSourceStorageSourceArgsDict:
        """Upload a package, and return where a function finds it."""
        uploaded = storage.BucketObject(
            f"{who}-package",
            name=f"{who}/{package.digest}.zip",
            bucket=self._bucket.name,
            content_type="application/zip",
            source=pulumi.FileAsset(str(package.archive)),
            opts=self._child,
        )
        return {"bucket": self._bucket.name, "object": uploaded.name, "generation": uploaded.generation}
