"""Workflows: one for each version of each workflow that may have live runs, as it was compiled into the package.

https://cloud.google.com/workflows/docs/reference/rest/v1/projects.locations.workflows
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import pulumi
from pulumi_gcp import workflows

from isthmus.core.errors import SourceError
from isthmus.provision.demand import Demand
from isthmus.provision.google_target.functions import Functions, unit_setting
from isthmus.provision.google_target.identity import WORKFLOWS, Identities
from isthmus.provision.google_target.keys import Keys
from isthmus.provision.google_target.site import Site
from isthmus.provision.packages import Package

NAME_MAX: Final = 64
"""The longest id of a workflow, by the page above."""


FOLDER: Final = "workflows"
"""Where home's package has the compiled workflows, each in a file of its name."""


class WorkflowMissing(SourceError):
    """Report a workflow of the App that is not compiled in the package."""

    code = "ISTH186"


class WorkflowNameTooLong(SourceError):
    """Report a workflow whose name has no room for the stack's."""

    code = "ISTH187"


def sources_of(home: Package, demand: Demand) -> dict[str, str]:
    """Return the compiled workflows of all versions by their names. Raises WorkflowMissing (ISTH186)."""
    folder = home.folder / FOLDER
    found = {file.stem: file.read_text("utf-8") for file in sorted(folder.glob("*.yaml"))}
    compiled = {name.rpartition("-")[0] for name in found}
    for contract in demand.workflows:
        if not any(stem and contract.startswith(stem) for stem in compiled):
            raise WorkflowMissing(
                f"there is no compiled workflow of {contract}", place=str(folder), instead="isthmus package google"
            )
    return found


def hold_to_names(names: Iterable[str], prefix: str) -> None:
    """Refuse names that Workflows would not take. Raises WorkflowNameTooLong (ISTH187)."""
    for name in names:
        if len(f"{prefix}{name}") > NAME_MAX:
            raise WorkflowNameTooLong(
                f"it would be called {prefix}{name}, which has more than {NAME_MAX} characters",
                place=f"workflow {name}",
                instead="give the app, the stack or the contract a shorter name",
            )


class Workflows(pulumi.ComponentResource):
    """Make the workflows, once they may call the units."""

    def __init__(
        self,
        site: Site,
        keys: Keys,
        identities: Identities,
        functions: Functions,
        demand: Demand,
        sources: Mapping[str, str],
        after: list[pulumi.Resource],
        parent: pulumi.Resource,
    ) -> None:
        super().__init__("isthmus:google:Workflows", "workflows", None, pulumi.ResourceOptions(parent=parent))
        # No workflow has a policy of its own. Each unit begins runs, and wakes those that wait for what it sends.
        for unit in demand.units:
            identities.may(unit.name, "workflows.invoker")
        for name, source in sources.items():
            workflows.Workflow(
                name,
                name=f"{site.prefix}{name}",
                project=site.project,
                region=site.region,
                source_contents=source,
                service_account=identities.of[WORKFLOWS].id,
                crypto_key_name=keys.at_rest,
                call_log_level="LOG_ERRORS_ONLY",
                user_env_vars={unit_setting(unit.name): functions.address_of(unit.name) for unit in demand.units},
                labels=site.labels,
                deletion_protection=False,  # a version is dropped from workflows.lock once no run is of it
                opts=site.options(self, "workflows", "workflowexecutions", after=[*keys.ready, *after]),
            )
        self.register_outputs({})
