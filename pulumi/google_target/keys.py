"""Keys and secrets: the master key of what is personal, and a place for each secret, left empty.

The program makes the place and never the value: a value in a program would be in its state. Somebody who may write
secrets puts it there: `gcloud secrets versions add NAME --data-file=FILE`. Cloud Run starts no function with a secret
that has no version, so a function is given one when the stack says that it is filled: `isthmus:secrets`.
"""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_gcp import kms, secretmanager

from isthmus.provision.demand import Demand, UnitDemand
from isthmus.provision.google_target.identity import Identities
from isthmus.provision.google_target.site import Site

KEY: Final = "personal"
DESTROYED_AFTER: Final = "2592000s"


class Keys(pulumi.ComponentResource):
    """Make the key, or use the one that is there, and a place for each secret."""

    def __init__(self, site: Site, identities: Identities, demand: Demand, parent: pulumi.Resource) -> None:
        super().__init__("isthmus:google:Keys", "keys", None, pulumi.ResourceOptions(parent=parent))
        self._site = site
        child = pulumi.ResourceOptions(parent=self)
        self.key: pulumi.Input[str] = site.stack.existing.key or self._key().id
        self.secrets = {name: self._secret(name) for name in demand.secrets}
        self.ready: list[pulumi.Resource] = []
        for unit in demand.units:
            self.ready.append(
                kms.CryptoKeyIAMMember(
                    f"{unit.name}-{KEY}",
                    crypto_key_id=self.key,
                    role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
                    member=identities.of[unit.name].member,
                    opts=child,
                )
            )
            for secret in unit.secrets:
                self.ready.append(
                    secretmanager.SecretIamMember(
                        f"{unit.name}-{secret}",
                        project=site.project,
                        secret_id=self.secrets[secret].secret_id,
                        role="roles/secretmanager.secretAccessor",
                        member=identities.of[unit.name].member,
                        opts=child,
                    )
                )
        self.register_outputs({})

    def _key(self) -> kms.CryptoKey:
        ring = kms.KeyRing(
            self._site.names.of("keys"),
            project=self._site.project,
            location=self._site.region,
            opts=self._site.child(self),
        )
        return kms.CryptoKey(
            KEY,
            name=KEY,
            key_ring=ring.id,
            purpose="ENCRYPT_DECRYPT",
            destroy_scheduled_duration=DESTROYED_AFTER,
            version_template={
                "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION",
                "protection_level": "HSM" if self._site.stack.is_production else "SOFTWARE",
            },
            labels=self._site.labels,
            # What was wrapped by a key is opened by no other: whoever loses it has lost what is personal.
            opts=pulumi.ResourceOptions(parent=self, protect=self._site.stack.is_production, retain_on_delete=True),
        )

    def _secret(self, name: str) -> secretmanager.Secret:
        return secretmanager.Secret(
            name,
            project=self._site.project,
            secret_id=self._site.names.whole(name, longest=255),
            replication={"user_managed": {"replicas": [{"location": self._site.region}]}},
            labels=self._site.labels,
            opts=self._site.child(self),
        )

    def filled(self, unit: UnitDemand) -> dict[str, pulumi.Output[str]]:
        """Return the secrets of a unit that have a value, by their names."""
        return {name: self.secrets[name].secret_id for name in unit.secrets if name in self._site.stack.secrets}
