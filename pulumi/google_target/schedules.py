"""Schedules: a job of Cloud Scheduler for each of the App's, and one for the sweep."""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd
from typing import Final

import pulumi
from pulumi_gcp import cloudscheduler

from isthmus.provision.demand import Demand
from isthmus.provision.google_target.identity import TICKS, Identities
from isthmus.provision.google_target.site import Site

MINUTE, HOUR, DAY = 60, 3_600, 86_400
SWEEP: Final = "sweep"


class Schedules(pulumi.ComponentResource):
    """Make what calls units at their times."""

    def __init__(
        self,
        site: Site,
        identities: Identities,
        demand: Demand,
        urls: Mapping[str, pulumi.Output[str]],
        after: list[pulumi.Resource],
        parent: pulumi.Resource,
    ) -> None:
        super().__init__("isthmus:google:Schedules", "schedules", None, pulumi.ResourceOptions(parent=parent))
        wanted = [
            (one.name, cron_of(one.every_seconds), one.unit, f"/schedules/{one.name}") for one in demand.schedules
        ]
        for name, cron, unit, path in (*wanted, (SWEEP, "* * * * *", demand.home.name, "/sweep")):
            cloudscheduler.Job(
                f"tick-{name}",
                name=site.names.whole(name, longest=500),
                project=site.project,
                region=site.region,
                schedule=cron,
                time_zone="Etc/UTC",
                attempt_deadline="600s",
                retry_config={"retry_count": 0},
                http_target={
                    "uri": pulumi.Output.concat(urls[unit], path),
                    "http_method": "POST",
                    "oidc_token": {"service_account_email": identities.of[TICKS].email, "audience": urls[unit]},
                },
                opts=pulumi.ResourceOptions(parent=self, depends_on=after),
            )
        self.register_outputs({})


def cron_of(seconds: int) -> str:
    """Return the cron expression that fires at every tick of a period, and more often where none fits exactly.

    A tick that comes too often does nothing: home looks whether one is due.
    """
    if not seconds % DAY:
        return "0 0 * * *"
    if not seconds % HOUR:
        return f"0 */{gcd(seconds // HOUR, 24)} * * *"
    return f"*/{gcd(max(seconds // MINUTE, 1), 60)} * * * *" if not seconds % MINUTE else "* * * * *"
