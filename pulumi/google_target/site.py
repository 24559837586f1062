"""The site: what every part of a deployment on Google Cloud has in common, and the services that it turns on."""

from __future__ import annotations

from typing import Final, NamedTuple

import pulumi
from pulumi_gcp import organizations, projects

from isthmus.provision.demand import Demand
from isthmus.provision.naming import Names
from isthmus.provision.stack import Stack

ALWAYS: Final = (
    "artifactregistry.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudfunctions.googleapis.com",
    "cloudkms.googleapis.com",
    "cloudscheduler.googleapis.com",
    "compute.googleapis.com",
    "dns.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "run.googleapis.com",
    "servicenetworking.googleapis.com",
    "sqladmin.googleapis.com",
    "storage.googleapis.com",
)


class Site(NamedTuple):
    """Say where resources go, how they are called, and whose they are."""

    stack: Stack
    names: Names
    project: str
    number: pulumi.Output[str]
    labels: dict[str, str]
    services: list[pulumi.Resource]

    @property
    def region(self) -> str:
        """Return the region, which no resource leaves out: what is left out, the provider chooses."""
        return self.stack.region

    def child(self, parent: pulumi.Resource, *after: pulumi.Resource, protect: bool = False) -> pulumi.ResourceOptions:
        """Return the options of a resource, which comes after the services are on."""
        return pulumi.ResourceOptions(
            parent=parent, depends_on=[*self.services, *after], protect=protect and self.stack.is_production
        )

    def agent(self, service: str) -> pulumi.Output[str]:
        """Return Google's own account that acts for a service in this project, as a member."""
        return pulumi.Output.concat(
            "serviceAccount:service-", self.number, f"@gcp-sa-{service}.iam.gserviceaccount.com"
        )


def site_of(stack: Stack, names: Names, demand: Demand, parent: pulumi.Resource) -> Site:
    """Turn on what the App needs in the project, which is there."""
    project = str(stack.existing.project)
    about = organizations.get_project_output(project_id=project, opts=pulumi.InvokeOutputOptions(parent=parent))
    wanted = [
        *ALWAYS,
        *(["pubsub.googleapis.com"] if demand.topics or demand.streams else []),
        *(["secretmanager.googleapis.com"] if demand.secrets else []),
        *(["workflows.googleapis.com", "workflowexecutions.googleapis.com"] if demand.workflows else []),
        *(["billingbudgets.googleapis.com", "monitoring.googleapis.com"] if stack.budget else []),
    ]
    services: list[pulumi.Resource] = [
        projects.Service(
            name.partition(".")[0],
            project=project,
            service=name,
            # Other stacks of the project may use it too.
            disable_on_destroy=False,
            opts=pulumi.ResourceOptions(parent=parent),
        )
        for name in wanted
    ]
    return Site(
        stack=stack,
        names=names,
        project=project,
        number=about.apply(lambda one: one.number),
        labels={
            "app": demand.app.lower(),
            "stack": stack.name.rpartition("/")[2].lower(),
            "environment": stack.environment,
        },
        services=services,
    )
