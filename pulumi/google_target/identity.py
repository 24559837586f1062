"""Identities: a service account for each unit, and for whoever calls one; and the roles of each, one by one.

units        run as themselves           workflows   call the units' functions
pushes       Pub/Sub calls home          ticks       Scheduler calls home
migrations   owns the schema             builds      makes images of packages

A role is given on the narrowest resource that takes one; where only a project does, a condition narrows it.
"""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_gcp import cloudrunv2, projects, serviceaccount

from isthmus.provision.demand import Demand
from isthmus.provision.google_target.site import Site

WORKFLOWS, PUSHES, TICKS, MIGRATIONS, BUILDS = "workflows", "pushes", "ticks", "migrations", "builds"
ACCOUNT_ID_MAX: Final = 30


class Identities(pulumi.ComponentResource):
    """Make who the parts are, before anything that they reach."""

    def __init__(self, site: Site, demand: Demand, parent: pulumi.Resource) -> None:
        super().__init__("isthmus:google:Identities", "identities", None, pulumi.ResourceOptions(parent=parent))
        self._site = site
        wanted = [*(unit.name for unit in demand.units), MIGRATIONS, BUILDS, TICKS]
        wanted += [WORKFLOWS] if demand.workflows else []
        wanted += [PUSHES] if demand.topics or demand.streams else []
        self.of: dict[str, serviceaccount.Account] = {name: self._account(name, demand.app) for name in wanted}
        self.register_outputs({})

    def _account(self, name: str, app: str) -> serviceaccount.Account:
        return serviceaccount.Account(
            name,
            account_id=self._site.names.whole(name, longest=ACCOUNT_ID_MAX),
            display_name=f"{app}: {name}",
            project=self._site.project,
            opts=self._site.child(self),
        )

    def may_call(self, who: str, service: pulumi.Input[str], of: str) -> cloudrunv2.ServiceIamMember:
        """Let an identity call a function, which is a service of Cloud Run."""
        return cloudrunv2.ServiceIamMember(
            f"{who}-calls-{of}",
            name=service,
            location=self._site.region,
            project=self._site.project,
            role="roles/run.invoker",
            member=self.of[who].member,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def may_in_project(
        self, who: str, role: str, only: tuple[str, pulumi.Input[str]] | None = None
    ) -> projects.IAMMember:
        """Give a role that only a project gives, on the one resource that a condition names."""
        condition = None
        if only is not None:
            title, expression = only
            condition = projects.IAMMemberConditionArgs(title=title, expression=expression)
        return projects.IAMMember(
            f"{who}-{role.rpartition('/')[2]}",
            project=self._site.project,
            role=role,
            member=self.of[who].member,
            condition=condition,
            opts=pulumi.ResourceOptions(parent=self),
        )
