"""Services: the APIs that a project must have enabled, and the agents by which Google's services act in it.

An API is enabled before the first resource that is made by it, and stays when the stack goes: others may use it.
An agent is made before something is granted to it, because a grant to who is not there is refused.

https://cloud.google.com/iam/docs/service-agents
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pulumi
from pulumi_gcp import projects

AGENTS: Final = {
    "artifactregistry": "gcp-sa-artifactregistry",
    "cloudfunctions": "gcf-admin-robot",
    "pubsub": "gcp-sa-pubsub",
    "run": "serverless-robot-prod",
    "secretmanager": "gcp-sa-secretmanager",
    "sqladmin": "gcp-sa-cloud-sql",
    "workflows": "gcp-sa-workflows",
}
"""The domain of each service's agent."""


class Services(pulumi.ComponentResource):
    """Enable APIs, each when something first needs it."""

    def __init__(self, project: str, after: Sequence[pulumi.Resource], parent: pulumi.Resource) -> None:
        super().__init__("isthmus:google:Services", "services", None, pulumi.ResourceOptions(parent=parent))
        self._project = project
        self._after = after
        self._enabled: dict[str, projects.Service] = {}
        self._agents: dict[str, projects.ServiceIdentity] = {}
        self.register_outputs({})

    def enabled(self, *apis: str) -> list[pulumi.Resource]:
        """Return what to wait for before something is made by these APIs."""
        return [self._api(name) for name in apis]

    def agent(self, api: str, number: pulumi.Output[str]) -> tuple[pulumi.Output[str], pulumi.Resource]:
        """Return the agent of a service as a member of policies, and what to wait for before it is granted anything."""
        if api not in self._agents:
            self._agents[api] = projects.ServiceIdentity(
                api,
                project=self._project,
                service=f"{api}.googleapis.com",
                opts=pulumi.ResourceOptions(parent=self, depends_on=self.enabled(api)),
            )
        member = pulumi.Output.concat("serviceAccount:service-", number, f"@{AGENTS[api]}.iam.gserviceaccount.com")
        return member, self._agents[api]

    def _api(self, name: str) -> projects.Service:
        if name not in self._enabled:
            self._enabled[name] = projects.Service(
                name,
                project=self._project,
                service=f"{name}.googleapis.com",
                disable_on_destroy=False,
                disable_dependent_services=False,
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(self._after)),
            )
        return self._enabled[name]
