"""Schedules: what Cloud Scheduler calls, each unit's schedules and, once a minute, the sweep at home.

https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import pulumi
from pulumi_gcp import cloudscheduler

from isthmus.provision.google_target.identity import TICKS, Identities
from isthmus.provision.google_target.manifest import Trigger
from isthmus.provision.google_target.site import Site

DEADLINE: Final = "600s"
ATTEMPTS: Final = {"sweep": 0, "schedule": 5}
"""How often a call that failed is made again: the next sweep comes in a minute."""


class Schedules(pulumi.ComponentResource):
    """Have units called, as an account that may do that and nothing else."""

    def __init__(
        self,
        site: Site,
        identities: Identities,
        triggers: Iterable[Trigger],
        addresses: Mapping[str, pulumi.Input[str]],
        after: list[pulumi.Resource],
        parent: pulumi.Resource,
    ) -> None:
        super().__init__("isthmus:google:Schedules", "schedules", None, pulumi.ResourceOptions(parent=parent))
        self._site = site
        self._identities = identities
        self._after = after
        for trigger in triggers:
            if trigger.kind in ATTEMPTS:
                self._call(trigger, addresses[trigger.unit])
        self.register_outputs({})

    def _call(self, trigger: Trigger, unit: pulumi.Input[str]) -> None:
        site = self._site
        name = trigger.path.strip("/").replace("/", "-")
        cloudscheduler.Job(
            name,
            name=f"{site.prefix}{name}",
            project=site.project,
            region=site.region,
            schedule=trigger.cron,
            time_zone="Etc/UTC",
            attempt_deadline=DEADLINE,
            retry_config={"retry_count": ATTEMPTS[trigger.kind], "min_backoff_duration": "5s"},
            http_target={
                "uri": pulumi.Output.concat(unit, trigger.path),
                "http_method": "POST",
                "oidc_token": {
                    "service_account_email": self._identities.email(TICKS),
                    "audience": unit,
                },
            },
            opts=site.options(self, "cloudscheduler", after=self._after),
        )
