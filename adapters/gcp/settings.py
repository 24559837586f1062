"""Settings: what the environment of an App on Google Cloud tells it, by name, and what it stands on by that.

    ISTHMUS_DATABASE        the database's URL; without a password in it, a server's is a token of the service account
    ISTHMUS_DATABASE_LOGIN  `iam` or `url`, where that has to be said
    ISTHMUS_KMS_KEY         the master key, by its name in Cloud KMS; without it
    ISTHMUS_KEY_FILE        the file of the master key, on a volume that is mounted and outlives the app
    ISTHMUS_FOLDER          where ports find the files of their own
    ISTHMUS_WORKFLOWS       where executions are begun: https://workflowexecutions.googleapis.com/projects/…/locations/…
    ISTHMUS_PUBSUB          where messages leave: https://REGION-pubsub.googleapis.com/projects/…
    ISTHMUS_URL             where this unit's functions listen: what tokens for them are made out to
    ISTHMUS_CALLERS         the service accounts that may ask a private path, with commas between them
    ISTHMUS_CERTIFICATES    where the certificates of their tokens are, when not Google's

None is a secret: no password, no key and no token is among them.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from isthmus.adapters.gcp.callbacks import Callbacks, GoogleCallbacks
from isthmus.adapters.gcp.callers import Callers
from isthmus.adapters.gcp.executions import Executions
from isthmus.adapters.gcp.workflows import GoogleExecutions
from isthmus.adapters.runtime.clock import SystemClock
from isthmus.adapters.runtime.deployment import Clock
from isthmus.adapters.runtime.envelope import Envelope
from isthmus.adapters.runtime.host import Outlet
from isthmus.adapters.runtime.settings import DATABASE, FOLDER, LOGIN, key_from_file, logs_in_by_token, setting
from isthmus.adapters.runtime.vault import MasterKey
from isthmus.adapters.sql.database import Database

if TYPE_CHECKING:
    from isthmus.adapters.gcp.tokens import Tokens

KMS_KEY: Final = "ISTHMUS_KMS_KEY"
WORKFLOWS: Final = "ISTHMUS_WORKFLOWS"
PUBSUB: Final = "ISTHMUS_PUBSUB"
URL: Final = "ISTHMUS_URL"
CALLERS: Final = "ISTHMUS_CALLERS"
CERTIFICATES: Final = "ISTHMUS_CERTIFICATES"


class Settings:
    """Read what an App stands on from the settings of its function. Google's clients are imported when one is used."""

    def database(self) -> Database:
        """Open the database; its schema was brought up to date before the app was deployed."""
        database = Database.open(setting(DATABASE), migrate=False)
        if not logs_in_by_token(database, "iam"):
            return database
        from isthmus.adapters.gcp.cloud_sql import log_in_by_token  # noqa: PLC0415

        return log_in_by_token(database)

    def master(self) -> MasterKey:
        """Return the master key: that of Cloud KMS, or else a file's."""
        key = os.environ.get(KMS_KEY)
        if not key:
            return key_from_file(otherwise=KMS_KEY)
        from isthmus.adapters.gcp.cloud_kms import CloudKms  # noqa: PLC0415

        return Envelope(CloudKms(key))

    def folder(self) -> Path:
        """Return the folder, by default the one that the app is deployed to."""
        return Path(os.environ.get(FOLDER, "."))

    def clock(self) -> Clock:
        """Return the machine's clock."""
        return SystemClock()

    def outlet(self) -> Outlet | None:
        """Return the topics of Pub/Sub."""
        from isthmus.adapters.gcp.pubsub import PubsubOutlet  # noqa: PLC0415

        return PubsubOutlet(setting(PUBSUB), self.token)

    def token(self, scope: str) -> str:
        """Return a token of the function's service account, for a scope of Google's APIs or for a unit's address."""
        return self._tokens.token(scope)

    @cached_property
    def _tokens(self) -> Tokens:
        from isthmus.adapters.gcp.tokens import Tokens  # noqa: PLC0415

        return Tokens()

    def executions(self) -> Executions:
        """Return the executions of Workflows."""
        return GoogleExecutions(setting(WORKFLOWS))

    def callbacks(self) -> Callbacks:
        """Return the callbacks of Workflows."""
        return GoogleCallbacks(self.token, are_here=GoogleExecutions(setting(WORKFLOWS)).is_here)

    def address(self) -> str:
        """Return where this unit's functions listen."""
        return setting(URL).rstrip("/")

    def callers(self) -> Callers:
        """Return what knows callers by Google's tokens."""
        from isthmus.adapters.gcp.oidc import CERTIFICATES_URL, OidcCallers  # noqa: PLC0415

        accounts = frozenset(one.strip() for one in setting(CALLERS).split(",")) - {""}
        return OidcCallers(accounts, os.environ.get(CERTIFICATES) or CERTIFICATES_URL)


class OperatorSettings(Settings):
    """Read what an operator's machine stands on, which sends no messages itself."""

    def outlet(self) -> Outlet | None:
        """Return nothing: what is published waits for the sweep."""
        return None


def app_settings(unit: str) -> dict[str, str]:
    """Return the settings of a unit's function, with placeholders for what only the deployment knows."""
    return {
        DATABASE: "postgresql://<service account without .gserviceaccount.com>@/<database>?host=/cloudsql/<instance>",
        LOGIN: "iam",
        KMS_KEY: "projects/<project>/locations/<region>/keyRings/<ring>/cryptoKeys/<key>",
        WORKFLOWS: "https://workflowexecutions.googleapis.com/projects/<project>/locations/<region>",
        PUBSUB: "https://<region>-pubsub.googleapis.com/projects/<project>",
        URL: f"https://<service of {unit}>.run.app",
        CALLERS: "<the service accounts of Workflows, Pub/Sub's subscriptions and Cloud Scheduler's jobs>",
    }
