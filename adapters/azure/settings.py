"""App settings: what a function app must be given, by name, with placeholders for what only the deployment knows.

Every connection is a managed identity's: there is no connection string, no key and no password among them.
"""

from __future__ import annotations

from typing import Final

from isthmus.adapters.azure.calling import scope_setting, url_setting
from isthmus.adapters.azure.service_bus import NAMESPACE as SERVICE_BUS
from isthmus.adapters.azure.streams import NAMESPACE as EVENT_HUBS
from isthmus.adapters.azure.surroundings import KEY_VAULT
from isthmus.adapters.azure.units import CALLERS, units_of
from isthmus.adapters.runtime.settings import DATABASE
from isthmus.adapters.runtime.units import home_unit
from isthmus.core.composition import Composition

ACTIVITIES_MAX: Final = 16
"""How many activities host.json lets one worker do at once."""

THREADS: Final = "PYTHON_THREADPOOL_THREAD_COUNT"
"""An activity that waits for another unit holds a thread; the worker has a few more than cores unless it is told."""

STRICT_TYPING: Final = "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"


def app_settings(composition: Composition, unit: str | None = None) -> dict[str, str]:
    """Return the settings of an App's function app: of one of its units, or of all in one."""
    storage = {
        f"AzureWebJobsStorage__{service}ServiceUri": f"https://<storage account>.{service}.core.windows.net"
        for service in ("blob", "queue", "table")
    }
    settings = {
        **storage,
        DATABASE: "postgresql://<identity>@<server>.postgres.database.azure.com/<database>?sslmode=require",
        KEY_VAULT: "https://<vault>.vault.azure.net/keys/<key>",
    }
    if composition.topics or composition.late_events:
        settings[SERVICE_BUS] = "<namespace>.servicebus.windows.net"
    if unit is not None and unit != home_unit(composition):
        return {**settings, CALLERS: "<principal id of the home unit's identity>"}
    settings[STRICT_TYPING] = "1"
    if composition.app.streams:
        settings[EVENT_HUBS] = "<namespace>.servicebus.windows.net"
    others = units_of(composition)[1:] if unit is not None else ()
    if others:
        settings[THREADS] = str(2 * ACTIVITIES_MAX)
    for other in others:
        settings[url_setting(other)] = f"https://<function app of {other}>.azurewebsites.net"
        settings[scope_setting(other)] = f"api://<application id of {other}>/.default"
    return settings
