"""Migrations: a job in the network that asks the new code to migrate, once for each digest, and fails when that does.

It waits: `runExecutionToken` has the provider wait until the execution has completed, and fail with it.
"""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_gcp import cloudfunctionsv2, cloudrunv2

from isthmus.provision.google_target.identity import MIGRATIONS, Identities
from isthmus.provision.google_target.network import Network
from isthmus.provision.google_target.site import Site
from isthmus.provision.packages import Package

IMAGE: Final = "gcr.io/google.com/cloudsdktool/google-cloud-cli:slim"

SCRIPT: Final = """set -eu
token=$(curl --silent --fail --header "Metadata-Flavor: Google" \\
  "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/identity?audience=$URL")
curl --silent --show-error --fail-with-body --max-time 1500 --request POST \\
  --header "Authorization: Bearer $token" --header "Content-Length: 0" "$URL/migrate"
"""


def migrated(
    site: Site,
    network: Network,
    identities: Identities,
    function: cloudfunctionsv2.Function,
    url: pulumi.Output[str],
    package: Package,
    parent: pulumi.Resource,
) -> cloudrunv2.Job:
    """Run the migrations of a package before anything that comes after."""
    return cloudrunv2.Job(
        "migrate",
        name=site.names.whole("migrate", longest=49),
        project=site.project,
        location=site.region,
        run_execution_token=package.digest,
        deletion_protection=False,
        template={
            "task_count": 1,
            "template": {
                "service_account": identities.of[MIGRATIONS].email,
                "max_retries": 0,
                "timeout": "1800s",
                "containers": [
                    {
                        "image": IMAGE,
                        "commands": ["/bin/bash", "-c", SCRIPT],
                        "envs": [{"name": "URL", "value": url}],
                    }
                ],
                "vpc_access": {
                    "egress": "ALL_TRAFFIC",
                    "network_interfaces": [{"network": network.id, "subnetwork": network.subnet}],
                },
            },
        },
        labels=site.labels,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[function]),
    )
