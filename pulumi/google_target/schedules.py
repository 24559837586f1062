"""Schedules: what Cloud Scheduler calls, each unit's schedules and, once a minute, the sweep at home.

https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import pulumi
from pulumi_gcp import cloudscheduler

from isthmus.provision.google_target.identity import TICKS, Identities
from isthmus.provision.google_target.site import Site
from isthmus.provision.google_target.triggers import Tick

DEADLINE: Final = "600s"


class Schedules(pulumi.ComponentResource):
    """Have units called, as an account that may do that and nothing else."""

    def __init__(
        self,
        site: Site,
        identities: Identities,
        ticks: Iterable[Tick],
        addresses: Mapping[str, pulumi.Input[str]],
        after: list[pulumi.Resource],
        parent: pulumi.Resource,
    ) -> None:
        super().__init__("isthmus:google:Schedules", "schedules", None, pulumi.ResourceOptions(parent=parent))
        self._site = site
        self._identities = identities
        self._after = after
        for tick in ticks:
            self._call(tick, addresses[tick.unit])
        self.register_outputs({})

    def _call(self, tick: Tick, unit: pulumi.Input[str]) -> None:
        site = self._site
        cloudscheduler.Job(
            tick.name,
            name=f"{site.prefix}{tick.name}",
            project=site.project,
            region=site.region,
            schedule=tick.cron,
            time_zone="Etc/UTC",
            attempt_deadline=DEADLINE,
            retry_config={"retry_count": tick.attempts_more, "min_backoff_duration": "5s"},
            http_target={
                "uri": pulumi.Output.concat(unit, tick.path),
                "http_method": "POST",
                "oidc_token": {
                    "service_account_email": self._identities.email(TICKS),
                    "audience": unit,
                },
            },
            opts=site.options(self, "cloudscheduler", after=self._after),
        )
