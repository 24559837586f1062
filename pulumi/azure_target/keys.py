"""Keys and secrets: a vault with the master key of what is personal, and a place for each secret, left empty.

The program makes the place and never the value: a value in a program would be in its state. Somebody who may write
secrets puts it there: `az keyvault secret set --vault-name VAULT --name NAME --file FILE`.
"""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_azure_native import keyvault

from isthmus.core.residency import PERSONAL
from isthmus.provision.azure_target.identity import Identities, Role
from isthmus.provision.azure_target.network import Network
from isthmus.provision.azure_target.site import Site
from isthmus.provision.demand import Demand

KEY: Final = "personal"
DAYS_UNTIL_GONE: Final = 90
ZONE: Final = "privatelink.vaultcore.azure.net"


class Keys(pulumi.ComponentResource):
    """Make the vault and its key, or use those that are there."""

    def __init__(
        self, site: Site, network: Network, identities: Identities, demand: Demand, parent: pulumi.Resource
    ) -> None:
        super().__init__("isthmus:azure:Keys", "keys", None, pulumi.ResourceOptions(parent=parent))
        self.ready: list[pulumi.Resource] = []
        # A vault is copied to the paired region, and whoever has a copy of the key can open what it sealed.
        self._opened = {PERSONAL.name} & {*demand.data_classes}
        vault_id: pulumi.Input[str]
        if site.stack.existing.vault:
            vault_id = site.stack.existing.vault
            name: pulumi.Input[str] = vault_id.rpartition("/")[2]
        else:
            vault = self._vault(site)
            self.ready.append(network.endpoint("vault", vault.id, "vault", ZONE))
            vault_id, name = vault.id, vault.name
        self.vault_url = pulumi.Output.concat("https://", name, ".vault.azure.net")
        key_id: pulumi.Input[str]
        if site.stack.existing.key:
            self.key_url: pulumi.Output[str] = pulumi.Output.from_input(site.stack.existing.key)
            key_id = pulumi.Output.concat(vault_id, "/keys/", site.stack.existing.key.rpartition("/keys/")[2])
        else:
            key = self._key(site, name)
            key_id = pulumi.Output.concat(vault_id, "/keys/", KEY)
            self.key_url = pulumi.Output.concat(self.vault_url, "/keys/", KEY)
            self.ready.append(key)
        for unit in demand.units:
            self.ready.append(identities.may(unit.name, Role.CRYPTO_USER, key_id, KEY))
            for secret in unit.secrets:
                scope = pulumi.Output.concat(vault_id, "/secrets/", secret)
                self.ready.append(identities.may(unit.name, Role.SECRETS_USER, scope, secret))
        self.register_outputs({})

    def _vault(self, site: Site) -> keyvault.Vault:
        production = site.stack.is_production
        return keyvault.Vault(
            site.names.of("v", longest=24),
            resource_group_name=site.group,
            location=site.region,
            properties={
                "tenant_id": site.tenant,
                "sku": {
                    "family": "A",
                    "name": keyvault.SkuName.PREMIUM if production else keyvault.SkuName.STANDARD,
                },
                "enable_rbac_authorization": True,
                "enable_soft_delete": True,
                "soft_delete_retention_in_days": DAYS_UNTIL_GONE if production else 7,
                # Once it is on it stays on, and so does the vault's name for ninety days.
                "enable_purge_protection": True if production else None,
                "public_network_access": "Disabled",
                "network_acls": {"default_action": "Deny", "bypass": "AzureServices"},
            },
            tags=site.tags_of(self._opened),
            opts=pulumi.ResourceOptions(parent=self, protect=production),
        )

    def _key(self, site: Site, vault: pulumi.Input[str]) -> keyvault.Key:
        return keyvault.Key(
            KEY,
            key_name=KEY,
            vault_name=vault,
            resource_group_name=site.group,
            properties={
                "kty": "RSA-HSM" if site.stack.is_production else "RSA",
                "key_size": 3072,
                "key_ops": ["wrapKey", "unwrapKey"],
            },
            tags=site.tags_of(self._opened),
            # What was wrapped by a key is opened by no other: whoever loses it has lost what is personal.
            opts=pulumi.ResourceOptions(parent=self, protect=site.stack.is_production, retain_on_delete=True),
        )

    def reference(self, secret: str) -> pulumi.Output[str]:
        """Return what an app setting says in place of a secret."""
        return pulumi.Output.concat("@Microsoft.KeyVault(SecretUri=", self.vault_url, f"/secrets/{secret})")
