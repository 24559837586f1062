"""Identities: a service account for each unit, and one for each of Google's services that act on the App's behalf.

unit         what a unit's handlers may do, derived from the ports that they ask for
workflows    calls units on behalf of a run          pushes       Pub/Sub pushes messages to units
ticks        Cloud Scheduler calls units             builds       makes the image of a function
migrations   owns the schema: no unit has it

A role is given on the narrowest resource that has a policy of its own: a topic, a secret, a key, a service, a bucket.
"""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_gcp import cloudrunv2, projects, serviceaccount

from isthmus.provision.demand import Demand
from isthmus.provision.google_target.site import Site

WORKFLOWS, PUSHES, TICKS = "workflows", "pushes", "ticks"
BUILDS, MIGRATIONS = "builds", "migrations"
ACCOUNT_MAX: Final = 30
"""The longest id of a service account: cloud.google.com/iam/docs/service-accounts-create."""


class Identities(pulumi.ComponentResource):
    """Make who the units are, before anything that they reach."""

    def __init__(self, site: Site, demand: Demand, parent: pulumi.Resource) -> None:
        super().__init__("isthmus:google:Identities", "identities", None, pulumi.ResourceOptions(parent=parent))
        self._site = site
        units = tuple(unit.name for unit in demand.units)
        parts = [TICKS, BUILDS, MIGRATIONS]
        parts += [WORKFLOWS] if demand.workflows else []
        parts += [PUSHES] if demand.topics or demand.streams else []
        self.of: dict[str, serviceaccount.Account] = {
            name: serviceaccount.Account(
                f"account-{name}",
                account_id=site.names.whole(name, longest=ACCOUNT_MAX),
                display_name=f"{demand.app} {site.stack.name}: {name}",
                project=site.project,
                opts=site.options(self, "iam"),
            )
            for name in (*units, *parts)
        }
        self.register_outputs({})

    def email(self, who: str) -> pulumi.Output[str]:
        """Return the address of an account."""
        return self.of[who].email

    def member(self, who: str) -> pulumi.Output[str]:
        """Return an account as a member of policies."""
        return pulumi.Output.concat("serviceAccount:", self.of[who].email)

    def may(
        self, who: str, role: str, title: str | None = None, condition: pulumi.Input[str] | None = None
    ) -> projects.IAMMember:
        """Give an account a role in the project, for those resources alone that the condition names."""
        return projects.IAMMember(
            f"{who}-{role.rpartition('.')[2].lower()}",
            project=self._site.project,
            role=f"roles/{role}",
            member=self.member(who),
            condition={"title": title, "expression": condition} if title and condition else None,
            opts=self._site.options(self, "cloudresourcemanager"),
        )

    def may_call(self, who: str, service: str, what: pulumi.Resource, unit: str) -> cloudrunv2.ServiceIamMember:
        """Let an account call the service of a unit."""
        return self.admit(f"{who}-calls-{unit}", self.member(who), service, what)

    def admit(
        self, name: str, member: pulumi.Input[str], service: str, what: pulumi.Resource
    ) -> cloudrunv2.ServiceIamMember:
        """Let somebody call a service, once it is there."""
        return cloudrunv2.ServiceIamMember(
            name,
            project=self._site.project,
            location=self._site.region,
            name=service,
            role="roles/run.invoker",
            member=member,
            opts=self._site.options(self, "run", after=[what]),
        )
