"""Units: what is deployed and scaled alone, a service of its own for each."""

from __future__ import annotations

from collections.abc import Mapping

from isthmus.core.composition import Composition


def elsewhere(composition: Composition, unit: str | None) -> Mapping[str, str]:
    """Return the contracts whose work another unit does, with that unit; none for an App that is one service."""
    if unit is None:
        return {}
    return {one.contract: one.unit for one in composition.blueprint.functions if one.unit != unit}
