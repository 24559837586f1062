"""What is told of a deployment on Google Cloud before it is made."""

from __future__ import annotations

from collections.abc import Iterator

from isthmus.provision.demand import Demand
from isthmus.provision.review import Review, database_size
from isthmus.provision.stack import Stack


def review_of(stack: Stack, demand: Demand) -> Review:
    """Return what cannot be undone, what remains and what bills."""
    return Review(
        irreversible=tuple(_irreversible(stack)),
        remains=tuple(_remains(stack)),
        bills=tuple(_bills(stack, demand)),
    )


def _irreversible(stack: Stack) -> Iterator[str]:
    if stack.lock:
        yield f"sealed journal: the lock of its {stack.retention_days} days: they can become more, and never fewer"


def _remains(stack: Stack) -> Iterator[str]:
    if stack.is_production:
        yield "sealed journal: the bucket; once locked, until the last of its objects is out of its retention"
        yield "key, database instance, database: protected; `pulumi state unprotect` comes first"
    if not stack.existing.key:
        yield "key ring and key of what is personal: Cloud KMS deletes no ring and no key, and the key's versions stay"
    yield "the services that were turned on in the project: other stacks may use them"


def _bills(stack: Stack, demand: Demand) -> Iterator[str]:
    if not stack.existing.database:
        twice = ", twice for its standby" if stack.is_production else ""
        yield f"database instance {database_size(stack)} and its {stack.sizes.database_storage_gb} GB{twice}"
    for unit in demand.units:
        ready = stack.sizes.of(unit.name).always_ready
        if unit.is_critical and ready:
            yield f"unit {unit.name}: {ready} instances at least"
    if demand.hosts and not stack.existing.network:
        yield f"the gateway of the network, for {', '.join(demand.hosts)}"
    yield "Scheduler: the sweep calls home once a minute"
    yield "key versions, private DNS zone, what buckets, images and logs hold"
