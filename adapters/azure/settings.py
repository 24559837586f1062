"""App settings: what a function app must be given, by name, with placeholders for what only the deployment knows.

Every connection is a managed identity's: there is no connection string, no key and no password among them.
"""

from __future__ import annotations

from typing import Final

from isthmus.adapters.azure.host import DATABASE, KEY_VAULT
from isthmus.adapters.azure.service_bus import NAMESPACE as SERVICE_BUS
from isthmus.adapters.azure.streams import NAMESPACE as EVENT_HUBS
from isthmus.core.composition import Composition

STRICT_TYPING: Final = "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"


def app_settings(composition: Composition) -> dict[str, str]:
    """Return the settings of an App's function app."""
    storage = {
        f"AzureWebJobsStorage__{service}ServiceUri": f"https://<storage account>.{service}.core.windows.net"
        for service in ("blob", "queue", "table")
    }
    settings = {
        **storage,
        STRICT_TYPING: "1",
        DATABASE: "postgresql://<identity>@<server>.postgres.database.azure.com/<database>?sslmode=require",
        KEY_VAULT: "https://<vault>.vault.azure.net/keys/<key>",
    }
    if composition.topics or composition.late_events:
        settings[SERVICE_BUS] = "<namespace>.servicebus.windows.net"
    if composition.app.streams:
        settings[EVENT_HUBS] = "<namespace>.servicebus.windows.net"
    return settings
