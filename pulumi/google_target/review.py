"""What is told of a deployment on Google Cloud before it is made."""

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
    if stack.lock:
        yield f"sealed journal: the lock of its {stack.retention_days} days: they can become more, and never fewer"


def _remains(stack: Stack) -> Iterator[str]:
    if stack.project and stack.is_production:
        yield "the project itself: it is protected, and Google Cloud is not asked to delete it"
    elif stack.project:
        yield "the project, for 30 days, and its id for good: the next deployment says another by isthmus:project.id"
    if stack.is_production:
        yield "sealed journal: its bucket; once locked, until the last of its objects is out of its retention"
        yield "database instance, keys, secrets: protected; `pulumi state unprotect` comes first"
        yield "database instance and its backups, keys and key ring: they are left where they are"
    elif not stack.existing.key:
        yield "key ring and keys: Google Cloud deletes neither; the versions of the keys are destroyed after 30 days"
    if not stack.is_production:
        yield "sealed journal: its bucket is deleted once it is empty; an object can be, a day after it was written"
    if not stack.existing.database:
        yield "the name of the database instance: it cannot be used again for a week"
    if not stack.existing.log_workspace:
        yield "the log bucket: its deletion takes seven days, in which its name cannot be used again"
    yield "the APIs that were enabled, and copies of packages in the bucket gcf-v2-sources-… of the project"


def _bills(stack: Stack, demand: Demand) -> Iterator[str]:
    if not stack.existing.database:
        twice = ", twice for its standby" if stack.is_production else ""
        yield f"database instance {database_size(stack)} and its {stack.sizes.database_storage_gb} GB{twice}"
    for unit in demand.units:
        ready = stack.sizes.of(unit.name).always_ready
        if unit.is_critical and ready:
            yield f"unit {unit.name}: {ready} instances at least"
    reaching = [unit.name for unit in demand.units if unit.hosts]
    if reaching and not stack.existing.network:
        yield f"Cloud NAT and the firewall's names of hosts, for {', '.join(demand.hosts)}"
    yield f"Cloud Scheduler: {1 + len(demand.schedules)} jobs, of which one asks home once a minute"
    yield "key versions, private DNS zones, what buckets, images, secrets and logs hold"
