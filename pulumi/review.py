"""The review: what a preview tells before anything is made, and what it refuses.

irreversible   what a later deployment cannot take back; in production alone
remains        what `pulumi destroy` leaves behind, or refuses to delete
bills          what costs money while nobody sends an order
"""

from __future__ import annotations

from typing import Final

import msgspec

from isthmus.core.errors import InputError
from isthmus.provision.demand import Demand
from isthmus.provision.stack import Stack, StackInvalid

RESERVED_BY_AZURE: Final = 15
"""How many connections a flexible server keeps for itself: learn.microsoft.com/azure/postgresql/…/concepts-limits."""

AZURE_CONNECTIONS: Final = {
    "B1ms": 50, "B2s": 429, "B2ms": 859, "B4ms": 1_718, "B8ms": 3_437,
    "D2": 859, "D4": 1_718, "D8": 3_437, "D16": 5_000, "D32": 5_000,
    "E2": 1_718, "E4": 3_437, "E8": 5_000, "E16": 5_000,
}  # fmt: skip
"""The most connections of a flexible server by size, as the same page lists them: its default."""

GOOGLE_CONNECTIONS: Final = ((3.75, 100), (6.0, 200), (7.5, 400), (15.0, 500), (30.0, 600), (60.0, 800), (120.0, 1_000))
"""The most connections of an instance from so many GB of memory on: cloud.google.com/sql/docs/postgres/flags."""

DEFAULT_DATABASE: Final = {"azure": "Standard_D2ds_v5", "google": "db-custom-2-7680"}


DEFAULT_CONNECTIONS: Final = {"azure": 32, "google": 16}
"""The most that one instance opens: a connection for each thing that it does at once.

On Azure host.json lets a worker do 16 activities and take 16 messages; on Google Cloud it is the concurrency that the
function is given.
"""


class TooManyConnections(InputError):
    """Report instances that together would open more connections than the database takes."""

    code = "ISTH283"


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """Be what is told before anything is made."""

    irreversible: tuple[str, ...] = ()
    remains: tuple[str, ...] = ()
    bills: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return it as people read it."""
        told = (
            ("Cannot be undone", self.irreversible),
            ("Remains after pulumi destroy, or is not deleted by it", self.remains),
            ("Bills while idle", self.bills),
        )
        return [line for title, items in told if items for line in (f"{title}:", *(f"  - {one}" for one in items))]


def database_size(stack: Stack) -> str:
    """Return the size of the database that is made."""
    return stack.sizes.database or DEFAULT_DATABASE[stack.cloud]


def connections_per_instance(stack: Stack, unit: str) -> int:
    """Return how many connections one instance of a unit opens at most."""
    return stack.sizes.of(unit).connections_per_instance or DEFAULT_CONNECTIONS[stack.cloud]


def connections_of(stack: Stack) -> int:
    """Return how many connections the database leaves to the app.

    Raises StackInvalid (ISTH280).
    """
    if stack.existing.database:
        return stack.existing.database.connections_max
    size = database_size(stack)
    found = _azure_connections(size) if stack.cloud == "azure" else _google_connections(size)
    if found is None:
        raise StackInvalid(
            f"nobody has told how many connections a database of size {size} takes",
            place=f"stack {stack.name}: isthmus:sizes",
            instead="name one that the provider's page lists, as Standard_D2ds_v5 or db-custom-2-7680",
        )
    return found


def _azure_connections(size: str) -> int | None:
    """Read `Standard_D2ds_v5` or `Standard_B1ms`."""
    family = size.removeprefix("Standard_").partition("_")[0]
    letters = family.rstrip("abcdefghijklmnopqrstuvwxyz")
    total = AZURE_CONNECTIONS.get(family) or AZURE_CONNECTIONS.get(letters)
    return total - RESERVED_BY_AZURE if total else None


def _google_connections(size: str) -> int | None:
    """Read `db-custom-CPUS-MEGABYTES`."""
    words = size.split("-")
    if words[:2] != ["db", "custom"] or len(words) != 4 or not words[3].isdigit():
        return None
    gigabytes = int(words[3]) / 1024
    return max((count for least, count in GOOGLE_CONNECTIONS if gigabytes >= least), default=None)


def hold_to_connections(stack: Stack, demand: Demand) -> None:
    """Refuse more instances than the database has connections for.

    Raises TooManyConnections (ISTH283), StackInvalid (ISTH280).
    """
    each = {
        unit.name: (stack.sizes.of(unit.name).instances_max, connections_per_instance(stack, unit.name))
        for unit in demand.units
    }
    wanted = sum(instances * connections for instances, connections in each.values())
    most = connections_of(stack)
    if wanted > most:
        told = " + ".join(f"{name} {instances} x {connections}" for name, (instances, connections) in each.items())
        raise TooManyConnections(
            f"{told} = {wanted} connections, and the database takes {most}",
            place=f"stack {stack.name}: isthmus:sizes",
            instead="lower instancesMax or connectionsPerInstance, or choose a larger database",
        )
