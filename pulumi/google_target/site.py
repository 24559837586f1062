"""The site: what every part of a deployment on Google Cloud has in common.

Every resource says its project and its region: what a resource leaves out, the provider chooses.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Final, NamedTuple

import pulumi
from pulumi_gcp import organizations

from isthmus.provision.google_target.services import Services
from isthmus.provision.naming import Names
from isthmus.provision.stack import Stack, StackInvalid

LABEL_MAX: Final = 63
PREFIX_MAX: Final = 24


class Site(NamedTuple):
    """Say where resources go, how they are called, and whose they are."""

    stack: Stack
    names: Names
    project: str
    number: pulumi.Output[str]
    labels: dict[str, str]
    services: Services

    @property
    def region(self) -> str:
        """Return the region, which no resource leaves out."""
        return self.stack.region

    @property
    def prefix(self) -> str:
        """Return what the names begin with that the code makes for itself: those of topics and workflows."""
        return prefix_of(self.names)

    def options(
        self,
        parent: pulumi.Resource,
        *apis: str,
        after: Iterable[pulumi.Resource] = (),
        protect: bool = False,
        retain: bool = False,
    ) -> pulumi.ResourceOptions:
        """Return the options of a resource: it waits for the APIs that it is made by."""
        return pulumi.ResourceOptions(
            parent=parent,
            depends_on=[*self.services.enabled(*apis), *after],
            protect=protect,
            retain_on_delete=retain,
        )


def site_of(stack: Stack, names: Names, parent: pulumi.Resource) -> Site:
    """Look at the project that is deployed into, and let it use the APIs that are needed."""
    project = stack.existing.project
    assert project is not None  # the stack holds to it
    found = organizations.get_project_output(project_id=project, opts=pulumi.InvokeOutputOptions(parent=parent))
    return Site(
        stack=stack,
        names=names,
        project=project,
        number=found.apply(lambda one: one.number),
        labels={
            "app": label(stack.app.partition(":")[0]),
            "stack": label(stack.name),
            "environment": label(stack.environment),
        },
        services=Services(project, parent),
    )


def prefix_of(names: Names) -> str:
    """Return what the names of a stack's resources begin with."""
    return f"{names.whole(longest=PREFIX_MAX)}-"


def hold_to_prefix(stack: Stack, names: Names) -> None:
    """Refuse what would be cut: by these names the stack's logs are known. Raises StackInvalid (ISTH280)."""
    if names.whole(longest=PREFIX_MAX) != names.whole(longest=sys.maxsize):
        raise StackInvalid(
            f"the app's name and the stack's have more than {PREFIX_MAX} characters together",
            place=f"stack {stack.name}",
            instead="give one of them a shorter name",
        )


def label(text: str) -> str:
    """Return a text as the value of a label: small letters, digits, hyphens and underscores."""
    return re.sub(r"[^a-z0-9_-]", "-", text.lower())[:LABEL_MAX]
