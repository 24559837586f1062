"""What is told of a deployment on Azure before it is made."""

from __future__ import annotations

from collections.abc import Iterator

from isthmus.provision.demand import Demand
from isthmus.provision.review import Review, database_size
from isthmus.provision.stack import Stack


def review_of(stack: Stack, demand: Demand) -> Review:
    """Return what cannot be undone, what remains and what bills."""
    return Review(
        irreversible=tuple(_irreversible(stack)), remains=tuple(_remains(stack)), bills=tuple(_bills(stack, demand))
    )


def _irreversible(stack: Stack) -> Iterator[str]:
    if not stack.is_production:
        return
    if stack.lock:
        yield f"sealed journal: the lock of its {stack.retention_days} days: they can become more, and never fewer"
    if not stack.existing.vault:
        yield "key vault: purge protection: it stays on, and the vault's name is taken for 90 days after its deletion"


def _remains(stack: Stack) -> Iterator[str]:
    if stack.is_production:
        yield "sealed journal: account and container; once locked, until the last of its blobs is out of its retention"
        yield "resource group, vault, key, database server, database: protected; `pulumi state unprotect` comes first"
    if not stack.existing.key:
        yield "the key of what is personal: it is left in the vault, for what it wrapped opens with no other"
    if not stack.existing.vault:
        yield f"key vault: deleted softly, and recoverable for {90 if stack.is_production else 7} days"


def _bills(stack: Stack, demand: Demand) -> Iterator[str]:
    if not stack.existing.database:
        twice = ", twice for its standby" if stack.is_production else ""
        yield f"database server {database_size(stack)} and its {stack.sizes.database_storage_gb} GB{twice}"
    for unit in demand.units:
        ready = stack.sizes.of(unit.name).always_ready
        if unit.is_critical and ready:
            groups = " in each of the groups http and durable" if unit.is_home else ""
            yield f"unit {unit.name}: {ready} instances always ready{groups}"
    if stack.is_production and demand.workflows:
        yield "Durable Task Scheduler: one dedicated capacity unit"
    if stack.is_production and demand.topics:
        yield "Service Bus Premium: one messaging unit"
    if demand.streams:
        yield "Event Hubs Standard: one throughput unit"
    if demand.hosts and not stack.existing.network:
        yield f"Azure Firewall and its public address, for {', '.join(demand.hosts)}"
    yield "private endpoints, private DNS zones, what storage and logs hold"
