"""Workflows: one for each version of each workflow that may have live runs, as it was compiled into the package.

https://cloud.google.com/workflows/docs/reference/rest/v1/projects.locations.workflows
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pulumi
from pulumi_gcp import workflows

from isthmus.core.errors import InputError
from isthmus.provision.demand import Demand
from isthmus.provision.google_target.functions import Functions, unit_setting
from isthmus.provision.google_target.identity import WORKFLOWS, Identities
from isthmus.provision.google_target.keys import Keys
from isthmus.provision.google_target.site import Site
from isthmus.provision.packages import Package

FOLDER: Final = "workflows"
"""Where home's package has the compiled workflows, each in a file of its name."""

NAME_MAX: Final = 64
"""The longest id of a workflow, by the page above."""

CONTRACT_MAX: Final = 47
"""How much of a contract's name the name of its compiled workflow has."""


class WorkflowMissing(InputError):
    """Report a workflow that the App has and the package has not, or whose name Workflows would not take."""

    code = "ISTH186"


def sources_of(package: Package, demand: Demand, prefix: str) -> dict[str, str]:
    """Return the compiled workflows of a package by their names. Raises WorkflowMissing (ISTH186)."""
    folder = package.folder / FOLDER
    found = {file.stem: file.read_text("utf-8") for file in sorted(folder.glob("*.yaml"))}
    for contract in demand.workflows:
        if not any(_is_of(name, contract) for name in found):
            raise WorkflowMissing(
                f"there is no compiled workflow of {contract}",
                place=str(folder),
                instead="isthmus package google, with the same -o",
            )
    for name in found:
        if len(f"{prefix}{name}") > NAME_MAX:
            raise WorkflowMissing(
                f"the workflow {prefix}{name} has more than {NAME_MAX} characters in its name",
                place=str(Path(FOLDER) / f"{name}.yaml"),
                instead="give the app or the stack a shorter name",
            )
    return found


def _is_of(name: str, contract: str) -> bool:
    stem, _, version = name.rpartition("-")
    return bool(version) and contract.startswith(stem) and (stem == contract or len(stem) == CONTRACT_MAX)


class Workflows(pulumi.ComponentResource):
    """Make the workflows, once the units that they call are there."""

    def __init__(
        self,
        site: Site,
        keys: Keys,
        identities: Identities,
        functions: Functions,
        demand: Demand,
        sources: Mapping[str, str],
        parent: pulumi.Resource,
    ) -> None:
        super().__init__("isthmus:google:Workflows", "workflows", None, pulumi.ResourceOptions(parent=parent))
        rights: list[pulumi.Resource] = [
            identities.may_call(WORKFLOWS, functions.name_of(unit.name), functions.made[unit.name], unit.name)
            for unit in demand.units
        ]
        rights.append(identities.may(demand.home.name, "workflows.invoker"))
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
                deletion_protection=site.stack.is_production,
                opts=site.options(self, "workflows", "workflowexecutions", after=[*keys.ready, *rights]),
            )
        self.register_outputs({})
