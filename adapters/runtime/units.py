"""Units: what is deployed and scaled alone. One of them is the home of what belongs to the App as a whole."""

from __future__ import annotations

from collections import Counter

from isthmus.core.composition import Composition


def home_unit(composition: Composition) -> str:
    """Return the home unit: the one that most workflows are in, the first by name of several."""
    plan = composition.blueprint
    counted = Counter(one.unit for one in plan.workflows) or Counter(one.unit for one in plan.functions)
    return min(counted, key=lambda unit: (-counted[unit], unit))
