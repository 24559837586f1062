"""The stack: what its configuration says, read once and checked.

isthmus:app           addresses.app:app
isthmus:cloud         azure, or google
isthmus:region        westeurope, or europe-west1
isthmus:environment   development, staging, production: what cannot be undone exists in production alone
isthmus:residency     eu, or a file: where data may live
isthmus:residencyScope group, or subscription: on Azure, where the cloud itself refuses other regions
isthmus:availability  files of what az or gcloud printed: which regions have a service
isthmus:sizes         instancesMax, alwaysReady, memoryMb, database, …, and `units` that differ
isthmus:lock          lock the sealed journal for good: in production alone, and not in its first deployment
isthmus:budget        amount, since, alert, …
isthmus:existing      what is there already and is used instead of made
isthmus:project       on Google Cloud: folder or organization, and billingAccount, of the project that is made
isthmus:settings      the app's own variables
isthmus:packages      a folder that `isthmus package` wrote; without it the program has it written
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, Literal

import msgspec

from isthmus.core.errors import InputError

NAMESPACE: Final = "isthmus"

type Cloud = Literal["azure", "google"]
type Environment = Literal["development", "staging", "production"]
type ResidencyScope = Literal["group", "subscription"]


class StackInvalid(InputError):
    """Report a configuration of a stack that breaks a rule."""

    code = "ISTH280"


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Be a part of the configuration, whose keys are written as Pulumi's are."""


class UnitSizes(Part, frozen=True, kw_only=True):
    """Size one unit otherwise than the others."""

    instances_max: int | None = None
    always_ready: int | None = None
    memory_mb: int | None = None


class Sizes(Part, frozen=True, kw_only=True):
    """Size what is made: the most instances of a unit, how many wait for CRITICAL work, the database."""

    instances_max: int = 10
    always_ready: int = 1
    memory_mb: int = 2048
    connections_per_instance: int | None = None
    database: str | None = None
    database_storage_gb: int = 64
    partitions: int = 4
    units: dict[str, UnitSizes] = {}

    def of(self, unit: str) -> Sizes:
        """Return the sizes of a unit."""
        its = self.units.get(unit, UnitSizes())
        changed = {name: value for name in its.__struct_fields__ if (value := getattr(its, name)) is not None}
        return msgspec.structs.replace(self, **changed)


class Budget(Part, frozen=True, kw_only=True):
    """Say what may be spent in a month, and who is told; the numbers are the user's."""

    amount: int
    since: date
    """The first month that counts: Azure takes no other day than a first."""
    alert: tuple[str, ...]
    percent: tuple[int, ...] = (50, 80, 100)
    currency: str | None = None
    billing_account: str | None = None


class ExistingNetwork(Part, frozen=True, kw_only=True):
    """Name a network that is there, and the parts of it that are used."""

    network: str
    functions: str
    endpoints: str | None = None
    database: str | None = None
    migrations: str | None = None


class ExistingDatabase(Part, frozen=True, kw_only=True):
    """Name a database server that is there, where it answers, and how many connections it leaves us."""

    server: str
    host: str
    connections_max: int
    resource_group: str | None = None


class NewProject(Part, frozen=True, kw_only=True):
    """Say where on Google Cloud a project is made for the stack alone, and who pays for it."""

    billing_account: str
    folder: int | None = None
    organization: int | None = None
    id: str | None = None
    """What it is called, in all of Google Cloud and for good; without it the App's name and the stack's say so."""


class Existing(Part, frozen=True, kw_only=True):
    """Name what is there already, and is used instead of made."""

    resource_group: str | None = None
    project: str | None = None
    network: ExistingNetwork | None = None
    database: ExistingDatabase | None = None
    key: str | None = None
    vault: str | None = None
    log_workspace: str | None = None
    resource_locations: str | None = None
    """On Google Cloud: the organisation policy that says already where things may be: a folder's, another stack's."""


