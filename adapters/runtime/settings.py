"""Settings: what the environment of a deployed app tells it, by name."""

from __future__ import annotations

import os
from typing import Final

from isthmus.core.errors import EnvironmentFault

DATABASE: Final = "ISTHMUS_DATABASE"
KEY_FILE: Final = "ISTHMUS_KEY_FILE"
FOLDER: Final = "ISTHMUS_FOLDER"


class SettingMissing(EnvironmentFault):
    """Report an app setting that is not there, or says nothing that is known."""

    code = "ISTH360"


def setting(name: str) -> str:
    """Return an app setting. Raises SettingMissing (ISTH360)."""
    value = os.environ.get(name)
    if not value:
        raise SettingMissing(f"{name} is not set", place="app settings", instead=f"set {name}")
    return value
