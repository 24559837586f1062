"""Units: what is deployed and scaled alone. One of them is the home of what belongs to the App as a whole."""

from __future__ import annotations

from isthmus.core import blueprint
from isthmus.core.composition import Composition


def home_unit(composition: Composition) -> str:
    """Return the home unit of an App."""
    return blueprint.home_unit(composition.blueprint)