class Stack(Part, frozen=True, kw_only=True):
    """Be the configuration of a stack."""

    app: str
    cloud: Cloud
    region: str
    name: str
    environment: Environment = "development"
    residency: str | None = None
    residency_scope: ResidencyScope = "group"
    """On Azure: whether Azure refuses other regions in the stack's resource group, or in the whole subscription."""
    availability: tuple[str, ...] = ()
    """Files of what az or gcloud printed of the regions that have a service: FILE, or SERVICE=FILE."""
    sizes: Sizes = Sizes()
    budget: Budget | None = None
    existing: Existing = Existing()
    project: NewProject | None = None
    packages: str | None = None
    application: str | None = None
    """On Azure: the id of the Entra application that the app's parts ask tokens for when they call each other."""
    deployers: tuple[str, ...] = ()
    """The addresses that packages are uploaded from, and that may reach what is otherwise private."""
    callers: tuple[str, ...] = ()
    """Who may reach the app's endpoints: on Azure addresses, on Google Cloud members as IAM writes them.

    Without any, they are reached from the network alone.
    """
    secrets: tuple[str, ...] = ()
    """On Google Cloud: the secrets that have a value by now, and are given to the functions that declared them."""
    settings: dict[str, str] = {}
    """The app's own variables, which its functions find in their environment. The state keeps them encrypted."""
    retention_days: int = 2_557
    """How long the sealed journal is kept: seven years, and longer where a law says so."""
    lock: bool = False
    """Lock the retention of the sealed journal: in production, once the journal is there, and for good."""

    @property
    def is_production(self) -> bool:
        """Say whether what cannot be undone may be made."""
        return self.environment == "production"


def read_stack(values: Mapping[str, Any], name: str) -> Stack:
    """Read the configuration of a stack by its keys, without their namespace.

    Raises StackInvalid (ISTH280).
    """
    place = f"stack {name}"
    known = {field.encode_name for field in msgspec.structs.fields(Stack)} - {"name"}
    for key in values:
        if key not in known:
            raise StackInvalid(
                f"there is no {NAMESPACE}:{key}", place=place, instead=f"it knows {', '.join(sorted(known))}"
            )
    try:
        stack = msgspec.convert({**values, "name": name}, Stack, strict=False)
    except msgspec.ValidationError as fault:
        raise StackInvalid(
            f"the configuration is not valid: {fault}", place=place, instead=f"pulumi config set {NAMESPACE}:…"
        ) from None
    _hold_to_rules(stack, place)
    return stack


def _hold_to_rules(stack: Stack, place: str) -> None:
    sizes = [stack.sizes, *(stack.sizes.of(unit) for unit in stack.sizes.units)]
    if any(one.instances_max < 1 or one.always_ready < 0 or one.always_ready > one.instances_max for one in sizes):
        raise StackInvalid(
            "a unit has at least one instance at most, and no more always ready than that",
            place=f"{place}: {NAMESPACE}:sizes",
            instead="correct instancesMax or alwaysReady",
        )
    if stack.budget and (stack.budget.since.day != 1 or not stack.budget.alert or stack.budget.amount < 1):
        raise StackInvalid(
            "a budget begins on the first of a month, has an amount, and tells somebody",
            place=f"{place}: {NAMESPACE}:budget",
            instead='write {amount: 500, since: "2027-01-01", alert: [somebody@example.com]}',
        )
    if stack.residency_scope == "subscription" and not (stack.residency and stack.cloud == "azure"):
        raise StackInvalid(
            "only on Azure, and only with a policy, other regions are refused in the whole subscription",
            place=f"{place}: {NAMESPACE}:residencyScope",
            instead="pulumi config rm isthmus:residencyScope, or set isthmus:residency",
        )
    if stack.lock and not stack.is_production:
        raise StackInvalid(
            "what cannot be undone is for production",
            place=f"{place}: {NAMESPACE}:lock",
            instead="pulumi config rm isthmus:lock, or set isthmus:environment to production",
        )
    if stack.cloud == "azure" and not stack.application:
        raise StackInvalid(
            "on Azure the app's parts call each other by tokens for an Entra application, which a tenant's "
            "administrator makes",
            place=f"{place}: {NAMESPACE}:application",
            instead="az ad app create, then pulumi config set isthmus:application CLIENT_ID",
        )
    if stack.cloud == "google":
        _hold_to_google(stack, place)


def _hold_to_google(stack: Stack, place: str) -> None:
    if (stack.existing.project is None) == (stack.project is None):
        raise StackInvalid(
            "on Google Cloud everything is in one project: one that is there, or one that is made",
            place=f"{place}: {NAMESPACE}:project",
            instead="pulumi config set --path isthmus:existing.project PROJECT, or isthmus:project.folder FOLDER and "
            "isthmus:project.billingAccount ACCOUNT",
        )
    if stack.project and (stack.project.folder is None) == (stack.project.organization is None):
        raise StackInvalid(
            "a project is made in a folder, or in an organisation",
            place=f"{place}: {NAMESPACE}:project",
            instead="pulumi config set --path isthmus:project.folder FOLDER, or isthmus:project.organization "
            "ORGANISATION: the number of one",
        )
    if stack.budget and stack.budget.billing_account is None:
        raise StackInvalid(
            "on Google Cloud a budget belongs to a billing account",
            place=f"{place}: {NAMESPACE}:budget",
            instead="pulumi config set --path isthmus:budget.billingAccount ACCOUNT",
        )
