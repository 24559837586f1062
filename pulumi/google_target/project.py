"""The project: the one that is there, or one that is made for the stack alone in a folder or an organisation.

    app brokerage, stack dev     brokerage-dev-1f3a9, the last part by the folder or organisation

No two projects in the world have the same id, not even after one is deleted: a stack that is made again names another.

https://cloud.google.com/resource-manager/docs/creating-managing-projects
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

import pulumi
from pulumi_gcp import organizations

from isthmus.provision.naming import Names
from isthmus.provision.stack import NewProject, Stack, StackInvalid

PREFIX_MAX: Final = 24
DIGEST_LENGTH: Final = 5
ID: Final = re.compile(r"(?=.{6,30}\Z)(?!.*(google|ssl))[a-z][a-z0-9-]*[a-z0-9]")
"""What a project may be called, by the page above."""


def id_of(stack: Stack, names: Names) -> str:
    """Return the id of the project that everything is in."""
    new = stack.project
    if new is None:
        assert stack.existing.project is not None  # the stack holds to it
        return stack.existing.project
    if new.id:
        return new.id
    digest = sha256(f"{new.folder}/{new.organization}/{names.whole()}".encode()).hexdigest()
    return f"{names.whole(longest=PREFIX_MAX)}-{digest[:DIGEST_LENGTH]}"


def hold_to_id(stack: Stack, names: Names) -> None:
    """Refuse an id that Google Cloud would not give a project. Raises StackInvalid (ISTH280)."""
    wanted = id_of(stack, names)
    if stack.project and not ID.fullmatch(wanted):
        raise StackInvalid(
            f"no project is called {wanted}: an id has 6 to 30 small letters, digits and hyphens, a letter first and "
            "no hyphen last, and neither google nor ssl in it",
            place=f"stack {stack.name}: isthmus:project",
            instead="pulumi config set --path isthmus:project.id ID",
        )


def made_project(
    stack: Stack, new: NewProject, project: str, labels: dict[str, str], parent: pulumi.Resource
) -> organizations.Project:
    """Make the project, without the network that Google gives every project; production's is never deleted."""
    return organizations.Project(
        "project",
        project_id=project,
        name=project,
        folder_id=str(new.folder) if new.folder is not None else None,
        org_id=str(new.organization) if new.organization is not None else None,
        billing_account=new.billing_account,
        auto_create_network=False,
        deletion_policy="PREVENT" if stack.is_production else "DELETE",
        labels=labels,
        opts=pulumi.ResourceOptions(parent=parent, protect=stack.is_production),
    )


def found_project(project: str, parent: pulumi.Resource) -> pulumi.Output[str]:
    """Return the number of a project that is there."""
    found = organizations.get_project_output(project_id=project, opts=pulumi.InvokeOutputOptions(parent=parent))
    return found.apply(lambda one: one.number)
