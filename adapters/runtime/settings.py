"""Settings: what the environment of a deployed app tells it, by name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from isthmus.adapters.runtime.vault import KeyFile
from isthmus.adapters.sql.database import Database
from isthmus.core.errors import EnvironmentFault, KeyUnavailable

DATABASE: Final = "ISTHMUS_DATABASE"
KEY_FILE: Final = "ISTHMUS_KEY_FILE"
FOLDER: Final = "ISTHMUS_FOLDER"
LOGIN: Final = "ISTHMUS_DATABASE_LOGIN"


class SettingMissing(EnvironmentFault):
    """Report an app setting that is not there, or says nothing that is known."""

    code = "ISTH360"


def setting(name: str) -> str:
    """Return an app setting. Raises SettingMissing (ISTH360)."""
    value = os.environ.get(name)
    if not value:
        raise SettingMissing(f"{name} is not set", place="app settings", instead=f"set {name}")
    return value


def key_from_file(*, otherwise: str) -> KeyFile:
    """Return the master key of a file, which is never made here: a moved app would lose it. Raises KeyUnavailable.

    `otherwise` is the setting that names a key service instead.
    """
    path = Path(setting(KEY_FILE))
    if not path.is_file():
        instead = f"mount it, name it in {KEY_FILE}; or set {otherwise}"
        raise KeyUnavailable("there is no such file", place=str(path), instead=instead)
    return KeyFile(path)


def logs_in_by_token(database: Database, giver: str) -> bool:
    """Say whether a token is the password: where none is known of a server that is reached over a network.

    ISTHMUS_DATABASE_LOGIN may say it instead: `giver`, the cloud's word for it, or `url`. Raises SettingMissing.
    """
    login = os.environ.get(LOGIN)
    if login not in {None, "", giver, "url"}:
        raise SettingMissing(f"{LOGIN} is neither {giver} nor url", place="app settings", instead="set one of them")
    url = database.engine.url
    if database.dialect != "postgresql" or login == "url":
        return False
    return login == giver or (bool(url.host) and not url.password)
