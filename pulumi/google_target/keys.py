"""Keys: one that what is personal is wrapped by, and one that everything at rest is encrypted with.

A key cannot be deleted from Google Cloud, only its versions can: in production they stay when the stack goes, because
what they wrapped opens with no other. https://cloud.google.com/kms/docs/cmek
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pulumi
from pulumi_gcp import kms, storage

from isthmus.core.residency import PERSONAL
from isthmus.provision.demand import Demand
from isthmus.provision.google_target.identity import Identities
from isthmus.provision.google_target.site import Site

USE: Final = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
ROTATION: Final = "7776000s"
"""Ninety days, as https://cloud.google.com/kms/docs/key-rotation recommends."""


class Keys(pulumi.ComponentResource):
    """Make the keys, or use the one that is there for both."""

    def __init__(self, site: Site, identities: Identities, demand: Demand, parent: pulumi.Resource) -> None:
        super().__init__("isthmus:google:Keys", "keys", None, pulumi.ResourceOptions(parent=parent))
        self._site = site
        self.personal: pulumi.Input[str]
        self.at_rest: pulumi.Input[str]
        if site.stack.existing.key:
            self.personal = self.at_rest = site.stack.existing.key
        else:
            ring = kms.KeyRing(
                site.names.of("keys"),
                project=site.project,
                location=site.region,
                opts=site.options(self, "cloudkms", retain=site.stack.is_production),
            )
            strongest = "HSM" if site.stack.is_production else "SOFTWARE"
            self.personal = self._made("personal", ring, strongest, site.labels_of([PERSONAL.name]))
            self.at_rest = self._made("at-rest", ring, "SOFTWARE", site.labels)
        self.ready: list[pulumi.Resource] = [self._let_agent(api) for api in agents_of(demand)]
        self.ready.append(self._let_storage())
        self.users = [
            self._let(f"{unit.name}-personal", self.personal, identities.member(unit.name))
            for unit in demand.units
            if PERSONAL.name in unit.data_classes
        ]
        self.register_outputs({})

    def _made(self, name: str, ring: kms.KeyRing, protection: str, labels: dict[str, str]) -> pulumi.Output[str]:
        production = self._site.stack.is_production
        key = kms.CryptoKey(
            name,
            key_ring=ring.id,
            purpose="ENCRYPT_DECRYPT",
            rotation_period=ROTATION,
            version_template={"algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION", "protection_level": protection},
            labels=labels,
            opts=self._site.options(self, "cloudkms", protect=production, retain=production),
        )
        return key.id

    def _let_agent(self, api: str) -> pulumi.Resource:
        member, agent = self._site.services.agent(api, self._site.number)
        return self._let(f"{api}-at-rest", self.at_rest, member, agent)

    def _let_storage(self) -> pulumi.Resource:
        found = storage.get_project_service_account_output(
            project=self._site.project,
            opts=pulumi.InvokeOutputOptions(parent=self, depends_on=self._site.services.enabled("storage")),
        )
        return self._let("storage-at-rest", self.at_rest, found.apply(lambda one: one.member))

    def _let(
        self, name: str, key: pulumi.Input[str], member: pulumi.Input[str], *after: pulumi.Resource
    ) -> kms.CryptoKeyIAMMember:
        return kms.CryptoKeyIAMMember(
            name, crypto_key_id=key, role=USE, member=member, opts=self._site.options(self, "cloudkms", after=after)
        )


def agents_of(demand: Demand) -> Iterator[str]:
    """Yield the services that keep something of the App, and so encrypt it."""
    yield from ("artifactregistry", "cloudfunctions", "run", "sqladmin")
    if demand.topics or demand.streams:
        yield "pubsub"
    if demand.secrets:
        yield "secretmanager"
    if demand.workflows:
        yield "workflows"
