"""What an App on Azure stands on: its database, its keys, its clock, and the topics that its messages leave by.

Settings say where these are; a rehearsal puts its own in their place.

    ISTHMUS_DATABASE        the database's URL; without a password in it, a server's is a token of Entra ID
    ISTHMUS_DATABASE_LOGIN  `entra` or `url`, where that has to be said
    ISTHMUS_KEY_VAULT       the master key, by its URL in Key Vault; without it
    ISTHMUS_KEY_FILE        the file of the master key, on a share that is mounted and outlives the app
    ISTHMUS_FOLDER          where ports find the files of their own
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from isthmus.adapters.azure.identity import identity
from isthmus.adapters.runtime.clock import SystemClock
from isthmus.adapters.runtime.deployment import Clock
from isthmus.adapters.runtime.envelope import Envelope
from isthmus.adapters.runtime.host import Host, Outlet, surroundings
from isthmus.adapters.runtime.operations import SCHEDULE_TOPIC, STREAM_TOPIC
from isthmus.adapters.runtime.settings import DATABASE, FOLDER, key_from_file, logs_in_by_token, setting
from isthmus.adapters.runtime.vault import MasterKey
from isthmus.adapters.sql.database import Database
from isthmus.core.composition import Composition

BACKEND = "azure"

HANDLED_HERE = (STREAM_TOPIC, SCHEDULE_TOPIC)
"""What goes through the outbox and not through Service Bus: whoever took it in has it handled too."""

KEY_VAULT = "ISTHMUS_KEY_VAULT"


def host_of(composition: Composition, elsewhere: Mapping[str, str] | None = None) -> Host:
    """Return the host of an App; `elsewhere` names the contracts whose work another unit does, with that unit."""
    around = surroundings(Settings)
    return Host(composition, around, backend=BACKEND, handled_here=HANDLED_HERE, elsewhere=elsewhere)


class Settings:
    """Read the surroundings from the settings of the function app."""

    def database(self) -> Database:
        """Open the database; its schema was brought up to date before the app was deployed."""
        database = Database.open(setting(DATABASE), migrate=False)
        if not logs_in_by_token(database, "entra"):
            return database
        from isthmus.adapters.azure.entra import log_in_by_token  # noqa: PLC0415  # only where a server is logged in to

        return log_in_by_token(database)

    def master(self) -> MasterKey:
        """Return the master key: the vault's, or else a file's."""
        vault = os.environ.get(KEY_VAULT)
        if vault:
            from isthmus.adapters.azure.key_vault import KeyVault  # noqa: PLC0415  # its client is slow to import

            return Envelope(KeyVault(vault))
        return key_from_file(otherwise=KEY_VAULT)

    def folder(self) -> Path:
        """Return the folder, by default the one that the app is deployed to."""
        return Path(os.environ.get(FOLDER, "."))

    def clock(self) -> Clock:
        """Return the machine's clock."""
        return SystemClock()

    def outlet(self) -> Outlet | None:
        """Return the topics of Service Bus."""
        from isthmus.adapters.azure.service_bus import ServiceBusOutlet  # noqa: PLC0415  # its client is slow to import

        return ServiceBusOutlet()

    def token(self, scope: str) -> str:
        """Return a token of the managed identity; its library keeps one until shortly before it expires."""
        return identity().get_token(scope).token


class OperatorSettings(Settings):
    """Read the surroundings of an operator's machine, which sends no messages itself."""

    def outlet(self) -> Outlet | None:
        """Return nothing: what is published waits for the sweep."""
        return None
