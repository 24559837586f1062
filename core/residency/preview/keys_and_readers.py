"""Keys and readers: with which key a resource of a preview is encrypted, and who may do what at it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
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
        yield Reader(who=_who(grant, "principalId"), role=role or "a role known after the deployment")
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
