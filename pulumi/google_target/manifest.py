"""The manifest: what `isthmus package google` says of a folder: what calls the unit, and which workflows there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from isthmus.core.errors import InputError
from isthmus.provision.packages import Package

FILE: Final = "isthmus.json"
WORKFLOWS: Final = "workflows"
"""Where home's package has the compiled workflows, each in a file of its name."""


class PackageUnreadable(InputError):
    """Report a package that does not say what calls it, or lacks a workflow that it names."""

    code = "ISTH186"


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """Be one way in which a unit's function is called."""

    kind: Literal["endpoint", "push", "schedule", "sweep"]
    unit: str
    path: str
    topic: str = ""
    subscription: str = ""
    cron: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Be what a folder is of."""

    triggers: tuple[Trigger, ...]
    workflows: tuple[str, ...]


def manifest_of(package: Package) -> Manifest:
    """Read the manifest of a package. Raises PackageUnreadable (ISTH186)."""
    place = package.folder / FILE
    try:
        return msgspec.json.decode(place.read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as fault:
        raise PackageUnreadable(
            f"it does not say what calls this unit: {fault}", place=str(place), instead="isthmus package google"
        ) from None


def triggers_of(packages: Mapping[str, Package]) -> list[Trigger]:
    """Return what calls an App. Raises PackageUnreadable (ISTH186)."""
    return [
        trigger
        for unit, package in packages.items()
        for trigger in manifest_of(package).triggers
        if trigger.unit == unit
    ]


def sources_of(home: Package) -> dict[str, str]:
    """Return the compiled workflows of all versions by their names. Raises PackageUnreadable (ISTH186)."""
    found = {}
    for name in manifest_of(home).workflows:
        file = home.folder / WORKFLOWS / f"{name}.yaml"
        if not file.is_file():
            raise PackageUnreadable(
                f"there is no compiled workflow {name}", place=str(file), instead="isthmus package google"
            )
        found[name] = file.read_text("utf-8")
    return found
