"""Delivery: packages go up, the database is migrated inside the network, and only then does new code take traffic.

    package  ->  object `UNIT-DIGEST.zip` of the stack's bucket  ->  a function that is built of it
    home's package with another entry  ->  a function that nobody may call  ->  its image  ->  a job, which runs once
    migrations first, then units that are called, then home

The route of packages: https://cloud.google.com/functions/docs/deploy. The digest is part of the object's name: the
same code is the same object, and nothing is deployed anew.
A job's image is one of Cloud Native Buildpacks, whose launcher runs any command of it:
https://buildpacks.io/docs/for-app-developers/how-to/build-outputs/specify-launch-process/. The job is ready when its
execution has succeeded, and what comes after waits for that: a failed migration ends the deployment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pulumi
from pulumi_gcp import cloudfunctionsv2, cloudrunv2

from isthmus.provision.demand import Demand
from isthmus.provision.google_target.database import login_of
from isthmus.provision.google_target.functions import Around, Functions
from isthmus.provision.google_target.identity import MIGRATIONS
from isthmus.provision.packages import Package

LAUNCHER: Final = "/cnb/lifecycle/launcher"
MIGRATING: Final = ("python3", "-m", "isthmus.adapters.gcp.migrating")
JOB_MAX: Final = 45
"""Its name and the name of its execution have 63 characters together."""

SECONDS_TO_MIGRATE: Final = 3_600


class Delivery(pulumi.ComponentResource):
    """Upload the packages, migrate, and hand each unit its code."""

    def __init__(
        self,
        around: Around,
        functions: Functions,
        packages: Mapping[str, Package],
        migrations: Package,
        demand: Demand,
        parent: pulumi.Resource,
    ) -> None:
        super().__init__("isthmus:google:Delivery", "delivery", None, pulumi.ResourceOptions(parent=parent))
        self._around = around
        self._functions = functions
        self._demand = demand
        done: list[pulumi.Resource] = [self._migrate(migrations)]
        for unit in (*demand.others, demand.home):
            done = [*done, functions.make(unit, packages[unit.name], done)]
        self.register_outputs({})

    def _migrate(self, package: Package) -> cloudrunv2.Job:
        around, site = self._around, self._around.site
        settings = self._functions.settings_of(MIGRATIONS)
        units = [login_of(around.identities.email(unit.name)) for unit in self._demand.units]
        settings["ISTHMUS_PRINCIPALS"] = pulumi.Output.all(*units).apply(self._demand.rights_of)
        built = self._functions.function(
            MIGRATIONS,
            package,
            settings,
            ingress="ALLOW_INTERNAL_ONLY",
            instances=(0, 1),
            seconds=SECONDS_TO_MIGRATE,
            labels=site.labels,
            after=[],
        )
        return cloudrunv2.Job(
            "migrate",
            name=site.names.whole("migrate", longest=JOB_MAX),
            project=site.project,
            location=site.region,
            deletion_protection=False,
            run_execution_token=package.digest,
            labels=site.labels,
            template={
                "task_count": 1,
                "template": {
                    "service_account": around.identities.email(MIGRATIONS),
                    "encryption_key": around.keys.at_rest,
                    "max_retries": 0,
                    "timeout": f"{SECONDS_TO_MIGRATE}s",
                    "vpc_access": {
                        "egress": "ALL_TRAFFIC",
                        "network_interfaces": [
                            {"network": around.network.id, "subnetwork": around.network.subnets[MIGRATIONS]}
                        ],
                    },
                    "containers": [
                        {
                            "image": self._image_of(built),
                            "commands": [LAUNCHER],
                            "args": list(MIGRATING),
                            "envs": [{"name": name, "value": value} for name, value in sorted(settings.items())],
                        }
                    ],
                },
            },
            opts=site.options(self, "run", after=[*around.ready, built]),
        )

    def _image_of(self, function: cloudfunctionsv2.Function) -> pulumi.Output[str]:
        """Return the image that was built of a function's package."""
        site = self._around.site
        service = cloudrunv2.get_service_output(
            name=function.service_config.apply(lambda one: str(one and one.service).rpartition("/")[2]),
            location=site.region,
            project=site.project,
            opts=pulumi.InvokeOutputOptions(parent=self, depends_on=[function]),
        )
        return service.apply(lambda one: one.templates[0].containers[0].image)
