"""Keys and readers: with which key a resource of a preview is encrypted, and who may do what at it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from isthmus.core.residency.preview.resource import Json, Resource, is_known, shown, text_of, values

KEYS: Final = (
    "encryption.keyVaultProperties.keyUri",
    "encryption.defaultKmsKeyName",
    "dataEncryption.primaryKeyURI",
    "properties.encryption.keyVaultProperties.keyUri",
    "kmsKeyName",
    "encryptionKeyName",
    "cryptoKeyName",
    "kmsKey",
    "encryptionConfig.kmsKeyName",
    "cmekSettings.kmsKeyName",
    "defaultEncryptionConfiguration.kmsKeyName",
)
"""The properties that name a key of the customer's."""

CLOUDS_KEY: Final = "a key of the cloud's"
ROLE_ASSIGNMENT: Final = "azure-native:authorization:RoleAssignment"
BUILT_IN_ROLES: Final[Mapping[str, str]] = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "69566ab7-960f-475b-8e7c-b3118f30c6bd": "Storage File Data Privileged Contributor",
    "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39": "Azure Service Bus Data Sender",
    "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0": "Azure Service Bus Data Receiver",
    "a638d3c7-ab3a-418d-83e6-5f17a39d4fde": "Azure Event Hubs Data Receiver",
    "12338af0-0e69-4776-bea7-57ae8d297424": "Key Vault Crypto User",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "0ad04412-c4d5-4796-b79c-f76d14c8d402": "Durable Task Data Contributor",
}
"""Azure's own roles by their ids, as learn.microsoft.com/azure/role-based-access-control/built-in-roles names them."""

IAM: Final = re.compile(r"^gcp:.*(IAM|Iam)(Member|Binding)$")


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Say who has which role at a resource."""

    who: str
    role: str


def key_of(resource: Resource) -> str:
    """Return the key that a resource is encrypted with: the customer's where one is named, else the cloud's."""
    for path in KEYS:
        for _, value in values(resource.properties, path):
            if value is not None:
                made = [urn.rpartition("::")[2] for urn in resource.dependencies.get(path.partition(".")[0], ())]
                return shown(value) if is_known(value) else ", ".join(made) or "a key known after the deployment"
    return CLOUDS_KEY


def readers_of(resource: Resource, resources: Sequence[Resource]) -> tuple[Reader, ...]:
    """Return who was given a role at a resource by the same deployment."""
    found: Iterator[Reader] = (
        reader
        for one in resources
        if one.token == ROLE_ASSIGNMENT or IAM.match(one.token)
        if any(resource.urn in urns for urns in one.dependencies.values())
        for reader in _reader(one)
    )
    return tuple(dict.fromkeys(found))


def _reader(grant: Resource) -> Iterator[Reader]:
    if grant.token == ROLE_ASSIGNMENT:
        role = text_of(grant.properties.get("roleDefinitionId")).rpartition("/")[2]
        named = BUILT_IN_ROLES.get(role, role)
        yield Reader(who=_who(grant, "principalId"), role=named or "a role known after the deployment")
        return
    role = text_of(grant.properties.get("role"))
    members = grant.properties.get("members")
    if isinstance(members, list):
        yield from (Reader(who=shown(one), role=role) for one in members)
    else:
        yield Reader(who=_who(grant, "member"), role=role)


def _who(grant: Resource, property_: str) -> str:
    value: Json = grant.properties.get(property_)
    made = [urn.rpartition("::")[2] for urn in grant.dependencies.get(property_, ())]
    return shown(value) if is_known(value) else ", ".join(made) or shown(value)
