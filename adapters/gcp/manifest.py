"""The manifest: what a packaged folder is of, for whoever deploys it, and for the App to be held to."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from isthmus.adapters.gcp.naming import environment, workflow_name
from isthmus.adapters.gcp.triggers import Trigger, triggers_of
from isthmus.core.blueprint import reached_units
from isthmus.core.composition import Composition

MANIFEST: Final = "isthmus.json"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Be what a folder is of: its unit, what calls that, and all workflows, with where these find the units.

    A folder without a unit is of the whole App. `addresses` are the environment variables of every workflow.
    """

    app: str
    unit: str | None
    triggers: list[Trigger]
    workflows: list[str]
    addresses: dict[str, str]


def manifest_of(composition: Composition, unit: str | None) -> Manifest:
    """Return the manifest of one unit's folder, or of the whole App's."""
    return Manifest(
        app=composition.name,
        unit=unit,
        triggers=[one for one in triggers_of(composition) if unit in {None, one.unit}],
        workflows=sorted(workflow_name(*version) for version in composition.versions),
        addresses={
            environment(one): f"https://<service of {one}>.run.app" for one in reached_units(composition.blueprint)
        },
    )


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a folder."""
    return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
