"""Schedules: what Cloud Scheduler calls at home, the App's schedules and, once a minute, the sweep.

every 300 s    */5 * * * *        every 21,600 s    0 */6 * * *        every 86,400 s    0 0 * * *

https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules
"""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_gcp import cloudscheduler

from isthmus.core.errors import InputError
from isthmus.provision.demand import Demand
from isthmus.provision.google_target.identity import TICKS, Identities
from isthmus.provision.google_target.site import Site

MINUTE, HOUR, DAY = 60, 3_600, 86_400
SWEEP: Final = "sweep"
EVERY_MINUTE: Final = "* * * * *"
DEADLINE: Final = "600s"


class ScheduleInexpressible(InputError):
    """Report a schedule that Cloud Scheduler has no words for."""

    code = "ISTH187"


def cron_of(name: str, every_seconds: float) -> str:
    """Return a schedule as Cloud Scheduler reads it, in UTC. Raises ScheduleInexpressible (ISTH187)."""
    minutes, hours, days = (every_seconds / one for one in (MINUTE, HOUR, DAY))
    if minutes == 1:
        return EVERY_MINUTE
    if minutes.is_integer() and minutes < HOUR / MINUTE and HOUR % every_seconds == 0:
        return f"*/{int(minutes)} * * * *"
    if hours == 1:
        return "0 * * * *"
    if hours.is_integer() and hours < DAY / HOUR and DAY % every_seconds == 0:
        return f"0 */{int(hours)} * * *"
    if days == 1:
        return "0 0 * * *"
    raise ScheduleInexpressible(
        f"every {every_seconds:g} seconds is no time that divides an hour or a day into whole minutes",
        place=f"schedule {name}",
        instead="choose 1, 2, 3, 4, 5, 6, 10, 12, 15, 20 or 30 minutes, 1, 2, 3, 4, 6, 8 or 12 hours, or a day",
    )


class Schedules(pulumi.ComponentResource):
    """Have home called, as an account that may call home and nothing else."""

    def __init__(
        self,
        site: Site,
        identities: Identities,
        demand: Demand,
        home: pulumi.Input[str],
        after: list[pulumi.Resource],
        parent: pulumi.Resource,
    ) -> None:
        super().__init__("isthmus:google:Schedules", "schedules", None, pulumi.ResourceOptions(parent=parent))
        self._site = site
        self._identities = identities
        self._home = home
        self._after = after
        self._call(SWEEP, f"/{SWEEP}", EVERY_MINUTE)
        for schedule in demand.schedules:
            self._call(
                f"schedule-{schedule.name}",
                f"/schedules/{schedule.name}",
                cron_of(schedule.name, schedule.every_seconds),
            )
        self.register_outputs({})

    def _call(self, name: str, path: str, cron: str) -> None:
        site = self._site
        cloudscheduler.Job(
            name,
            name=f"{site.prefix}{name}",
            project=site.project,
            region=site.region,
            schedule=cron,
            time_zone="Etc/UTC",
            attempt_deadline=DEADLINE,
            # The next tick is the next attempt of the sweep; a schedule's own is worth more.
            retry_config={"retry_count": 0 if name == SWEEP else 5, "min_backoff_duration": "5s"},
            http_target={
                "uri": pulumi.Output.concat(self._home, path),
                "http_method": "POST",
                "oidc_token": {
                    "service_account_email": self._identities.email(TICKS),
                    "audience": self._home,
                },
            },
            opts=site.options(self, "cloudscheduler", after=self._after),
        )
