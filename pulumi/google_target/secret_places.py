"""Secrets: a place for each that a port declares, kept in the stack's region alone, and left empty.

The program makes the place and never the value: a value in a program would be in its state. Somebody who may write
secrets puts it there: `gcloud secrets versions add NAME --data-file=FILE`. Cloud Run starts nothing that refers to a
secret without a value, so a function is given one when the stack says that it is filled: `isthmus:secrets`.

https://cloud.google.com/run/docs/configuring/services/secrets
"""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_gcp import secretmanager

from isthmus.provision.demand import Demand
from isthmus.provision.google_target.identity import Identities
from isthmus.provision.google_target.keys import Keys
from isthmus.provision.google_target.site import Site

LATEST: Final = "latest"
SECRET_MAX: Final = 255


class SecretPlaces(pulumi.ComponentResource):
    """Make the place of each secret, and let those units read it whose ports declare it."""

    def __init__(self, site: Site, keys: Keys, identities: Identities, demand: Demand, parent: pulumi.Resource) -> None:
        super().__init__("isthmus:google:SecretPlaces", "secrets", None, pulumi.ResourceOptions(parent=parent))
        self.ids: dict[str, str] = {}
        self.ready: list[pulumi.Resource] = []
        for name in demand.secrets:
            self.ids[name] = site.names.whole(name, longest=SECRET_MAX)
            place = secretmanager.Secret(
                name,
                project=site.project,
                secret_id=self.ids[name],
                replication={
                    "user_managed": {
                        "replicas": [
                            {
                                "location": site.region,
                                "customer_managed_encryption": {"kms_key_name": keys.at_rest},
                            }
                        ]
                    }
                },
                labels=site.labels,
                opts=site.options(self, "secretmanager", after=keys.ready, protect=site.stack.is_production),
            )
            self.ready += [
                secretmanager.SecretIamMember(
                    f"{unit.name}-reads-{name}",
                    project=site.project,
                    secret_id=place.secret_id,
                    role="roles/secretmanager.secretAccessor",
                    member=identities.member(unit.name),
                    opts=site.options(self, "secretmanager"),
                )
                for unit in demand.units
                if name in unit.secrets
            ]
        self.register_outputs({})
