"""Workflows: each file that the package carries, as a workflow that calls the units' functions by its identity."""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_gcp import projects, workflows

from isthmus.provision.demand import Demand
from isthmus.provision.google_target.identity import WORKFLOWS, Identities
from isthmus.provision.google_target.site import Site
from isthmus.provision.packages import Package

FOLDER: Final = "workflows"


class Workflows(pulumi.ComponentResource):
    """Make the workflows of all versions that a package carries."""

    def __init__(
        self,
        site: Site,
        identities: Identities,
        demand: Demand,
        package: Package,
        units: dict[str, pulumi.Output[str]],
        after: list[pulumi.Resource],
        parent: pulumi.Resource,
    ) -> None:
        super().__init__("isthmus:google:Workflows", "workflows", None, pulumi.ResourceOptions(parent=parent))
        for file in sorted((package.folder / FOLDER).glob("*.yaml")):
            workflows.Workflow(
                file.stem,
                # The functions begin executions by this name.
                name=file.stem,
                project=site.project,
                region=site.region,
                service_account=identities.of[WORKFLOWS].id,
                source_contents=file.read_text("utf-8"),
                user_env_vars={url_variable(unit): url for unit, url in units.items()},
                call_log_level="LOG_ERRORS_ONLY",
                execution_history_level="EXECUTION_HISTORY_BASIC",
                deletion_protection=False,
                labels=site.labels,
                opts=pulumi.ResourceOptions(parent=self, depends_on=after),
            )
        # A role on one workflow is not to be had: the narrowest that begins executions is the project's.
        for unit in demand.units:
            projects.IAMMember(
                f"{unit.name}-begins",
                project=site.project,
                role="roles/workflows.invoker",
                member=identities.of[unit.name].member,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def url_variable(unit: str) -> str:
    """Return the variable in which a workflow finds a unit's functions."""
    return "ISTHMUS_URL_" + "".join(c if c.isalnum() else "_" for c in unit.upper())
