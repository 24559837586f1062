"""Preconditions: what the clouds document as a condition of a resource, and no type of their SDKs states.

@rule("azure-native:keyvault:Vault", source=f"{LEARN}/key-vault/general/soft-delete-overview")
def purge_protection_is_on_or_left_out(vault: Asked) -> str:
    return "…" if vault["properties.enablePurgeProtection"] is False else ""

A rule returns what is wrong, or nothing. One that takes a `World` too looks at other resources, and is asked when the
resource is made or changed; the others are asked in every preview as well. What is not known yet breaks no rule.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from sdk_types import UNKNOWN

LEARN = "https://learn.microsoft.com/azure"
GOOGLE = "https://cloud.google.com"
SDK_AZURE = "pulumi-azure-native 3.29, docstring of"
SDK_GOOGLE = "pulumi-gcp 10.2, docstring of"


class Asked:
    """Be the inputs of a resource, read by dotted paths: None where nothing is said, or not known yet."""

    def __init__(self, token: str, inputs: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> None:
        self.token = token
        self.inputs = inputs
        self.before = before
        """What it was, when it is there already."""

    def __getitem__(self, path: str) -> Any:
        value: Any = self.inputs
        for step in path.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        return None if value == UNKNOWN else value

    def listed(self, path: str) -> list[Any]:
        """Return a list; nothing where none is said."""
        value = self[path]
        return [one for one in value if one != UNKNOWN] if isinstance(value, list) else []


class World:
    """Be all other resources that there are."""

    def __init__(self, entries: Mapping[str, Any]) -> None:
        self.entries = entries

    def get(self, identifier: str) -> Asked | None:
        """Return a resource by its id."""
        entry = self.entries.get(identifier)
        return Asked(entry["type"], entry["inputs"]) if entry else None

    def of(self, token: str) -> Iterator[Asked]:
        """Return all resources of a type."""
        return (Asked(one["type"], one["inputs"]) for one in self.entries.values() if one["type"] == token)

    def outputs(self, token: str) -> Iterator[dict[str, Any]]:
        """Return what all resources of a type answered."""
        return (one["state"] for one in self.entries.values() if one["type"] == token)


class Rule(NamedTuple):
    """Be a precondition: what it is about, what it says, and the page that says so."""

    name: str
    tokens: tuple[str, ...]
    source: str
    looks_around: bool
    check: Callable[..., str]

    @property
    def says(self) -> str:
        """Return the condition as a sentence."""
        return self.name.replace("_", " ")


RULES: list[Rule] = []


def rule(*tokens: str, source: str) -> Callable[[Callable[..., str]], Callable[..., str]]:
    """Register a precondition of types of resources."""

    def register(check: Callable[..., str]) -> Callable[..., str]:
        around = len(inspect.signature(check).parameters) > 1
        RULES.append(Rule(check.__name__, tokens, source, around, check))
        return check

    return register


def all_rules() -> list[Rule]:
    """Return every precondition."""
    for module in ("azure_preconditions", "azure_policies", "google_preconditions", "google_bounds", "google_order"):
        importlib.import_module(module)
    return RULES


def broken_alone(token: str, inputs: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a resource by itself."""
    asked = Asked(token, inputs)
    return [
        f".{one.name}: {problem} ({one.source})"
        for one in all_rules()
        if token in one.tokens and not one.looks_around and (problem := one.check(asked))
    ]


def broken(
    token: str, inputs: Mapping[str, Any], others: Mapping[str, Any], before: Mapping[str, Any] | None = None
) -> list[str]:
    """Return what is wrong with a resource among the others that there are."""
    asked, world = Asked(token, inputs, before), World(others)
    return [
        f"{one.name}: {problem} ({one.source})"
        for one in all_rules()
        if token in one.tokens and one.looks_around and (problem := one.check(asked, world))
    ]


def broken_by_deletion(token: str, inputs: Mapping[str, Any]) -> str:
    """Return why a resource cannot be deleted; nothing when it can."""
    asked = Asked(token, inputs)
    if token == "gcp:storage/bucket:Bucket" and asked["retentionPolicy.isLocked"]:
        return f"the bucket's retention policy is locked ({GOOGLE}/storage/docs/bucket-lock)"
    if asked["immutableStorageWithVersioning.immutabilityPolicy.state"] == "Locked":
        return f"the account's immutability policy is locked ({LEARN}/storage/blobs/immutable-storage-overview)"
    if token == "gcp:organizations/project:Project" and asked["deletionPolicy"] == "PREVENT":
        return f"its deletion is prevented ({SDK_GOOGLE} organizations.Project)"
    if token == "gcp:sql/databaseInstance:DatabaseInstance" and asked["settings.deletionProtectionEnabled"]:
        return f"deletion protection is on ({GOOGLE}/sql/docs/postgres/deletion-protection)"
    return ""
