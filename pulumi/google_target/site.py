"""The site: what every part of a deployment on Google Cloud has in common.

Every resource says its project and its region: what a resource leaves out, the provider chooses.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Final, NamedTuple

import pulumi

from isthmus.core.residency.definitions import GoogleConstraint, labels_for
from isthmus.provision.demand import Demand
from isthmus.provision.google_target.locations import confine
from isthmus.provision.google_target.project import found_project, id_of, made_project
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
    """What every resource says: that it holds any data of the App's, unless it is known to hold less."""
    services: Services
    confined: list[pulumi.Resource]
    """What has Google refuse other places, which whatever is made waits for."""

    @property
    def region(self) -> str:
        """Return the region, which no resource leaves out."""
        return self.stack.region

    @property
    def prefix(self) -> str:
        """Return what the names begin with that the code makes for itself: those of topics and workflows."""
        return prefix_of(self.names)

    def labels_of(self, classes: Iterable[str]) -> dict[str, str]:
        """Return the labels of a resource that holds some classes of data, and no other."""
        return {**self.labels, **_data_labels(classes)}

    def options(
        self,
        parent: pulumi.Resource,
        *apis: str,
        after: Iterable[pulumi.Resource] = (),
        protect: bool = False,
        retain: bool = False,
    ) -> pulumi.ResourceOptions:
        """Return the options of a resource: it waits for the APIs that it is made by, and for what confines it."""
        return pulumi.ResourceOptions(
            parent=parent,
            depends_on=[*self.services.enabled(*apis), *self.confined, *after],
            protect=protect,
            retain_on_delete=retain,
        )


def site_of(stack: Stack, names: Names, demand: Demand, told: GoogleConstraint | None, parent: pulumi.Resource) -> Site:
    """Make the project or look at the one that is there, and have Google refuse other places in it."""
    project = id_of(stack, names)
    labels = {
        "app": label(stack.app.partition(":")[0]),
        "stack": label(stack.name),
        "environment": label(stack.environment),
        **_data_labels(demand.data_classes),
    }
    made = made_project(stack, stack.project, project, labels, parent) if stack.project else None
    services = Services(project, [made] if made else [], parent)
    return Site(
        stack=stack,
        names=names,
        project=project,
        number=made.number if made else found_project(project, parent),
        labels=labels,
        services=services,
        confined=[confine(project, told, services.enabled("orgpolicy"), parent)] if told else [],
    )


def _data_labels(classes: Iterable[str]) -> dict[str, str]:
    return {name: label(value) for name, value in labels_for(classes).items()}


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
